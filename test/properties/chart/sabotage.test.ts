// Rules that cannot be broken prove nothing. Here the chart gets a mistake, and the rule that forbids it finds a story, and
// says what was wrong. The mistakes: mistakes.

import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stories } from "./arbitraries.js";
import type { Chart } from "./chart.js";
import { complaintsIn } from "./complaints.js";
import { mistakes } from "./mistakes/index.js";
import { without } from "./mistakes/mistake.js";
import { brokenIn, type RuleName, ruleNames, rules } from "./rules/index.js";
import type { Told } from "./told.js";

/** Looks for a story of which the rule says such a thing. Shrinks it where that is wanted. */
function findBroken(
  chart: Chart,
  rule: RuleName,
  { complaint = /(?:)/, shrinks = false } = {},
): { readonly told: Told; readonly how: string } | undefined {
  const how = (told: Told) => brokenIn(told, [rule])?.how;
  const broken = fc.check(
    fc.property(stories({ chart }), (told) => {
      const said = how(told);
      return said === undefined || !complaint.test(said);
    }),
    { numRuns: 8_000, seed: 1, endOnFailure: !shrinks },
  );
  const told = broken.counterexample?.[0];
  return told === undefined ? undefined : { told, how: how(told) ?? "" };
}

const table = ruleNames.flatMap((rule) =>
  mistakes[rule].map(([mistake, chart, complaint]) => ({ rule, mistake, chart, complaint })),
);
/** What the rules have said. */
const heard: string[] = [];

describe("a chart that", () => {
  test.each(table)("$mistake is found out by $rule", ({ rule, chart, complaint }) => {
    const broken = findBroken(chart, rule, { complaint });
    expect(broken?.how, `${rules[rule].sentence}: nothing breaks it by ${complaint}`).toMatch(complaint);
    heard.push(broken?.how ?? "");
  });
});

test("every rule has a mistake that it finds", () => {
  expect(ruleNames.filter((rule) => mistakes[rule].length === 0)).toEqual([]);
});

test("every complaint that a rule can make has a mistake that leads to it", () => {
  const folder = new URL("rules/", import.meta.url);
  const complaints = readdirSync(folder)
    .filter((file) => file !== "index.ts")
    .flatMap((file) => complaintsIn(readFileSync(new URL(file, folder), "utf8")));
  expect(complaints.length).toBeGreaterThan(90);
  expect(complaints.filter((one) => !heard.some((how) => one.test(how))).map(String)).toEqual([]);
});

test("a mistake deep in a story is shrunk to the few events that lead there", () => {
  const told = findBroken(without("stopTimer", { timer: "drain" }), "timersBelongToLinks", {
    shrinks: true,
  })?.told;
  // Open, INFO, PONG, drain, and one event that ends the drain; what the teller adds after that is not the story's.
  expect(
    told?.events
      .slice(0, 5)
      .map(({ type }) => type)
      .slice(0, 4),
  ).toEqual(["socket.opened", "server.info", "server.pong", "user.drain"]);
  expect(told?.events.length).toBeLessThanOrEqual(8);
  expect(told?.input.servers).toEqual(["a:4222"]);
  expect(told?.input.policy).toEqual({});
});
