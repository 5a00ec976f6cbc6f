// How a session ends, and how it stops listening to a server that says more than a turn of the event loop is worth.

import { describe, expect, it } from "vitest";
import { BUDGET, CHARACTERS_PER_UNIT, TOLD } from "../../src/effects/intake.js";
import { closed, scene } from "./session-scene.js";

type Scene = ReturnType<typeof scene>;

/** A session in use, with a PING that no PONG has answered. */
function inUse(setting: Parameters<typeof scene>[0] = {}): Scene {
  const the = scene(setting);
  the.session.subscribe(the.subscriptions);
  the.session.pongs.add({
    answered: () => void the.told.push("answered"),
    failed: (why) => void the.told.push(["unanswered", why]),
  });
  the.hear("INFO {}\r\n");
  the.told.length = 0;
  the.events.length = 0;
  return the;
}

describe("the end of a session", () => {
  it("is told where the server closes the socket: those who wait for a PONG, then whoever has the session, then the chart", () => {
    const { session, socketTells, told, nextTurn } = inUse();
    expect(session.isOver).toBe(false);
    socketTells.closed(null);
    expect(nextTurn()).toBe(0);
    expect(told).toEqual([["unanswered", "disconnected"], "view closed", ["over", true], closed()]);
    expect(session.isOver).toBe(true);
  });

  it("says why the socket failed, without a secret in it", () => {
    const { socketTells, events, causes } = scene({ offeredBefore: { pass: "s3cret" } });
    socketTells.closed(Object.assign(new Error("read s3cret"), { code: "EIO" }));
    expect(events).toEqual([{ ...closed(), failure: { code: "EIO", message: "a:4222: read ***" } }]);
    expect(causes).toMatchObject([{ message: "read ***" }]);
  });

  it("comes in two steps where the server only sends no more", () => {
    const { session, socketTells, told, hear } = inUse();
    socketTells.halfClosed(null);
    expect(session.isOver).toBe(true);
    expect(told).toEqual([["unanswered", "disconnected"], "view closed", closed(true)]);
    socketTells.halfClosed(null);
    hear("PING\r\n");
    expect(told).toHaveLength(3);
    socketTells.closed(null);
    expect(told.slice(3)).toEqual([["over", true], closed()]);
  });

  it("that the client wants, at once: nothing is told of it, and nothing is heard", () => {
    const { session, told, hear } = inUse();
    session.takeHeard();
    session.destroy();
    expect(told).toEqual([["unanswered", "disconnected"], "view closed", "destroy"]);
    hear("PING\r\n");
    expect([session.isOver, session.takeHeard(), told.length]).toEqual([true, false, 3]);
  });

  it("that the client wants, in peace: what the server still says is not heard, and the socket's end is told", () => {
    const { session, told, hear, socketTells, socket, written } = inUse();
    socket.hasRoom = false;
    session.answerPings(1);
    session.answerPings(5);
    const owed = session.pendingBytes;
    session.end();
    expect(owed - session.pendingBytes).toBe(30);
    expect(told).toEqual([["unanswered", "closed"], "view closed", "end"]);
    hear("PING\r\n");
    socketTells.halfClosed(null);
    socket.hasRoom = true;
    socketTells.drained();
    expect(written.join("")).not.toContain("PONG\r\nPONG");
    socketTells.closed(null);
    expect(told.slice(3)).toEqual(["drained", ["over", true], closed()]);
    session.end();
    expect(told.at(-1)).toBe("end");
  });
});

describe("TLS", () => {
  it("begins a new stream: what came in the clear behind INFO is handed to the handshake alone", () => {
    const { session, hear, told, events } = scene({ informed: (one) => one.secure() });
    hear("INFO {}\r\n-ERR 'in the clear'\r\n");
    expect(told).toContainEqual(["secure", "a:4222", "-ERR 'in the clear'\r\n"]);
    hear("PI");
    session.secure();
    hear("PING\r\n");
    expect(events).toEqual([{ type: "server.ping", attempt: 3, count: 1 }]);
  });
});

describe("a server that says more than a turn is worth", () => {
  const error = (length: number) => `-ERR '${"x".repeat(length)}'\r\n`;
  const info = (length: number) => `INFO {"go":"${"x".repeat(length - '{"go":""}'.length)}"}\r\n`;
  const long = 9 * TOLD * CHARACTERS_PER_UNIT;

  it.each([
    ["+OK", "+OK\r\n", 1],
    ["PING", "PING\r\n", 1],
    ["PONG", "PONG\r\n", 1],
    ["errors, by their length", error(long), 10 * TOLD],
    ["INFO, by its length", info(long), 9 * TOLD],
  ])("is not read until the next turn: %s", (_what, line, cost) => {
    const { hear, told } = inUse();
    const count = Math.ceil(BUDGET / cost);
    // What the greeting cost is forgotten with the turn.
    hear(line.repeat(count - 2));
    expect(told).not.toContain("pause");
    hear(line.repeat(2));
    expect(told).toContain("pause");
  });

  it("goes on in the next turn, read by read: then it is read again, and then its end is told", () => {
    const { hear, nextTurn, told, events, socketTells } = inUse();
    hear(`${"PING\r\n".repeat(2 * BUDGET + 50)}`);
    socketTells.halfClosed(null);
    socketTells.closed(new Error("gone"));
    const pings = () => events.map((event) => (event.type === "server.ping" ? event.count : event.type));
    expect(told.filter((one) => typeof one === "string")).toEqual(["pause"]);
    const [first = 0] = pings() as number[];
    expect(first).toBeGreaterThan(BUDGET - 20);
    nextTurn();
    expect(pings()).toEqual([first, BUDGET]);
    expect(told).not.toContain("resume");
    nextTurn();
    expect(pings()).toEqual([first, BUDGET, BUDGET + 50 - first, "socket.closed", "socket.closed"]);
    expect(told.indexOf("resume")).toBeLessThan(told.indexOf(events[3]));
    expect(events.slice(-2)).toMatchObject([{ halfClosed: true }, { halfClosed: false, failure: {} }]);
  });

  it("is held without a pause where the socket knows none", () => {
    const { hear, nextTurn, events } = inUse({ canPause: false });
    hear("PING\r\n".repeat(BUDGET + 50));
    nextTurn();
    const counts = events.map((event) => (event.type === "server.ping" ? (event.count ?? 1) : 0));
    expect(counts).toHaveLength(2);
    expect(counts.reduce((sum, count) => sum + count)).toBe(BUDGET + 50);
  });

  it("and that the client leaves is not listened to, but its end, which has come, is told", () => {
    const { hear, nextTurn, events, told, session, socketTells } = inUse();
    hear("PING\r\n".repeat(BUDGET + 50));
    socketTells.closed(null);
    told.length = 0;
    events.length = 0;
    session.end();
    expect(events).toEqual([]);
    nextTurn();
    expect(events).toEqual([closed()]);
    expect(told).not.toContain("resume");
  });

  it("and that the client cuts off is told of no more", () => {
    const { hear, nextTurn, events, session, socketTells } = inUse();
    hear("PING\r\n".repeat(BUDGET + 50));
    socketTells.closed(null);
    events.length = 0;
    session.destroy();
    nextTurn();
    expect(events).toEqual([]);
  });
});
