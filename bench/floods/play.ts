// One contender in one flood: a server and a client, each in a process of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ContenderName, Flood } from "./flood.js";
import { checked, type Sample } from "./sample.js";

/** How a flood is played. */
export interface Circumstances {
  /** Where the workers are: see ../build.ts. */
  readonly folder: string;
  /** How many lines or messages the server sends. */
  readonly count: number;
  /** Milliseconds after which the client counts as one that does not see the end. */
  readonly limit: number;
}

/** What was measured, or in words why nothing was. */
export async function play(
  flood: Flood,
  contender: ContenderName,
  { folder, count, limit }: Circumstances,
): Promise<Sample | string> {
  const server = start([join(folder, "floods/server.js"), flood.id, `${count}`]);
  try {
    const port = await firstLine(server);
    const client = start(["--expose-gc", join(folder, "floods/client.js"), contender, flood.id, port]);
    client.stdout?.once("data", () => server.stdin?.end());
    const sample = await sampleOf(client, limit);
    return typeof sample === "string" ? sample : checked(flood, count, sample);
  } finally {
    server.kill("SIGKILL");
  }
}

const start = (args: readonly string[]) => spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });

async function sampleOf(client: ChildProcess, limit: number): Promise<Sample | string> {
  let output = "";
  let errors = "";
  client.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  client.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    client.kill("SIGKILL");
  }, limit);
  const [code, signal] = (await once(client, "close")) as [number | null, string | null];
  clearTimeout(timer);
  if (isLate) return `no end in ${limit / 1_000} s`;
  const [, json = ""] = output.split("\n");
  if (code === 0 && json !== "") return JSON.parse(json) as Sample;
  return `failed: ${signal ?? `exit code ${code}`} ${errors.trim().split("\n").at(-1) ?? ""}`;
}

/** The port that the server prints. */
async function firstLine({ stdout, stderr }: ChildProcess): Promise<string> {
  stderr?.pipe(process.stderr);
  for await (const line of createInterface({ input: stdout as NodeJS.ReadableStream })) return line;
  throw new Error("the server has ended before it listened");
}
