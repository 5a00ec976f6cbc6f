// What may be printed: colours, and texts from servers and files.

import { describe, expect, it } from "vitest";
import { harmless, masked, paintFor, plainPaint, printable } from "../../src/cli/terminal.js";
import { steering, steers } from "./steering.js";

describe("colours", () => {
  it.each([
    ["a terminal", true, {}, true],
    ["no terminal", false, {}, false],
    ["a dumb terminal", true, { TERM: "dumb" }, false],
    ["NO_COLOR", true, { NO_COLOR: "1" }, false],
    ["an empty FORCE_COLOR", true, { FORCE_COLOR: "" }, true],
    ["a dumb terminal and FORCE_COLOR", true, { FORCE_COLOR: "1", TERM: "dumb" }, true],
    ["another terminal", true, { TERM: "xterm" }, true],
    ["an empty NO_COLOR", true, { NO_COLOR: "" }, true],
    ["FORCE_COLOR", false, { FORCE_COLOR: "1" }, true],
    ["FORCE_COLOR=0", true, { FORCE_COLOR: "0" }, false],
    ["both", true, { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
  ])("with %s", (_what, isTerminal, env, coloured) => {
    const paint = paintFor(isTerminal, env);
    expect(paint.bad("x") !== "x").toBe(coloured);
    expect(paint === plainPaint).toBe(!coloured);
  });
});

it("a colour begins before the text and ends behind it", () => {
  const { good, bad, strong, faint } = paintFor(true, {});
  expect([good("x"), bad("x"), strong("x"), faint("x")]).toEqual([
    "\u001b[32mx\u001b[39m",
    "\u001b[31mx\u001b[39m",
    "\u001b[1mx\u001b[22m",
    "\u001b[2mx\u001b[22m",
  ]);
  const { good: plain } = plainPaint;
  expect([plain, plainPaint.bad, plainPaint.strong, plainPaint.faint].map((paint) => paint("x"))).toEqual([
    "x",
    "x",
    "x",
    "x",
  ]);
});

describe("a text from outside", () => {
  it("cannot steer the terminal", () => {
    expect(printable("a\u001b[31mb\u009b2Jc\r\nd\u0000e\u202ef\u007f")).toBe("a [31mb 2Jc d e f ");
  });

  it("cannot in several lines either, which stay", () => {
    expect(harmless("a\u009b2J\nb\u202e\r\n")).toBe("a\\x9b2J\nb\\u202e\\x0d\n");
    expect(steers(harmless(steering) + printable(steering))).toBe(false);
  });

  it("keeps every other character", () => {
    expect(printable('Grüße, 世界 \\ "x"')).toBe('Grüße, 世界 \\ "x"');
  });

  it("is cut where it is long", () => {
    expect(printable("x".repeat(300))).toBe("x".repeat(300));
    expect(printable("x".repeat(301))).toBe(`${"x".repeat(300)}... (cut: it has 301 characters)`);
  });
});

describe("credentials in a URL", () => {
  it.each([
    ["nats://me:s3cret@host:4222", "nats://***@host:4222"],
    ["cannot reach tls://s3cret@host, nor nats://a:b@c", "cannot reach tls://***@host, nor nats://***@c"],
    ["nats://me:s3@cret@host", "nats://***@host"],
    ["nats://host and me@example.com", "nats://host and me@example.com"],
    ["NATS+TLS://me:s3cret@host/a@b", "NATS+TLS://***@host/a@b"],
    ["c://s3cret@host", "c://***@host"],
  ])("are hidden: %s", (text, shown) => {
    expect(masked(text)).toBe(shown);
  });
});
