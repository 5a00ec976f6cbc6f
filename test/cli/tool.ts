// The command line tool as its user has it: a process of its own. Built from the sources once for each test file.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll } from "vitest";
import { type Followed, followed, type Ran } from "../harness/followed.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
// In the repository, so that packages are found; with the process id, so that two test files do not meet.
const folder = `${root}.cache/cli-${process.pid}`;
const file = `${folder}/main.mjs`;

/** A tool that still runs. */
export interface Running extends Omit<Followed, "printed"> {
  /** Resolves with all that it printed on stdout when that holds the text; rejects where it ends before. */
  printed(text: string): Promise<string>;
}

const running = new Set<Followed["child"]>();

/** Makes the tool ready for the tests of this file, with the page of the local inspector; ends what a test forgot. */
export function useInspector(): void {
  useTool();
  beforeAll(async () => {
    const script: { buildInspectorPage(folder: string): Promise<unknown> } = await import(
      `${root}scripts/inspector-page.mjs`
    );
    // Where the tool looks for it: beside itself.
    await script.buildInspectorPage(`${folder}/inspector`);
  });
}

/** Makes the tool ready for the tests of this file, and ends what a test forgot. */
export function useTool(): void {
  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    await build({
      entryPoints: [`${root}src/cli/main.ts`],
      outfile: file,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "esm",
      packages: "external",
      logLevel: "warning",
    });
  });
  afterAll(async () => {
    for (const child of running) child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });
}

/** Starts the tool, without anything of this environment that would tell it of servers or colours. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const tool = followed(child, running);
  return {
    ...tool,
    printed: async (text) => {
      await tool.printed(new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
      return tool.stdout();
    },
  };
}

/** Runs the tool to its end. */
export function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdin = "",
): Promise<Ran> {
  const tool = start(args, env);
  tool.child.stdin?.on("error", () => {});
  tool.child.stdin?.end(stdin);
  return tool.ended();
}

/** Runs the tool to its end with stdout going into a file. */
export async function runInto(path: string, args: readonly string[]): Promise<Omit<Ran, "stdout">> {
  const into = openSync(path, "w");
  const child = spawn(process.execPath, [file, ...args], { cwd: root, stdio: ["ignore", into, "pipe"] });
  closeSync(into);
  if (child.stderr === null) throw new Error("it has no stderr");
  const [[code], stderr] = await Promise.all([once(child, "close"), text(child.stderr)]);
  return { code, stderr };
}
