// The memory that JSON takes, about: what bounds a queue by it must count whatever a server can make large.

import { expect, test } from "vitest";
import { jsonSize } from "../../src/effects/json-size.js";

test("texts count their bytes in UTF-8, wherever they lie, and so do the objects and lists around them", () => {
  const text = (value: string) => 24 + value.length;
  expect(jsonSize("four")).toBe(text("four"));
  expect(jsonSize("€")).toBe(24 + 3);
  expect([jsonSize({}), jsonSize([])]).toEqual([24, 24]);
  expect(jsonSize(["a", "bc"])).toBe(24 + 8 + text("a") + 8 + text("bc"));
  expect(jsonSize({ a: "x", list: [{ b: "yz" }] })).toBe(
    24 + (8 + text("x")) + (8 + (24 + (8 + (24 + (8 + text("yz")))))),
  );
});

test("numbers, truths and nothing count no more than their place", () => {
  expect([7, true, null, undefined].map(jsonSize)).toEqual([0, 0, 0, 0]);
  expect(jsonSize({ a: 7, b: null, c: [true] })).toBe(24 + 8 + 8 + 8 + 24 + 8);
});
