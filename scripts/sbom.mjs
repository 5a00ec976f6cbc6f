// Writes dist/sbom.cdx.json, the package's bill of materials (CycloneDX 1.5): what is installed with it, in the versions of
// our lockfile, with their licenses and hashes. It is packed with the package. `npm run sbom`; `npm run build` does it too.
//
// `npm sbom` lists what is there; only what `dependencies` reaches is kept, since a user installs nothing else. (`npm sbom
// --omit dev` would be the way to say so, but npm 11 then leaves out everything that the root depends on.) The number and the
// time that npm puts in are left out: the same lockfile gives the same file.

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./packed.mjs";

const run = promisify(execFile);
const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

const args = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "library", "--package-lock-only"];
const { stdout } = await run("npm", args, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
const { serialNumber: _number, metadata, components, dependencies, ...bom } = JSON.parse(stdout);

const dependsOn = (ref) => dependencies.find((one) => one.ref === ref)?.dependsOn ?? [];
// Of what the root needs, without what only its development does: "@scope/name@version".
const direct = dependsOn(metadata.component["bom-ref"]).filter(
  (ref) => ref.slice(0, ref.lastIndexOf("@")) in manifest.dependencies,
);
if (direct.length !== Object.keys(manifest.dependencies).length)
  throw new Error(`npm sbom does not list each dependency once: ${direct.join(", ")}`);
const kept = new Set();
const waiting = [...direct];
for (let ref = waiting.pop(); ref !== undefined; ref = waiting.pop()) {
  if (kept.has(ref)) continue;
  kept.add(ref);
  waiting.push(...dependsOn(ref));
}

const { timestamp: _time, component, ...told } = metadata;
const self = { ...component, name: manifest.name };
const written = {
  ...bom,
  metadata: { ...told, component: self },
  components: components.filter((one) => kept.has(one["bom-ref"])),
  dependencies: [
    { ref: self["bom-ref"], dependsOn: direct },
    ...dependencies.filter(({ ref }) => kept.has(ref)),
  ],
};
await writeFile(join(root, "dist/sbom.cdx.json"), `${JSON.stringify(written, null, 2)}\n`);
console.log(`dist/sbom.cdx.json: ${[...kept].sort().join(", ")}`);
