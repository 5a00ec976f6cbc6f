import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allocate } from "../../../src/effects/wire/bytes.js";
import { Encoder, publishSize, roomFor } from "../../../src/effects/wire/encoder.js";
import { BadWireString, subjectProblem } from "../../../src/effects/wire/subject.js";

type Publish = Parameters<Encoder["publish"]>;

function encoderWith(room: number): { encoder: Encoder; written(): string } {
  const encoder = new Encoder();
  const bytes = allocate(room);
  encoder.open(bytes, new DataView(bytes.buffer, bytes.byteOffset, room), 0);
  return { encoder, written: () => Buffer.from(bytes.subarray(0, encoder.at)).toString("latin1") };
}

/** The bytes of publishes that follow each other, one character each. */
function encode(...publishes: Publish[]): string {
  const room = publishes.reduce((sum, publish) => sum + roomFor(...publish), 0);
  const { encoder, written } = encoderWith(room);
  for (const publish of publishes) encoder.publish(...publish);
  return written();
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
/** A text as its UTF-8 bytes, one character each. */
const utf8 = (text: string) => Buffer.from(new TextEncoder().encode(text)).toString("latin1");

describe("a publish", () => {
  test.each<[string, Publish, string]>([
    ["bytes", ["a.b", bytes("hello"), undefined, undefined], "PUB a.b 5\r\nhello\r\n"],
    ["a text", ["a.b", "hello", undefined, undefined], "PUB a.b 5\r\nhello\r\n"],
    ["nothing", ["a.b", undefined, undefined, undefined], "PUB a.b 0\r\n\r\n"],
    ["empty bytes", ["a.b", bytes(""), undefined, undefined], "PUB a.b 0\r\n\r\n"],
    ["a reply", ["a.b", "hi", "r.s", undefined], "PUB a.b r.s 2\r\nhi\r\n"],
    ["headers", ["a", "hi", undefined, bytes("NATS/1.0\r\n\r\n")], "HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"],
    [
      "headers and a reply",
      ["a", bytes("hi"), "r", bytes("NATS/1.0\r\n\r\n")],
      "HPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
    ],
    [
      "headers alone",
      ["a", undefined, undefined, bytes("NATS/1.0\r\n\r\n")],
      "HPUB a 12 12\r\nNATS/1.0\r\n\r\n\r\n",
    ],
    ["a short text beyond ASCII", ["a", "é😀", undefined, undefined], `PUB a 6\r\n${utf8("é😀")}\r\n`],
    [
      "a text with half a surrogate pair",
      ["a", "\ud800", undefined, undefined],
      "PUB a 3\r\n\xef\xbf\xbd\r\n",
    ],
    [
      "a text beyond ASCII whose size has more digits than it has characters",
      ["a", "é".repeat(60), undefined, undefined],
      `PUB a 120\r\n${utf8("é".repeat(60))}\r\n`,
    ],
    ["a long text", ["a", "x".repeat(5000), undefined, undefined], `PUB a 5000\r\n${"x".repeat(5000)}\r\n`],
    [
      "a long text beyond ASCII",
      ["a", "日".repeat(5000), undefined, undefined],
      `PUB a 15000\r\n${utf8("日".repeat(5000))}\r\n`,
    ],
    ["a subject beyond ASCII", ["é.日", "x", undefined, undefined], `PUB ${utf8("é.日")} 1\r\nx\r\n`],
  ])("of %s is a PUB or HPUB", (_, publish, expected) => {
    expect(encode(publish)).toBe(expected);
  });

  test.each([0, 1, 9, 10, 99, 100, 999, 1000, 65_535, 65_536, 1_048_576])("of %i bytes says so", (size) => {
    expect(
      encode(["a", new Uint8Array(size), undefined, undefined]).startsWith(
        `PUB a ${size}\r\n\0`.slice(0, 8 + `${size}`.length),
      ),
    ).toBe(true);
  });

  test("that follows another with the same subject is written as the first was", () => {
    for (const subject of [
      "a",
      "a.b",
      "a.b.c",
      "x".repeat(63),
      "y".repeat(64),
      "z".repeat(65),
      "é".repeat(50),
    ]) {
      const expected = [1, 2, 3].map((n) => `PUB ${utf8(subject)} ${n}\r\n${"x".repeat(n)}\r\n`).join("");
      expect(encode(...[1, 2, 3].map((n): Publish => [subject, "x".repeat(n), undefined, undefined]))).toBe(
        expected,
      );
    }
  });

  test("mixes with headers, replies and lines", () => {
    const { encoder, written } = encoderWith(1000);
    encoder.publish("a.b", "1", undefined, undefined);
    encoder.publish("a.b", "2", undefined, bytes("h"));
    encoder.line("SUB é 1");
    encoder.publish("a.b", "3", "a.b", undefined);
    expect(written()).toBe(
      `PUB a.b 1\r\n1\r\nHPUB a.b 1 2\r\nh2\r\nSUB ${utf8("é")} 1\r\nPUB a.b a.b 1\r\n3\r\n`,
    );
  });

  test("counts as one message and its headers and payload", () => {
    const { encoder } = encoderWith(1000);
    encoder.publish("a.b", "é", undefined, bytes("hdr"));
    encoder.publish("a.b", undefined, "r", undefined);
    expect([encoder.messages, encoder.messageBytes]).toEqual([2, 5]);
  });
});

describe("a line that is longer than the server takes", () => {
  const block = bytes("NATS/1.0\r\n\r\n");
  /** Each takes 20 bytes behind the verb. */
  test.each<[string, Publish]>([
    ["bytes", ["s".repeat(18), bytes("hello"), undefined, undefined]],
    ["a text", ["s".repeat(18), "hello", undefined, undefined]],
    ["nothing", ["s".repeat(18), undefined, undefined, undefined]],
    ["a size of more digits", ["s".repeat(15), bytes("x".repeat(1_000)), undefined, undefined]],
    ["a text of more bytes than characters", ["s".repeat(16), "é".repeat(60), undefined, undefined]],
    ["a reply", ["s".repeat(10), "hello", "r".repeat(7), undefined]],
    ["headers", ["s".repeat(14), undefined, undefined, block]],
    ["headers and a reply", ["s".repeat(10), bytes("x"), "rrr", block]],
    ["a subject beyond ASCII", ["é".repeat(9), "hello", undefined, undefined]],
  ])("is refused and leaves no trace, with %s", (_, publish) => {
    const prefix = publish[0].slice(0, 3);
    /** An encoder for lines of that length, in which there is a message already. */
    const begun = (maxControlLine: number) => {
      const encoder = new Encoder(maxControlLine);
      const room = allocate(5_000);
      encoder.open(room, new DataView(room.buffer, room.byteOffset, room.length), 0);
      encoder.publish(prefix, "1", undefined, undefined);
      const start = encoder.at;
      return {
        encoder,
        counts: () => [encoder.at, encoder.messages, encoder.messageBytes],
        written: () => Buffer.from(room.subarray(start, encoder.at)).toString("latin1"),
      };
    };
    const taken = begun(20);
    taken.encoder.publish(...publish);
    expect(taken.written()).toBe(encode(publish));

    const refused = begun(19);
    const before = refused.counts();
    const attempt = () => refused.encoder.publish(...publish);
    expect(attempt).toThrow(BadWireString);
    expect(attempt).toThrow("it takes 20 bytes, and the server is taken to accept 19");
    expect(refused.counts()).toEqual(before);
    refused.encoder.publish(prefix, "2", undefined, undefined);
    expect(refused.written()).toBe(encode([prefix, "2", undefined, undefined]));
  });

  test("is refused where only the reply is longer than that of the message before", () => {
    const { encoder } = encoderWith(20_000);
    const subject = "s".repeat(4_000);
    encoder.publish(subject, "1", "r".repeat(93), undefined);
    expect(() => encoder.publish(subject, "1", "r".repeat(94), undefined)).toThrow(BadWireString);
  });
});

describe("a name that cannot go on the wire", () => {
  const bad = [
    "",
    " ",
    "a b",
    "a\r\nPUB b 0\r\n",
    ".a",
    "a.",
    "a..b",
    "a\0b",
    "a\x7f",
    "a\ud800",
    `${"x".repeat(50)} `,
    `é..b`,
  ];

  test.each(bad)("is refused as a subject and leaves no trace: %j", (name) => {
    const { encoder, written } = encoderWith(1000);
    encoder.publish("ok", "1", undefined, undefined);
    expect(() => encoder.publish(name, "2", undefined, undefined)).toThrow(
      new BadWireString(subjectProblem(name) as string),
    );
    encoder.publish("ok", "3", undefined, undefined);
    expect(written()).toBe("PUB ok 1\r\n1\r\nPUB ok 1\r\n3\r\n");
    expect([encoder.messages, encoder.messageBytes]).toEqual([2, 2]);
  });

  test.each(bad)("is refused as a reply and leaves no trace: %j", (name) => {
    const { encoder, written } = encoderWith(1000);
    expect(() => encoder.publish("other.subject", "2", name, undefined)).toThrow(BadWireString);
    encoder.publish("ok", "1", undefined, undefined);
    expect(() => encoder.publish("ok", "2", name, undefined)).toThrow(
      subjectProblem(name, "reply subject") as string,
    );
    encoder.publish("ok", "3", undefined, undefined);
    expect(written()).toBe("PUB ok 1\r\n1\r\nPUB ok 1\r\n3\r\n");
  });

  test.each([undefined, null, 7, {}])("is refused as a subject where it is no string: %j", (name) => {
    expect(() => roomFor(name as string, "x", undefined, undefined)).toThrow(BadWireString);
  });

  test.each([null, 7, {}])("is refused as a reply where it is no string: %j", (name) => {
    expect(() => roomFor("a", "x", name as unknown as string, undefined)).toThrow(BadWireString);
  });

  test.each([null, 7, {}, [1, 2], new DataView(new ArrayBuffer(4)), new Uint16Array(2)])(
    "so is a payload that is neither text nor bytes: %j",
    (payload) => {
      expect(() => roomFor("a", payload as Uint8Array, undefined, undefined)).toThrow(TypeError);
    },
  );
});

/** True where a name cannot go on the wire. */
function isRefused(publish: () => void): boolean {
  try {
    publish();
    return false;
  } catch (error) {
    if (error instanceof BadWireString) return true;
    throw error;
  }
}

describe("any publish", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: fc.constantFrom(..."ab.é \r\n\t\0😀\ud800") }),
  );
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const publish = fc.tuple(
    text,
    optional(fc.oneof(text, fc.uint8Array())),
    optional(text),
    optional(fc.uint8Array()),
  );

  test("is one command that says what was asked for, or is refused: nothing can add a protocol line", () => {
    fc.assert(
      fc.property(fc.array(publish, { maxLength: 5 }), (publishes) => {
        const room = publishes.reduce((sum, one) => sum + roomFor(...one), 0);
        const { encoder, written } = encoderWith(room);
        let expected = "";
        for (const [subject, payload, reply, headers] of publishes) {
          const isBad =
            subjectProblem(subject) !== null || (reply !== undefined && subjectProblem(reply) !== null);
          expect(isRefused(() => encoder.publish(subject, payload, reply, headers))).toBe(isBad);
          if (isBad) continue;
          const body = Buffer.from(
            typeof payload === "string" ? new TextEncoder().encode(payload) : (payload ?? []),
          );
          const sizes =
            headers === undefined ? body.length : `${headers.length} ${headers.length + body.length}`;
          const names = utf8(reply === undefined ? subject : `${subject} ${reply}`);
          const block = Buffer.from(headers ?? []).toString("latin1");
          const command = `${headers === undefined ? "" : "H"}PUB ${names} ${sizes}\r\n${block}${body.toString("latin1")}\r\n`;
          expect(publishSize(subject, payload, reply, headers)).toBe(command.length);
          expect(names).toMatch(/^[^\0- \x7f]+( [^\0- \x7f]+)?$/);
          expected += command;
        }
        expect(written()).toBe(expected);
        expect(encoder.at).toBeLessThanOrEqual(room);
      }),
      { numRuns: 1000 },
    );
  });
});
