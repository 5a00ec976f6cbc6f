import { describe, expect, it } from "vitest";
import {
  LARGE_PIECE,
  LARGEST_PIECE,
  LONG_MESSAGE,
  ReceiveBuffer,
  SMALLEST_PIECE,
} from "../../../src/effects/node/receive-buffer.js";

/** A buffer, and what time it is for it. */
function made() {
  const clock = { now: 0 };
  const buffer = new ReceiveBuffer(() => clock.now);
  /** Reads as a socket does: so many bytes of that value. */
  const read = (bytes: number, value = 0) => {
    buffer.room().fill(value, 0, bytes);
    return buffer.taken(bytes);
  };
  /** Fills the piece under way with messages of that length, after that time; returns the room in the next one. */
  const filled = (ms: number, message = LONG_MESSAGE) => {
    buffer.expect(message);
    buffer.expect(0);
    read(buffer.room().length);
    clock.now += ms;
    return buffer.room().length;
  };
  return { buffer, clock, read, filled };
}

describe("the memory that a socket reads into", () => {
  it("holds what was read, one behind the other, and never overwrites it", () => {
    const { read } = made();
    const kept = Array.from({ length: 2_000 }, (_, i) => read(1 + (i % 700), i % 251));
    kept.forEach((chunk, i) => {
      expect(chunk).toHaveLength(1 + (i % 700));
      expect(chunk.every((byte) => byte === i % 251)).toBe(true);
    });
    const [first, second] = kept as [Uint8Array, Uint8Array];
    expect(second.buffer).toBe(first.buffer);
    expect(second.byteOffset).toBe(first.byteOffset + first.length);
  });

  it("gives the same room again where nothing was read", () => {
    const { buffer } = made();
    const [first, second] = [buffer.room(), buffer.room()];
    expect(first).toHaveLength(SMALLEST_PIECE);
    expect([second.buffer, second.byteOffset, second.length]).toEqual([
      first.buffer,
      first.byteOffset,
      first.length,
    ]);
  });

  it("takes larger pieces where they fill fast, up to the largest where messages are long", () => {
    const { filled } = made();
    const sizes = Array.from({ length: 5 }, () => filled(10));
    expect(sizes).toEqual([16_384, 65_536, LARGEST_PIECE, LARGEST_PIECE, LARGEST_PIECE]);
  });

  it("takes smaller ones where messages are short, however fast they fill: one that is kept keeps its piece", () => {
    const { filled } = made();
    const sizes = Array.from({ length: 4 }, () => filled(10, LONG_MESSAGE - 1));
    expect(sizes).toEqual([16_384, LARGE_PIECE, LARGE_PIECE, LARGE_PIECE]);
    expect([filled(10), filled(500), filled(10, 0), filled(500, 0)]).toEqual([
      LARGEST_PIECE,
      LARGEST_PIECE,
      LARGE_PIECE,
      LARGE_PIECE,
    ]);
  });

  it("takes smaller ones where they fill slowly, down to the smallest, and as large ones in between", () => {
    const { filled } = made();
    for (let i = 0; i < 4; i++) filled(10);
    expect([filled(500), filled(2_000), filled(500), filled(2_000), filled(2_000), filled(2_000)]).toEqual([
      LARGEST_PIECE,
      65_536,
      65_536,
      16_384,
      SMALLEST_PIECE,
      SMALLEST_PIECE,
    ]);
  });

  it("leaves the end of a piece alone where it is not worth a read", () => {
    const { read, buffer, filled } = made();
    read(3_072);
    expect(buffer.room()).toHaveLength(1_024);
    read(1);
    expect(buffer.room()).toHaveLength(16_384);
    filled(10);
    filled(10);
    read(LARGEST_PIECE - 16_384);
    expect(buffer.room()).toHaveLength(16_384);
    read(1);
    buffer.expect(LONG_MESSAGE);
    expect(buffer.room()).toHaveLength(LARGEST_PIECE);
  });
});
