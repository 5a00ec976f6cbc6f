// Weeks of trouble: what must always hold, holds. NATS_SIMULATION_RUNS says how many runs, NATS_SIMULATION_SEED where to
// begin; by default every run of the tests does the same ones. A failure prints its seed: `npm run simulate -- --seed N`.

import { describe, expect, it } from "vitest";
import { simulate } from "../../src/testing/index.js";

const RUNS = Number(process.env["NATS_SIMULATION_RUNS"] ?? 2_000);
const SEED = Number(process.env["NATS_SIMULATION_SEED"] ?? 1);
const BATCHES = 20;
const WEEK = 7 * 24 * 3_600_000;

describe("in simulated weeks of trouble", () => {
  const first = Array.from({ length: BATCHES }, (_, batch) => SEED + Math.ceil((batch * RUNS) / BATCHES));
  let weeks = 0;

  it.each(first.map((seed, batch) => ({ from: seed, to: first[batch + 1] ?? SEED + RUNS })))(
    "nothing is lost silently, repeated, forgotten or left running (seeds from $from to before $to)",
    { timeout: 60_000 + RUNS * 1_000 },
    async ({ from, to }) => {
      let dialed = 0;
      for (let seed = from; seed < to; seed++) {
        const { counts } = await simulate({ seed });
        dialed += counts.dialed;
        weeks += counts.elapsed / WEEK;
      }
      expect(dialed).toBeGreaterThanOrEqual(to - from);
    },
  );

  it("there are as many weeks of it as there are runs", () => {
    expect(weeks).toBeGreaterThanOrEqual(RUNS);
    console.info(`${RUNS} runs, ${Math.round(weeks)} weeks`);
  });
});
