// What importing a library takes, in a process that has imported nothing before.

import { memoryInUse, Stopwatch } from "../stopwatch.js";
import type { ContenderName, Sample } from "../task.js";

const modules: { readonly [Name in ContenderName]?: string } = {
  ours: "../nats-statechart/index.js",
  nats2: "nats",
  nats3: "@nats-io/transport-node",
};

/** Whether there is something to import. */
export function isImported(contender: ContenderName): boolean {
  return modules[contender] !== undefined;
}

export async function importLibrary(contender: ContenderName): Promise<Sample> {
  const before = memoryInUse();
  const stopwatch = new Stopwatch();
  const { connect } = (await import(modules[contender] as string)) as { readonly connect?: unknown };
  const sample = stopwatch.stop(1);
  const after = memoryInUse();
  if (typeof connect !== "function") throw new Error("what was imported has no connect()");
  return { ...sample, rssBytes: after.rss - before.rss, heapBytes: after.heap - before.heap };
}
