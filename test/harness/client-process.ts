// A client in a process of its own, told what to do from here: for what belongs to a process, such as the authorities that
// Node trusts. What runs there: client-program.ts. Programs that do as they like: program.ts.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { root } from "../../scripts/packed.mjs";
import type { ConnectionOptions, Server } from "../../src/index.js";
import { bundled } from "./bundle.js";
import type { Answer, Question } from "./client-program.js";
import { Statuses } from "./waiting.js";

/** A status as it comes out of the process. */
export interface ToldStatus {
  readonly type: string;
  readonly server?: string;
  readonly code?: string;
  readonly message?: string;
}

/** What can be asked of the client. What goes in and comes out is JSON. */
export interface DistantClient {
  readonly statuses: Statuses<ToldStatus>;
  setServers(servers: readonly (string | Server)[]): Promise<void>;
  getServers(): Promise<readonly Server[]>;
  getServer(): Promise<string>;
  isClosed(): Promise<boolean>;
  reconnect(): Promise<void>;
  flush(): Promise<void>;
}

/** How the client connects. */
export interface DistantOptions {
  /** Variables of its process. */
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<ChildProcess>();
let folder = "";
let program: Promise<string>;

/** Makes such clients possible in this test file, and ends each with its test. */
export function useClientProcesses(): void {
  // In the repository, so that packages are found.
  beforeAll(async () => {
    await mkdir(join(root, ".cache"), { recursive: true });
    folder = await mkdtemp(join(root, ".cache", "clients-"));
    program = bundled(join(root, "test/harness/client-program.ts"), folder);
  });
  afterEach(async () => {
    const exits = [...running].map((child) => once(child, "exit"));
    for (const child of running) child.kill("SIGKILL");
    await Promise.all(exits);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
}

/** Connects in a new process. Rejects with the message of the error where it does not succeed. */
export async function connectElsewhere(
  options: ConnectionOptions,
  { env = {} }: DistantOptions = {},
): Promise<DistantClient> {
  const child = fork(await program, {
    cwd: folder,
    env: { PATH: process.env["PATH"], ...env },
    execArgv: [],
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  running.add(child);
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const statuses = new Statuses<ToldStatus>();
  const waiting = new Map<number, (answer: Answer) => void>();
  // What was asked of it is answered all the same, and whoever asks later is told.
  let end: string | undefined;
  child.once("close", (code, signal) => {
    running.delete(child);
    end = `its process ended with ${code ?? signal}\n${stderr}`;
    for (const [id, settle] of waiting) settle({ id, error: end });
  });
  let questions = 0;
  child.on("message", (message: Answer | { readonly status: ToldStatus }) => {
    if ("status" in message) statuses.add(message.status);
    else waiting.get(message.id)?.(message);
  });
  const ask = <T>(method: Question["method"], ...args: readonly unknown[]) =>
    new Promise<T>((resolve, reject) => {
      if (end !== undefined) return reject(new Error(end));
      const id = questions++;
      waiting.set(id, ({ error, value }) =>
        error === undefined ? resolve(value as T) : reject(new Error(error)),
      );
      child.send({ id, method, args } satisfies Question);
    });
  await ask("connect", options);
  return {
    statuses,
    setServers: (servers) => ask("setServers", servers),
    getServers: () => ask("getServers"),
    getServer: () => ask("getServer"),
    isClosed: () => ask("isClosed"),
    reconnect: () => ask("reconnect"),
    flush: () => ask("flush"),
  };
}
