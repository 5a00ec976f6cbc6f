// A process that has no file descriptors left when it connects for the first time, and has some again later: run with a low
// `ulimit -n` by late-parts.test.ts, on the built package. What came of it is printed as JSON.

import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { ConnectionOptions } from "../../../src/index.js";

/** What this process is told, as JSON in its one argument. */
export interface Task {
  /** The built entry. */
  readonly entry: string;
  readonly format: "esm" | "cjs";
  readonly options: ConnectionOptions;
  /** How many descriptors there are at each attempt of the shortage. */
  readonly left: readonly number[];
}

/** What this process prints. */
export interface Outcome {
  /** What each attempt of the shortage said; null where it connected. */
  readonly short: readonly (string | null)[];
  /** What an attempt said when descriptors were there again; null where it connected. */
  readonly after: string | null;
}

const { entry, format, options, left }: Task = JSON.parse(process.argv[2] ?? "");
const { connect }: typeof import("../../../src/index.js") =
  format === "cjs" ? createRequire(import.meta.url)(entry) : await import(pathToFileURL(entry).href);

const held: number[] = [];

/** Opens files until there is no descriptor left. */
function useUp(): void {
  try {
    for (;;) held.push(openSync("/dev/null", "r"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EMFILE") throw error;
  }
}

async function attempt(): Promise<string | null> {
  try {
    const nc = await connect(options);
    await nc.close();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const short: (string | null)[] = [];
for (const count of left) {
  useUp();
  for (const descriptor of held.splice(0, count)) closeSync(descriptor);
  short.push(await attempt());
}
for (const descriptor of held.splice(0)) closeSync(descriptor);
const outcome: Outcome = { short, after: await attempt() };
console.log(JSON.stringify(outcome));
