// What inspection messages come to: steps in order, the way that was taken, effects, what is said of them in a line, and
// what changed in a context. What a page that opens late still gets: backlog.test.ts. The page itself: test/integration.

import { createInspector, type StatelyInspectionEvent } from "@statelyai/inspect";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type AnyStateMachine,
  createActor,
  createMachine,
  fromPromise,
  type InspectionEvent,
  waitFor,
} from "xstate";
import { inspection } from "../../src/api/inspection.js";
import type { Inspect } from "../../src/effects/inspect.js";
import { chartOf } from "../../src/inspector/drawing/index.js";
import { type Node, treeOf } from "../../src/inspector/story/changes.js";
import { eventName, factsOf } from "../../src/inspector/story/facts.js";
import { waitedFor } from "../../src/inspector/story/next.js";
import { pathOf } from "../../src/inspector/story/path.js";
import {
  hasEarlier,
  MAX_ACTORS,
  MAX_LENGTH,
  MAX_STEPS,
  Story,
  type StoryStep,
} from "../../src/inspector/story/story.js";
import { connectionMachine } from "../../src/machine/index.js";

/** Runs a machine and returns what an inspector would be sent, as JSON would carry it. */
async function told(
  machine: AnyStateMachine,
  run: (actor: ReturnType<typeof createActor>) => void | Promise<void>,
  options: {
    readonly input?: unknown;
    readonly wrap?: (inspect: Inspect) => (event: InspectionEvent) => void;
  } = {},
): Promise<readonly StatelyInspectionEvent[]> {
  const messages: StatelyInspectionEvent[] = [];
  const inspector = createInspector({
    send: (message) => messages.push(JSON.parse(JSON.stringify(message))),
  });
  const observe = (event: InspectionEvent) => inspector.inspect.next?.(event);
  const inspect = options.wrap === undefined ? observe : options.wrap(observe as Inspect);
  // The inspector sends when a page has nothing else to do.
  vi.stubGlobal("window", { requestIdleCallback: queueMicrotask });
  const actor = createActor(machine, { inspect, input: options.input } as object);
  actor.start();
  await run(actor as never);
  await new Promise(setImmediate);
  return messages;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

function storyOf(messages: readonly unknown[]): Story {
  const story = new Story();
  for (const message of messages) story.add(1, message);
  return story;
}

const ways = ({ taken }: StoryStep) => taken.map(({ from, to }) => `${from} ${to}`);

const input = { servers: ["a:4222", "b:4222"], seed: 1, at: 0, policy: { noRandomize: true } };
const refused = { code: "CONNECTION_REFUSED", message: "nobody there" };

describe("the story of a connection", () => {
  const live = () =>
    told(
      connectionMachine,
      (actor) => {
        actor.send({ type: "socket.opened", attempt: 1, at: 1 } as never);
        actor.send({
          type: "socket.closed",
          attempt: 1,
          at: 2,
          failure: refused,
          halfClosed: false,
        } as never);
        actor.send({
          type: "socket.closed",
          attempt: 2,
          at: 3,
          failure: refused,
          halfClosed: false,
        } as never);
      },
      { input: { ...input, policy: { noRandomize: true, waitOnFirstConnect: true } }, wrap: inspection },
    );

  it("has a step for each event, with the state, the way through states that are left at once, and the effects", async () => {
    const [connection, ...others] = storyOf(await live()).actors;
    expect(connection?.name).toBe("connection");
    expect(others.map(({ name }) => name)).toEqual(["server", "timers", "user", "messages"]);
    expect(connection?.steps.map(({ event, value }) => [event.type, value])).toEqual([
      ["xstate.init", { connecting: "dialing" }],
      ["socket.opened", { connecting: "greeting" }],
      ["socket.closed", { connecting: "dialing" }],
      ["socket.closed", { connecting: "backingOff" }],
    ]);
    expect(connection?.steps.map(ways)).toEqual([
      ["connection.connecting.selecting connection.connecting.dialing"],
      ["connection.connecting.dialing connection.connecting.greeting"],
      [
        "connection.connecting.greeting connection.connecting.selecting",
        "connection.connecting.selecting connection.connecting.dialing",
      ],
      [
        "connection.connecting.dialing connection.connecting.selecting",
        "connection.connecting.selecting connection.connecting.backingOff",
      ],
    ]);
    expect(connection?.steps.map(({ effects }) => effects.map(({ name }) => name))).toEqual([
      ["startTimer", "notifyStatus", "openSocket"],
      [],
      ["notifyStatus", "closeSocket", "stopTimer", "startTimer", "notifyStatus", "openSocket"],
      ["notifyStatus", "closeSocket", "stopTimer", "startTimer"],
    ]);
    expect(connection?.steps.at(-1)?.effects.at(-1)?.params).toEqual({
      timer: "reconnect",
      attempt: 2,
      ms: expect.any(Number),
    });
  });

  it("counts time by the chart's own clock, so that a replay takes as long as it took", async () => {
    const [connection] = storyOf(await live()).actors;
    expect(connection?.steps.map(({ at }) => at)).toEqual([0, 1, 2, 3]);
  });

  it("knows when its process is gone", async () => {
    const story = storyOf(await live());
    story.add(2, { type: "@xstate.actor", sessionId: "x:9" });
    story.add(1, { type: "client.left" });
    expect(story.actors.map(({ client, hasLeft }) => [client, hasLeft])).toEqual([
      ...Array(5).fill([1, true]),
      [2, false],
    ]);
  });

  it("tells apart what has the same session in two processes", async () => {
    const messages = await live();
    const story = storyOf(messages);
    for (const message of messages.slice(0, 1)) story.add(2, message);
    expect(story.actors.filter(({ name }) => name === "connection").map(({ steps }) => steps.length)).toEqual(
      [4, 0],
    );
  });
});

describe("the story of any machine", () => {
  const player = createMachine({
    id: "player",
    initial: "stopped",
    states: {
      stopped: { exit: "clean", on: { play: { target: "loading", actions: "note" } } },
      loading: {
        invoke: { src: fromPromise(async () => 1), id: "load", onDone: "playing" },
      },
      playing: { entry: "show", on: { next: { actions: "skip" } }, after: { 60000: "stopped" } },
    },
  });

  it("names the actions by the definition: exits, the transition's own, entries", async () => {
    const messages = await told(player, async (actor) => {
      actor.send({ type: "play" } as never);
      await waitFor(actor, (snapshot) => "value" in snapshot && snapshot.value === "playing");
      actor.send({ type: "next" } as never);
      actor.stop();
    });
    const seen = storyOf(messages).actors.find(({ name }) => name === "player");
    expect(
      seen?.steps.map(({ event, effects }) => [eventName(event.type), ...effects.map(({ name }) => name)]),
    ).toEqual([
      ["start"],
      ["play", "clean", "note", "inline"],
      ["done: load", "show"],
      ["next", "skip"],
      ["stop"],
    ]);
    expect(seen?.steps.map(ways)).toEqual([
      [],
      ["player.stopped player.loading"],
      ["player.loading player.playing"],
      ["player.playing null"],
      [],
    ]);
  });

  it("begins anew where a machine of the same session does", async () => {
    const lamp = createMachine({
      id: "lamp",
      initial: "off",
      states: { off: { entry: "dim", on: { toggle: "on" } }, on: { entry: "shine" } },
    });
    const once = await told(lamp, (actor) => void actor.send({ type: "toggle" } as never));
    const [actor] = storyOf([...once, ...once]).actors;
    const steps = actor?.steps.map(({ effects }) => effects.map(({ name }) => name));
    expect(steps).toEqual([["dim"], ["shine"], ["dim"], ["shine"]]);
  });

  it("shows states without a definition, and no way between them", () => {
    const snapshot = { type: "@xstate.snapshot", sessionId: "x:1", createdAt: "5" };
    const story = storyOf([
      { ...snapshot, event: { type: "go" }, snapshot: { value: "a", context: { n: 1 } } },
      { ...snapshot, event: { type: "on" }, snapshot: { value: "b", context: { n: 2 } } },
    ]);
    const [actor] = story.actors;
    expect(actor?.chart).toBeNull();
    expect(actor?.steps.map(({ at, value, taken, effects }) => [at, value, taken, effects])).toEqual([
      [5, "a", [], []],
      [5, "b", [], []],
    ]);
  });

  it.each([
    [null],
    ["text"],
    [{}],
    [{ type: "@xstate.snapshot" }],
    [{ type: "@xstate.snapshot", sessionId: 7, snapshot: {} }],
    [{ type: "@xstate.snapshot", sessionId: "x:0", snapshot: "[Object]" }],
    [{ type: "@xstate.actor", sessionId: "x:0", definition: "{" }],
    [{ type: "@xstate.event", sessionId: "x:0", event: null }],
    [{ type: "something.else", sessionId: "x:0" }],
  ])("makes nothing of %j", (message) => {
    expect(storyOf([message]).actors.flatMap(({ steps }) => steps)).toEqual([]);
  });

  it("forgets the first steps of a long life, and goes on counting", () => {
    const story = new Story();
    const snapshot = {
      type: "@xstate.snapshot",
      sessionId: "x:1",
      event: { type: "tick" },
      snapshot: { value: "a" },
    };
    for (let count = 0; count < MAX_STEPS + 10; count++) story.add(1, snapshot);
    const [actor] = story.actors;
    expect(actor?.steps).toHaveLength(MAX_STEPS);
    expect([actor?.steps[0]?.number, actor?.steps.at(-1)?.number]).toEqual([10, MAX_STEPS + 9]);
  });

  it("keeps no more than a number of characters, but always the last step", () => {
    const story = new Story();
    const say = (length: number) =>
      story.add(
        1,
        { type: "@xstate.snapshot", sessionId: "x:1", event: { type: "tick" }, snapshot: { value: "a" } },
        length,
      );
    const kept = () => story.actors.flatMap(({ steps }) => steps.map(({ number }) => number));
    for (let count = 0; count < 4; count++) say(MAX_LENGTH / 4);
    expect(kept()).toEqual([0, 1, 2, 3]);
    say(1);
    expect(kept()).toEqual([1, 2, 3, 4]);
    story.add(1, { type: "@xstate.actor", sessionId: "x:1" });
    say(2 * MAX_LENGTH);
    expect(kept()).toEqual([5]);
    say(1);
    expect(kept()).toEqual([6]);
  });

  it("knows what is cut, and why a process is gone", () => {
    const story = new Story();
    const message = {
      type: "@xstate.snapshot",
      sessionId: "x:1",
      event: { type: "tick" },
      snapshot: { value: "a" },
    };
    story.add(1, message);
    story.add(1, { ...message, cut: 5_000_000 });
    story.add(2, message);
    story.add(1, { type: "client.left", why: "too large" });
    story.add(2, { type: "client.left" });
    expect(story.actors.map(({ steps, whyLeft }) => [steps.map(({ cut }) => cut), whyLeft])).toEqual([
      [[null, 5_000_000], "too large"],
      [[null], ""],
    ]);
  });

  it("knows whether an actor took steps before the first one that is kept", () => {
    const story = new Story();
    const say = (type: string) =>
      story.add(1, { type: "@xstate.snapshot", sessionId: "x:1", event: { type }, snapshot: { value: "a" } });
    const isCut = () => story.actors.map(hasEarlier);
    story.add(1, { type: "@xstate.actor", sessionId: "x:1" });
    expect(isCut()).toEqual([false]);
    say("xstate.init");
    for (let count = 1; count < MAX_STEPS; count++) say("tick");
    expect(isCut()).toEqual([false]);
    say("tick");
    expect(isCut()).toEqual([true]);
    story.clear();
    say("tick");
    expect(isCut()).toEqual([true]);
  });

  it("forgets actors where there are too many: first those that are gone, then those that ended, then silent ones", () => {
    const story = new Story();
    const say = (client: number, session: number, status = "active") =>
      story.add(client, {
        type: "@xstate.snapshot",
        sessionId: `x:${session}`,
        event: { type: "tick" },
        snapshot: { value: "a", status },
      });
    const isKnown = (key: string) => story.actor(key) !== undefined;
    // The oldest three: a silent one, one that ended, one whose process is gone. Then many that live.
    say(1, 0);
    say(1, 1, "done");
    say(2, 0);
    story.add(2, { type: "client.left" });
    for (let session = 2; session < MAX_ACTORS - 1; session++) say(1, session);
    expect(story.actors).toHaveLength(MAX_ACTORS);
    say(3, 0);
    expect([isKnown("1 x:0"), isKnown("1 x:1"), isKnown("2 x:0")]).toEqual([true, true, false]);
    say(3, 1);
    expect([isKnown("1 x:0"), isKnown("1 x:1")]).toEqual([true, false]);
    say(1, 0);
    say(3, 2);
    expect([isKnown("1 x:0"), isKnown("1 x:2"), isKnown("3 x:2")]).toEqual([true, false, true]);
    expect(story.actors).toHaveLength(MAX_ACTORS);
  });
});

describe("the way that was taken", () => {
  const chart = chartOf(connectionMachine.config as object);
  const way = (before: unknown, event: string, after: unknown) =>
    pathOf(chart, before, event, after).map(({ from, to, transition }) => [
      from.replace("connection.", ""),
      to?.replace("connection.", "") ?? null,
      transition.guard,
    ]);

  it.each([
    ["connected", "user.drain", { draining: "subscriptions" }, [["connected", "draining", null]]],
    [
      { draining: "publishers" },
      "outbound.flushed",
      "closed",
      [
        ["draining.publishers", "closing", "fromServerInUse"],
        ["closing", "closed", "nothingIsLeft"],
      ],
    ],
    [{ draining: "subscriptions" }, "socket.closed", "closing", [["draining", "closing", "fromServerInUse"]]],
    [{ reconnecting: "dialing" }, "user.drain", "closing", [["reconnecting", "closing", null]]],
    [
      "closing",
      "subscriptions.drained",
      "closed",
      [
        ["closing", null, "restIsProcessed"],
        ["closing", "closed", "nothingIsLeft"],
      ],
    ],
    [
      "closing",
      "user.close",
      "closed",
      [
        ["closing", null, "isProcessing"],
        ["closing", "closed", "nothingIsLeft"],
      ],
    ],
    [
      { reconnecting: "backingOff" },
      "user.close",
      "closed",
      [
        ["reconnecting", "closing", null],
        ["closing", "closed", "nothingIsLeft"],
      ],
    ],
    [
      { reconnecting: "authenticating" },
      "server.error",
      "closed",
      [
        ["reconnecting.authenticating", "closing", "isSecondRefusal"],
        ["closing", "closed", "nothingIsLeft"],
      ],
    ],
    ["connected", "server.ping", "connected", [["connected", null, "fromServerInUse"]]],
    ["connected", "unheard.of", "connected", []],
    ["closed", "socket.opened", "connected", []],
  ])("from %j by %s to %j", (before, event, after, expected) => {
    expect(way(before, event, after)).toEqual(expected);
  });

  it("begins at the innermost state that answers the event, where one around it leads to the same", () => {
    const inner = { initial: "in", states: { in: { on: { e: "#m.b" } } }, on: { e: "b" } };
    const some = chartOf({ id: "m", initial: "a", states: { a: inner, b: {} } });
    expect(pathOf(some, { a: "in" }, "e", "b").map(({ from }) => from)).toEqual(["m.a.in"]);
  });

  it("knows delays, wildcards and what is done inside", () => {
    const states = {
      a: { after: { 100: "b" }, on: { "x.*": "c", "*": "d" } },
      b: { onDone: "c", initial: "e", states: { e: { type: "final" } } },
      c: {},
      d: {},
    };
    const some = chartOf({ id: "m", initial: "a", states });
    const to = (before: unknown, event: string, after: unknown) => pathOf(some, before, event, after)[0]?.to;
    expect(to("a", "xstate.after.100.m.a", { b: "e" })).toBe("m.b");
    expect(to("a", "x.y", "c")).toBe("m.c");
    expect(to("a", "z", "d")).toBe("m.d");
    expect(to({ b: "e" }, "xstate.done.state.m.b", "c")).toBe("m.c");
  });
});

describe("what a chart waits for", () => {
  const chart = chartOf(connectionMachine.config as object);

  it.each([
    [
      { reconnecting: "backingOff" },
      ["timer.fired", "user.setServers", "user.reconnect", "user.close", "user.drain"],
    ],
    [
      { draining: "publishers" },
      ["outbound.flushed", "socket.closed", "protocol.violated", "timer.fired", "user.close"],
    ],
    ["closed", []],
  ])("in %j: what leads on from there, the innermost first", (value, events) => {
    expect(waitedFor(chart, value)).toEqual(events);
  });

  it("names delays, and nothing that happens by itself or leads nowhere", () => {
    const states = {
      a: { after: { 100: "b" }, always: { target: "b", guard: "isDone" }, on: { x: {}, y: "b" } },
      b: {},
    };
    const some = chartOf({ id: "m", initial: "a", states, on: { reset: ".a" } });
    expect(waitedFor(some, "a")).toEqual(["y", "after 100", "reset"]);
  });
});

describe("what is said in a line", () => {
  it("is what is simple, words before numbers, of an object its message or name; never the clock", () => {
    expect(
      factsOf({ type: "x", attempt: 3, at: 17, failure: refused, tls: false, list: [1, 2], none: null }),
    ).toBe("type x · failure nobody there · attempt 3 · list 2");
    expect(factsOf({ server: { name: "a:4222", port: 1 }, status: { type: "reconnecting" } })).toBe(
      "server a:4222 · status reconnecting",
    );
    expect(factsOf(undefined)).toBe("");
    expect(factsOf({ text: "x".repeat(200) }).length).toBeLessThan(90);
    expect(factsOf({ text: "a\u202eb\u009b" })).toBe("text a\\u202eb\\u009b");
  });

  it("says events as one does", () => {
    expect(["xstate.init", "xstate.after.50.m.a", "xstate.done.actor.load", ""].map(eventName)).toEqual([
      "start",
      "after 50",
      "done: load",
      "(none)",
    ]);
  });
});

describe("what changed in a context", () => {
  const marks = (node: Node): readonly string[] =>
    node.change === "none" ? [] : [`${node.key}: ${node.change}`, ...node.children.flatMap(marks)];

  it("marks what is new, what is another, what holds such, and says what was there", () => {
    const before = { attempt: 1, server: null, pool: [{ name: "a", failures: 0 }], gone: true };
    const now = { attempt: 2, server: "a", pool: [{ name: "a", failures: 1 }, { name: "b" }] };
    const tree = treeOf("context", now, before);
    expect(marks(tree)).toEqual([
      "context: inside",
      "attempt: changed",
      "server: changed",
      "pool: inside",
      "0: inside",
      "failures: changed",
      "1: added",
    ]);
    expect(tree.removed).toEqual(["gone"]);
    expect(tree.children.map(({ key, text, was }) => [key, text, was])).toEqual([
      ["attempt", "2", "1"],
      ["server", '"a"', "null"],
      ["pool", "2 items", null],
    ]);
  });

  it("marks what holds something that lost a field and is the same otherwise", () => {
    const tree = treeOf("context", { server: { name: "a" } }, { server: { name: "a", lameDuck: true } });
    expect(marks(tree)).toEqual(["context: inside", "server: inside"]);
    expect(tree.children[0]?.removed).toEqual(["lameDuck"]);
  });

  it("marks nothing where nothing changed, and says sizes in words", () => {
    const context = { list: [], one: { field: 1 }, none: null };
    const tree = treeOf("context", context, context);
    expect(marks(tree)).toEqual([]);
    expect(tree.children.map(({ text }) => text)).toEqual(["empty list", "1 field", "null"]);
  });

  it("marks an object that takes the place of nothing as a whole", () => {
    const [text] = treeOf("context", { text: 'a\u202e"\u0000\u061c' }, { text: "\u2066" }).children;
    expect([text?.text, text?.was]).toEqual(['"a\\u202e\\"\\u0000\\u061c"', '"\\u2066"']);
    const [failure] = treeOf("context", { failure: { code: "X" } }, { failure: null }).children;
    expect([failure?.change, failure?.was, failure?.children[0]?.change]).toEqual([
      "changed",
      "null",
      "none",
    ]);
  });
});
