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

  const { version, input, from, events } = outage;
  const broken = (index: number, changes: object) =>
    text({ ...outage, events: events.map((event, at) => (at === index ? { ...event, ...changes } : event)) });

  it.each([
    ["nothing", "", "the file is empty"],
    ["text", "hello", "the file is not JSON"],
    ["half of one", text(outage).slice(0, 200), "the file is not JSON"],
    ["a number", "1", "the file holds no object"],
    ["a list", "[]", "the file holds no object"],
    ["null", "null", "the file holds no object"],
    ["another object", "{}", 'no "version"'],
    ["an object with a version in words", text({ ...outage, version: "2" }), 'no "version"'],
    ["no input", text({ version, from, events }), 'no "input"'],
    ["an input without servers", text({ ...outage, input: { ...input, servers: "a" } }), 'no "input"'],
    ["no beginning", text({ version, input, events }), '"from" is neither'],
    ["no events", text({ version, input, from }), 'no list of "events"'],
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

  /** As `nats-statechart` 0.1 wrote it: connected, then closed. */
  const older = `{"version":1,"input":{"servers":["a:4222"],"seed":1,"at":1700000000000},"from":null,"events":[
    {"type":"socket.opened","attempt":1,"at":1700000000002},
    {"type":"server.info","attempt":1,"at":1700000000004,"info":{"serverId":"N0","serverName":"n0","version":"2.10.0",
      "tlsRequired":false,"tlsAvailable":false,"lameDuck":false,"connectUrls":[]}},
    {"type":"server.pong","attempt":1,"at":1700000000006},
    {"type":"user.close","at":1700000000900,"unsent":0,"failure":null}]}`;

  it.each([
    ["an older", 1, older],
    ["a newer", 5, text({ ...outage, version: 5 })],
  ])(
    "of %s version is refused with the reason, not read as something that it is not",
    (age, number, content) => {
      expect(complaint(content)).toBe(
        `this recording has version ${number}, of ${age} nats-statechart; this one replays version 4. Replay it with the nats-statechart that recorded it`,
      );
    },
  );
});
