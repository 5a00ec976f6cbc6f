// Programs of packages whose place ours take, each run twice: on the package, and on ours as the build makes it. A program is a
// file of TypeScript that imports the package by its name; nothing in it says which of the two it gets.

import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { afterAll, beforeAll } from "vitest";
import { buildCode } from "../../scripts/build-code.mjs";
import { buildInPlace, inPlace } from "../../scripts/in-place.mjs";
import { type Followed, followed } from "./followed.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const programs = join(root, "test/in-place/programs");

/** Which of the two a program runs on. */
export type Side = "ours" | "reference";

const running = new Set<Followed["child"]>();
let folder = "";

/** Builds our packages for this test file, into a folder of its own. */
export function useInPlace(): void {
  beforeAll(async () => {
    // In the repository, so that what the packages depend on is found.
    await mkdir(join(root, ".cache"), { recursive: true });
    folder = await mkdtemp(join(root, ".cache", "in-place-"));
    const ours = join(folder, "ours/node_modules");
    const main = join(ours, "nats-statechart");
    await mkdir(main, { recursive: true });
    await buildCode(join(main, "dist"));
    await cp(join(root, "package.json"), join(main, "package.json"));
    for (const one of inPlace) {
      const target = join(ours, one.takesPlaceOf);
      await buildInPlace(one, target);
      await symlink(target, join(ours, one.name));
    }
    await mkdir(join(folder, "reference"));
  });
  afterAll(async () => {
    for (const child of running) child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });
}

/** Starts a program on one of the two, with these variables in its environment. */
export async function startOn(
  side: Side,
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<Followed> {
  const source = await readFile(join(programs, `${name}.ts`), "utf8");
  const { code } = await transform(source, { loader: "ts", format: "esm", target: "node20" });
  const file = join(folder, side, `${basename(name)}.mjs`);
  await writeFile(file, code);
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env["PATH"], NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return followed(child, running);
}

/** Runs a program to its end; what it printed, and on stderr, as lines. */
export async function printedOn(...args: Parameters<typeof startOn>): Promise<readonly string[]> {
  const { code, stdout, stderr } = await (await startOn(...args)).ended();
  const lines = `${stdout}${stderr}`.trimEnd().split("\n");
  return code === 0 ? lines : [...lines, `it ended with ${code}`];
}
