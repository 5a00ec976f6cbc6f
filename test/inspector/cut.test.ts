// A message that is too large for a page: what it says of who, which state and which event stays, the rest loses its ends and says so.

import { describe, expect, it } from "vitest";
import { cutToFit, MOST_OF_MESSAGE } from "../../src/inspector/cut.js";

const base = { type: "@xstate.snapshot", sessionId: "x:0", rootId: "x:0", event: { type: "server.info" } };
const snapshot = (context: unknown, more: object = {}) =>
  JSON.stringify({
    ...base,
    snapshot: { value: { connecting: "greeting" }, status: "active", context },
    ...more,
  });
const list = (length: number, entry: unknown = "a:4222") => Array.from({ length }, () => entry);

/** As long as a text may be in a message that is cut. */
const LONG = "x".repeat(1_000);

describe("a message to a page", () => {
  it("is left as it is up to the limit, and where it is none", () => {
    const exact = snapshot("x".repeat(MOST_OF_MESSAGE - snapshot("").length));
    expect(exact.length).toBe(MOST_OF_MESSAGE);
    expect(cutToFit(exact)).toBe(exact);
    for (const none of ["{", `"${"x".repeat(MOST_OF_MESSAGE)}"`, `[${"1,".repeat(MOST_OF_MESSAGE / 2)}1]`])
      expect(cutToFit(none)).toBe(none);
  });

  it("loses the ends of its texts and lists beyond it, and says how long they were", () => {
    const pool = list(100_000, { name: "a:4222", serverId: "x".repeat(40) });
    const text = snapshot({ pool, attempt: 7, failure: { message: "y".repeat(2_000) } });
    const { snapshot: cut, ...rest } = JSON.parse(cutToFit(text));
    expect(rest).toEqual({ ...base, cut: text.length });
    expect(cut).toMatchObject({ value: { connecting: "greeting" }, status: "active" });
    expect(cut.context.pool).toEqual([...pool.slice(0, 100), "cut: 99900 more"]);
    expect(cut.context.attempt).toBe(7);
    expect(cut.context.failure.message).toBe(`${"y".repeat(1_000)}... (cut: it has 2000 characters)`);
  });

  it("keeps its definition whole where that can be", () => {
    const definition = JSON.stringify({ states: list(10_000, "s") });
    const text = JSON.stringify({
      ...base,
      type: "@xstate.actor",
      definition,
      name: "n",
      snapshot: { context: list(5_000, LONG) },
    });
    expect(JSON.parse(cutToFit(text))).toMatchObject({ definition, name: "n", cut: text.length });
  });

  it.each([
    ["lists within lists", snapshot(list(150, list(150, LONG)))],
    ["many fields", snapshot(Object.fromEntries(list(200).map((_, at) => [`${at}`.padEnd(30_000, "k"), 1])))],
    [
      "a deep one",
      snapshot("DEEP", { more: "x".repeat(MOST_OF_MESSAGE) }).replace(
        '"DEEP"',
        "[".repeat(50_000) + "]".repeat(50_000),
      ),
    ],
    [
      "a definition",
      JSON.stringify({ ...base, type: "@xstate.actor", definition: "d".repeat(MOST_OF_MESSAGE) }),
    ],
    ["an event", snapshot({}, { event: { type: "t".repeat(MOST_OF_MESSAGE), all: list(90_000) } })],
    ["names", snapshot({}, { sessionId: "s".repeat(MOST_OF_MESSAGE), name: list(9) })],
    [
      "a state that is none",
      snapshot({}, { snapshot: { value: list(5_000, LONG), status: list(5_000, LONG) } }),
    ],
    ["a snapshot that is none", JSON.stringify({ ...base, snapshot: "s".repeat(MOST_OF_MESSAGE) })],
  ])("fits whatever it is made of: %s", (_what, text) => {
    const cut = cutToFit(text);
    expect(text.length).toBeGreaterThan(MOST_OF_MESSAGE);
    expect(cut.length).toBeLessThanOrEqual(MOST_OF_MESSAGE);
    expect(JSON.parse(cut)).toMatchObject({ rootId: "x:0", cut: text.length });
  });

  it("tells at least the actor, the state and the event, and that the context is gone", () => {
    const text = snapshot(list(100, list(100, LONG)));
    expect(JSON.parse(cutToFit(text))).toEqual({
      ...base,
      event: { type: "server.info", cut: `cut: the message had ${text.length} characters` },
      snapshot: {
        value: { connecting: "greeting" },
        status: "active",
        context: `cut: the message had ${text.length} characters`,
      },
      cut: text.length,
    });
  });
});
