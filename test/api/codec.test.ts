// Codecs, against those of nats@2.29.3.

import * as fc from "fast-check";
import * as reference from "nats";
import { describe, expect, it } from "vitest";
import { Empty, JSONCodec, StringCodec } from "../../src/api/codec.js";
import { ErrorCode, NatsError } from "../../src/api/errors.js";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Any text. Quicker to set up than `fc.string({ unit: "binary" })`. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10_ffff }))
  .map((points) => String.fromCodePoint(...points));

it("Empty has no bytes", () => {
  expect(Empty).toBeInstanceOf(Uint8Array);
  expect(Empty.length).toBe(0);
});

describe("StringCodec", () => {
  it("writes and reads what the reference client does", () => {
    const [ours, theirs] = [StringCodec(), reference.StringCodec()];
    fc.assert(
      fc.property(anyText, (text) => {
        expect(Buffer.compare(ours.encode(text), theirs.encode(text))).toBe(0);
        expect(ours.decode(ours.encode(text))).toBe(theirs.decode(theirs.encode(text)));
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (any) => ours.decode(any) === theirs.decode(any)));
  });
});

describe("JSONCodec", () => {
  it("brings JSON values back as they were, in the bytes of the reference client", () => {
    const [ours, theirs] = [JSONCodec(), reference.JSONCodec()];
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(Buffer.compare(ours.encode(value), theirs.encode(value))).toBe(0);
        expect(ours.decode(ours.encode(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("writes undefined as null", () => {
    expect(JSONCodec().encode(undefined)).toEqual(bytes("null"));
  });

  it("asks a reviver for every key", () => {
    const codec = JSONCodec<{ at: Date }>((key, value) => (key === "at" ? new Date(value as string) : value));
    expect(codec.decode(bytes('{"at":"2020-01-01T00:00:00.000Z"}')).at.getUTCFullYear()).toBe(2020);
  });

  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  it.each([
    ["a cycle", cycle],
    ["a bigint", 1n],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
  ])("refuses to write %s", (_, value) => {
    expect(failureOf(() => JSONCodec().encode(value))).toMatchObject({ code: ErrorCode.BadJson });
  });

  it("refuses to read what is not JSON, and says what JSON.parse said", () => {
    for (const text of ["", "{", "undefined", "{'a':1}"]) {
      const error = failureOf(() => JSONCodec().decode(bytes(text)));
      expect(error).toBeInstanceOf(NatsError);
      expect(error).toMatchObject({ code: ErrorCode.BadJson, chainedError: expect.any(SyntaxError) });
    }
  });

  it("reports what a reviver throws, even if it is not an error", () => {
    const codec = JSONCodec(() => {
      throw "no";
    });
    expect(failureOf(() => codec.decode(bytes("1")))).toMatchObject({
      code: ErrorCode.BadJson,
      chainedError: { message: "no" },
    });
  });
});

function failureOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
