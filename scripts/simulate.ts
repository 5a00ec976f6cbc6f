// The simulation from the command line: many runs, or one of them step by step.
//
//   npm run simulate -- --runs 2000 --seed 1     2,000 runs, from seed 1 on; says which fail, and how fast it was
//   npm run simulate -- --seed 17                one run, with everything that happens in it
//   npm run simulate -- --seed 17 --shrink       the shortest story that fails in the same way

import { parseArgs } from "node:util";
import { drawPlan } from "../src/testing/draw-plan.js";
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

async function replay(): Promise<boolean> {
  const plan = drawPlan(seed);
  const { steps: _, ...conditions } = plan;
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
  const failure = await failureOf(seed);
  if (failure === undefined) {
    console.log(`seed ${seed} does not fail`);
    return true;
  }
  const shortest = await shrinkPlan(failure);
  console.log(JSON.stringify({ ...shortest.plan, steps: undefined }, null, 1));
  for (const step of shortest.plan.steps) console.log(JSON.stringify(step));
  for (const event of shortest.events) console.log(lineOf(event));
  console.error(`\nseed ${seed}, in ${shortest.plan.steps.length} steps: ${shortest.broken}`);
  return false;
}

async function failureOf(one: number): Promise<SimulationFailure | undefined> {
  try {
    await simulate({ seed: one });
    return undefined;
  } catch (error) {
    if (error instanceof SimulationFailure) return error;
    throw error;
  }
}

async function many(runs: number): Promise<boolean> {
  const began = performance.now();
  const summary = (done: number) => {
    const seconds = (performance.now() - began) / 1_000;
    const speed = `${done} runs in ${seconds.toFixed(1)} s (${(done / seconds).toFixed(1)} a second)`;
    return `${JSON.stringify({ ...totals, days: Math.round(totals.days) })}\n${speed}, ${failed} failed`;
  };
  const totals = { days: 0, steps: 0, clients: 0, accepted: 0, delivered: 0, dialed: 0 };
  let failed = 0;
  for (let run = 0; run < runs; run++) {
    if (run > 0 && run % 5_000 === 0) console.error(summary(run));
    try {
      const { counts } = await simulate({ seed: seed + run });
      totals.days += counts.elapsed / 86_400_000;
      for (const name of ["steps", "clients", "accepted", "delivered", "dialed"] as const)
        totals[name] += counts[name];
    } catch (error) {
      if (!(error instanceof SimulationFailure)) throw error;
      failed++;
      console.error(`seed ${error.seed}: ${error.broken}`);
    }
  }
  console.log(summary(runs));
  return failed === 0;
}

process.on("unhandledRejection", (reason) => {
  console.error("a promise was rejected and nobody listened:", reason);
  process.exitCode = 1;
});
const isFine = values.shrink
  ? await shrink()
  : values.runs === undefined
    ? await replay()
    : await many(Number(values.runs));
if (!isFine) process.exitCode = 1;
