import { describe, expect, test } from "vitest";
import { subjectProblem } from "../../../src/effects/wire/subject.js";

describe("a subject", () => {
  test.each([
    "a",
    "orders.eu.created",
    "$JS.API.INFO",
    "_INBOX.a-b_c",
    "é.日本.😀",
    "a*b.c>d",
    "\u00a0",
    "\u2028",
  ])("may be %s", (name) => {
    expect(subjectProblem(name)).toBeNull();
  });

  test.each(["*", ">", "a.*", "a.>", "$JS.API.CONSUMER.CREATE.s.c.orders.>", "a.>.b"])(
    "to publish to may contain wildcards as literal tokens: %s",
    (name) => {
      expect(subjectProblem(name)).toBeNull();
    },
  );

  test.each<[unknown, string]>([
    [undefined, "must be a string, not undefined"],
    [null, "must be a string, not null"],
    [7, "must be a string, not number"],
    [{}, "must be a string, not object"],
    ["", "is empty"],
    [" ", '" " contains a space at position 0'],
    ["a b", '"a b" contains a space at position 1'],
    ["a\tb", '"a\\tb" contains the character \\t at position 1'],
    ["a\r\nPUB b 0", '"a\\r\\nPUB b 0" contains the character \\r at position 1'],
    ["a\n", '"a\\n" contains the character \\n at position 1'],
    ["a\0", '"a\\u0000" contains the character \\u0000 at position 1'],
    ["a\x7f", "contains the character \\u007f at position 1"],
    [".a", '".a" begins with a dot: its first token is empty'],
    ["a.", '"a." ends with a dot: its last token is empty'],
    [".", '"." begins with a dot: its first token is empty'],
    ["a..b", '"a..b" contains two dots in a row: the token between them is empty'],
    ["a\ud800", "contains half of a surrogate pair, which UTF-8 cannot express"],
  ])("cannot be %j", (name, problem) => {
    expect(subjectProblem(name)).toContain(problem);
    expect(subjectProblem(name)).toContain("; use tokens without white space, separated by dots");
    expect(subjectProblem(name)).toMatch(/^subject [^\r\n]+$/);
  });

  test("that is very long is quoted in part", () => {
    expect((subjectProblem(`${"x".repeat(10_000)} `) as string).length).toBeLessThan(300);
  });
});

describe("a subscription subject", () => {
  test.each(["*", ">", "a.*.b", "a.>", "*.>", "a*b", "a>.b"])("may be %s", (name) => {
    expect(subjectProblem(name, "subscription subject")).toBeNull();
  });

  test.each(["a.>.b", ">.a"])("cannot be %s: the server knows '>' as the last token only", (name) => {
    expect(subjectProblem(name, "subscription subject")).toContain("has a '>' before its last token");
  });
});

describe("a queue name", () => {
  test.each(["q", "a..b", ".", "q>.*"])("may be %s", (name) => {
    expect(subjectProblem(name, "queue")).toBeNull();
  });

  test.each(["", "a b", "a\r\nPING"])("cannot be %j", (name) => {
    expect(subjectProblem(name, "queue")).toMatch(
      /^queue name .*; use any characters but white space and control characters$/,
    );
  });
});

describe("an inbox prefix", () => {
  test("may be several tokens", () => {
    expect(subjectProblem("_INBOX.mine", "inbox prefix")).toBeNull();
  });

  test.each(["a.*", ">", "*.a"])("cannot be %s: replies are subscribed to below it", (name) => {
    expect(subjectProblem(name, "inbox prefix")).toContain("contains a wildcard");
  });

  test("cannot end with a dot", () => {
    expect(subjectProblem("a.", "inbox prefix")).toContain("ends with a dot");
  });
});
