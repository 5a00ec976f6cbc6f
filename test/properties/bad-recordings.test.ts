// A recording from anywhere is played or refused with a reason, and nothing else: what mutations make of good ones. Which reasons there
// are: test/machine/recording-schema.test.ts, and test/cli/recording-file.test.ts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CommandFailed } from "../../src/cli/command.js";
import { jsonOfList } from "../../src/cli/json.js";
import { recordingFrom } from "../../src/cli/recording-file.js";
import { storyJson, storyLines } from "../../src/cli/story.js";
import { plainPaint } from "../../src/cli/terminal.js";
import { type Recording, replay } from "../../src/machine/index.js";
import { recordings } from "../../src/testing/index.js";
import { steers } from "../cli/steering.js";
import { jsonMutations } from "./json-mutations.js";

/** Recordings that the chart made, many of them with a beginning in the middle. */
const good = fc
  .tuple(
    fc.oneof(recordings(fc, { most: 15 }), recordings(fc, { most: 15, outside: "foul" })),
    fc.nat({ max: 20 }),
  )
  .map(([whole, cut]): Recording => {
    const step = replay(whole)[cut];
    if (step === undefined) return whole;
    return { ...whole, from: { value: step.state, context: step.context }, events: whole.events.slice(cut) };
  });

/** What the tool tells of a file; the reason where it refuses it. Whatever else is thrown is a fault. */
function told(file: string): {
  readonly lines?: readonly string[];
  readonly json?: string;
  readonly refusal?: string;
} {
  try {
    const recording = recordingFrom(file);
    const steps = replay(recording);
    return {
      lines: [...storyLines(recording, steps, plainPaint)],
      json: [...jsonOfList("steps", storyJson(recording, steps))].join("\n"),
    };
  } catch (error) {
    if (error instanceof CommandFailed) return { refusal: error.message };
    throw error;
  }
}

const REASONS = /^this (?:is no recording of nats-statechart: |recording has version )|^events\[\d+\]: /;

describe("a recording from a file", () => {
  it("is played where the chart made it", () => {
    fc.assert(
      fc.property(good, (recording) => {
        expect(told(JSON.stringify(recording)).refusal).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it("is played or refused with a reason, whatever was done to it", () => {
    let played = 0;
    let refused = 0;
    // Many changed copies of each: to make a good one takes longer than to read a bad one.
    const mutations = fc.array(jsonMutations, { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(good, mutations, (recording, mutate) => {
        for (const change of mutate) {
          const { refusal, json = "", lines = [] } = told(JSON.stringify(change(recording)));
          expect(steers((refusal ?? "") + json + lines.join("\n"))).toBe(false);
          if (refusal === undefined) {
            played++;
            JSON.parse(json);
          } else refused++;
          expect(refusal ?? "played").toMatch(refusal === undefined ? /^played$/ : REASONS);
        }
      }),
      { numRuns: 150 },
    );
    // Else nothing was tested.
    expect(Math.min(played, refused)).toBeGreaterThan(300);
  });
});
