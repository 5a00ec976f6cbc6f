// What a server says, as it is kept and shown: nothing of what it was offered is left in it, and nothing long.

import { describe, expect, it } from "vitest";
import type { Credentials } from "../../src/effects/connect-command.js";
import { Offered } from "../../src/effects/offered.js";
import { ProtocolViolation } from "../../src/effects/wire/protocol-violation.js";
import { Words } from "../../src/effects/words.js";

function words(
  credentials: Credentials = {},
  { names = [], isOwn = false }: { readonly names?: readonly string[]; readonly isOwn?: boolean } = {},
) {
  const offered = new Offered();
  offered.offer(credentials);
  const asked: unknown[] = [];
  const one = new Words(offered, names, (permission) => {
    asked.push(permission);
    return isOwn;
  });
  const offerMore = (more: Credentials) => {
    offered.offer(more);
    one.offeredMore();
  };
  return { words: one, offerMore, asked };
}

const secret = { pass: "s3cret" };

describe("INFO", () => {
  it("that says the same again is the same object, and no longer once it says something else", () => {
    const { words: one } = words(secret);
    const first = one.info('{"server_id":"A"}');
    expect(one.info('{"server_id":"A"}')).toBe(first);
    const other = one.info('{"server_id":"B"}');
    expect([other.info.server_id, other.summary.serverId, other.json]).toEqual([
      "B",
      "B",
      '{"server_id":"B"}',
    ]);
    const again = one.info('{"server_id":"A"}');
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });

  it("is not remembered where it is very long", () => {
    const { words: one } = words();
    const json = (length: number) => `{"go":"${"x".repeat(length - '{"go":""}'.length)}"}`;
    expect(one.info(json(65_536))).toBe(one.info(json(65_536)));
    expect(one.info(json(65_537))).not.toBe(one.info(json(65_537)));
  });

  it("is masked, also where it said the same before the secret was offered", () => {
    const { words: one, offerMore } = words();
    const json = '{"server_name":"s3cret"}';
    expect(one.info(json).info.server_name).toBe("s3cret");
    offerMore(secret);
    expect([one.info(json).info.server_name, one.info(json).summary.serverName]).toEqual(["***", "***"]);
  });

  describe("names servers of a cluster whose names hold the password", () => {
    const json = '{"connect_urls":["nats:4222","other:4222"]}';
    const urls = (one: Words) => one.info(json).summary.connectUrls;
    const all = ["nats:4222", "other:4222"];

    it("not where it has named them only since", () => {
      expect(urls(words({ pass: "nats" }).words)).toEqual(["other:4222"]);
    });

    it("where they were known before, whichever of them it was", () => {
      for (const names of [["nats:1"], ["a:1", "nats:1"], ["nats:1", "a:1"]])
        expect(urls(words({ pass: "nats" }, { names }).words)).toEqual(all);
    });

    it("where it has named them before it was offered anything", () => {
      const { words: one, offerMore } = words();
      urls(one);
      offerMore({ pass: "nats" });
      expect(urls(one)).toEqual(all);
    });

    it("where it has named them before that, and not in between", () => {
      const { words: one, offerMore } = words();
      urls(one);
      offerMore({ pass: "nats" });
      one.info('{"connect_urls":["other:4222"]}');
      expect(urls(one)).toEqual(all);
    });

    it("not where two names known before only have it together", () => {
      expect(urls(words({ pass: "nats" }, { names: ["na", "ts"] }).words)).toEqual(["other:4222"]);
      const { words: one, offerMore } = words({}, { names: ["na"] });
      one.info('{"connect_urls":["ts:4222"]}');
      offerMore({ pass: "nats" });
      expect(urls(one)).toEqual(["other:4222"]);
    });
  });
});

describe("an error", () => {
  it("is shown as it came where no secret was offered, but cut where it is long", () => {
    const { words: one } = words({ user: "alice" });
    const long = "x".repeat(1_024);
    expect([one.error("Slow Consumer").message, one.error(long).message]).toEqual(["Slow Consumer", long]);
    expect(one.error(`${long}y`)).toEqual({
      kind: "other",
      code: "NATS_PROTOCOL_ERR",
      message: `${long}… (cut off: 1025 characters)`,
    });
  });

  it("is understood as the server wrote it, and shown without the secret", () => {
    const { words: one } = words({ pass: "Stale" });
    expect(one.error("Stale Connection")).toEqual({
      kind: "staleConnection",
      code: "NATS_PROTOCOL_ERR",
      message: "*** Connection",
    });
  });

  const violation = 'Permissions Violation for Subscription to "s3cret.>" using queue "q.s3cret"';

  it("about a subject of the client's own names it as it is", () => {
    const { words: one, asked } = words(secret, { isOwn: true });
    const permission = { operation: "subscription", subject: "s3cret.>", queue: "q.s3cret" };
    expect(one.error(violation)).toEqual({
      kind: "permissionsViolation",
      code: "PERMISSIONS_VIOLATION",
      message: 'Permissions Violation for Subscription to "***.>" using queue "q.***"',
      permission,
    });
    expect(asked).toEqual([permission]);
  });

  it("about any other subject names it, and its queue, without the secret", () => {
    const { words: one } = words(secret);
    expect(one.error(violation).permission).toEqual({
      operation: "subscription",
      subject: "***.>",
      queue: "q.***",
    });
    const { permission } = one.error('Permissions Violation for Publish to "s3cret.>"');
    expect(permission).toEqual({ operation: "publish", subject: "***.>" });
    expect(permission).not.toHaveProperty("queue");
  });

  it("keeps of a name with a backslash what is no secret", () => {
    const { words: one } = words(secret);
    const said = String.raw`Permissions Violation for Publish to "s3cret.a\\b"`;
    expect(one.error(said).permission?.subject).toBe(String.raw`***.a\b`);
  });

  it("shows no name that would hold a secret once it is printed in quotes", () => {
    // The secret has the two backslashes that a printed name has for one.
    const { words: one } = words({ pass: String.raw`pa\\ss` });
    const subject = (name: string) =>
      one.error(`Permissions Violation for Publish to ${JSON.stringify(name)}`).permission?.subject;
    expect(subject(String.raw`pa\ss`)).toBe("***");
    expect(subject(String.raw`other\ss`)).toBe(String.raw`other\ss`);
    expect(subject("plain")).toBe("plain");
    // The same with the backslash that it has before a quote.
    const { words: other } = words({ pass: String.raw`pa\"ss` });
    expect(other.error(String.raw`Permissions Violation for Publish to "pa\"ss"`)).toMatchObject({
      message: 'Permissions Violation for Publish to "***"',
      permission: { subject: "***" },
    });
  });
});

describe("what is no NATS", () => {
  it("is shown without a secret, neither whole nor in part", () => {
    const { words: one } = words(secret);
    const reason = (text: string) =>
      one.reason(ProtocolViolation.at("unknown command", new TextEncoder().encode(text), 0));
    expect(reason("WHAT\r\n")).toBe('unknown command: "WHAT\\r\\n"');
    expect(reason("WHAT s3cret\r\n")).toBe('unknown command: "WHAT ***\\r\\n"');
    expect(reason("cret")).toBe('unknown command: "***"');
    expect(one.reason(new ProtocolViolation("says s3cret"))).toBe("says ***");
  });
});
