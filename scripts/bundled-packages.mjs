// Other people's code in the package: which packages esbuild put into what is built, and whether their licences, and those of
// what is installed with the package, are ones that nobody has to look at. Used by build.mjs, which writes the bill of materials, and
// by check-build.mjs.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./packed.mjs";

/** Licences that ask for no more than that their text is kept. Any other is named in the README, with its package. */
export const PERMITTED = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

/**
 * The packages of which there is code in what was built, by name.
 * @param metafiles of esbuild; their paths are seen from the repository
 */
export async function packagesIn(metafiles) {
  const folders = new Set();
  for (const { outputs } of metafiles) {
    for (const { inputs } of Object.values(outputs)) {
      for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
        const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
        if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
      }
    }
  }
  const packages = await Promise.all(
    [...folders].map(async (folder) => {
      const manifest = await readFile(join(root, folder, "package.json"), "utf8");
      const { name, version, license } = JSON.parse(manifest);
      return { name, version, license };
    }),
  );
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * What is wrong with what the package says of other people's code; empty where nothing is.
 * @param components of the bill of materials
 * @param bundled packages of which there is code in the package
 * @param readme the README, where a licence that is not permitted as it is has to be named beside its package
 */
export function licenceProblems({ components, bundled, readme }) {
  const problems = [];
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  for (const { name, version } of bundled) {
    if (!listed.has(`${name}@${version}`))
      problems.push(`code of ${name}@${version} is in the package, and not in its bill of materials`);
  }
  const licences = [
    ...components.map(({ name, licenses = [] }) => ({ name, license: licenceOf(licenses) })),
    ...bundled,
  ];
  for (const { name, license = "none" } of licences) {
    if (
      PERMITTED.has(license) ||
      readme.split("\n").some((line) => line.includes(name) && line.includes(license))
    )
      continue;
    problems.push(
      `the licence of ${name} is ${license}: name both in one line of the README, or do not ship it`,
    );
  }
  return [...new Set(problems)];
}

/** The licence of a component, as CycloneDX writes it. */
function licenceOf(licenses) {
  const names = licenses.map(({ license, expression }) => license?.id ?? license?.name ?? expression);
  return names.length === 0 ? undefined : names.join(" AND ");
}
