// How hard a client dials in the two storms that there are: many connections of a process lose the same server, and one
// connection has many dead servers to try. Ours and both reference clients, in turn, each storm in a process of its own.
//
// Run it with `npm run bench:storms`: it prints the tables of docs/benchmarks/storms.md. With `--smoke` it takes few connections
// and a few seconds, to see that it works; a number takes the place of 1,000 and 5,000 connections. 5,000 connections need a limit of
// 6,000 open files.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { oldestServer, startServer } from "../test/harness/nats-server.js";
import type { Figures } from "./storms/client.js";
import { contenders } from "./storms/contenders.js";

const isSmoke = process.argv.includes("--smoke");
const given = process.argv.slice(2).map(Number).filter(Number.isInteger);
const herds = given.length > 0 ? given : isSmoke ? [20] : [1_000, 5_000];
const servers = isSmoke ? 50 : 1_000;
const seconds = isSmoke ? 1 : 5;
const watched = isSmoke ? 2 : 10;

type Parts = Readonly<Record<string, Figures>>;

interface Running {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
}

/** The process of one contender. */
function start(...args: readonly string[]): Running {
  const script = ["scripts/run.mjs", "bench/storms/client.ts", ...args];
  const child = spawn(process.execPath, script, { stdio: ["pipe", "pipe", "inherit"] });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function lineOf({ lines }: Running): Promise<string> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error("the contender has ended without its figures");
  return value;
}

/** Many connections: all are opened at once, and lose their server, which comes back. */
async function herd(contender: string, size: number): Promise<Parts> {
  const server = await startServer({ path: process.env["NATS_SERVER"] ?? (await oldestServer()) });
  const client = start("herd", contender, `${size}`, server.url);
  await lineOf(client);
  client.child.stdin?.write("it is about to be killed\n");
  await server.kill();
  await sleep(seconds * 1_000);
  await server.start();
  client.child.stdin?.write("it is back\n");
  const figures = await lineOf(client);
  await server.kill();
  return JSON.parse(figures);
}

/** One connection, whose server names many dead ones and dies. */
async function pool(contender: string, size: number): Promise<Parts> {
  return JSON.parse(await lineOf(start("pool", contender, `${size}`, `${watched}`)));
}

const ms = (value: number) => `${Math.round(value).toLocaleString("en")} ms`;

function rowsOf(contender: string, parts: Parts): readonly string[] {
  return Object.entries(parts).map(([part, { dials, peak, took, cpu, delay }]) => {
    const counts = [dials, peak].map((count) => count.toLocaleString("en"));
    const cells = [part, contender, ...counts, took === undefined ? "" : ms(took), ms(cpu), ms(delay)];
    return `| ${cells.join(" | ")} |`;
  });
}

async function table(title: string, size: number, storm: typeof herd): Promise<void> {
  console.log(`\n${title}\n`);
  console.log("| | | dials | most in 100 ms | all connected after | CPU | event loop blocked |");
  console.log("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
  const all: (readonly string[])[] = [];
  for (const name of Object.keys(contenders)) all.push(rowsOf(name, await storm(name, size)));
  for (const part of all[0]?.keys() ?? []) for (const rows of all) console.log(rows[part]);
}

for (const size of herds) await table(`${size.toLocaleString("en")} connections of a process`, size, herd);
await table(`One connection, ${servers.toLocaleString("en")} dead servers, ${watched} s`, servers, pool);
process.exit(0);
