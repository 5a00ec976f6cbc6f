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
    for (const none of [
      "{".repeat(MOST_OF_MESSAGE + 1),
      `"${"x".repeat(MOST_OF_MESSAGE)}"`,
      `[${"1,".repeat(MOST_OF_MESSAGE / 2)}1]`,
    ])
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

  it("keeps what is short as it is, and says of fields and levels too that they are gone", () => {
    const short = { nothing: null, list: [1, null], text: LONG, inner: { yes: true } };
    const fields = Object.fromEntries(list(150).map((_, at) => [`field${at}`, at]));
    const nested = (levels: number, bottom: unknown) =>
      list(levels).reduce<unknown>((inner) => ({ inner }), bottom);
    const context = { short, fields, deep: nested(30, 1), long: "y".repeat(MOST_OF_MESSAGE) };
    const cut = JSON.parse(cutToFit(snapshot(context))).snapshot.context;
    expect(cut.short).toEqual(short);
    expect(Object.keys(cut.fields)).toEqual([...Object.keys(fields).slice(0, 100), "..."]);
    expect(cut.fields["..."]).toBe("cut: 50 more");
    // Twenty levels of objects, of which the message, the snapshot and the context are the first three.
    expect(cut.deep).toEqual(nested(17, "cut: too deep"));
  });

  it("keeps its definition up to the last character that fits", () => {
    const actor = (definition: string, context: unknown) =>
      JSON.stringify({ ...base, type: "@xstate.actor", snapshot: { context }, definition });
    const large = "y".repeat(MOST_OF_MESSAGE);
    const room = MOST_OF_MESSAGE - cutToFit(actor("", large)).length;
    expect(cutToFit(actor("d".repeat(room), large))).toHaveLength(MOST_OF_MESSAGE);
    const text = actor("d".repeat(room + 1), large);
    const gone = `cut: the message had ${text.length} characters`;
    expect(JSON.parse(cutToFit(text))).toMatchObject({ definition: gone, snapshot: { context: gone } });
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

  it("does not invent a state, an event or a definition that it does not have", () => {
    const text = snapshot({}, { snapshot: null, event: null, definition: "d".repeat(MOST_OF_MESSAGE) });
    const { event: _, ...rest } = base;
    expect(JSON.parse(cutToFit(text))).toEqual({ ...rest, cut: text.length });
  });
});
