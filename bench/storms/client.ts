// What storms.ts runs: one client library in a process of its own, in one storm. It prints its figures as JSON.
// Arguments: the storm, the contender, how many connections or servers, and the URL of the server, or for how many seconds the dead
// servers are watched. In a herd it prints `connected`, and reads a line when the server is about to be killed, and one when it is back.

import { createServer, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, contenders } from "./contenders.js";
import { dialsSince, peak } from "./dials.js";

/** The figures of one part of a storm. */
export interface Figures {
  readonly dials: number;
  /** The most dials in 100 ms. */
  readonly peak: number;
  /** Milliseconds until the last connection was established; absent where nothing was to come. */
  readonly took?: number;
  /** Milliseconds of CPU time of the process. */
  readonly cpu: number;
  /** The longest delay of the event loop, in milliseconds. */
  readonly delay: number;
}

const WINDOW = 100;

const [storm = "", contender = "", size = "", last = ""] = process.argv.slice(2);
const count = Number(size);
const open = contenders[contender] ?? fail(`there is no contender ${contender}`);

const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();

function fail(message: string): never {
  throw new Error(message);
}

/** What `run` costs. It says how long it took where that is of interest. */
async function measured(run: () => Promise<number | undefined>): Promise<Figures> {
  loop.reset();
  const start = performance.now();
  const cpu = process.cpuUsage();
  const took = await run();
  const { user, system } = process.cpuUsage(cpu);
  const dials = dialsSince(start);
  return {
    dials: dials.length,
    peak: peak(dials, WINDOW),
    ...(took === undefined ? {} : { took }),
    cpu: (user + system) / 1_000,
    delay: loop.max / 1e6,
  };
}

/** Many connections: all are opened at once, and lose their server, which comes back. */
async function herd(): Promise<Readonly<Record<string, Figures>>> {
  const told = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const options = { servers: last, maxReconnectAttempts: -1, timeout: 600_000 };
  const clients: Client[] = [];
  const connecting = await measured(async () => {
    const start = performance.now();
    clients.push(...(await Promise.all(Array.from({ length: count }, () => open(options)))));
    return performance.now() - start;
  });
  let back = 0;
  let allBack = () => {};
  const isBack = new Promise<void>((resolve) => {
    allBack = resolve;
  });
  for (const client of clients) void follow(client);
  async function follow(client: Client): Promise<void> {
    for await (const { type } of client.status()) {
      if (type === "reconnect" && ++back === count) allBack();
    }
  }
  // Older than any backoff.
  await sleep(3_000);
  console.log("connected");
  await told.next();
  const away = await measured(async () => {
    await told.next();
    return undefined;
  });
  const returning = await measured(async () => {
    const start = performance.now();
    await isBack;
    return performance.now() - start;
  });
  return { "first connects": connecting, "the server is away": away, "the server is back": returning };
}

/** One connection, whose server names many dead ones and dies. */
async function deadPool(): Promise<Readonly<Record<string, Figures>>> {
  // Nobody listens at port 1.
  const urls = Array.from({ length: count }, (_, at) => `127.1.${at >> 8}.${at & 255}:1`);
  const info = { server_id: "S", version: "2.12.0", proto: 1, max_payload: 1_048_576, connect_urls: urls };
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on("data", (data) => data.includes("PING") && socket.write("PONG\r\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await open({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1 });
  await sleep(3_000);
  const dead = await measured(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await sleep(Number(last) * 1_000);
    return undefined;
  });
  return { "all servers are dead": dead };
}

const figures = storm === "herd" ? await herd() : await deadPool();
console.log(JSON.stringify(figures));
process.exit(0);
