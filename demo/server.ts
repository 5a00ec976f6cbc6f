// A nats-server for the demo: found, started, killed and started again. Tests have a harness of their own.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** A nats-server that runs. */
export interface RunningServer {
  readonly port: number;
  readonly version: string;
  /** SIGKILL: it dies at once, as in a crash. */
  kill(): Promise<void>;
  /** SIGTERM: it ends in good order. */
  stop(): Promise<void>;
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"]);
    return /v(\d\S*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/** The nats-server that NATS_SERVER names or PATH has; undefined where there is none. */
export async function findServer(): Promise<string | undefined> {
  const path = process.env["NATS_SERVER"] ?? "nats-server";
  return (await versionOf(path)) === undefined ? undefined : path;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = dial(port, "127.0.0.1");
  try {
    await once(socket, "data");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

/** Starts a nats-server on that port of 127.0.0.1, or a free one; resolves when it greets. */
export async function startServer(path: string, wanted?: number): Promise<RunningServer> {
  const port = wanted ?? (await freePort());
  const child = spawn(path, ["-a", "127.0.0.1", "-p", `${port}`], { stdio: "ignore" });
  const onExit = () => child.kill("SIGKILL");
  process.once("exit", onExit);
  child.once("exit", () => process.removeListener("exit", onExit));
  for (let tries = 0; !(await accepts(port)); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error(`${path} does not start on port ${port}`);
    await sleep(25);
  }
  const version = (await versionOf(path)) ?? "";
  return { port, version, kill: () => ended(child, "SIGKILL"), stop: () => ended(child, "SIGTERM") };
}
