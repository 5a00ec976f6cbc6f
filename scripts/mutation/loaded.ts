// The tests that are loaded, in their order. Vitest loads its runner and the test files apart from each other: no variable
// of a module is the same in both.

import type { RunnerTestCase } from "vitest";

const key = Symbol.for("nats-statechart.mutation.loaded");
const shared = globalThis as unknown as { [key]?: RunnerTestCase[] };

shared[key] ??= [];
/** Filled by collecting-runner.ts, read by serve.test.ts. */
export const loaded: RunnerTestCase[] = shared[key];
