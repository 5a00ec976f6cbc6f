// Recordings from files: what is one is read, and whoever has another file is told what is wrong with it.

import { describe, expect, it } from "vitest";
import { CommandFailed } from "../../src/cli/command.js";
import { played, recordingFrom } from "../../src/cli/recording-file.js";
import type { Recording } from "../../src/machine/index.js";
import { outage } from "./recordings.js";

const text = (value: unknown) => JSON.stringify(value);

function complaint(content: string): string {
  try {
    played(recordingFrom(content));
  } catch (error) {
    if (error instanceof CommandFailed) return error.message;
    throw error;
  }
  return "nothing is wrong with it";
}

describe("a recording from a file", () => {
  it("is read as it was written, alone or in the error that carries it", () => {
    expect(recordingFrom(text(outage))).toEqual(outage);
    expect(recordingFrom(text({ message: "refused", recording: outage }))).toEqual(outage);
    expect(recordingFrom(`\uFEFF${text(outage)}`)).toEqual(outage);
  });

  it("may begin in the middle of a connection's life", () => {
    const middle = played(outage)[3];
    if (middle === undefined) throw new Error("the recording is too short");
    const later: Recording = {
      ...outage,
      from: { value: middle.state, context: middle.context },
      events: outage.events.slice(3),
    };
    const states = played(recordingFrom(text(later))).map(({ state }) => state);
    expect(states).toEqual(
      played(outage)
        .slice(3)
        .map(({ state }) => state),
    );
  });

  const { input, from, events } = outage;
  const broken = (index: number, changes: object) =>
    text({ ...outage, events: events.map((event, at) => (at === index ? { ...event, ...changes } : event)) });

  it.each([
    ["nothing", "", "the file is empty"],
    ["text", "hello", "the file is not JSON"],
    ["half of one", text(outage).slice(0, 200), "the file is not JSON"],
    ["a number", "1", "the file holds no object"],
    ["a list", "[]", "the file holds no object"],
    ["null", "null", "the file holds no object"],
    ["another object", "{}", 'no "version": 1'],
    ["a newer version", text({ ...outage, version: 2 }), "of version 2, which a newer nats-statechart wrote"],
    ["no input", text({ version: 1, from, events }), 'no "input"'],
    ["an input without servers", text({ ...outage, input: { ...input, servers: "a" } }), 'no "input"'],
    ["no beginning", text({ version: 1, input, events }), '"from" is neither'],
    ["no events", text({ version: 1, input, from }), 'no list of "events"'],
    ["an event that is none", text({ ...outage, events: [events[0], 7] }), "event 2 has no type"],
    ["an unknown event", broken(1, { type: "pigs.fly\u001b[2J" }), 'event 2 is of the type "pigs.fly [2J"'],
    ["an event without a time", broken(1, { at: "noon" }), "event 2 (server.info) has no time"],
    ["an event that lacks what it is about", broken(1, { info: undefined }), "the chart cannot follow it"],
    ["a server that is none", text({ ...outage, input: { ...input, servers: ["a b"] } }), "cannot follow it"],
    [
      "a state that is none",
      text({ ...outage, from: { value: "floating", context: {} } }),
      "the chart cannot follow it",
    ],
  ])("is refused where it is %s", (_what, content, problem) => {
    expect(complaint(content)).toContain("this is no recording: ");
    expect(complaint(content)).toContain(problem);
  });
});
