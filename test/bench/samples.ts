// Rows with known figures, for the tests of the report.

import type { Row } from "../../bench/statistics.js";
import type { ContenderName, Sample } from "../../bench/task.js";

/** A sample of one operation: CPU and wall time in microseconds, and what else is given. */
export function sample(cpuMicros: number, more: Partial<Sample> = {}): Sample {
  return { operations: 1, cpuMicros, wallMicros: 2 * cpuMicros, ...more };
}

/** A row about CPU time, with samples in microseconds for each contender. */
export function row(
  id: string,
  micros: { readonly [Name in ContenderName]?: readonly number[] },
  more: Partial<Row> = {},
): Row {
  const samples = Object.entries(micros).map(([name, all]) => [name, all.map((one) => sample(one))]);
  return {
    id,
    title: `title of ${id}`,
    metric: "cpu",
    unit: "message",
    operations: 1,
    samples: Object.fromEntries(samples) as Row["samples"],
    ...more,
  };
}
