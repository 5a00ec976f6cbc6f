// The blocks of code in docs/guide and the programs of docs/examples, compiled against the package as its users have it. Used
// by check-package.mjs. That they run, and print what they should: test/integration/guides.test.ts and examples.test.ts.

import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compileExamples, compilerOptions, linkPackages, writeExamples } from "./docs-examples.mjs";

/** What the programs of docs/examples tell their reader to install, beyond what natsCoreChecks has added. */
const PACKAGES = ["fastify", "@opentelemetry/api", "@opentelemetry/sdk-trace-node"];

/** The checks, as pairs of what is checked and how. The project has the package, and the official packages of NATS. */
export async function guideChecks(project, root) {
  const pages = (await readdir(join(root, "docs/guide"))).filter((name) => name.endsWith(".md"));
  return [
    [
      `the blocks of ${pages.length} guides compile against the package`,
      () => compileGuides(pages, project, root),
    ],
    ["the programs of docs/examples compile against the package", () => compilePrograms(project, root)],
  ];
}

async function compileGuides(pages, project, root) {
  let compiled = 0;
  for (const page of pages) {
    const folder = await writeExamples(join("docs/guide", page), project, root);
    if (!(await readdir(folder)).some((name) => name.endsWith(".ts"))) continue;
    await compileExamples(folder, root);
    compiled++;
  }
  if (compiled === 0) throw new Error("no guide has a block of code");
}

async function compilePrograms(project, root) {
  await linkPackages(PACKAGES, project, root);
  const folder = join(project, "programs");
  await mkdir(folder);
  const programs = (await readdir(join(root, "docs/examples"))).filter((name) => name.endsWith(".ts"));
  for (const name of programs) await cp(join(root, "docs/examples", name), join(folder, name));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  await compileExamples(folder, root);
}
