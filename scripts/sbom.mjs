// The package's bill of materials (CycloneDX 1.5), dist/sbom.cdx.json: what is installed with it, in the versions of
// our lockfile, and what of other packages is in its own files, with their licenses and hashes. It is packed with the package. Used
// by build.mjs.
//
// `npm sbom` lists what is there; only what `dependencies` reaches is kept, since a user installs nothing else, and what is bundled.
// (`npm sbom --omit dev` would be the way to say so, but npm 11 then leaves out everything that the root depends on.) The number and the
// time that npm puts in are left out: the same lockfile gives the same file.

import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./packed.mjs";

const run = promisify(execFile);
const ARGUMENTS = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "library", "--package-lock-only"];

/**
 * Writes the bill into dist.
 * @param packages of which there is code in dist (bundled-packages.mjs)
 */
export async function writeBill(packages) {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const { stdout } = await run("npm", ARGUMENTS, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
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
  const bundled = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const written = components.filter((one) => kept.has(one["bom-ref"]) || bundled.has(one["bom-ref"]));
  for (const ref of bundled) {
    const component = written.find((one) => one["bom-ref"] === ref);
    if (component === undefined) throw new Error(`npm sbom does not list ${ref}, which is in dist`);
    component.properties = [
      ...(component.properties ?? []),
      { name: "cdx:npm:package:bundled", value: "true" },
    ];
  }

  const { timestamp: _time, component, ...told } = metadata;
  const self = { ...component, name: manifest.name };
  const bill = {
    ...bom,
    metadata: { ...told, component: self },
    components: written,
    dependencies: [
      { ref: self["bom-ref"], dependsOn: direct },
      ...dependencies.filter(({ ref }) => kept.has(ref)),
    ],
  };
  await writeFile(join(root, "dist/sbom.cdx.json"), `${JSON.stringify(bill, null, 2)}\n`);
  console.log(`dist/sbom.cdx.json: ${written.map((one) => one["bom-ref"]).join(", ")}`);
}
