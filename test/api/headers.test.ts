// Headers, example by example; test/properties/headers.test.ts compares them with nats@2.29.3 on random input.

import * as reference from "nats";
import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../src/api/errors.js";
import { canonicalMIMEHeaderKey, headers, Match, MsgHdrsImpl } from "../../src/api/headers.js";

const badHeader = expect.objectContaining({ name: "NatsError", code: ErrorCode.BadHeader });
const block = (text: string) => new TextEncoder().encode(text);
const decoded = (text: string) => MsgHdrsImpl.decode(block(text));
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("Match", () => {
  it("has the members and values of the reference client", () => {
    expect({ ...Match }).toEqual({ ...reference.Match });
  });
});

describe("keys and values", () => {
  it("keep the case of keys and tell apart keys that differ in it", () => {
    const h = headers();
    h.set("Trace-id", "a");
    h.append("trace-ID", "b");
    expect(h.keys()).toEqual(["Trace-id", "trace-ID"]);
    expect([h.get("Trace-id"), h.get("trace-ID"), h.get("TRACE-ID"), h.has("TRACE-ID")]).toEqual([
      "a",
      "b",
      "",
      false,
    ]);
  });

  it("find keys of any case, or in canonical form, where asked to", () => {
    const h = headers();
    h.append("Content-Type", "one");
    h.append("CONTENT-TYPE", "two");
    expect(h.values("content-type", Match.IgnoreCase)).toEqual(["one", "two"]);
    expect(h.values("content-type", Match.CanonicalMIME)).toEqual(["one"]);
    expect(h.get("content-type", Match.IgnoreCase)).toBe("one");
    expect(h.last("cONTENT-type", Match.IgnoreCase)).toBe("one");
    expect(h.has("content-type", Match.CanonicalMIME)).toBe(true);
    h.append("content-type", "three", Match.IgnoreCase);
    expect(h.values("Content-Type")).toEqual(["one", "three"]);
    h.delete("content-type", Match.IgnoreCase);
    expect(h.keys()).toEqual([]);
    h.set("content-type", "one", Match.CanonicalMIME);
    h.append("content-type", "two", Match.CanonicalMIME);
    expect([...h]).toEqual([["Content-Type", ["one", "two"]]]);
  });

  it("return the first value, the last, or all", () => {
    const h = headers();
    for (const value of ["1", "2", "3"]) h.append("k", value);
    expect([h.get("k"), h.last("k"), h.values("k")]).toEqual(["1", "3", ["1", "2", "3"]]);
    expect([h.get("x"), h.last("x"), h.values("x")]).toEqual(["", "", []]);
  });

  it("replace every value when set, and the key goes to the end", () => {
    const h = headers();
    h.append("a", "1");
    h.append("b", "2");
    h.append("a", "3");
    h.set("a", "4");
    expect([...h]).toEqual([
      ["b", ["2"]],
      ["a", ["4"]],
    ]);
  });

  it("trim values and let them be empty", () => {
    const h = headers();
    h.set("a", "  x y \t");
    h.set("b", "");
    expect([h.get("a"), h.has("b"), h.get("b")]).toEqual(["x y", true, ""]);
  });

  it("cannot be changed through what they return", () => {
    const h = new MsgHdrsImpl();
    h.append("k", "1");
    h.values("k").push("x\r\ny");
    for (const [, values] of h) values.push("x\r\nPUB a 0");
    h.toRecord()["k"]?.push("x\r\ny");
    expect(textOf(h.encode())).toBe("NATS/1.0\r\nk: 1\r\n\r\n");
  });
});

describe("what cannot be a header", () => {
  it.each(["a:b", "a b", "a\tb", "a\r\nb", "\n", "ü", "a\u007f", "\u0000", "a\r", " a"])(
    "refuses the key %j",
    (key) => {
      const h = headers();
      expect(() => h.set(key, "v")).toThrow(badHeader);
      expect(() => h.append(key, "v", Match.IgnoreCase)).toThrow(badHeader);
      expect(() => MsgHdrsImpl.fromRecord({ [key]: ["v"] })).toThrow(badHeader);
      expect(() => canonicalMIMEHeaderKey(key)).toThrow(badHeader);
      expect(h.keys()).toEqual([]);
    },
  );

  it("refuses an empty key, which a Go client could not read", () => {
    expect(() => headers().set("", "v")).toThrow(badHeader);
    expect(() => headers().append("", "v")).toThrow(/key of a header must not be empty/);
  });

  it.each(["a\r\nb", "a\nb", "a\rb", "\r\n\r\n", "\n"])(
    "refuses the value %j, and keeps the old one",
    (value) => {
      const h = headers();
      h.set("k", "old");
      expect(() => h.set("k", value)).toThrow(badHeader);
      expect(() => h.append("k", value)).toThrow(badHeader);
      expect(() => MsgHdrsImpl.fromRecord({ k: ["ok", value] })).toThrow(badHeader);
      expect(h.values("k")).toEqual(["old"]);
    },
  );

  it("refuses what is not a string", () => {
    for (const other of [1, null, undefined, {}, ["a"]] as unknown as string[]) {
      expect(() => headers().set("k", other)).toThrow(badHeader);
      expect(() => headers().append("k", other)).toThrow(/value of the header "k" must be a string/);
      expect(() => headers().set(other, "v")).toThrow(badHeader);
      expect(() => MsgHdrsImpl.fromRecord({ k: [other] })).toThrow(badHeader);
    }
    expect(() => MsgHdrsImpl.fromRecord({ k: "v" as unknown as string[] })).toThrow(badHeader);
  });

  it("does not show a value in the error: it could be a secret", () => {
    expect(() => headers().set("Authorization", "hunter2\n")).toThrow(/^(?!.*hunter2).*"Authorization"/s);
  });
});

