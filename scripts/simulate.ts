// The simulation from the command line: many runs, or one of them step by step.
//
//   npm run simulate -- --runs 2000 --seed 1     2,000 runs on all cores, from seed 1 on; says which fail
//   npm run simulate -- --seed 17                one run, with everything that happens in it
//   npm run simulate -- --seed 17 --shrink       the shortest story that fails in the same way

import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type MessagePort, parentPort, Worker, workerData } from "node:worker_threads";
import { drawPlan } from "../src/testing/draw-plan.js";
import { type Premise, premises } from "../src/testing/premises.js";
import { shrinkPlan } from "../src/testing/shrink.js";
import { lineOf, SimulationFailure, simulate } from "../src/testing/simulate.js";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string" },
    shrink: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const runs = values.runs === undefined ? undefined : Number(values.runs);
for (const [name, value] of Object.entries({ seed, runs })) {
  if (value === undefined || (Number.isSafeInteger(value) && value >= (name === "runs" ? 1 : 0))) continue;
  console.error(`--${name} must be a whole number${name === "runs" ? ", 1 or more" : ""}`);
  process.exit(2);
}

async function replay(): Promise<boolean> {
  const plan = drawPlan(seed);
  const { entries: _, ...conditions } = plan;
  console.log(JSON.stringify(conditions, null, 1));
  try {
    const { counts } = await simulate({ seed, onEvent: (event) => console.log(lineOf(event)) });
    console.log(JSON.stringify(counts));
    return true;
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error;
    console.error(`\nseed ${seed}: ${error.broken}`);
    if (error.cause instanceof Error) console.error(error.cause.stack);
    return false;
  }
}

async function shrink(): Promise<boolean> {
  const failure = await outcomeOf(seed);
  if (!(failure instanceof SimulationFailure)) {
    console.log(`seed ${seed} does not fail`);
    return true;
  }
  const shortest = await shrinkPlan(failure);
  console.log(JSON.stringify({ ...shortest.plan, entries: undefined }, null, 1));
  for (const entry of shortest.plan.entries) console.log(JSON.stringify(entry));
  for (const event of shortest.events) console.log(lineOf(event));
  console.error(`\nseed ${seed}, in ${shortest.plan.entries.length} entries: ${shortest.broken}`);
  return false;
}

type Report = Awaited<ReturnType<typeof simulate>>;
type Counts = Report["counts"];
type Outcome = Pick<Report, "counts" | "premises">;

/** What a run counts, or how it fails. */
async function outcomeOf(one: number): Promise<Outcome | SimulationFailure> {
  try {
    const { counts, premises } = await simulate({ seed: one });
    return { counts, premises };
  } catch (error) {
    if (error instanceof SimulationFailure) return error;
    throw error;
  }
}

/** What is added up over many runs: what each counts, but for its time, which is told in days. */
type Summed = Exclude<keyof Counts, "elapsed">;

/** What a thread tells of each of its runs. */
interface Told extends Partial<Outcome> {
  readonly seed: number;
  readonly broken?: string;
}

/** What one thread has of many runs: every n-th seed from its first on. */
interface Share {
  readonly first: number;
  readonly every: number;
  readonly before: number;
}

async function share({ first, every, before }: Share, port: MessagePort): Promise<void> {
  for (let one = first; one < before; one += every) {
    const outcome = await outcomeOf(one);
    const told = outcome instanceof SimulationFailure ? { broken: outcome.broken } : outcome;
    port.postMessage({ seed: one, ...told } satisfies Told);
  }
}

/** Many runs, on all cores. Each is a world of its own, so it does not matter which thread has which. */
async function many(count: number): Promise<boolean> {
  const began = performance.now();
  const sums: Record<Summed, number> = {
    steps: 0,
    clients: 0,
    accepted: 0,
    told: 0,
    missing: 0,
    resent: 0,
    doubled: 0,
    delivered: 0,
    worked: 0,
    lost: 0,
    dialed: 0,
  };
  const names = Object.keys(premises) as Premise[];
  const held = new Map(names.map((name) => [name, 0]));
  let days = 0;
  let done = 0;
  let failed = 0;
  const summary = () => {
    const seconds = (performance.now() - began) / 1_000;
    const speed = `${done} runs in ${seconds.toFixed(1)} s (${(done / seconds).toFixed(1)} a second)`;
    return `${JSON.stringify({ days: Math.round(days), ...sums })}\n${speed}, ${failed} failed`;
  };
  /** In how many of a hundred runs each check had something to judge. */
  const table = () => {
    const rows = names.map((name) => ({
      name,
      share: ((held.get(name) ?? 0) * 100) / Math.max(1, done - failed),
    }));
    rows.sort((one, other) => one.share - other.share);
    const lines = rows.map(({ name, share }) => `${share.toFixed(1).padStart(8)}  ${premises[name]}`);
    return ["of 100 runs", ...lines].join("\n");
  };
  const every = Math.min(availableParallelism(), count);
  const threads = Array.from({ length: every }, async (_, number) => {
    const workerData: Share = { first: seed + number, every, before: seed + count };
    const worker = new Worker(new URL(import.meta.url), { workerData, argv: process.argv.slice(2) });
    worker.on("message", ({ seed: one, counts, premises: its, broken }: Told) => {
      done++;
      if (counts === undefined) {
        failed++;
        console.error(`seed ${one}: ${broken}`);
      } else {
        days += counts.elapsed / 86_400_000;
        for (const name of Object.keys(sums) as Summed[]) sums[name] += counts[name];
        for (const name of names) if ((its?.[name] ?? 0) > 0) held.set(name, (held.get(name) ?? 0) + 1);
      }
      if (done % 5_000 === 0 && done < count) console.error(summary());
    });
    // Rejects where a run throws what is no failure of the simulation.
    const [code] = await once(worker, "exit");
    if (code !== 0) throw new Error(`a thread ended with ${code}`);
  });
  await Promise.all(threads);
  console.log(table());
  console.log(summary());
  return failed === 0 && done === count;
}

process.on("unhandledRejection", (reason) => {
  console.error("a promise was rejected and nobody listened:", reason);
  process.exitCode = 1;
});
if (parentPort !== null) await share(workerData as Share, parentPort);
else if (!(await asked())) process.exitCode = 1;

function asked(): Promise<boolean> {
  if (values.shrink) return shrink();
  return runs === undefined ? replay() : many(runs);
}
