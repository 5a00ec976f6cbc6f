// A real nats-server on a free port of 127.0.0.1, in a process of its own, that drops nobody for being slow.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { oldestServer } from "../test/harness/nats-server.js";

/** A subscriber may be as far behind as it likes: what waits for it is bounded by the bursts of a task. */
const CONFIG = `
host: 127.0.0.1
port: -1
max_pending: 4294967296
write_deadline: "120s"
ping_interval: "10m"
max_connections: 100000
`;

/** A running nats-server. */
export interface Server {
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  stop(): Promise<void>;
}

/** Starts one: the one that NATS_SERVER names, or the oldest that tests run against. */
export async function startServer(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "bench-server-"));
  const config = join(folder, "server.conf");
  writeFileSync(config, CONFIG);
  const path = process.env["NATS_SERVER"] ?? (await oldestServer());
  const child = spawn(path, ["-c", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { ...(await greeting(child)), pid: child.pid as number, stop };
  } catch (error) {
    if (child.pid !== undefined) await stop();
    throw error;
  }
}

/** Reads port and version in what the server says of itself. */
async function greeting(child: ChildProcess): Promise<{ readonly port: number; readonly version: string }> {
  return await new Promise((resolve, reject) => {
    const said: string[] = [];
    let version = "";
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`nats-server ended:\n${said.join("\n")}`)));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      said.push(line);
      version = /Version:\s+(\S+)/.exec(line)?.[1] ?? version;
      const port = /Listening for client connections on .*:(\d+)$/.exec(line)?.[1];
      if (port !== undefined) resolve({ port: Number(port), version });
    });
  });
}