describe("the status", () => {
  it("is a code with a description, and an error from 300", () => {
    const h = headers(503, "No Responders");
    expect([h.code, h.description, h.status, h.hasError]).toEqual([
      503,
      "No Responders",
      "503 No Responders",
      true,
    ]);
    expect(headers(299, "fine").hasError).toBe(false);
    expect([headers().code, headers().status, headers().hasError]).toEqual([0, "0", false]);
  });

  it("needs code and description, as in the reference client", () => {
    const incomplete: [number, string?][] = [[0, "x"], [5, ""], [5]];
    for (const args of incomplete) {
      expect(() => headers(...args)).toThrow(badHeader);
      expect(() => reference.headers(...args)).toThrow();
    }
  });

  it.each(["a\r\nK: v", "a\n", "\r", 5, null])("refuses the description %j", (description) => {
    expect(() => headers(500, description as string)).toThrow(badHeader);
    const refused = () => new MsgHdrsImpl(500, description as string);
    expect(refused).toThrow(badHeader);
    expect(refused).toThrow(/description of a status must be a string without line breaks/);
  });

  it("refuses a code that is not a positive whole number", () => {
    for (const code of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "503\r\nK: v" as unknown as number]) {
      expect(() => headers(code, "x")).toThrow(badHeader);
      expect(() => headers(code, "x")).toThrow(/code of a status must be a whole number from 0/);
    }
  });
});

describe("encode", () => {
  it("writes the version, the status and a line for each value", () => {
    const h = new MsgHdrsImpl(100, "Idle Heartbeat");
    h.append("A", "1");
    h.append("A", "zwei ü");
    h.append("B", "");
    expect(textOf(h.encode())).toBe("NATS/1.0 100 Idle Heartbeat\r\nA: 1\r\nA: zwei ü\r\nB: \r\n\r\n");
    expect(String(h)).toBe(textOf(h.encode()));
  });

  it("writes nothing where there is nothing to say", () => {
    expect(headers().toString()).toBe("");
    expect(new MsgHdrsImpl().encode().length).toBe(0);
  });

  it("keeps a code without description, which the reference client drops", () => {
    expect(decoded("NATS/1.0 503\r\n\r\n").toString()).toBe("NATS/1.0 503\r\n\r\n");
  });
});

