// What plans that seeds make have in common: helpers of the tests that look at many of them.

import { expect } from "vitest";
import { drawPlan, type PlanSize } from "../../src/testing/draw-plan.js";
import type { Plan } from "../../src/testing/index.js";

export const seeds: readonly number[] = Array.from({ length: 400 }, (_, at) => at + 1);

/** The plans of all seeds. Drawn anew in each test, so that the mutation testing finds which test notices what. */
export const drawn = (size: PlanSize = {}): readonly Plan[] => seeds.map((seed) => drawPlan(seed, size));
/** Those in which nothing goes wrong. */
export const drawnCalm = () => drawn({ faults: 0 });

type Any = Plan["entries"][number]["act"];
type Named<T, Act = Any> = Act extends { readonly type: infer Type } ? (T extends Type ? Act : never) : never;

/** All that happens in these plans of one type, each with its plan. */
export function all<T extends Any["type"]>(plans: readonly Plan[], type: T) {
  return plans.flatMap((plan) => {
    const moment = plan.duration / 100;
    /** A packet comes and goes some times within it. */
    const talk = Math.ceil(plan.network.latency[1] * 20);
    return plan.entries.flatMap(({ at, act, site }) =>
      act.type === type ? [{ plan, moment, talk, at, site, act: act as Named<T> }] : [],
    );
  });
}

const values = (list: readonly unknown[]) => [...new Set(list.map((one) => JSON.stringify(one)))].sort();
/** Of a list, these and no others. */
export function expectEach(list: readonly unknown[], expected: readonly unknown[]): void {
  expect(values(list)).toEqual(values(expected));
}

/** Numbers between these, some of them near to each end. */
export function expectSpread(list: readonly number[], least: number, most: number): void {
  const [first, last] = [Math.min(...list), Math.max(...list)];
  const near = (most - least) / 4;
  expect(first).toBeGreaterThanOrEqual(least);
  expect(first).toBeLessThanOrEqual(least + near);
  expect(last).toBeLessThanOrEqual(most);
  expect(last).toBeGreaterThanOrEqual(most - near);
}

/** Times of so many moments, in whole milliseconds. */
export function expectMoments(
  list: readonly (readonly [ms: number, moment: number])[],
  least: number,
  most: number,
): void {
  for (const [ms] of list) expect(Number.isInteger(ms) && ms >= 1).toBe(true);
  // In a short run a moment is few milliseconds.
  const long = list.filter(([, moment]) => moment > 1_000_000);
  expectSpread(
    long.map(([ms, moment]) => ms / moment),
    least * 0.999,
    most * 1.001,
  );
}

/** True of about that part of a list. */
export function expectShare(list: readonly boolean[], share: number): void {
  const found = list.filter(Boolean).length / list.length;
  expect(Math.abs(found - share)).toBeLessThan(0.08);
}
