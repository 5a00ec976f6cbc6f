// Inboxes and their prefixes.

import * as reference from "nats";
import { describe, expect, it } from "vitest";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import { checkInboxPrefix, createInbox } from "../../src/api/inbox.js";

describe("createInbox", () => {
  it("makes a new subject below _INBOX each time, of the length of the reference client's", () => {
    expect(createInbox()).toMatch(/^_INBOX\.[0-9A-Za-z]{22}$/);
    expect(createInbox()).not.toBe(createInbox());
    expect(createInbox().length).toBe(reference.createInbox().length);
  });

  it("takes a prefix of several tokens, and an empty one as the default", () => {
    expect(createInbox("a.b-c.ü")).toMatch(/^a\.b-c\.ü\.[0-9A-Za-z]{22}$/);
    expect(createInbox("a*b.c>")).toMatch(/^a\*b\.c>\./);
    expect(createInbox("")).toMatch(/^_INBOX\./);
  });

  it.each([
    "*",
    "a.*",
    ">",
    "a.>",
    "*.a",
    ".",
    "a.",
    ".a",
    "a..b",
    " ",
    "a b",
    "a\tb",
    "a\r\nPUB x 0",
    "a\n",
    "\u0000",
    "\u007f",
    "a\ud800",
    "\udc00.a",
  ])("refuses the prefix %j", (prefix) => {
    expect(() => createInbox(prefix)).toThrow(expect.objectContaining({ code: ErrorCode.InvalidOption }));
  });

  it.each([1, {}, [], true, () => "a"])("refuses a prefix that is not a string: %o", (prefix) => {
    expect(() => createInbox(prefix as unknown as string)).toThrow(NatsError);
  });
});

describe("checkInboxPrefix", () => {
  it("returns the prefix to use", () => {
    expect([checkInboxPrefix("me"), checkInboxPrefix("")]).toEqual(["me", "_INBOX"]);
  });

  it("refuses no prefix at all", () => {
    expect(() => checkInboxPrefix(undefined)).toThrow(/must be a string; got undefined/);
  });
});
