import * as fc from "fast-check";
import { test } from "vitest";
import { stories } from "./arbitraries.js";
import { brokenIn, ruleNames } from "./rules/index.js";
import { Report } from "./report.js";
test("survey", () => {
  let names = ruleNames;
  const report = new Report();
  for (let i = 0; i < 6; i++) {
    const t = fc.check(fc.property(stories({ mood: i % 2 ? "foul" : "fair", maxMoves: 70 }), (s) => { report.count(s); const b = brokenIn(s, names); if (b) throw new Error(b.rule + ": " + b.how); }), { numRuns: Number(process.env["N"] ?? 8000) });
    if (t.failed) { const rule = (t.errorInstance as Error).message.split(":")[0]; names = names.filter(n => n !== rule); console.log("BROKEN", (t.errorInstance as Error).message, String(t.counterexample![0]).split("\n").map(l => l.slice(0, 400)).join("\n")); }
  }
  console.log(String(report));
}, 600000);
