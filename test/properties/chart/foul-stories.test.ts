// Every rule, in every story, in a foul world: every second move is out of another attempt, or answers what nobody
// asked.

import * as fc from "fast-check";
import { test } from "vitest";
import { stories } from "./arbitraries.js";
import { Report } from "./report.js";
import { keepsTheRules } from "./rules/index.js";
import { PATIENCE, run } from "./runs.js";

test(
  "every story keeps every rule, whatever the outside says",
  () => {
    const report = new Report();
    fc.assert(
      fc.property(stories({ mood: "foul", maxMoves: 80 }), (story) => {
        report.count(story);
        keepsTheRules(story);
      }),
      run(0.5),
    );
    console.info(`${report}`);
  },
  PATIENCE,
);
