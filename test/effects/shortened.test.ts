// Texts of a server that are too long: what is left of them, and that no secret shows at the cut.

import { expect, test } from "vitest";
import { MAX_TEXT, shortened } from "../../src/effects/shortened.js";

const masked = (text: string) => text.replaceAll("s3cret", "***");

test("a text that is not too long is masked and stays whole", () => {
  const longest = "x".repeat(MAX_TEXT);
  expect([shortened("s3cret", masked), shortened(longest), shortened("abc", undefined, 3)]).toEqual([
    "***",
    longest,
    "abc",
  ]);
});

test("a longer one ends with how long it was", () => {
  expect(shortened("abcd", undefined, 3)).toBe("abc… (cut off: 4 characters)");
  expect(shortened("x".repeat(5_000))).toBe(`${"x".repeat(MAX_TEXT)}… (cut off: 5000 characters)`);
});

test("a secret that the cut divides is masked, and one far behind the cut changes nothing", () => {
  expect(shortened("abs3cret and more", masked, 5)).toBe("ab***… (cut off: 17 characters)");
  const seen: number[] = [];
  shortened("x".repeat(1_000_000), (text) => {
    seen.push(text.length);
    return text;
  });
  // However long a text is, little of it is searched.
  expect(seen).toEqual([2 * MAX_TEXT]);
});

test("a character of two halves is not cut in two", () => {
  expect(shortened("ab😀cd", undefined, 3)).toBe("ab… (cut off: 6 characters)");
  expect(shortened("ab😀cd", undefined, 4)).toBe("ab😀… (cut off: 6 characters)");
  expect(shortened("a😀bcd", undefined, 4)).toBe("a😀b… (cut off: 6 characters)");
});
