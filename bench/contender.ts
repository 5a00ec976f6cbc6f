// The worker: one process, one contender, one task. Prints one line of JSON, a Sample; any failure is an exit code.
//
// node contender.js <contender> <task as JSON>

import { importLibrary } from "./cases/import.js";
import type { Cases, ContenderName, Sample, Task } from "./task.js";

const [contender, json] = process.argv.slice(2) as [Exclude<ContenderName, "c">, string];
const task = JSON.parse(json) as Task;

// Each adapter is loaded in its own workers only: none pays for another's library.
const adapters: { readonly [Name in typeof contender]: () => Promise<{ readonly cases: Cases }> } = {
  ours: () => import("./contenders/ours.js"),
  nats2: () => import("./contenders/nats2.js"),
  nats3: () => import("./contenders/nats3.js"),
  raw: () => import("./contenders/raw.js"),
};

async function run(): Promise<Sample> {
  if (task.case === "import") return await importLibrary(contender);
  const { cases } = await adapters[contender]();
  const measure = cases[task.case];
  if (measure === undefined) throw new Error(`${contender} has no case ${task.case}`);
  return await measure(task);
}

// Not process.exit(): a client that keeps a process alive after close() is to be found out by the runner's timeout.
process.stdout.write(`${JSON.stringify(await run())}\n`);
