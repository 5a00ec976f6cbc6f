// What a Stately inspector receives: who speaks to whom, the weight of it, and a handful of a flood. The chart runs alone here; real
// servers are in test/integration/inspecting.test.ts. What any observer is told: test/api/inspection.test.ts.

import { createWebSocketInspector, type StatelyInspectionEvent } from "@statelyai/inspect";
import { afterEach, describe, expect, it } from "vitest";
import { connect } from "../../src/index.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import { fakeServer, info } from "../harness/fake-server.js";
import { greeted, inspected } from "../machine/greeted.js";
import { arrows, type Listener, listener } from "./listener.js";

const open: { stop(): void }[] = [];
const relays: Listener[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) one.stop();
  for (const relay of relays.splice(0)) await relay.close();
});

function run(...given: Parameters<typeof inspected>) {
  const actor = inspected(...given);
  open.push(actor);
  return actor;
}

/** What a Stately inspector receives of these events, to the one that closes the connection. */
async function received(events: readonly ConnectionEvent[]): Promise<readonly StatelyInspectionEvent[]> {
  const relay = await listener();
  relays.push(relay);
  const inspector = createWebSocketInspector({ url: relay.url, maxDeferredEvents: 100_000 });
  open.push(inspector);
  const close = { type: "user.close", at: 1e9, unconfirmed: 0, failure: null } as const;
  const actor = run(inspector.inspect, [...events, close]);
  const ended = { type: "socket.closed", attempt: 1, at: 1e9, failure: null, halfClosed: false } as const;
  if (actor.getSnapshot().status === "active") actor.send(ended);
  return relay.found((all) => (statusTold(all) === "done" ? all : undefined));
}

const statusTold = (all: readonly StatelyInspectionEvent[]) =>
  all.findLast((message) => message.type === "@xstate.snapshot")?.snapshot.status;

describe("what an inspector receives", () => {
  it("is a sequence diagram of the chart, the server, the timers, the user and the message path", async () => {
    const messages = await received([
      ...greeted,
      { type: "timer.fired", timer: "ping", attempt: 1, at: 120_000 },
      { type: "server.pong", attempt: 1, at: 120_001 },
      { type: "socket.closed", attempt: 1, at: 120_002, failure: null, halfClosed: false },
    ]);
    expect(arrows(messages)).toEqual([
      "connection → timers: startTimer",
      "connection → user: notifyStatus",
      "connection → server: openSocket",
      "server → connection: socket.opened",
      "server → connection: server.info",
      "connection → user: notifyStatus",
      "connection → server: sendConnect",
      "server → connection: server.pong",
      "connection → timers: stopTimer",
      "connection → server: resubscribe",
      "connection → messages: releaseOutbound",
      "connection → user: resolveConnect",
      "connection → timers: startTimer",
      "timers → connection: timer.fired",
      "connection → user: notifyStatus",
      "connection → server: sendPing",
      "connection → timers: startTimer",
      "server → connection: server.pong",
      "server → connection: socket.closed",
      "connection → timers: stopTimer",
      "connection → messages: holdOutbound",
      "connection → user: notifyStatus",
      "connection → timers: startTimer",
      "connection → user: notifyStatus",
      "connection → server: openSocket",
      "user → connection: user.close",
      "connection → server: closeSocket",
      "connection → timers: stopTimer",
      "connection → user: settlePending",
      "connection → user: settleClosed",
    ]);
  });

  it("has the parameters of each effect, and the effects between their event and its snapshot", async () => {
    const messages = await received(greeted);
    const started = messages.findIndex(
      (message) => message.type === "@xstate.event" && message.event.type === "openSocket",
    );
    expect(messages[started]).toMatchObject({
      sessionId: expect.stringMatching(/\.server$/),
      event: {
        type: "openSocket",
        attempt: 1,
        server: { name: "10.0.0.1:4222", transport: { type: "tcp", tls: false } },
      },
    });
    const kinds = messages.map((message) =>
      message.type === "@xstate.event" ? message.event.type : message.type,
    );
    const from = kinds.indexOf("server.pong");
    expect(kinds.slice(from, from + 7)).toEqual([
      "server.pong",
      "stopTimer",
      "resubscribe",
      "releaseOutbound",
      "resolveConnect",
      "startTimer",
      "@xstate.snapshot",
    ]);
  });

  it("describes each actor, as children of the connection", async () => {
    const messages = await received(greeted);
    const actors = messages.flatMap((message) => (message.type === "@xstate.actor" ? [message] : []));
    const [chart, ...peers] = actors;
    expect(chart?.name).toBe("connection");
    expect(peers.map(({ name }) => name)).toEqual(["server", "timers", "user", "messages"]);
    for (const peer of peers) {
      expect(peer.parentId).toBe(chart?.sessionId);
      expect(peer.rootId).toBe(chart?.sessionId);
      expect(JSON.parse(peer.definition ?? "null")).toEqual({
        id: peer.name,
        description: expect.stringMatching(/^The .+\.$/),
      });
    }
    expect(new Set(actors.map(({ sessionId }) => sessionId)).size).toBe(5);
  });

  it("weighs a few hundred bytes for an event or effect, and a few thousand for a snapshot", async () => {
    const messages = await received(greeted);
    const heaviest = (kind: StatelyInspectionEvent["type"]) => {
      const weights = messages
        .filter(({ type }) => type === kind)
        .map((message) => JSON.stringify(message).length);
      expect(weights.length, kind).toBeGreaterThan(3);
      return Math.max(...weights);
    };
    expect(heaviest("@xstate.event")).toBeLessThan(600);
    expect(heaviest("@xstate.snapshot")).toBeLessThan(4_000);
    expect(heaviest("@xstate.actor")).toBeLessThan(100_000);
  });
});

describe("repeats", () => {
  it("lets a real client answer a flood one and all, while an inspector gets a handful of messages", async () => {
    const FLOOD = 20_000;
    let pongs = 0;
    let answered = () => {};
    const allAnswered = new Promise<void>((resolve) => {
      answered = resolve;
    });
    const server = await fakeServer((socket) => {
      socket.write(info());
      let text = "";
      socket.on("data", (data) => {
        text += data;
        const lines = text.split("\r\n");
        text = lines.pop() ?? "";
        for (const line of lines) {
          if (line === "PONG" && ++pongs === FLOOD) answered();
          // The client's own PING: of the handshake first, then of its flush.
          if (line === "PING") socket.write("PONG\r\n");
        }
      });
    });
    const relay = await listener();
    relays.push(relay);
    const inspector = createWebSocketInspector({ url: relay.url });
    open.push(inspector);
    const nc = await connect({ port: server.port, inspect: inspector.inspect });
    server.sockets[0]?.write("PING\r\n".repeat(FLOOD));
    await allAnswered;
    await nc.flush();
    await nc.close();
    await server.close();
    expect(pongs).toBe(FLOOD);
    const messages = await relay.found((all) => (statusTold(all) === "done" ? all : undefined));
    const told = arrows(messages).filter((arrow) => /server\.ping|sendPong/.test(arrow));
    // One pair for each second that it took, which on a busy machine may be some.
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(told.length).toBeLessThan(FLOOD / 100);
  });
});

describe("an observer", () => {
  it("may be an object without a function next only where it is refused: connect says so", async () => {
    await expect(connect({ inspect: {} as never, port: 1 })).rejects.toMatchObject({
      message: expect.stringContaining("inspect"),
    });
  });
});
