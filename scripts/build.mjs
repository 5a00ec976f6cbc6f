// Builds the package into dist: ESM and CommonJS by esbuild, types by tsc.
//
// ESM is bundled, the entries sharing chunks. CommonJS cannot share chunks, so there each source file stays a file: the
// chart, NatsError and the rest exist once in a process, whichever entry they are required from.

import { execFile } from "node:child_process";
import { cp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";

const run = promisify(execFile);

/** Entry points, by their place in dist. A new one also goes into `exports` of package.json. */
const entries = { index: "src/index.ts", "machine/index": "src/machine/index.ts" };

const shared = {
  platform: "node",
  target: "node20",
  sourcemap: true,
  sourcesContent: false,
  logLevel: "warning",
};

async function sources(folder) {
  const found = await readdir(folder, { recursive: true });
  return found.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
}

await rm("dist", { recursive: true, force: true });
await build({
  ...shared,
  entryPoints: entries,
  format: "esm",
  bundle: true,
  packages: "external",
  splitting: true,
  outdir: "dist/esm",
  chunkNames: "chunks/[name]-[hash]",
});
await build({ ...shared, entryPoints: await sources("src"), format: "cjs", outdir: "dist/cjs" });
await writeFile("dist/cjs/package.json", '{ "type": "commonjs" }\n');

await run("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"]).catch((error) => {
  console.error(error.stdout);
  process.exit(1);
});
await cp("dist/esm", "dist/cjs", {
  recursive: true,
  filter: (path) => !/\.(js|map)$/.test(path) && !path.includes("chunks"),
});
