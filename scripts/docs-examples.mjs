// The examples of a page of docs, as its reader has them: each block of code becomes a file in a project that has the
// packed package installed, is compiled there, and run there. Called by check-package.mjs; which pages: see there.
//
// A block of TypeScript names its file in its first line (`// order-service.ts`); files named `….test.ts` are run by vitest.
// Other languages are not run: only `sh` (what to type) and `text` (what is printed) may be on a page.

import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What the reader is told to install beside the package, and what its types need. */
export const TOOLS = ["vitest", "fast-check", "@types/node"];

/**
 * The files that a page consists of, by name.
 * @throws Error where a block has no name, or the name of another, or is in a language that is not run
 */
export function examplesOf(markdown) {
  const files = new Map();
  for (const [, language, code] of markdown.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm)) {
    if (language === "sh" || language === "text") continue;
    if (language !== "ts") throw new Error(`a block of "${language}" is not run: ${code.slice(0, 60)}`);
    const name = /^\/\/ ([\w-]+(?:\.test)?\.ts)\n/.exec(code)?.[1];
    if (name === undefined) throw new Error(`a block does not name its file: ${code.slice(0, 60)}`);
    if (files.has(name)) throw new Error(`two blocks are called ${name}`);
    files.set(name, code);
  }
  return files;
}

/** How strictly they are compiled. */
export const compilerOptions = {
  module: "nodenext",
  moduleResolution: "nodenext",
  target: "es2022",
  lib: ["es2023", "esnext.disposable"],
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noUnusedLocals: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  noEmit: true,
};

/** Gives `project` these packages of `root`, as if they had been installed beside ours. */
export async function linkPackages(names, project, root) {
  for (const name of names) {
    const link = join(project, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, "node_modules", name), link);
  }
}

/** Writes the examples of a page into a folder of `project`; returns that folder. */
export async function writeExamples(page, project, root) {
  const files = examplesOf(await readFile(join(root, page), "utf8"));
  const folder = join(project, basename(page, ".md"));
  await mkdir(folder);
  for (const [name, code] of files) await writeFile(join(folder, name), code);
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  return folder;
}

/** Compiles the examples in that folder. @throws Error with what the compiler says */
export async function compileExamples(folder, root) {
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], { cwd: folder });
}

/** Runs the tests among the examples in that folder; returns how many passed. @throws Error where one fails or none is run */
export async function runExamples(folder, root) {
  const report = join(folder, "report.json");
  const args = [
    "run",
    "--root",
    folder,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ];
  await run(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), ...args], { cwd: folder });
  const { numPassedTests, numTotalTests } = JSON.parse(await readFile(report, "utf8"));
  if (numPassedTests === 0 || numPassedTests !== numTotalTests)
    throw new Error(`${numPassedTests} of ${numTotalTests} examples passed`);
  return numPassedTests;
}
