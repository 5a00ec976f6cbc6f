// What an observer is told, and what not: who speaks to whom, repeats once a second, weight, and what happens when the
// observer itself fails. The chart runs alone here; real servers are in test/integration/inspecting.test.ts.

import { createWebSocketInspector, type StatelyInspectionEvent } from "@statelyai/inspect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createActor, type InspectionEvent } from "xstate";
import { inspection } from "../../src/api/inspection.js";
import type { Inspect } from "../../src/effects/live-chart.js";
import { connect } from "../../src/index.js";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import { fakeServer, info } from "../harness/fake-server.js";
import { arrows, type Listener, listener } from "./listener.js";

const summary = {
  serverId: "NA",
  serverName: "a",
  version: "2.10.0",
  tlsRequired: false,
  tlsAvailable: false,
  lameDuck: false,
  connectUrls: ["10.0.0.1:4222", "10.0.0.2:4222", "10.0.0.3:4222"],
};

const greeted = [
  { type: "socket.opened", attempt: 1, at: 1 },
  { type: "server.info", attempt: 1, at: 2, info: summary },
  { type: "server.pong", attempt: 1, at: 3 },
] as const;

const refused = (subject: string, at: number) =>
  ({
    type: "server.error",
    attempt: 1,
    at,
    credentialsVersion: 1,
    error: {
      kind: "permissionsViolation",
      code: "PERMISSIONS_VIOLATION",
      message: `Permissions Violation for Publish to "${subject}"`,
      permission: { operation: "publish", subject },
    },
  }) as const;

const open: { stop(): void }[] = [];
const relays: Listener[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) one.stop();
  for (const relay of relays.splice(0)) await relay.close();
});

