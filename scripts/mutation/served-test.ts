// Runs one of the loaded tests, with its hooks, as often as one likes.

import { type RunnerTestCase, type RunnerTestFile, type RunnerTestSuite, TestRunner, vi } from "vitest";

type Suite = RunnerTestSuite | RunnerTestFile;
const hooksOf = (suite: Suite) => TestRunner.getSuiteHooks(suite);

/** The suites that a test is in, the file first. */
function suitesOf(test: RunnerTestCase): readonly Suite[] {
  const inner: Suite[] = [];
  for (let suite = test.suite; suite !== undefined; suite = suite.suite) inner.unshift(suite);
  return [test.file, ...inner.filter((suite) => suite !== test.file)];
}

/** The suites whose `beforeAll` has run, with what is to be done when they are left. */
const entered = new Map<Suite, (() => unknown)[]>();

/** Runs `afterAll` of the suites that are left, and `beforeAll` of those that are entered. */
async function enter(suites: readonly Suite[]): Promise<void> {
  for (const [suite, cleanups] of [...entered].reverse()) {
    if (suites.includes(suite)) continue;
    entered.delete(suite);
    for (const leave of hooksOf(suite).afterAll) await leave(suite);
    for (const cleanup of cleanups) await cleanup();
  }
  for (const suite of suites) {
    if (entered.has(suite)) continue;
    const cleanups: (() => unknown)[] = [];
    entered.set(suite, cleanups);
    for (const begin of hooksOf(suite).beforeAll) {
      const cleanup: unknown = await begin(suite);
      if (typeof cleanup === "function") cleanups.push(() => cleanup());
    }
  }
}

/** Runs the test; rejects with its failure. */
export async function runTest(test: RunnerTestCase): Promise<void> {
  const suites = suitesOf(test);
  const cleanups: (() => unknown)[] = [];
  const failures: unknown[] = [];
  const careful = async (run: () => unknown) => {
    try {
      await run();
    } catch (error) {
      failures.push(error);
    }
  };
  await careful(async () => {
    await enter(suites);
    for (const suite of suites) {
      for (const hook of hooksOf(suite).beforeEach) {
        const cleanup: unknown = await hook(test.context as never, suite);
        if (typeof cleanup === "function") cleanups.unshift(() => cleanup());
      }
    }
    await TestRunner.getTestFn(test)();
  });
  for (const suite of [...suites].reverse()) {
    for (const hook of hooksOf(suite).afterEach) await careful(() => hook(test.context as never, suite));
  }
  for (const cleanup of [...cleanups, ...finishersOf(test)]) await careful(cleanup);
  if (failures.length === 0) return;
  putBack();
  throw failures[0];
}

/** Puts back what a failed test did not put back itself. */
export function putBack(): void {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
}

/**
 * What the test has asked for by `onTestFinished`, the last one first; asked for anew in the next run. Vitest notes it with the test that it
 * runs itself: the one that serves.
 */
function finishersOf(test: RunnerTestCase): readonly (() => unknown)[] {
  return [test, TestRunner.getCurrentTest()].flatMap((noted) => {
    const asked = noted as { onFinished?: (() => unknown)[] | undefined } | undefined;
    const finishers = (asked?.onFinished ?? []).reverse();
    if (asked !== undefined) asked.onFinished = undefined;
    return finishers;
  });
}
