// Runs of the simulation until one fails, for tests that plant a mistake in the client.

import type { PlanSize } from "../../src/testing/draw-plan.js";
import { type SimulationFailure, simulate } from "../../src/testing/index.js";

/**
 * The failure of the first of these seeds that fails.
 * @param run default: the simulation of the client as it is loaded
 * @throws Error where none does
 */
export async function firstFailure(
  most = 100,
  size: PlanSize = {},
  run: typeof simulate = simulate,
): Promise<SimulationFailure> {
  for (let seed = 1; seed <= most; seed++) {
    try {
      await run({ seed, ...size });
    } catch (error) {
      // By its name: a planted client has modules of its own.
      if ((error as Error).name === "SimulationFailure") return error as SimulationFailure;
      throw error;
    }
  }
  throw new Error(`none of ${most} seeds fails`);
}