describe("decode", () => {
  it.each([
    ["NATS/1.0 503\r\n\r\n", 503, ""],
    ["NATS/1.0 100 Idle Heartbeat\r\n\r\n", 100, "Idle Heartbeat"],
    ["NATS/1.0 408 Request 408 Timeout\r\n\r\n", 408, "Request 408 Timeout"],
    ["NATS/1.0   404   No Messages  \r\nA: 1\r\n\r\n", 404, "No Messages"],
    ["NATS/1.0\r\n\r\n", 0, ""],
    ["NATS/1.0 \r\n\r\n", 0, ""],
    ["NATS/1.0 Foo\r\n\r\n", 0, "Foo"],
    ["NATS/1.0 503", 503, ""],
    ["NATS/1.0", 0, ""],
    ["", 0, ""],
  ])("reads the status of %j as the reference client does", (text, code, description) => {
    for (const h of [decoded(text), reference.MsgHdrsImpl.decode(block(text))]) {
      expect([h.code, h.description]).toEqual([code, description]);
    }
    expect(decoded(text).description).toBe(description);
    expect(decoded(text).status).toBe(`${code} ${description}`.trim());
  });

  it("reads headers and status in any order of use", () => {
    const text = "NATS/1.0 409 Leadership Change\r\nA:1\r\nA:  2 \r\nB: x:y\r\n\r\n";
    const h = decoded(text);
    expect([...h]).toEqual([
      ["A", ["1", "2"]],
      ["B", ["x:y"]],
    ]);
    expect([h.status, h.size()]).toEqual(["409 Leadership Change", 2]);
    h.set("C", "3");
    expect(h.toString()).toBe("NATS/1.0 409 Leadership Change\r\nA: 1\r\nA: 2\r\nB: x:y\r\nC: 3\r\n\r\n");
  });

  it.each([
    ["a line without a colon", "NATS/1.0\r\nA: 1\r\nnonsense\r\nB: 2\r\n\r\n"],
    ["a line without a key", "NATS/1.0\r\nA: 1\r\n: x\r\nB: 2\r\n\r\n"],
    ["a lone line feed", "NATS/1.0\r\nA: 1\r\nX: a\nPUB: b\r\nB: 2\r\n\r\n"],
    ["a lone carriage return", "NATS/1.0\r\nA: 1\r\nX: a\rb\r\nB: 2\r\n\r\n"],
    ["an empty line among the headers", "NATS/1.0\r\nA: 1\r\n\r\nB: 2\r\n\r\n"],
    ["another first line", "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n"],
    ["no first line", "\r\nA: 1\r\nB: 2\r\n\r\n"],
    ["no end", "NATS/1.0\r\nA: 1\r\nB: 2"],
  ])("leaves out what is malformed and reads the rest: %s", (_, text) => {
    const h = decoded(text);
    expect(h.toRecord()).toEqual({ A: ["1"], B: ["2"] });
    expect([h.code, h.toString()]).toEqual([0, "NATS/1.0\r\nA: 1\r\nB: 2\r\n\r\n"]);
  });

  it("reads keys that other clients may send but ours may not set", () => {
    const h = decoded("NATS/1.0\r\nMy Key: 1\r\nSchlüssel: 2\r\n\r\n");
    expect([h.get("My Key"), h.get("Schlüssel"), h.get("my key", Match.IgnoreCase)]).toEqual(["1", "2", "1"]);
  });

  it("never passes on a line break in a description", () => {
    const h = decoded("NATS/1.0 500 a\nInjected: b\r\n\r\n");
    expect(h.description).toBe("a Injected: b");
    expect(MsgHdrsImpl.decode(h.encode()).toRecord()).toEqual({});
  });

  it("reads a code too large to be one as part of the description", () => {
    expect(decoded(`NATS/1.0 ${"9".repeat(400)} x\r\n\r\n`).code).toBe(0);
  });

  it("replaces bytes that are not UTF-8", () => {
    const bytes = block("NATS/1.0\r\nA: ??\r\n\r\n").map((byte) => (byte === 63 ? 0xff : byte));
    expect(MsgHdrsImpl.decode(bytes).get("A")).toBe("\ufffd\ufffd");
  });
});

describe("equals", () => {
  it("compares code, keys and values, in any order of values, as the reference client does", () => {
    const make = (M: typeof MsgHdrsImpl | typeof reference.MsgHdrsImpl, text: string) =>
      M.decode(block(text));
    const texts = [
      "NATS/1.0\r\nA: 1\r\nA: 2\r\n\r\n",
      "NATS/1.0\r\nA: 2\r\nA: 1\r\n\r\n",
      "NATS/1.0\r\na: 1\r\nA: 2\r\n\r\n",
      "NATS/1.0\r\nA: 1\r\n\r\n",
      "NATS/1.0 503\r\n\r\n",
      "NATS/1.0 503 x\r\n\r\n",
      "NATS/1.0\r\n\r\n",
    ];
    for (const left of texts) {
      for (const right of texts) {
        const theirs = (make(reference.MsgHdrsImpl, left) as reference.MsgHdrsImpl).equals(
          make(reference.MsgHdrsImpl, right) as reference.MsgHdrsImpl,
        );
        const ours = (make(MsgHdrsImpl, left) as MsgHdrsImpl).equals(make(MsgHdrsImpl, right) as MsgHdrsImpl);
        expect([left, right, ours]).toEqual([left, right, theirs]);
      }
    }
    expect(new MsgHdrsImpl().equals(undefined as unknown as MsgHdrsImpl)).toBe(false);
  });
});

describe("records", () => {
  it("become headers and headers become records", () => {
    const record = { A: ["1", "2"], b: ["3"] };
    const h = MsgHdrsImpl.fromRecord(record) as MsgHdrsImpl;
    expect(h.toRecord()).toEqual(record);
    expect(h.toString()).toBe("NATS/1.0\r\nA: 1\r\nA: 2\r\nb: 3\r\n\r\n");
  });

  it("treat __proto__ as any other key", () => {
    const h = new MsgHdrsImpl();
    h.set("__proto__", "x");
    expect(Object.entries(h.toRecord())).toEqual([["__proto__", ["x"]]]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});
