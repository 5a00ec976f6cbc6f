// What a client says, as the model server reads it: each command, in whatever pieces it comes, and what breaks the
// protocol. test/integration/model-server.test.ts holds the verdicts against real servers.

import { describe, expect, it } from "vitest";
import { type CommandLimits, CommandReader } from "../../../src/effects/simulated/command-reader.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (chunk: Uint8Array | undefined) =>
  chunk === undefined ? undefined : new TextDecoder().decode(chunk);

/** A reader, what it has heard, and where each command ended. */
function scene(limits?: CommandLimits) {
  const heard: unknown[][] = [];
  const ends: number[] = [];
  const state = { mayTalk: true, isListening: true };
  const note =
    (what: string) =>
    (...args: unknown[]) => {
      heard.push([what, ...args]);
      ends.push(reader.position);
    };
  const reader: CommandReader = new CommandReader(
    {
      connect: note("connect"),
      ping: note("ping"),
      pong: note("pong"),
      sub: note("sub"),
      unsub: note("unsub"),
      publish: ({ subject, reply, headers, payload }) =>
        note("publish")(subject, reply, textOf(headers), textOf(payload)),
      mayTalk: () => state.mayTalk,
      isListening: () => state.isListening,
    },
    limits,
  );
  return { reader, heard, ends, state };
}

const understood: readonly (readonly [said: string, heard: readonly unknown[]])[] = [
  ['CONNECT {"a": 1}\r\n', ["connect", '{"a": 1}']],
  ['connect \t{"a": 1}\n', ["connect", '{"a": 1}']],
  ["PING\r\n", ["ping"]],
  ["ping\n", ["ping"]],
  ["PONG\r\n", ["pong"]],
  ["SUB a.b 1\r\n", ["sub", "a.b", undefined, "1"]],
  ["SUB a.b  q\t1\r\n", ["sub", "a.b", "q", "1"]],
  ["UNSUB 1\r\n", ["unsub", "1", undefined]],
  ["UNSUB 1 12\r\n", ["unsub", "1", 12]],
  ["UNSUB 1 0\r\n", ["unsub", "1", undefined]],
  ["UNSUB 1 x1\r\n", ["unsub", "1", undefined]],
  ["UNSUB 1 1x\r\n", ["unsub", "1", undefined]],
  ["PUB a 0\r\n\r\n", ["publish", "a", undefined, undefined, ""]],
  ["PUB a 5\r\nhello\r\n", ["publish", "a", undefined, undefined, "hello"]],
  ["PUB a r 2\r\n\r\n\r\n", ["publish", "a", "r", undefined, "\r\n"]],
  ["HPUB a 4 6\r\nhead..\r\n", ["publish", "a", undefined, "head", ".."]],
  ["HPUB a r 4 4\r\nhead\r\n", ["publish", "a", "r", "head", ""]],
];

const broken: readonly (readonly [said: string, answer: string | null])[] = [
  ["SUB\r\n", null],
  ["SUB a\r\n", null],
  ["SUB a q 1 more\r\n", null],
  ["UNSUB\r\n", "Unknown Protocol Operation"],
  ["UNSUB 1 2 3\r\n", null],
  ["PUB 1\r\n", null],
  ["PUB a\r\n", null],
  ["PUB a b c 1\r\n", null],
  ["PUB\r\n", null],
  ["HPUB\r\n", null],
  ["PUB a -1\r\n", null],
  ["PUB a 1x\r\n", null],
  ["PUB a x1\r\n", null],
  ["PUB a 1234567890\r\n", null],
  ["HPUB a 1\r\n", null],
  ["HPUB 1 2\r\n", null],
  ["HPUB a x 2\r\n", null],
  ["HPUB a 3 2\r\n", null],
  ["-ERR 'stop'\r\n", null],
  ["NONSENSE\r\n", "Unknown Protocol Operation"],
  ["\r\n", "Unknown Protocol Operation"],
  ["PUB a 2\r\nabc\r\n", "Unknown Protocol Operation"],
  ["PUB a 2\r\nab\r\r", "Unknown Protocol Operation"],
  ["PUB a 2\r\nab\n\n", "Unknown Protocol Operation"],
];

