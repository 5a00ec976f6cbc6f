// Weeks of trouble: what must always hold, holds. NATS_SIMULATION_RUNS says how many runs, NATS_SIMULATION_SEED where to
// begin; by default every run of the tests does the same ones. A failure prints its seed: `npm run simulate -- --seed N`.
// They are in two test files, a half each, since a test file has one core.

import { describe, expect, it } from "vitest";
import { simulate } from "../../../src/testing/index.js";
import { type Premise, premises } from "../../../src/testing/premises.js";

const RUNS = Number(process.env["NATS_SIMULATION_RUNS"] ?? 2_000);
const SEED = Number(process.env["NATS_SIMULATION_SEED"] ?? 1);
const MIDDLE = Math.ceil(RUNS / 2);
const HALVES = {
  first: { from: SEED, runs: MIDDLE },
  second: { from: SEED + MIDDLE, runs: RUNS - MIDDLE },
};
const BATCHES = 10;
const WEEK = 7 * 24 * 3_600_000;

/** With fewer runs, chance decides whether a premise holds in one of a hundred. */
const ENOUGH = 1_000;

/** The tests of one half of the runs. */
export function surviveWeeks(half: keyof typeof HALVES): void {
  const { from: begin, runs } = HALVES[half];
  const seeds = Array.from({ length: BATCHES }, (_, batch) => begin + Math.ceil((batch * runs) / BATCHES));

  describe(`in simulated weeks of trouble, the ${half} half`, () => {
    let weeks = 0;
    /** Messages: told to be lost or doubtful, read by no server, sent again, read twice. */
    const losses = { told: 0, missing: 0, resent: 0, doubled: 0 };
    const held = new Map(Object.keys(premises).map((name) => [name as Premise, 0]));

    it.each(seeds.map((seed, batch) => ({ from: seed, to: seeds[batch + 1] ?? begin + runs })))(
      "nothing is lost silently, repeated, forgotten or left running (seeds from $from to before $to)",
      { timeout: 60_000 + RUNS * 1_000 },
      async ({ from, to }) => {
        let dialed = 0;
        for (let seed = from; seed < to; seed++) {
          const { counts, premises: its } = await simulate({ seed });
          for (const [name, times] of held) if ((its[name] ?? 0) > 0) held.set(name, times + 1);
          for (const name of Object.keys(losses) as (keyof typeof losses)[]) losses[name] += counts[name];
          dialed += counts.dialed;
          weeks += counts.elapsed / WEEK;
        }
        expect(dialed).toBeGreaterThanOrEqual(to - from);
      },
    );

    it.runIf(runs >= ENOUGH)("each check has something to judge in one of a hundred runs", () => {
      const rare = [...held].filter(([, times]) => times < runs / 100);
      expect(rare.map(([name, times]) => `${times} of ${runs}: ${premises[name]}`)).toEqual([]);
    });

    it.runIf(runs >= ENOUGH)(
      "there are losses to tell of: some that no server reads, and some that servers read twice",
      () => {
        expect(losses.missing).toBeGreaterThan(runs / 2);
        expect(losses.told).toBeGreaterThan(losses.missing);
        expect(losses.resent).toBeGreaterThan(losses.doubled);
        expect(losses.doubled).toBeGreaterThan(0);
      },
    );

    it("there are as many weeks of it as there are runs", () => {
      expect(weeks).toBeGreaterThanOrEqual(runs);
      console.info(`${runs} runs, ${Math.round(weeks)} weeks`);
    });
  });
}
