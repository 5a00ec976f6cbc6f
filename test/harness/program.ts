// Programs of the documentation as their user has them: a process each, from TypeScript that imports `nats-statechart`,
// which is this client's source here. The command line tool has its own: test/cli/tool.ts.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll } from "vitest";
import { bundled } from "./bundle.js";
import { type Followed, followed, type Ran } from "./followed.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const source = (entry: string) => join(root, "src", entry, "index.ts");

/** What a user imports, and where it is here. */
const entries = {
  "nats-statechart/machine": source("machine"),
  "nats-statechart/testing": source("testing"),
  "nats-statechart/nats-core": source("nats-core"),
  "nats-statechart": source("."),
};

/** A program that runs. */
export interface Program extends Followed {
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<Ran>;
}

const running = new Set<Followed["child"]>();
let folder = "";

/** Makes programs possible in this test file, and ends those that a test forgot. */
export function usePrograms(): void {
  // In the repository, so that packages are found.
  beforeAll(async () => {
    await mkdir(join(root, ".cache"), { recursive: true });
    folder = await mkdtemp(join(root, ".cache", "programs-"));
  });
  afterEach(async () => {
    const exits = [...running].map((child) => once(child, "close"));
    for (const child of running) child.kill("SIGKILL");
    await Promise.all(exits);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
}

/** What the compiler says of the project in that folder: nothing where all is well. */
export async function compilerSays(project: string): Promise<string> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const child = spawn(process.execPath, [tsc, "-p", project], { stdio: ["ignore", "pipe", "inherit"] });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  return code === 0 || said !== "" ? said : `it ended with ${code}`;
}

/** A folder for files of this test file's programs. */
export const programFolder = (): string => folder;

/** What was built, by source: several processes may run the same program. */
const built = new Map<string, Promise<string>>();

/** Starts the program in that file, with these variables in its environment. */
export async function start(file: string, env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const building =
    built.get(file) ?? bundled(file, folder, { alias: entries, sourcemap: "inline", logLevel: "silent" });
  built.set(file, building);
  const outfile = await building;
  const child = spawn(process.execPath, ["--enable-source-maps", outfile], {
    cwd: folder,
    env: { PATH: process.env["PATH"], NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const program = followed(child, running);
  return {
    ...program,
    stop: () => {
      child.kill("SIGTERM");
      return program.ended();
    },
  };
}
