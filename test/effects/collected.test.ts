// What a server says of its own accord is told read by read: how many PINGs, the last INFO, lists of errors.

import { describe, expect, it } from "vitest";
import { Collected } from "../../src/effects/collected.js";
import type { ServerSummary } from "../../src/machine/events.js";
import { serverErrorFrom } from "../../src/machine/server-error.js";

/** What is collected, and what was told of it. */
function scene() {
  const told: unknown[] = [];
  const collected = new Collected({
    pings: (count) => told.push(["pings", count]),
    info: ({ serverName }) => told.push(["info", serverName]),
    errors: (error, others) => told.push(["errors", ...[error, ...others].map(({ message }) => message)]),
  });
  const error = (...texts: readonly string[]) => {
    for (const text of texts) collected.error(serverErrorFrom(text));
  };
  return { collected, told, error };
}

const info = (serverName: string, lameDuck = false): ServerSummary => ({
  serverId: "",
  serverName,
  version: "2.12.0",
  tlsRequired: false,
  tlsAvailable: false,
  lameDuck,
  connectUrls: [],
});

describe("what a server says of its own accord", () => {
  it("is told once, behind the read: PINGs, the last INFO, errors", () => {
    const { collected, told, error } = scene();
    collected.ping();
    error("Invalid Subject");
    collected.info(info("first"));
    collected.ping();
    collected.info(info("last"));
    expect(told).toEqual([]);
    collected.tell();
    collected.tell();
    expect(told).toEqual([
      ["pings", 2],
      ["info", "last"],
      ["errors", "Invalid Subject"],
    ]);
  });

  it("an INFO of lame duck mode is told, whatever follows it", () => {
    const { collected, told } = scene();
    collected.info(info("plain"));
    collected.info(info("lame duck", true));
    collected.info(info("lame duck still", true));
    collected.info(info("plain again"));
    collected.tell();
    expect(told).toEqual([
      ["info", "plain"],
      ["info", "lame duck still"],
      ["info", "plain again"],
    ]);
  });

  it("errors after which the connection goes on are not told with others, and all stay in order", () => {
    const { collected, told, error } = scene();
    error("Invalid Subject", "Slow Consumer", "something new", "Invalid Subject");
    collected.tell();
    expect(told).toEqual([
      ["errors", "Invalid Subject"],
      ["errors", "Slow Consumer", "something new"],
      ["errors", "Invalid Subject"],
    ]);
  });

  it("a refusal of the credentials is told at once, and what was said before it", () => {
    const { collected, told, error } = scene();
    collected.ping();
    error("Slow Consumer", "Authorization Violation");
    expect(told).toEqual([
      ["pings", 1],
      ["errors", "Slow Consumer", "Authorization Violation"],
    ]);
  });

  it("many errors are several lists", () => {
    const { collected, told, error } = scene();
    const texts = Array.from({ length: 25 }, (_, i) => `Invalid Subject ${i}`);
    error(...texts);
    collected.tell();
    expect(told).toHaveLength(3);
    expect(told.flatMap((one) => (one as unknown[]).slice(1))).toEqual(texts);
  });
});
