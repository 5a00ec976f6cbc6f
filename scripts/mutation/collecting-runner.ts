// A runner of Vitest that loads test files and runs none of their tests: serve.test.ts runs them, once for every mutant.

import { type RunnerTask, type RunnerTestCase, type RunnerTestFile, TestRunner } from "vitest";
import { loaded } from "./loaded.js";

export default class CollectingRunner extends TestRunner {
  onCollected(files: RunnerTestFile[]): void {
    for (const file of files) {
      if (!file.filepath.endsWith("/serve.test.ts")) loaded.push(...testsIn(file));
    }
  }
}

/** The tests that a run of Vitest would run, which are thereby left out of this one. */
function testsIn(task: RunnerTask): RunnerTestCase[] {
  const { mode } = task;
  task.mode = "skip";
  if (task.type === "test") return mode === "skip" || mode === "todo" ? [] : [task];
  return task.tasks.flatMap(testsIn);
}
