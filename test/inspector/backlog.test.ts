// What a page that opens late still gets of what processes said: definitions, the last of what happened, who is gone. How
// it is relayed: test/integration/local-inspector-server.test.ts.

import { describe, expect, it } from "vitest";
import {
  Backlog,
  MAX_ALL_TEXT,
  MAX_DEFINITIONS,
  MAX_DEFINITIONS_TEXT,
  MAX_MACHINES,
  MAX_MESSAGES,
  MAX_TEXT,
  RECORDING,
} from "../../src/inspector/backlog.js";

describe("the backlog for pages that open late", () => {
  const definition = (session: string, root = session) =>
    JSON.stringify({ type: "@xstate.actor", sessionId: session, rootId: root });
  const snapshot = (session: string, number: number, root = session) =>
    JSON.stringify({ type: "@xstate.snapshot", sessionId: session, rootId: root, number });
  const kept = (backlog: Backlog) => backlog.messages().map((text) => JSON.parse(text));

  it("has definitions first, then all that happened in a machine and its actors, in order", () => {
    const backlog = new Backlog();
    const texts = [
      definition("x:0"),
      definition("x:0.server", "x:0"),
      snapshot("x:0", 1),
      snapshot("x:0.server", 2, "x:0"),
      definition("x:1"),
      snapshot("x:0", 3),
    ];
    for (const text of texts) expect(backlog.add(1, text)).toBe(`{"client":1,"message":${text}}`);
    expect(kept(backlog).map(({ message: { sessionId, number } }) => [sessionId, number])).toEqual([
      ["x:1", undefined],
      ["x:0", undefined],
      ["x:0.server", undefined],
      ["x:0", 1],
      ["x:0.server", 2],
      ["x:0", 3],
    ]);
  });

  it("keeps the definition and the last of a machine that says much", () => {
    const backlog = new Backlog();
    backlog.add(1, definition("x:0"));
    for (let number = 0; number < MAX_MESSAGES + 5; number++) backlog.add(1, snapshot("x:0", number));
    const numbers = kept(backlog).map(({ message }) => message.number);
    expect(numbers).toHaveLength(MAX_MESSAGES + 1);
    expect([numbers[0], numbers[1], numbers.at(-1)]).toEqual([undefined, 5, MAX_MESSAGES + 4]);
  });

  it("keeps no more text than it may, but always the last message", () => {
    const backlog = new Backlog();
    const large = (number: number) =>
      JSON.stringify({ type: "@xstate.snapshot", sessionId: "x:0", number, text: "x".repeat(MAX_TEXT / 2) });
    for (let number = 0; number < 4; number++) backlog.add(1, large(number));
    expect(kept(backlog).map(({ message }) => message.number)).toEqual([3]);
    const largest = JSON.stringify({
      type: "@xstate.snapshot",
      sessionId: "x:0",
      text: "x".repeat(MAX_TEXT),
    });
    backlog.add(1, largest);
    expect(backlog.messages()).toEqual([`{"client":1,"message":${largest}}`]);
  });

  it("keeps no more text of all machines than it may: those that are gone go first, then the one silent longest", () => {
    const backlog = new Backlog();
    const text = "x".repeat(MAX_TEXT - 1_000);
    const large = (session: string) => JSON.stringify({ type: "@xstate.snapshot", sessionId: session, text });
    const count = Math.floor(MAX_ALL_TEXT / MAX_TEXT);
    for (let n = 0; n < count; n++) backlog.add(n, large(`x:${n}`));
    const sessions = () => kept(backlog).flatMap(({ message: { sessionId = [] } }) => sessionId);
    expect(sessions()).toHaveLength(count);
    backlog.leave(3);
    backlog.add(count, large("x:a"));
    backlog.add(count + 1, large("x:b"));
    expect(sessions()).toHaveLength(count);
    expect(sessions()).not.toContain("x:3");
    expect(sessions()).not.toContain("x:0");
    expect(sessions().slice(-2)).toEqual(["x:a", "x:b"]);
  });

  it("keeps all machines up to the last character that it may, and all of one alone", () => {
    const filled = (session: string, length: number) => {
      const empty = JSON.stringify({ type: "@xstate.snapshot", sessionId: session, text: "" });
      const text = "x".repeat(length - `{"client":1,"message":${empty}}`.length);
      return JSON.stringify({ type: "@xstate.snapshot", sessionId: session, text });
    };
    const sessions = (backlog: Backlog) => kept(backlog).map(({ message: { sessionId } }) => sessionId);
    const backlog = new Backlog();
    const all = Array.from({ length: MAX_ALL_TEXT / MAX_TEXT }, (_, n) => `x:${n}`);
    for (const session of all) backlog.add(1, filled(session, MAX_TEXT));
    expect(sessions(backlog)).toEqual(all);
    backlog.add(1, filled("x:more", 100));
    expect(sessions(backlog)).toEqual([...all.slice(1), "x:more"]);

    const several = new Backlog();
    for (const session of all.slice(1)) several.add(1, filled(session, MAX_TEXT));
    several.add(2, filled("x:gone", 100));
    several.add(3, filled("x:small", 100));
    several.leave(2);
    several.add(1, filled("x:last", MAX_TEXT));
    expect(sessions(several)).toEqual([...all.slice(2), "x:small", "x:last"]);

    const one = new Backlog({ messages: 10, text: 2 * MAX_ALL_TEXT });
    one.add(1, snapshot("x:0", 1));
    for (const number of [1, 2]) one.add(number, filled("x:1", MAX_ALL_TEXT));
    expect(kept(one).map(({ client }) => client)).toEqual([2]);
    one.add(2, filled("x:1", 100));
    expect(kept(one).map(({ client }) => client)).toEqual([2, 2]);
  });

  it("counts definitions in what it keeps of all machines", () => {
    const backlog = new Backlog();
    const large = (session: string) =>
      JSON.stringify({
        type: "@xstate.actor",
        sessionId: session,
        definition: "x".repeat(MAX_DEFINITIONS_TEXT - 1_000),
      });
    const most = Math.floor(MAX_ALL_TEXT / (MAX_DEFINITIONS_TEXT - 1_000));
    for (let machine = 0; machine <= most; machine++) backlog.add(1, large(`x:${machine}`));
    const sessions = kept(backlog).map(({ message }) => message.sessionId);
    expect(sessions).toEqual(Array.from({ length: most }, (_, at) => `x:${at + 1}`));
  });

  it("takes those who do not say who they are for one", () => {
    const backlog = new Backlog();
    const nameless = { type: "@xstate.actor", sessionId: undefined };
    backlog.add(1, JSON.stringify({ ...nameless, number: 1 }));
    backlog.add(1, JSON.stringify({ ...nameless, number: 2 }));
    expect(kept(backlog).map(({ message }) => message.number)).toEqual([2]);
  });

  it("keeps a limited number of machines and definitions, the latest", () => {
    const backlog = new Backlog();
    for (let machine = 0; machine < MAX_MACHINES + 3; machine++) backlog.add(1, definition(`x:${machine}`));
    expect(kept(backlog).map(({ message }) => message.sessionId)[0]).toBe("x:3");
    expect(backlog.messages()).toHaveLength(MAX_MACHINES);
    for (let actor = 0; actor < MAX_DEFINITIONS * 2; actor++) backlog.add(2, definition(`y:${actor}`, "y"));
    expect(kept(backlog).filter(({ client }) => client === 2)).toHaveLength(MAX_DEFINITIONS);
  });

  it("keeps the definitions within their text, and a machine's own whatever it is made of", () => {
    const backlog = new Backlog();
    const large = (session: string) =>
      JSON.stringify({
        type: "@xstate.actor",
        sessionId: session,
        rootId: "x:0",
        definition: "x".repeat(MAX_DEFINITIONS_TEXT / 4),
      });
    for (let actor = 0; actor < 8; actor++) backlog.add(1, large(`x:${actor}`));
    expect(kept(backlog).map(({ message }) => message.sessionId)).toEqual(["x:0", "x:6", "x:7"]);
    backlog.add(1, large("x:7"));
    expect(kept(backlog).map(({ message }) => message.sessionId)).toEqual(["x:0", "x:6", "x:7"]);
    for (let actor = 0; actor < MAX_DEFINITIONS * 2; actor++) backlog.add(1, definition(`y:${actor}`, "x:0"));
    expect(kept(backlog)[0]).toMatchObject({ message: { sessionId: "x:0" } });
    expect(kept(backlog)).toHaveLength(MAX_DEFINITIONS);
  });

  it("keeps the machines that live, however many clients came and went", () => {
    const backlog = new Backlog();
    backlog.add(1, definition("x:0"));
    for (let client = 2; client < MAX_MACHINES * 3; client++) {
      if (client % 2 === 0) backlog.add(client, definition("x:0"));
      expect(backlog.leave(client)).toBe(`{"client":${client},"message":{"type":"client.left"}}`);
    }
    expect(kept(backlog)[0]).toMatchObject({ client: 1, message: { sessionId: "x:0" } });
  });

  it("says of each client whose machines are kept that it is gone, once, after all that it said", () => {
    const backlog = new Backlog();
    backlog.add(1, definition("x:0"));
    backlog.add(1, definition("x:1"));
    backlog.add(2, snapshot("x:0", 1));
    backlog.leave(1);
    backlog.leave(3);
    expect(kept(backlog).map(({ client, message }) => `${client} ${message.type}`)).toEqual([
      "1 @xstate.actor",
      "1 @xstate.actor",
      "2 @xstate.snapshot",
      "1 client.left",
    ]);
  });

  it("says why a client is gone, where it did not leave by itself", () => {
    const backlog = new Backlog();
    backlog.add(1, definition("x:0"));
    const left = `{"client":1,"message":{"type":"client.left","why":"too \\"large\\""}}`;
    expect(backlog.leave(1, 'too "large"')).toBe(left);
    expect(backlog.messages().at(-1)).toBe(left);
  });

  it("keeps the whole of a recording where it is told to", () => {
    const backlog = new Backlog(RECORDING);
    for (let number = 0; number < MAX_MESSAGES * 5; number++) backlog.add(1, snapshot("x:0", number));
    expect(kept(backlog)).toHaveLength(MAX_MESSAGES * 5);
  });

  it.each([
    ["{"],
    ["null"],
    ["3"],
    ['"text"'],
    ["{}"],
    ['{"type":7}'],
    ['{"type":"other"}'],
    ['{"type":"client.left"}'],
  ])("passes nothing on of %s", (text) => {
    const backlog = new Backlog();
    expect(backlog.add(1, text)).toBeUndefined();
    expect(backlog.messages()).toEqual([]);
  });
});
