// What the client writes: the same bytes as nats 2.29.3 writes, and what its own parser reads when a server sends it on.

import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CommandReader, type Published } from "../../src/effects/simulated/command-reader.js";
import { allocate } from "../../src/effects/wire/bytes.js";
import { Encoder, roomFor } from "../../src/effects/wire/encoder.js";
import { Parser } from "../../src/effects/wire/parser.js";
import { type Call, message, pushAll, recorder } from "../effects/wire/calls.js";

type Publish = Parameters<Encoder["publish"]>;

/** The part of the reference's connection that encodes. */
interface ReferenceProtocol {
  readonly outbound: { drain(): Uint8Array };
  publish(
    subject: string,
    payload: Uint8Array | string | undefined,
    options: { reply?: string; headers?: { encode(): Uint8Array } },
  ): void;
}
const { ProtocolHandler } = createRequire(import.meta.url)("nats/lib/nats-base-client/protocol.js") as {
  ProtocolHandler: new (options: object, publisher: object) => ReferenceProtocol;
};

const token = fc.string({
  unit: fc.constantFrom(..."abcXYZ019_-$*>é日😀\x80\u2028"),
  minLength: 1,
  maxLength: 30,
});
const subject = fc.oneof(
  { weight: 4, arbitrary: fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join(".")) },
  // The same one several times in a row, as it is in life: the encoder copies it then.
  {
    weight: 2,
    arbitrary: fc.constantFrom("a", "orders.created", "x".repeat(63), "y".repeat(65), "é".repeat(40)),
  },
);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."ab \r\n\0é日😀\ud800\udc00"), maxLength: 40 }),
  fc.constantFrom("PUB a 0\r\n\r\n", "x".repeat(3_000), "é".repeat(60), "日".repeat(1_500)),
);
const payload = optional(
  fc.oneof(text, fc.uint8Array({ maxLength: 60 }), fc.constant(new Uint8Array(10_000))),
);
const block = fc
  .array(fc.constantFrom("A: b", "Long-Key: é 日", "Empty:", "Nats-Msg-Id: 1"), { maxLength: 4 })
  .map((lines) => new TextEncoder().encode(["NATS/1.0", ...lines, "", ""].join("\r\n")));
const publishes = fc.array(fc.tuple(subject, payload, optional(subject), optional(block)), { maxLength: 10 });

function encoded(all: readonly Publish[]): Buffer {
  const room = all.reduce((sum, one) => sum + roomFor(...one), 0);
  const bytes = allocate(room);
  const encoder = new Encoder();
  encoder.open(bytes, new DataView(bytes.buffer, bytes.byteOffset, room), 0);
  for (const one of all) encoder.publish(...one);
  return Buffer.from(bytes.subarray(0, encoder.at));
}

test("the encoder writes what nats 2.29.3 writes", () => {
  fc.assert(
    fc.property(publishes, (all) => {
      const theirs = new ProtocolHandler({ servers: [] }, {});
      for (const [to, data, reply, headers] of all) {
        theirs.publish(to, data, {
          ...(reply === undefined ? {} : { reply }),
          ...(headers === undefined ? {} : { headers: { encode: () => headers } }),
        });
      }
      expect(encoded(all).toString("latin1")).toBe(Buffer.from(theirs.outbound.drain()).toString("latin1"));
    }),
    { numRuns: 500 },
  );
});

test("the parser hears what the encoder wrote, once a server has sent it on, wherever the stream is cut", () => {
  const sids = fc.array(fc.integer({ min: 1, max: 2 ** 31 }), { minLength: 10, maxLength: 10 });
  const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4_000 })), {
    minLength: 1,
  });
  fc.assert(
    fc.property(publishes, sids, cuts, (all, numbers, lengths) => {
      const read: Published[] = [];
      const reader = new CommandReader({
        connect: unexpected,
        ping: unexpected,
        pong: unexpected,
        sub: unexpected,
        unsub: unexpected,
        publish: (one) => void read.push(one),
        mayTalk: () => true,
        isListening: () => true,
      });
      pushAll(reader, chunked(encoded(all), lengths));
      const calls: Call[] = [];
      const stream = Buffer.concat(read.map((one, i) => sentOn(numbers[i] as number, one)));
      pushAll(new Parser(recorder(calls)), chunked(stream, lengths));
      expect(calls).toEqual(
        all.map(([to, data, reply, headers], i) =>
          message(numbers[i] as number, latin1(to), latin1(reply), latin1(headers), latin1(data)),
        ),
      );
    }),
    { numRuns: 500 },
  );
});

function unexpected(): never {
  throw new Error("only messages were written");
}

/** The bytes of a text in UTF-8, or of bytes, one character each. */
function latin1(given: string | Uint8Array | undefined): string {
  return (typeof given === "string" ? Buffer.from(given) : Buffer.from(given ?? [])).toString("latin1");
}

/** As a server writes a message to a subscriber. */
function sentOn(sid: number, { subject: to, reply, headers, payload: data }: Published): Buffer {
  const names = reply === undefined ? `${to} ${sid}` : `${to} ${sid} ${reply}`;
  const line =
    headers === undefined
      ? `MSG ${names} ${data.length}\r\n`
      : `HMSG ${names} ${headers.length} ${headers.length + data.length}\r\n`;
  return Buffer.concat([Buffer.from(line), headers ?? Buffer.alloc(0), data, Buffer.from("\r\n")]);
}

function chunked(bytes: Buffer, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const length = lengths[i % lengths.length] as number;
    chunks.push(new Uint8Array(bytes.subarray(at, at + length)));
    at += length;
  }
  return chunks;
}
