// The server of the demo: a nats-server where there is one, else the embedded server of `nats-statechart/testing`, which
// is started, killed and started again in the same way. Tests have a harness of their own.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { startEmbeddedServer } from "../src/testing/index.js";

/** A server that runs on a port of 127.0.0.1. */
export interface RunningServer {
  /** What it is, such as `nats-server 2.9.10`. */
  readonly name: string;
  readonly port: number;
  /** What `kill` is, in words. */
  readonly killing: string;
  /** It dies at once, as in a crash. */
  kill(): Promise<void>;
  /** It runs again, on the same port. */
  start(): Promise<void>;
  /** It ends in good order. */
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

async function spawned(path: string, port: number): Promise<ChildProcess> {
  const child = spawn(path, ["-a", "127.0.0.1", "-p", `${port}`], { stdio: "ignore" });
  const onExit = () => child.kill("SIGKILL");
  process.once("exit", onExit);
  child.once("exit", () => process.removeListener("exit", onExit));
  for (let tries = 0; !(await accepts(port)); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error(`${path} does not start on port ${port}`);
    await sleep(25);
  }
  return child;
}

/** Starts that nats-server; resolves when it greets. */
export async function startNatsServer(path: string): Promise<RunningServer> {
  const port = await freePort();
  let child = await spawned(path, port);
  return {
    name: `nats-server ${(await versionOf(path)) ?? ""}`,
    port,
    killing: "SIGKILL",
    kill: () => ended(child, "SIGKILL"),
    start: async () => {
      child = await spawned(path, port);
    },
    stop: () => ended(child, "SIGTERM"),
  };
}

/** Starts the embedded server; resolves when it listens. */
export async function startEmbedded(): Promise<RunningServer> {
  const server = await startEmbeddedServer();
  return {
    name: "the embedded server (a model of nats-server, in this process)",
    port: server.port,
    killing: "a reset of every connection",
    kill: () => server.kill(),
    start: () => server.start(),
    stop: () => server.stop(),
  };
}