describe("the reader of commands", () => {
  it.each(understood)("understands %j, whole or byte by byte", (said, expected) => {
    const whole = scene();
    whole.reader.push(bytes(said));
    const pieces = scene();
    for (const char of said) {
      expect(pieces.heard).toEqual([]);
      pieces.reader.push(bytes(char));
    }
    expect(whole.heard).toEqual([expected]);
    expect(pieces.heard).toEqual([expected]);
    expect([whole.ends, pieces.ends]).toEqual([[said.length], [said.length]]);
  });

  it("says of each command where in the stream it ends, however the stream is cut", () => {
    const said = ["PING\r\n", "SUB a 1\r\n", "PUB a 3\r\nabc\r\n", "+OK\r\n", "INFO {}\r\n", "PONG\r\n"];
    const all = said.join("");
    for (let cut = 0; cut <= all.length; cut++) {
      const { reader, heard, ends } = scene();
      reader.push(bytes(all.slice(0, cut)));
      reader.push(bytes(all.slice(cut)));
      expect(heard.map(([what]) => what)).toEqual(["ping", "sub", "publish", "pong"]);
      expect(ends).toEqual([6, 15, 29, 49]);
    }
  });

  it.each(broken)("refuses %j", (said, answer) => {
    const { reader, heard } = scene();
    expect(() => reader.push(bytes(said))).toThrow(
      expect.objectContaining({
        name: "CommandViolation",
        answer,
        message: answer ?? "the arguments of a command make no sense",
      }),
    );
    expect(heard).toEqual([]);
  });

  it("takes a line as long as it may be, measured without its verb and its end, and none that is longer", () => {
    const limits = { maxControlLine: 6 };
    const { reader, heard } = scene(limits);
    for (const fits of ["SUB  abcd 1\r\n", "SUB\t abcd 1\n"]) reader.push(bytes(fits));
    expect(heard).toHaveLength(2);
    const tooLong = expect.objectContaining({ answer: "maximum control line exceeded" });
    for (const said of ["SUB abcde 1\r\n", "SUB abcde 1"])
      expect(() => scene(limits).reader.push(bytes(said))).toThrow(tooLong);
    const { reader: usual } = scene();
    usual.push(bytes(`SUB ${"a".repeat(4_094)} 1\r\n`));
    expect(() => usual.push(bytes(`SUB ${"a".repeat(4_095)} 1\r\n`))).toThrow(tooLong);
  });

  it("takes a message as large as it may be, with its headers, and none that is larger", () => {
    const { reader, heard } = scene({ maxPayload: 5 });
    reader.push(bytes("HPUB a 2 5\r\nhhabc\r\n"));
    expect(heard).toHaveLength(1);
    const tooLarge = expect.objectContaining({ answer: "Maximum Payload Violation" });
    expect(() => reader.push(bytes("PUB a 6\r\n"))).toThrow(tooLarge);
    scene().reader.push(bytes("PUB a 1048576\r\n"));
    expect(() => scene().reader.push(bytes("PUB a 1048577\r\n"))).toThrow(tooLarge);
  });

  it("lets nobody but CONNECT talk before it may, at the first letter", () => {
    const { reader, heard, state } = scene();
    state.mayTalk = false;
    for (const said of ["CONNECT {}\r\n", "connect {}\r\n"]) reader.push(bytes(said));
    expect(heard).toHaveLength(2);
    expect(() => reader.push(bytes("P"))).toThrow(
      expect.objectContaining({ answer: "Authorization Violation" }),
    );
  });

  it("reads nothing that follows once nobody listens", () => {
    const { reader, heard, state } = scene();
    reader.push(bytes("PING\r\n"));
    state.isListening = false;
    reader.push(bytes("PING\r\n"));
    expect(heard).toEqual([["ping"]]);
  });
});
