// What is printed of others' texts: nothing that steers, and all of it visible.

import { describe, expect, it } from "vitest";
import { escaped, printable, withoutControls } from "../../../src/effects/wire/control-characters.js";

describe("a text of others", () => {
  it("is printed with its control characters as escapes", () => {
    expect(printable("a\u001b[2Jb\u009b\u0000\u007f")).toBe("a\\x1b[2Jb\\x9b\\x00\\x7f");
  });

  it("cannot begin a line, nor turn what follows it around", () => {
    expect(printable("a\r\nb\u2028c\u202ed\u2066e")).toBe("a\\x0d\\x0ab\\u2028c\\u202ed\\u2066e");
  });

  it("has no mark of a direction, which turns around what follows", () => {
    expect(printable("a\u061cb\u200ec\u200f")).toBe("a\\u061cb\\u200ec\\u200f");
  });

  it("is left alone otherwise, whatever the language", () => {
    const text = "žluťoučký 🐎 \u00a0 שלום \u{10ffff}";
    expect(printable(text)).toBe(text);
  });

  it("may have something else in the place of each run of them", () => {
    expect(withoutControls("a\r\n\u001bb\u0000c", () => " ")).toBe("a b c");
  });
});

it.each([
  [0, "\\x00"],
  [0x1b, "\\x1b"],
  [0xff, "\\xff"],
  [0x202e, "\\u202e"],
])("the character %i is escaped as %s", (code, text) => {
  expect(escaped(code)).toBe(text);
});
