// From a run that fails to the shortest one that fails in the same way: steps are left out as long as it still fails.

import type { Plan } from "./plan.js";
import { SimulationFailure, simulate } from "./simulate.js";

/** Two failures are of one kind when they differ in numbers and names of clients only. */
function kindOf(broken: string): string {
  return broken.replace(/\bc\d+(-\d+)?\b/g, "c").replace(/\d+/g, "N");
}

async function failureOf(plan: Plan): Promise<SimulationFailure | undefined> {
  try {
    await simulate({ seed: plan.seed, plan });
    return undefined;
  } catch (error) {
    if (error instanceof SimulationFailure) return error;
    throw error;
  }
}

/** The failure of a plan with as few steps as can be found; takes some hundred runs. */
export async function shrinkPlan(failure: SimulationFailure): Promise<SimulationFailure> {
  let shortest = failure;
  const kind = kindOf(failure.broken);
  for (
    let size = Math.ceil(failure.plan.steps.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < shortest.plan.steps.length; ) {
      const { plan } = shortest;
      const steps = [...plan.steps.slice(0, at), ...plan.steps.slice(at + size)];
      const again = await failureOf({ ...plan, steps });
      if (again !== undefined && kindOf(again.broken) === kind) shortest = again;
      else at += size;
    }
  }
  return shortest;
}
