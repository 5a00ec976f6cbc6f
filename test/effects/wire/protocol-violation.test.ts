// What a violation says: what was wrong, and what was seen, on one line of bounded length.

import { expect, test } from "vitest";
import { ProtocolViolation } from "../../../src/effects/wire/protocol-violation.js";

const seen = (text: string, start = 0, end?: number) =>
  ProtocolViolation.at("odd", Buffer.from(text, "latin1"), start, end).reason;

test("it is an Error with a name, whose message is the reason", () => {
  const violation = new ProtocolViolation("odd");
  expect(violation).toBeInstanceOf(Error);
  expect([violation.name, violation.message, violation.reason]).toEqual(["ProtocolViolation", "odd", "odd"]);
});

test("up to 64 bytes are shown, of more it says how many there were", () => {
  expect(seen("x".repeat(64))).toBe(`odd: "${"x".repeat(64)}"`);
  expect(seen("x".repeat(65))).toBe(`odd: "${"x".repeat(64)}"… (65 bytes)`);
});

test("only the bytes in question are shown, and counted", () => {
  const text = `${"a".repeat(40)}${"b".repeat(40)}${"c".repeat(40)}`;
  expect(seen(text, 40, 80)).toBe(`odd: "${"b".repeat(40)}"`);
  expect(seen(text, 80)).toBe(`odd: "${"c".repeat(40)}"`);
  expect(seen(text, 10)).toContain("… (110 bytes)");
});

test.each([
  ["\r", "\\r"],
  ["\n", "\\n"],
  ["\x00", "\\x00"],
  ["\x1f", "\\x1f"],
  [" ", " "],
  ["~", "~"],
  ["\x7f", "\\x7f"],
  ["\xff", "\\xff"],
])("the byte %j is shown as %s", (byte, shown) => {
  expect(seen(byte)).toBe(`odd: "${shown}"`);
});
