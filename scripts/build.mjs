// Builds the package into dist: ESM and CommonJS (build-code.mjs), the page of the inspector (inspector-page.mjs), types by tsc,
// and the bill of materials (sbom.mjs). Then the packages that take the place of others (in-place.mjs).

import { execFile } from "node:child_process";
import { chmod, cp, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { buildCode, tools } from "./build-code.mjs";
import { packagesIn } from "./bundled-packages.mjs";
import { buildAllInPlace } from "./in-place.mjs";
import { buildInspectorPage } from "./inspector-page.mjs";
import { root } from "./packed.mjs";
import { writeBill } from "./sbom.mjs";

const run = promisify(execFile);
process.chdir(root);

await rm("dist", { recursive: true, force: true });
const built = [...(await buildCode("dist")), ...(await buildInspectorPage("dist/inspector"))];
// As npm makes it where it installs the package.
for (const file of tools) await chmod(file, 0o755);

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
await writeBill(await packagesIn(built));
await buildAllInPlace();
