// Every rule, in every story, in a fair world: one that mostly does as it is asked. foul-stories.test.ts is the other.
// A story that breaks a rule is shrunk, and printed with its seed.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { connectionMachine } from "../../../src/machine/connection-machine.js";
import { stories } from "./arbitraries.js";
import { Report, shareOfPremises } from "./report.js";
import { keepsTheRules } from "./rules/index.js";
import { PATIENCE, run } from "./runs.js";

/** Every state in which the chart can rest: all but `selecting`, which it leaves at once. */
const restingStates = Object.values(connectionMachine.root.states)
  .flatMap((state) => {
    const steps = Object.keys(state.states).filter((step) => step !== "selecting");
    return steps.length === 0 ? [state.key] : steps.map((step) => `${state.key}.${step}`);
  })
  .sort();

test(
  "every story keeps every rule, and together they come through every state",
  () => {
    const report = new Report();
    fc.assert(
      fc.property(stories(), (story) => {
        report.count(story);
        keepsTheRules(story);
      }),
      run(0.5),
    );
    console.info(`${report}`);
    expect(report.states).toEqual(restingStates);
  },
  PATIENCE,
);

test("what each rule is about happens in one of a hundred stories at least", () => {
  const shares = shareOfPremises(fc.sample(stories(), { numRuns: 3_000, seed: 1 }));
  console.info([...shares].map(([premise, share]) => `${share.toFixed(1)} ${premise}`).join("\n"));
  expect([...shares].filter(([, share]) => share < 1)).toEqual([]);
});
