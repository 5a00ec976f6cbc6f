// The parser against all that can be sent, cut anywhere, and against the parser of nats 2.29.3.

import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Parser, type ParserLimits, ProtocolViolation } from "../../src/effects/wire/parser.js";
import { type Call, message, pushAll, recorder } from "../effects/wire/calls.js";

/** A command as a server may write it, and what a sink hears of it. */
interface Command {
  readonly bytes: Buffer;
  readonly call: Call;
}

const latin1 = (text: string) => Buffer.from(text, "latin1");
const token = fc.string({ unit: fc.constantFrom(..."abcXYZ019_-$*>\xc3\xa9"), minLength: 1, maxLength: 8 });
const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join("."));
const sid = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));
const payload = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  },
  { weight: 1, arbitrary: fc.constantFrom("MSG a 1 1\r\n", "\r\nPING\r\n", "x".repeat(5000)) },
);
const header = fc.constantFrom("NATS/1.0\r\n\r\n", "NATS/1.0 503\r\n\r\n", "NATS/1.0\r\na: b\r\n\r\n");

const msg = fc
  .record({ subject, sid, reply: fc.option(subject, { nil: "" }), payload })
  .map(({ subject, sid, reply, payload }): Command => {
    const line = `MSG ${subject} ${sid} ${reply === "" ? "" : `${reply} `}${payload.length}`;
    return { bytes: latin1(`${line}\r\n${payload}\r\n`), call: message(sid, subject, reply, "", payload) };
  });
const hmsg = fc
  .record({ subject, sid, reply: fc.option(subject, { nil: "" }), header, payload })
  .map(({ subject, sid, reply, header, payload }): Command => {
    const sizes = `${header.length} ${header.length + payload.length}`;
    const line = `HMSG ${subject} ${sid} ${reply === "" ? "" : `${reply} `}${sizes}`;
    return {
      bytes: latin1(`${line}\r\n${header}${payload}\r\n`),
      call: message(sid, subject, reply, header, payload),
    };
  });
const word = fc.string({ unit: fc.constantFrom(..."abc {}:1"), minLength: 1 }).map((text) => `x${text}x`);
const other = fc
  .oneof(
    fc.constantFrom<[string, Call]>(["PING", ["ping"]], ["PONG", ["pong"]], ["+OK", ["ok"]]),
    word.map((text): [string, Call] => [`-ERR '${text}'`, ["error", text]]),
    word.map((text): [string, Call] => [`INFO ${text}`, ["info", text]]),
  )
  .map(([line, call]): Command => ({ bytes: latin1(`${line}\r\n`), call }));

/** A stream of commands; some come several times in a row, as they do in life. */
const commands = fc
  .array(fc.tuple(fc.oneof(msg, hmsg, other), fc.integer({ min: 1, max: 4 })), { maxLength: 12 })
  .map((all) => all.flatMap(([command, times]) => Array<Command>(times).fill(command)));

/** Lengths of chunks: now single bytes, now whole streams. */
const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2000 })), {
  minLength: 1,
});

function chunked(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const length = lengths[i % lengths.length] as number;
    const chunk = bytes.subarray(at, at + length);
    // A chunk lies behind the one before it, as reads into one buffer do, or is memory of its own.
    chunks.push(length % 2 === 0 ? chunk : Buffer.from(chunk));
    at += length;
  }
  return chunks;
}

const joined = (all: readonly Command[]) => Buffer.concat(all.map(({ bytes }) => bytes));

interface ReferenceEvent {
  readonly kind: number;
  readonly msg?: {
    readonly subject: Uint8Array;
    readonly sid: number;
    readonly reply?: Uint8Array;
    readonly hdr: number;
  };
  readonly data?: Uint8Array;
}
const reference = createRequire(import.meta.url)("nats/lib/nats-base-client/parser.js") as {
  Parser: new (dispatcher: { push(event: ReferenceEvent): void }) => { parse(bytes: Uint8Array): void };
};

/** What the parser of nats 2.29.3 makes of the bytes. */
function referenceCalls(bytes: Buffer): Call[] {
  const text = (given: Uint8Array | undefined) => Buffer.from(given ?? []).toString("latin1");
  const calls: Call[] = [];
  const parser = new reference.Parser({
    push: ({ kind, msg, data }) => {
      const names = ["ok", "error", "message", "info", "ping", "pong"] as const;
      const name = names[kind];
      if (msg === undefined) {
        calls.push(
          name === "info"
            ? ["info", text(data)]
            : name === "error"
              ? ["error", text(data).slice(1, -1)]
              : [`${name}`],
        );
        return;
      }
      const headers = Math.max(0, msg.hdr);
      const payload = text(data);
      calls.push(
        message(
          msg.sid,
          text(msg.subject),
          text(msg.reply),
          payload.slice(0, headers),
          payload.slice(headers),
        ),
      );
    },
  });
  parser.parse(bytes);
  return calls;
}

