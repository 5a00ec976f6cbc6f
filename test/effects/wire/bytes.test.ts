import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";

type Bytes = typeof import("../../../src/effects/wire/bytes.js");
const texts = fc.string({ unit: fc.constantFrom("a", "é", "日", "😀", "\ud800", "\udc00") });

/** The module as it is on a platform with Node's Buffer, or without. */
async function load(platform: string): Promise<Bytes> {
  vi.resetModules();
  if (platform === "a browser") vi.stubGlobal("Buffer", undefined);
  const bytes: Bytes = await import("../../../src/effects/wire/bytes.js");
  vi.unstubAllGlobals();
  return bytes;
}

describe.each(["Node", "a browser"])("on %s", (platform) => {
  afterEach(() => vi.resetModules());

  test("the length of a text in UTF-8 is known without writing it", async () => {
    const { textLength } = await load(platform);
    fc.assert(
      fc.property(texts, (text) => {
        expect(textLength(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });

  test("a text is written as UTF-8, in its place and nowhere else", async () => {
    const { allocate, writeText } = await load(platform);
    fc.assert(
      fc.property(texts, (text) => {
        const expected = new TextEncoder().encode(text);
        const bytes = allocate(expected.length + 5).fill(1);
        expect(writeText(bytes, text, 2)).toBe(expected.length);
        expect([...bytes]).toEqual([1, 1, ...expected, 1, 1, 1]);
      }),
    );
  });

  test("memory is a Uint8Array of its own", async () => {
    const { allocate } = await load(platform);
    const bytes = allocate(10);
    expect([bytes.length, bytes.byteOffset, bytes.buffer.byteLength]).toEqual([10, 0, 10]);
    expect(bytes.constructor === Uint8Array).toBe(platform === "a browser");
  });

  test("chunks are joined in order", async () => {
    const { joined } = await load(platform);
    const one = Uint8Array.of(1, 2);
    expect(joined([])).toHaveLength(0);
    expect(joined([one])).toBe(one);
    expect([...joined([one, Uint8Array.of(), Uint8Array.of(3)])]).toEqual([1, 2, 3]);
  });
});
