// What the observer of `inspect` is told, and what not: who speaks to whom, what is a repeat, and what happens when the observer
// itself fails. What a Stately inspector makes of it: test/inspector/telling.test.ts.

import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import {
  type ActorOptions,
  type AnyActorLogic,
  createActor,
  type InspectionEvent,
  type Observer,
} from "xstate";
import { inspection } from "../../src/api/inspection.js";
import type { Inspect, InspectionEvent as OwnEvent } from "../../src/effects/inspect.js";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import { greeted, inspected } from "../machine/greeted.js";

const input = { servers: ["10.0.0.1:4222"], seed: 1, at: 0 };

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
afterEach(() => {
  for (const one of open.splice(0)) one.stop();
});

function run(...given: Parameters<typeof inspected>) {
  const actor = inspected(...given);
  open.push(actor);
  return actor;
}

function told(events: readonly ConnectionEvent[]): InspectionEvent[] {
  const all: InspectionEvent[] = [];
  run((event) => void all.push(event), events);
  return all;
}

/** Whom an actor is, by its id. */
const idOf = (actor: InspectionEvent["actorRef"] | undefined) => (actor as { id?: string } | undefined)?.id;

describe("who speaks to whom", () => {
  it("is told by actors beside the chart, from whom its events come, and to whom its effects go", () => {
    const all = told(greeted);
    const actors = all.filter(({ type }) => type === "@xstate.actor").map(({ actorRef }) => idOf(actorRef));
    expect(actors).toEqual(["connection", "server", "timers", "user", "messages"]);
    const arrows = all.flatMap((event) =>
      event.type === "@xstate.event" && event.sourceRef !== undefined
        ? [`${idOf(event.sourceRef)} → ${idOf(event.actorRef)}: ${event.event.type}`]
        : [],
    );
    expect(arrows).toEqual([
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
    ]);
  });

  it("is told of actors that do nothing, whoever speaks to them", () => {
    const [, server] = told(greeted).flatMap(({ type, actorRef }) =>
      type === "@xstate.actor" ? [actorRef] : [],
    );
    server?.send({ type: "anything" });
    expect(server?.getSnapshot()).toEqual({ status: "active" });
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

  it("tells of a flood of PINGs one in a second, so that it does not drown the picture", () => {
    const flood = pings(10_000, 20_000, 0.5);
    expect(flood.length).toBe(20_000);
    const all = told([...greeted, ...flood]);
    // Each as event, action, effect, microstep and snapshot.
    expect(ofPing(all).length).toBe(10 * 5);
    // What an inspector takes of it, all in all.
    const taken = ["@xstate.actor", "@xstate.event", "@xstate.snapshot"];
    expect(all.filter(({ type }) => taken.includes(type)).length).toBeLessThan(70);
  });

  it("has types that are those of XState, for observers of both", () => {
    expectTypeOf<OwnEvent>().toExtend<InspectionEvent>();
    expectTypeOf<InspectionEvent>().toExtend<OwnEvent>();
    expectTypeOf<(event: InspectionEvent) => void>().toExtend<Inspect>();
    expectTypeOf<Observer<InspectionEvent>>().toExtend<Inspect>();
    expectTypeOf<Inspect>().toExtend<NonNullable<ActorOptions<AnyActorLogic>["inspect"]>>();
    expectTypeOf<(event: { readonly kind: string }) => void>().not.toExtend<Inspect>();
  });

  it("answers every PING, told or not", () => {
    let answered = 0;
    const machine = connectionMachine.provide({ actions: { sendPong: () => void answered++ } });
    const actor = createActor(machine, { input, inspect: inspection(() => {}) }).start();
    open.push(actor);
    for (const event of [...greeted, ...pings(10, 20, 1)]) actor.send(event);
    expect(answered).toBe(10);
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
    const actor = createActor(machine, { input, inspect });
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
