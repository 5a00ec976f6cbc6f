// The memory of an outbound stream: what is used again, and how much of it is kept.

import { expect, test } from "vitest";
import { CHUNK_SIZE, Chunk, ChunkPool } from "../../src/effects/chunks.js";

test("a chunk is written from its beginning again once all of it is out, and not before", () => {
  const pool = new ChunkPool();
  const current = pool.take(null);
  expect([current.bytes.length, pool.take(current)]).toEqual([CHUNK_SIZE, current]);
  current.pending = 1;
  expect(pool.take(current)).not.toBe(current);
});

test("four chunks are kept at most, and none after clear", () => {
  const pool = new ChunkPool();
  const given = Array.from({ length: 6 }, () => new Chunk(CHUNK_SIZE));
  const taken = () =>
    Array.from({ length: 6 }, () => pool.take(null)).filter((one) => given.includes(one)).length;
  for (const one of given) pool.giveBack(one);
  expect(taken()).toBe(4);
  for (const one of given) pool.giveBack(one);
  pool.clear();
  expect(taken()).toBe(0);
});

test("a chunk for a large message is one that is kept, if that is large enough and at most twice as large", () => {
  const pool = new ChunkPool();
  const kept = new Chunk(4 * CHUNK_SIZE);
  pool.giveBack(kept);
  expect(pool.takeLarge(4 * CHUNK_SIZE + 1).bytes).toHaveLength(5 * CHUNK_SIZE);
  expect(pool.takeLarge(2 * CHUNK_SIZE - 1)).not.toBe(kept);
  expect(pool.takeLarge(2 * CHUNK_SIZE)).toBe(kept);
  pool.giveBack(kept);
  expect(pool.takeLarge(4 * CHUNK_SIZE)).toBe(kept);
});

test("a mebibyte of large chunks is kept, none of an unusual size, and none after clear", () => {
  const pool = new ChunkPool();
  const size = 4 * CHUNK_SIZE;
  const given = Array.from({ length: 6 }, () => new Chunk(size));
  const taken = () =>
    Array.from({ length: 6 }, () => pool.takeLarge(size)).filter((one) => given.includes(one)).length;
  const odd = new Chunk(size + 1);
  pool.giveBack(odd);
  expect(pool.takeLarge(size)).not.toBe(odd);
  for (const one of given) pool.giveBack(one);
  expect(taken()).toBe(4);
  for (const one of given) pool.giveBack(one);
  pool.clear();
  expect(taken()).toBe(0);
  for (const one of given) pool.giveBack(one);
  expect(taken()).toBe(4);
});
