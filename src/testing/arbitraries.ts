// Runs of the simulation for fast-check: what fails is shrunk to the steps that matter. fast-check is an optional peer
// of this package; whoever calls these has it, and hands it in.

import type FastCheck from "fast-check";
import { drawPlan, type PlanSize } from "./draw-plan.js";
import type { Plan } from "./plan.js";

/**
 * Plans for `simulate`: each has some of the steps of one that a seed makes, and shrinks to fewer.
 *
 * ```ts
 * await fc.assert(fc.asyncProperty(plans(fc), (plan) => simulate({ seed: plan.seed, plan })));
 * ```
 *
 * @param fc the module `fast-check`
 * @param size how large the runs are
 */
export function plans(fc: typeof FastCheck, size: PlanSize = {}): FastCheck.Arbitrary<Plan> {
  const seeds = fc.noShrink(fc.integer({ min: 1 }));
  return seeds.chain((seed) => {
    const plan = drawPlan(seed, size);
    return fc.subarray([...plan.steps]).map((steps) => ({ ...plan, steps }));
  });
}
