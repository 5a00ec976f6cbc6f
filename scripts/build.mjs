// Builds the package into dist: ESM and CommonJS by esbuild, types by tsc. Entry points are the `exports` of
// package.json: `./dist/esm/machine/index.js` is built from `src/machine/index.ts`, and so on.
//
// ESM is bundled, the entries sharing chunks; each file costs time where the client is imported, so the command line tool,
// which uses other parts than the library's entries do, has chunks of its own. CommonJS cannot share chunks, so there each source file stays a file:
// the chart, NatsError and the rest exist once in a process, whichever entry they are required from, and an entry may
// use what another does not export. dist/cjs has a package.json that says that its .js and .d.ts are CommonJS.

import { execFile } from "node:child_process";
import { chmod, cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { buildInspectorPage, writeNotices } from "./inspector-page.mjs";

const run = promisify(execFile);
process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const shared = { platform: "node", target: "node20", sourcemap: true, logLevel: "warning" };

const manifest = JSON.parse(await readFile("package.json", "utf8"));
const entries = Object.values(manifest.exports).flatMap(({ browser, ...target }) => [
  browser?.default,
  target.import?.default,
]);
const tools = Object.values(manifest.bin);

/** Source files by their place in dist, such as { "machine/index": "src/machine/index.ts" }. */
function entryPoints(built) {
  const names = built.map((path) => /^(?:\.\/)?dist\/esm\/(.+)\.js$/.exec(path ?? "")?.[1]);
  return Object.fromEntries(names.filter(Boolean).map((name) => [name, `src/${name}.ts`]));
}

async function sources(folder) {
  const found = await readdir(folder, { recursive: true });
  // The inspector's page runs in browsers and is bundled apart. The command line tool is ESM only: nobody requires it.
  const isSource = (name) =>
    name.endsWith(".ts") && !name.startsWith(join("inspector", "page")) && !/^cli[\\/]/.test(name);
  return found.filter(isSource).map((name) => join(folder, name));
}

/** A warning of esbuild, such as import.meta in CommonJS, is something that will not work. */
async function buildStrictly(options) {
  const { warnings } = await build({ ...shared, ...options });
  if (warnings.length > 0)
    throw new Error(`esbuild warns of ${warnings.length} problems in ${options.format}`);
}

const { imports } = manifest;
/**
 * That package.json ends the reach of `imports` in the one above it: what CommonJS requires by such a name, it gets by the
 * package's own. Bundlers for browsers take the ESM.
 */
async function resolveImports() {
  const names = (await readdir("dist/cjs", { recursive: true })).filter((name) => name.endsWith(".js"));
  for (const path of names.map((name) => join("dist/cjs", name))) {
    const code = await readFile(path, "utf8");
    const resolved = code.replace(
      /require\("(#[^"]+)"\)/g,
      (_, name) => `require("${imports[name].default}")`,
    );
    if (resolved !== code) await writeFile(path, resolved);
  }
}

await rm("dist", { recursive: true, force: true });
const esm = {
  format: "esm",
  bundle: true,
  packages: "external",
  // Which package that is, whoever runs or bundles ours decides: `imports` in package.json.
  external: Object.keys(imports),
  splitting: true,
  outdir: "dist/esm",
};
await buildStrictly({ ...esm, entryPoints: entryPoints(entries), chunkNames: "chunks/[name]-[hash]" });
await buildStrictly({ ...esm, entryPoints: entryPoints(tools), chunkNames: "cli/chunks/[name]-[hash]" });
await buildStrictly({
  entryPoints: await sources("src"),
  format: "cjs",
  outbase: "src",
  outdir: "dist/cjs",
  // `import()` becomes `require`: who runs CommonJS in a virtual machine, as Jest does, may have no modules there.
  supported: { "dynamic-import": false },
  // Where a module is: a URL in ESM, a path here (src/inspector/find-page.ts knows both).
  define: { "import.meta.url": "__filename" },
});
await writeFile("dist/cjs/package.json", '{ "type": "commonjs" }\n');
await resolveImports();
// As npm makes it where it installs the package.
for (const file of tools) await chmod(file, 0o755);
await buildInspectorPage("dist/inspector");
await writeNotices("dist/inspector");

try {
  await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"]);
} catch (error) {
  console.error(error.stdout || error.message);
  process.exit(1);
}
await cp("dist/esm", "dist/cjs", {
  recursive: true,
  filter: (path) => !/\.(js|map)$|[\\/](chunks|cli)$/.test(path),
});
