// Every rule, in every story. A story that breaks one is shrunk, and printed with its seed.

import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { stories } from "./arbitraries.js";
import { brokenIn, rules } from "./rules/index.js";
import { redundantStops } from "./rules/timers.js";
import { run } from "./runs.js";

let told = 0;
let scenes = 0;
let seconds = 0;
const visits = new Map<string, number>();

test("every story keeps every rule", () => {
  const from = performance.now();
  fc.assert(
    fc.property(stories(), (story) => {
      told++;
      scenes += story.scenes.length;
      for (const state of new Set(story.scenes.map(({ to }) => to))) {
        visits.set(state, (visits.get(state) ?? 0) + 1);
      }
      const broken = brokenIn(story);
      if (broken !== undefined) throw new Error(`${rules[broken.rule].sentence}; but ${broken.how}`);
    }),
    run(),
  );
  seconds = (performance.now() - from) / 1_000;
});

test("the stories reach every state", () => {
  const states = ["connecting", "reconnecting"].flatMap((state) =>
    ["asking", "waiting", "dialing", "greeting", "securing", "authenticating"].map((step) => `${state}.${step}`),
  );
  const all = [...states, "connected", "draining.subscriptions", "draining.publishers", "closed"];
  expect([...visits.keys()].sort()).toEqual(all.sort());
});

afterAll(() => {
  const share = [...visits].map(([state, count]) => `${state} ${((100 * count) / told).toFixed(1)} %`);
  const stops = [...redundantStops].map(([stop, count]) => `${stop}: ${count}`);
  console.info(
    [
      `${told} stories of ${(scenes / told).toFixed(1)} events, ${Math.round(told / seconds)} a second`,
      `reached: ${share.join(", ")}`,
      `timers stopped that did not run: ${stops.join("; ")}`,
    ].join("\n"),
  );
});
