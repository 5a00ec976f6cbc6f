// Recordings from files: what is one is read, and whoever has another file is told what is wrong with it.

import { Readable } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { CommandFailed } from "../../src/cli/command.js";
import { DEEPEST, readRecording, recordingFrom } from "../../src/cli/recording-file.js";
import { type Recording, replay } from "../../src/machine/index.js";
import { scratchFile } from "../harness/certificates.js";
import { outage } from "./recordings.js";

const text = (value: unknown) => JSON.stringify(value);

function complaint(content: string, mostValues?: number): string {
  try {
    recordingFrom(content, mostValues);
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

  it("is read from stdin", async () => {
    const stdin = Readable.from([Buffer.from(text(outage))]);
    vi.spyOn(process, "stdin", "get").mockReturnValue(stdin as unknown as typeof process.stdin);
    expect(await readRecording("-")).toEqual(outage);
    vi.restoreAllMocks();
  });

  it("may have any character in its texts, that of a byte order mark too", () => {
    const failure = { code: "X", message: "a\uFEFFb" };
    const events = outage.events.map((event, at) => (at === 3 ? { ...event, failure } : event));
    expect(recordingFrom(text({ ...outage, events })).events[3]).toMatchObject({ failure });
  });

  it("may begin in the middle of a connection's life", () => {
    const middle = replay(outage)[3];
    if (middle === undefined) throw new Error("the recording is too short");
    const later: Recording = {
      ...outage,
      from: { value: middle.state, context: middle.context },
      events: outage.events.slice(3),
    };
    const states = replay(recordingFrom(text(later))).map(({ state }) => state);
    expect(states).toEqual(
      replay(outage)
        .slice(3)
        .map(({ state }) => state),
    );
  });

  const { version, input, from, events } = outage;
  const broken = (index: number, changes: object) =>
    text({ ...outage, events: events.map((event, at) => (at === index ? { ...event, ...changes } : event)) });

  it.each([
    ["nothing", "", "the file is empty"],
    ["white space", "\uFEFF \n", "the file is empty"],
    ["an object with an empty recording", text({ recording: null }), "it has no version"],
    ["an object with a list as its recording", text({ recording: [] }), "it has no version"],
    ["as deep as may be", "[".repeat(DEEPEST) + "]".repeat(DEEPEST), "the file holds no object"],
    ["of lists beside each other", `[${"[{}],".repeat(DEEPEST)}1]`, "the file holds no object"],
    ["text", "hello", "the file is not JSON"],
    ["half of one", text(outage).slice(0, 200), "the file is not JSON"],
    ["a number", "1", "the file holds no object"],
    ["a list", "[]", "the file holds no object"],
    ["null", "null", "the file holds no object"],
    ["another object", "{}", "it has no version"],
    ["an object with a version in words", text({ ...outage, version: "2" }), "it has no version"],
    ["no input", text({ version, from, events }), "input: expected an object, found nothing"],
    [
      "an input without servers",
      text({ ...outage, input: { ...input, servers: "a" } }),
      "input.servers: expected a list, found a text of 1 characters",
    ],
    ["no beginning", text({ version, input, events }), "from: expected an object, found nothing"],
    ["no events", text({ version, input, from }), "events: expected a list, found nothing"],
    [
      "an event that is none",
      text({ ...outage, events: [events[0], 7] }),
      "events[1]: expected an object, found the number 7",
    ],
    [
      "an unknown event",
      broken(1, { type: "pigs.fly\u001b[2J" }),
      'events[1].type: this version does not know "pigs.fly?[2J"',
    ],
    [
      "an event without a time",
      broken(1, { at: "noon" }),
      "events[1].at: expected a time in milliseconds since 1970, found a text of 4 characters",
    ],
    [
      "an event at a time that no clock shows",
      broken(1, { at: 1e300 }),
      "events[1].at: expected a time in milliseconds since 1970, found the number 1e+300",
    ],
    [
      "an event that lacks what it is about",
      broken(1, { info: undefined }),
      "events[1].info: expected an object, found nothing",
    ],
    [
      "a server that is none",
      text({ ...outage, input: { ...input, servers: ["a b"] } }),
      "input.servers[0]: expected the URL of a server",
    ],
    [
      "a state that is none",
      text({ ...outage, from: { value: "floating", context: {} } }),
      "from.value: expected a state of the chart",
    ],
    ["nested", "[".repeat(DEEPEST + 1), `more than ${DEEPEST} lists and objects within each other`],
    [
      "nested without an end",
      text(outage).replace("null", "[".repeat(1_000_000)),
      `more than ${DEEPEST} lists and objects within each other`,
    ],
  ])("is refused where it is %s", (_what, content, problem) => {
    expect(complaint(content)).toContain("this is no recording of nats-statechart: ");
    expect(complaint(content)).toContain(problem);
  });

  it("may have as many values as a long one, and no more", () => {
    // Two lists or objects, and a comma behind each value but the last.
    expect(complaint("[{},1,1]", 4)).toContain("the file holds no object");
    expect(complaint("[{},1,1,1]", 4)).toContain("it has more than 4 values");
    expect(complaint(text({ n: ",,{{[[" }), 1)).toContain("it has no version");
  });

  it("is refused with a word on what a recording is", () => {
    expect(complaint("")).toBe(
      "this is no recording of nats-statechart: the file is empty. A recording is JSON.stringify(nc.recording()) of a connection with the option record",
    );
    expect(complaint("{}")).toMatch(/: it has no version\. A recording is JSON/);
  });

  it("is read from a file, in however many pieces", async () => {
    // More than what is read at once, and no piece ends where a character does.
    const failure = { code: "X", message: "ü".repeat(200_000) };
    const { events, ...rest } = outage;
    const recording = { ...rest, events: events.map((one, at) => (at === 3 ? { ...one, failure } : one)) };
    for (const pad of ["", " "])
      expect(await readRecording(scratchFile("outage.json", pad + text(recording)))).toEqual(recording);
  });

  it("is refused where the file cannot be read, or is larger than one may be", async () => {
    const refused = (path: string, most?: number) =>
      readRecording(path, most).catch((error: unknown) => error);
    expect(await refused("/nowhere/outage.json")).toEqual(
      new CommandFailed("the file cannot be read (ENOENT)"),
    );
    const MIB = 1024 * 1024;
    const path = scratchFile("large.json", "[".repeat(2 * MIB));
    const told = async (most: number) => (await refused(path, most)) as CommandFailed;
    expect((await told(2 * MIB)).message).toContain(`more than ${DEEPEST} lists`);
    expect(await told(2 * MIB - 1)).toBeInstanceOf(CommandFailed);
    expect((await told(MIB)).message).toMatch(/: the file has more than 1 MiB\. A recording is JSON/);
  });

  it("may have any text in it that looks like many lists", () => {
    const failure = { code: "X", message: `${"[{".repeat(DEEPEST)}\\"${"[{".repeat(DEEPEST)}` };
    expect(complaint(broken(3, { failure }))).toBe("nothing is wrong with it");
  });

  it("is refused where something cannot happen, and not called a fault of this package", () => {
    const middle = replay(outage)[3];
    if (middle === undefined) throw new Error("the recording is too short");
    const context = { ...middle.context, live: null };
    const impossible = {
      ...outage,
      from: { value: middle.state, context },
      events: [{ type: "user.close", at: outage.input.at, unconfirmed: 0, failure: null }],
    };
    expect(complaint(text(impossible))).toBe(
      "events[0]: user.close cannot happen here, in the state connected: it is not so that a link is in use",
    );
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
    ["a newer", 6, text({ ...outage, version: 6 })],
  ])(
    "of %s version is refused with the reason, not read as something that it is not",
    (age, number, content) => {
      expect(complaint(content)).toBe(
        `this recording has version ${number}, of ${age} nats-statechart; this one replays version 5. Replay it with the nats-statechart that recorded it`,
      );
    },
  );
});
