// The kind of bytes that a message gives: a Buffer where there is one, as in the reference, but for `slice`.

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Subscriptions } from "../../src/effects/ports.js";
import { Received } from "../../src/effects/wire/bytes.js";
import { Parser } from "../../src/effects/wire/parser.js";

/** A payload with other bytes around it. */
const payload = (text: string) =>
  new Received(new TextEncoder().encode(`<${text}>`)).window(1, text.length + 1) as Buffer;

describe("the bytes of a message, on Node", () => {
  it("are a Buffer, which says its text", () => {
    const data = payload('{"a":1}');
    expect(Buffer.isBuffer(data)).toBe(true);
    expect(data).toBeInstanceOf(Uint8Array);
    expect(data.toString()).toBe('{"a":1}');
    expect(`${data}`).toBe('{"a":1}');
    expect(data.toString("hex")).toBe("7b2261223a317d");
    expect(JSON.parse(data as unknown as string)).toEqual({ a: 1 });
    expect(inspect(data)).toBe("<Buffer 7b 22 61 22 3a 31 7d>");
  });

  it("are a Buffer where there are none", () => {
    const data = payload("");
    expect([Buffer.isBuffer(data), data.length, data.toString()]).toEqual([true, 0, ""]);
  });

  it("have what a Buffer has", () => {
    const data = payload("abcd");
    expect(data.readUInt32BE(0)).toBe(0x61626364);
    expect(data.equals(Buffer.from("abcd"))).toBe(true);
    expect(Buffer.compare(data, Buffer.from("abcd"))).toBe(0);
    expect(Buffer.concat([data, data]).toString()).toBe("abcdabcd");
    expect(Buffer.from(data).toString("base64")).toBe("YWJjZA==");
    expect(data.indexOf("cd")).toBe(2);
    expect(JSON.stringify(data)).toBe('{"type":"Buffer","data":[97,98,99,100]}');
    expect(data).toEqual(Buffer.from("abcd"));
  });

  it("are compared by what they hold", () => {
    assert.deepEqual(payload("abcd"), payload("abcd"));
    assert.notDeepEqual(payload("abcd"), payload("abce"));
  });

  it("are cloned as a Buffer is", () => {
    const clone = structuredClone(payload("abcd"));
    expect([clone.constructor, new TextDecoder().decode(clone)]).toEqual([Uint8Array, "abcd"]);
  });

  it("share memory with a subarray, and not with a slice", () => {
    const data = payload("abcd");
    const [part, copy] = [data.subarray(1, 3), data.slice(1, 3)];
    expect([Buffer.isBuffer(part), part.toString(), part.buffer === data.buffer]).toEqual([true, "bc", true]);
    expect([Buffer.isBuffer(copy), copy.toString(), copy.buffer.byteLength]).toEqual([true, "bc", 2]);
    data.fill(120);
    expect([part.toString(), copy.toString()]).toEqual(["xx", "bc"]);
    expect(copy.subarray(1).toString()).toBe("c");
    expect(data.slice(-1).toString()).toBe("x");
  });

  it("are a Buffer also of a message that came in pieces", () => {
    const seen: Buffer[] = [];
    const message = ((received, _sid, ...at: number[]) =>
      void seen.push(
        received.window(at[5] as number, at[6] as number) as Buffer,
      )) as Subscriptions["message"];
    const parser = new Parser({ message } as ConstructorParameters<typeof Parser>[0]);
    for (const piece of ["MSG a 1 4\r\na", "bc", "d\r", "\n"]) parser.push(new TextEncoder().encode(piece));
    expect(seen.map((data) => [Buffer.isBuffer(data), data.toString()])).toEqual([[true, "abcd"]]);
  });
});

describe("the bytes of a message, where there is no Buffer", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it("are a Uint8Array", async () => {
    vi.resetModules();
    vi.stubGlobal("Buffer", undefined);
    const bytes = await import("../../src/effects/wire/bytes.js");
    const data = new bytes.Received(Uint8Array.of(1, 2, 3)).window(1, 3);
    expect([data.constructor === Uint8Array, [...data]]).toEqual([true, [2, 3]]);
  });
});