describe("the parser", () => {
  test("hears every command once and in order, wherever the stream is cut", () => {
    fc.assert(
      fc.property(commands, cuts, (all, lengths) => {
        const calls: Call[] = [];
        const parser = new Parser(recorder(calls));
        pushAll(parser, chunked(joined(all), lengths));
        expect(calls).toEqual(all.map(({ call }) => call));
      }),
      { numRuns: 300 },
    );
  });

  test("hears what the parser of nats 2.29.3 hears", () => {
    fc.assert(
      fc.property(commands, cuts, (all, lengths) => {
        const bytes = joined(all);
        const calls: Call[] = [];
        const parser = new Parser(recorder(calls));
        pushAll(parser, chunked(bytes, lengths));
        expect(calls).toEqual(referenceCalls(bytes));
      }),
      { numRuns: 200 },
    );
  });

  test("refuses a message that anything but CRLF follows, and has heard all before it", () => {
    const byte = fc.oneof(fc.constantFrom(13, 10), fc.integer({ min: 0, max: 255 }));
    const end = fc
      .tuple(byte, byte)
      .filter(([cr, lf]) => cr !== 13 || lf !== 10)
      .map((both) => Buffer.from(both));
    fc.assert(
      fc.property(commands, fc.oneof(msg, hmsg), end, cuts, (all, last, wrong, lengths) => {
        const calls: Call[] = [];
        const bytes = Buffer.concat([joined(all), last.bytes.subarray(0, -2), wrong]);
        const failure = caught(() => pushAll(new Parser(recorder(calls)), chunked(bytes, lengths)));
        expect(failure?.reason).toContain("no CRLF");
        expect(calls).toEqual(all.map(({ call }) => call));
      }),
      { numRuns: 300 },
    );
  });

  test("throws nothing but ProtocolViolation, with a short reason, whatever it is sent", () => {
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: fc.constantFrom(..."MSGHPINO+K-ERF \t\r\n0159.a"), maxLength: 100 }).map(latin1),
    );
    /** What happens to one place of a good stream: something comes in, something is lost, replaced, said twice or cut off. */
    const damage = fc.constantFrom("insert", "lose", "replace", "repeat", "end");
    const spoilt = fc
      .tuple(commands, damage, garbage, fc.nat(), fc.integer({ min: 1, max: 30 }))
      .map(([all, kind, noise, at, length]) => {
        const bytes = joined(all);
        const place = bytes.length === 0 ? 0 : at % bytes.length;
        const [before, some, after] = [
          bytes.subarray(0, place),
          bytes.subarray(place, place + length),
          bytes.subarray(place + length),
        ];
        const instead = {
          insert: [noise, some, after],
          lose: [after],
          replace: [noise.subarray(0, some.length), after],
          repeat: [some, some, after],
          end: [],
        };
        return Buffer.concat([before, ...instead[kind]]);
      });
    const bad = fc.oneof({ weight: 1, arbitrary: garbage }, { weight: 4, arbitrary: spoilt });
    let [heard, refused] = [0, 0];
    fc.assert(
      fc.property(bad, cuts, limits, (bytes, lengths, most) => {
        if (expectSameCut(bytes, lengths, most) === undefined) heard++;
        else refused++;
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(heard, refused)).toBeGreaterThan(200);
  });

  test("refuses what is too long with the same words, wherever it is cut and whether it is", () => {
    const long = fc.integer({ min: 1, max: 60 }).map((length) => "a".repeat(length));
    const line = fc.oneof(
      long.map((subject) => `MSG ${subject} 1 1\r\nx\r\n`),
      long.map((subject) => `HMSG a 1 ${subject} 12 12\r\nNATS/1.0\r\n\r\n\r\n`),
      long.map((text) => `-ERR '${text}'\r\n`),
      long.map((text) => `INFO {"a":"${text}"}\n`),
      long.map((text) => `PING ${text}\r\n`),
      long.map((text) => `${text}\r\n`),
    );
    const stream = fc.array(line, { minLength: 1, maxLength: 5 }).map((lines) => latin1(lines.join("")));
    let refused = 0;
    fc.assert(
      fc.property(stream, cuts, limits, (bytes, lengths, most) => {
        if (/^line of more/.test(expectSameCut(bytes, lengths, most)?.reason ?? "")) refused++;
      }),
      { numRuns: 1_000 },
    );
    expect(refused).toBeGreaterThan(200);
  });
});

/** Limits that the streams here may well exceed, or none. */
const few = fc.integer({ min: 5, max: 60 });
const limits = fc.oneof(
  fc.constant({}),
  fc.record({ maxControlLine: few, maxInfo: few, maxPayload: fc.oneof(few, fc.constant(6000)) }),
);

/** What is heard, and what is wrong, is the same of the whole stream and of its pieces. */
function expectSameCut(
  bytes: Buffer,
  lengths: readonly number[],
  most: ParserLimits,
): ProtocolViolation | undefined {
  const whole: Call[] = [];
  const cut: Call[] = [];
  const parser = new Parser(recorder(cut), most);
  const failure = caught(() => new Parser(recorder(whole), most).push(bytes));
  const cutFailure = caught(() => pushAll(parser, chunked(bytes, lengths)));
  expect(cut).toEqual(whole);
  // What can never become a command is refused before all of it is there, so that less of it can be shown.
  const reason = (violation?: ProtocolViolation) => violation?.reason.replace(/^(unknown command).*/s, "$1");
  expect(reason(cutFailure)).toBe(reason(failure));
  return failure;
}

/** The violation that `run` throws; anything else fails the test. */
function caught(run: () => void): ProtocolViolation | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolViolation && /^[\x20-\x7e…]{1,499}$/.test(error.reason)) return error;
    throw error;
  }
  return undefined;
}
