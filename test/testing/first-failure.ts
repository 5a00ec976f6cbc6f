// Runs of the simulation until one fails, for tests that plant a mistake in the client.

import type { PlanSize } from "../../src/testing/draw-plan.js";
import { SimulationFailure, simulate } from "../../src/testing/index.js";

/** The failure of the first of these seeds that fails. @throws Error where none does */
export async function firstFailure(most = 100, size: PlanSize = {}): Promise<SimulationFailure> {
  for (let seed = 1; seed <= most; seed++) {
    try {
      await simulate({ seed, ...size });
    } catch (error) {
      if (error instanceof SimulationFailure) return error;
      throw error;
    }
  }
  throw new Error(`none of ${most} seeds fails`);
}