function run(inspect: Inspect, events: readonly ConnectionEvent[] = greeted) {
  const input = { servers: ["10.0.0.1:4222"], seed: 1, at: 0 };
  const actor = createActor(connectionMachine, { input, inspect: inspection(inspect) }).start();
  open.push(actor);
  for (const event of events) actor.send(event);
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

function told(events: readonly ConnectionEvent[]): InspectionEvent[] {
  const all: InspectionEvent[] = [];
  run((event) => void all.push(event), events);
  return all;
}

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
  const pings = (from: number, to: number, every: number): ConnectionEvent[] =>
    Array.from({ length: Math.ceil((to - from) / every) }, (_, index) => ({
      type: "server.ping",
      attempt: 1,
      at: from + index * every,
    }));
  const ofPing = (all: readonly InspectionEvent[]) =>
    all.filter((event) =>
      event.type === "@xstate.action"
        ? event.action.type === "sendPong"
        : "event" in event && ["server.ping", "sendPong"].includes(event.event.type),
    );

  it("tells the PINGs of a healthy server one and all, with their PONGs", () => {
    const all = told([...greeted, ...pings(10_000, 130_000, 1_000)]);
    const count = (type: string) =>
      all.filter((event) => event.type === "@xstate.event" && event.event.type === type).length;
    expect(count("server.ping")).toBe(120);
    expect(count("sendPong")).toBe(120);
  });

  it("tells of a flood of PINGs one in a second, so that it does not drown the picture", async () => {
    const flood = pings(10_000, 20_000, 0.5);
    expect(flood.length).toBe(20_000);
    const all = told([...greeted, ...flood]);
    // Each as event, action, effect, microstep and snapshot.
    expect(ofPing(all).length).toBe(10 * 5);
    const messages = await received([...greeted, ...flood]);
    expect(messages.length).toBeLessThan(70);
  });

  it("answers every PING, told or not", () => {
    let answered = 0;
    const machine = connectionMachine.provide({ actions: { sendPong: () => void answered++ } });
    const input = { servers: ["10.0.0.1:4222"], seed: 1, at: 0 };
    const actor = createActor(machine, { input, inspect: inspection(() => {}) }).start();
    open.push(actor);
    for (const event of [...greeted, ...pings(10, 20, 1)]) actor.send(event);
    expect(answered).toBe(10);
  });

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

  it("tells every other event in a flood, and what it led to", () => {
    const between = pings(10, 20, 0.01);
    const all = told([
      ...greeted,
      ...between,
      { type: "socket.closed", attempt: 1, at: 20, failure: null, halfClosed: false },
      ...pings(20, 21, 0.1),
      { type: "user.close", at: 22, unconfirmed: 0, failure: null },
    ]);
    const effects = all.flatMap((event) => (event.type === "@xstate.action" ? [event.action.type] : []));
    expect(effects.filter((type) => type === "sendPong").length).toBe(1);
    expect(effects).toEqual(expect.arrayContaining(["holdOutbound", "settleClosed"]));
    const states = all.flatMap((event) =>
      event.type === "@xstate.snapshot" && event.event.type !== "server.ping"
        ? [(event.snapshot as unknown as { value: unknown }).value]
        : [],
    );
    expect(states.slice(-2)).toEqual([{ reconnecting: "dialing" }, "closed"]);
  });

  it("tells what came of an event during which a PING arrived that is left out", () => {
    const told: string[] = [];
    const ping = { type: "server.ping", attempt: 1, at: 100 } as const;
    // As if the PING arrived while the client's own is being sent.
    const machine = connectionMachine.provide({
      actions: { sendPing: () => actor.send({ ...ping, at: 101 }) },
    });
    const inspect = inspection((event: InspectionEvent) => {
      if (event.type === "@xstate.snapshot") told.push(event.event.type);
      if (event.type === "@xstate.action") told.push(event.action.type);
    });
    const actor = createActor(machine, { input: { servers: ["10.0.0.1:4222"], seed: 1, at: 0 }, inspect });
    open.push(actor.start());
    for (const event of [...greeted, ping]) actor.send(event);
    actor.send({ type: "timer.fired", timer: "ping", attempt: 1, at: 101 });
    expect(told.slice(-6)).toEqual([
      "sendPong",
      "server.ping",
      "notifyStatus",
      "sendPing",
      "startTimer",
      "timer.fired",
    ]);
  });

  it("tells of publishes that are refused again and again one in a second, and each other refusal", () => {
    const subjects = Array.from({ length: 1_000 }, (_, index) => refused("no", 10 + index / 10));
    const all = told([...greeted, ...subjects, refused("neither", 150), refused("no", 160)]);
    const messages = all.flatMap((event) =>
      event.type === "@xstate.event" && event.event.type === "server.error"
        ? [event.event["error"].message]
        : [],
    );
    expect(messages).toEqual([
      'Permissions Violation for Publish to "no"',
      'Permissions Violation for Publish to "neither"',
      'Permissions Violation for Publish to "no"',
    ]);
  });
});

describe("an observer that throws", () => {
  it("disturbs neither the chart nor what it is told next; what it throws is an uncaught exception", async () => {
    const thrown: unknown[] = [];
    const queued = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((run) => {
      try {
        run();
      } catch (error) {
        thrown.push(error);
      }
    });
    const failure = new Error("the observer's own bug");
    let told = 0;
    const actor = run(() => {
      told++;
      throw failure;
    });
    actor.stop();
    queued.mockRestore();
    expect(actor.getSnapshot().value).toBe("connected");
    expect(told).toBeGreaterThan(20);
    expect(thrown).toEqual(Array.from({ length: told }, () => failure));
  });

  it("may be an object without a function next only where it is refused: connect says so", async () => {
    await expect(connect({ inspect: {} as never, port: 1 })).rejects.toMatchObject({
      message: expect.stringContaining("inspect"),
    });
  });

  it("may be any of XState's observers, called on itself", () => {
    const seen = new Set<string>();
    const observer = {
      seen,
      next(event: InspectionEvent) {
        this.seen.add(event.type);
      },
    };
    run(observer);
    expect([...seen]).toEqual(
      expect.arrayContaining(["@xstate.actor", "@xstate.event", "@xstate.action", "@xstate.snapshot"]),
    );
  });
});
