// The files of the results: raw data, table and picture in one folder.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chart } from "./chart.js";
import { markdown, type Results } from "./report.js";
import type { Row } from "./statistics.js";
import { suite } from "./suite.js";

/** The results in a folder. */
export function readResults(folder: string): Results {
  return JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as Results;
}

/** Writes all three files. */
export function writeResults(folder: string, results: Results): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "results.json"), json(results));
  writeFileSync(join(folder, "README.md"), markdown(results));
  writeFileSync(join(folder, "benchmarks.svg"), chart(results.rows));
}

/** One sample a line: a diff of two runs can be read. */
function json({ circumstances, rows }: Results): string {
  const text = rows.map(({ samples, ...row }) => {
    const lines = Object.entries(samples).map(
      ([name, all]) =>
        `"${name}": [\n        ${all.map((sample) => JSON.stringify(sample)).join(",\n        ")}\n      ]`,
    );
    return `    ${JSON.stringify(row).slice(0, -1)}, "samples": {\n      ${lines.join(",\n      ")}\n    }}`;
  });
  return `{\n  "circumstances": ${JSON.stringify(circumstances)},\n  "rows": [\n${text.join(",\n")}\n  ]\n}\n`;
}

/** The rows of now, and those that only the earlier results have, in the order of the suite. */
export function merged(earlier: readonly Row[], now: readonly Row[]): readonly Row[] {
  const order = suite.map(({ id }) => id);
  const kept = earlier.filter(({ id }) => order.includes(id) && !now.some((row) => row.id === id));
  return [...kept, ...now].sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
}
