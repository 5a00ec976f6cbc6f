// Unique identifiers: their form, that they differ, and what happens when the sequence runs out.

import { afterEach, describe, expect, it, vi } from "vitest";
import { Nuid, nuid } from "../../src/api/nuid.js";

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const sequenceOf = (id: string) =>
  [...id.slice(12)].reduce((n, c) => n * 62n + BigInt(digits.indexOf(c)), 0n);

afterEach(() => vi.restoreAllMocks());

/** Makes every random number the largest that its range has (`true`), or zero. */
function fixRandomness(largest: boolean): void {
  vi.spyOn(globalThis.crypto, "getRandomValues").mockImplementation((array) => {
    // 62 ** 4 and the other ranges divide this evenly, so that "the largest" is not drawn again.
    if (array instanceof Uint32Array) array.fill(largest ? 62 ** 4 * 290 - 1 : 0);
    return array;
  });
}

describe("Nuid", () => {
  it("makes 22 characters of base 62", () => {
    for (let i = 0; i < 1000; i++) expect(nuid.next()).toMatch(/^[0-9A-Za-z]{22}$/);
  });

  it("keeps its first twelve characters and counts on in steps of 33 to 332", () => {
    const generator = new Nuid();
    const ids = Array.from({ length: 5000 }, () => generator.next());
    const steps = new Set(ids.slice(1).map((id, i) => sequenceOf(id) - sequenceOf(ids[i] ?? "")));
    expect(new Set(ids.map((id) => id.slice(0, 12))).size).toBe(1);
    expect(steps.size).toBe(1);
    const [step = 0n] = steps;
    expect(step >= 33n && step < 333n).toBe(true);
  });

  it("never makes the same twice, in one generator or in many", () => {
    const generators = Array.from({ length: 20 }, () => new Nuid());
    const ids = generators.flatMap((generator) => Array.from({ length: 5000 }, () => generator.next()));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("takes a new prefix when it is reset", () => {
    const generator = new Nuid();
    const before = generator.next().slice(0, 12);
    generator.reset();
    expect(generator.next().slice(0, 12)).not.toBe(before);
  });

  it("draws everything anew when the sequence is used up", () => {
    fixRandomness(true);
    const generator = new Nuid();
    const last = generator.next();
    expect(last.slice(12, 20)).toBe("zzzzzzzz");
    fixRandomness(false);
    let next = generator.next();
    for (let i = 0; next.startsWith(last.slice(0, 20)) && i < 200; i++) next = generator.next();
    expect(next.slice(0, 20)).toBe("0".repeat(20));
  });

  it("carries from the low characters into the high ones", () => {
    fixRandomness(false);
    const generator = new Nuid();
    const ids = Array.from({ length: 300_000 }, () => generator.next());
    ids.forEach((id, i) => {
      if (i > 0 && sequenceOf(id) - sequenceOf(ids[i - 1] ?? "") !== 33n)
        throw new Error(`a wrong step at ${i}`);
    });
    expect(sequenceOf(ids.at(-1) ?? "")).toBe(33n * 299_999n);
  });

  it("draws a number again where taking it would make some values likelier than others", () => {
    // Of all that fit, so many at the end are one more than a multiple of 62 has.
    const fair = 2 ** 32 - (2 ** 32 % 62);
    const drawn = [0xffff_ffff, fair, 61];
    const random = vi.spyOn(globalThis.crypto, "getRandomValues").mockImplementation((array) => {
      if (array instanceof Uint32Array) array[0] = drawn.shift() ?? 0;
      return array;
    });
    expect(new Nuid().next()[0]).toBe("z");
    expect(random.mock.calls.length).toBe(12 + 4 + 2);
  });
});
