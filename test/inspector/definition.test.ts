// The definition that reaches an inspector, through a real WebSocket: whole, every name in it known, every state and every
// move described. It is compared with the machine's own.

import {
  createBrowserInspector,
  createWebSocketInspector,
  type StatelyInspectionEvent,
} from "@statelyai/inspect";
import { afterEach, describe, expect, it } from "vitest";
import { createActor } from "xstate";
import { inspection } from "../../src/api/inspection.js";
import type { Inspect } from "../../src/effects/inspect.js";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import { actorNamed, type Listener, listener } from "./listener.js";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Tree = { readonly [key: string]: Json };

/** The definition as the machine has it, functions shown by their names: what an inspector is to get. */
const own = JSON.parse(
  JSON.stringify(connectionMachine.config, (_key, value) =>
    typeof value === "function" ? { type: value.name } : value,
  ),
) as Tree;

const isTree = (value: Json | undefined): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every place where the two differ, as a path; `cut` says what stands there. */
function differences(expected: Json | undefined, received: Json | undefined, path: readonly string[] = []) {
  const found: { readonly path: readonly string[]; readonly expected: unknown; readonly cut: unknown }[] = [];
  const bothLists = Array.isArray(expected) && Array.isArray(received);
  if (bothLists || (isTree(expected) && isTree(received))) {
    const [one, other] = [expected as Tree, received as Tree];
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
      found.push(...differences(one[key], other[key], [...path, key]));
    }
  } else if (expected !== received) found.push({ path, expected, cut: received });
  return found;
}

/** Every object in the definition, with the key under which it is. */
function* objectsIn(value: Json | undefined, key = ""): Generator<readonly [key: string, object: Tree]> {
  if (Array.isArray(value)) for (const one of value) yield* objectsIn(one, key);
  else if (isTree(value)) {
    yield [key, value];
    for (const [name, one] of Object.entries(value)) yield* objectsIn(one, name);
  }
}

const listOf = (value: Json | undefined): readonly Json[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly Json[]) : [value];

const nameOf = (action: Json) =>
  typeof action === "string" ? action : isTree(action) ? action["type"] : action;

/** All states by their path: `connecting`, `connecting.dialing`. */
function statesIn(node: Tree, path: readonly string[] = []): [string, Tree][] {
  const states = Object.entries((node["states"] ?? {}) as Tree) as [string, Tree][];
  return states.flatMap(([name, state]) => [
    [[...path, name].join("."), state] as [string, Tree],
    ...statesIn(state, [...path, name]),
  ]);
}

/** All transitions that events cause, with the state and the event. */
function transitionsIn(definition: Tree) {
  return statesIn(definition).flatMap(([state, node]) =>
    Object.entries((node["on"] ?? {}) as Tree).flatMap(([event, transitions]) =>
      listOf(transitions).map((transition) => ({
        where: `${state} on ${event}`,
        transition: transition as Tree,
      })),
    ),
  );
}

const open: { stop(): void }[] = [];
const relays: Listener[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) one.stop();
  for (const relay of relays.splice(0)) await relay.close();
});

function run(inspect: Inspect) {
  const input = { servers: ["127.0.0.1:4222"], seed: 1, at: 0 };
  const actor = createActor(connectionMachine, { input, inspect: inspection(inspect) }).start();
  open.push(actor);
  return actor;
}

async function throughWebSocket(options: { readonly serializationDepthLimit?: number } = {}): Promise<Tree> {
  const relay = await listener();
  relays.push(relay);
  const inspector = createWebSocketInspector({ url: relay.url, ...options });
  open.push(inspector);
  run(inspector.inspect);
  const { definition } = await relay.found(actorNamed("connection"));
  return JSON.parse(definition ?? "null");
}

/** A window that an inspector is opened from: it keeps what is posted to the opened one, which says at once that it is there. */
function browserWindow() {
  const posted: StatelyInspectionEvent[] = [];
  let tell: (message: StatelyInspectionEvent) => void = () => {};
  /** The first snapshot that is posted. */
  const snapshot = new Promise<StatelyInspectionEvent>((resolve) => {
    tell = (message) => {
      posted.push(message);
      if (message.type === "@xstate.snapshot") resolve(message);
    };
  });
  const listeners: ((event: { readonly data: unknown }) => void)[] = [];
  const opened = { postMessage: (message: StatelyInspectionEvent) => tell(message) };
  const window = {
    open: () => opened,
    addEventListener: (_type: string, on: (typeof listeners)[number]) => void listeners.push(on),
  };
  const isThere = () => {
    for (const on of listeners) on({ data: { type: "@statelyai.connected" } });
  };
  return { window: window as never, posted, snapshot, isThere };
}

describe("the definition that an inspector receives", () => {
  it("has every state and step of a connection", async () => {
    const definition = await throughWebSocket();
    expect(statesIn(definition).map(([name]) => name)).toEqual(
      expect.arrayContaining([
        "connecting",
        ...["selecting", "backingOff", "dialing", "greeting", "securing", "authenticating"].flatMap(
          (step) => [`connecting.${step}`, `reconnecting.${step}`],
        ),
        "connected",
        "migrating",
        "migrating.subscribing",
        "migrating.cuttingOver",
        "reconnecting",
        "reconnecting.subscribing",
        "draining",
        "draining.subscriptions",
        "draining.publishers",
        "closing",
        "closed",
      ]),
    );
    expect(
      statesIn(definition)
        .map(([name]) => name)
        .sort(),
    ).toEqual(
      statesIn(own)
        .map(([name]) => name)
        .sort(),
    );
  });

  it("is cut, by default, only in params of the transitions of inner states", async () => {
    const cuts = differences(own, await throughWebSocket());
    for (const { path, expected, cut } of cuts) {
      const where = path.join(" ");
      expect(cut, where).toBe("[Object]");
      expect(path.at(-1), where).toBe("params");
      // states X states Y on EVENT NUMBER actions NUMBER params
      expect([path[0], path[2], path[4], path.length], where).toEqual(["states", "states", "on", 10]);
      expect(Object.keys(expected as object).length, where).toBeGreaterThan(0);
    }
    expect(cuts.length).toBeGreaterThan(0);
  });

  it("is not cut at all with a higher serializationDepthLimit", async () => {
    expect(await throughWebSocket({ serializationDepthLimit: 20 })).toEqual(own);
  });

  it("is the same through a browser's window, and so is what the chart remembers", async () => {
    const { window, posted, snapshot, isThere } = browserWindow();
    const inspector = createBrowserInspector({ window, serializationDepthLimit: 30 });
    const actor = run(inspector.inspect);
    isThere();
    const told = await snapshot;
    expect(JSON.parse(actorNamed("connection")(posted)?.definition ?? "null")).toEqual(own);
    expect(told).toMatchObject({
      snapshot: { context: actor.getSnapshot().context, value: { connecting: "dialing" } },
    });
  });

  it("names every action, guard and assign, each of them one of the chart", async () => {
    const definition = await throughWebSocket();
    const { actions, guards } = connectionMachine.implementations;
    const named = [...objectsIn(definition)].flatMap(([, object]) =>
      ["entry", "exit", "actions"].flatMap((where) => listOf(object[where]).map(nameOf)),
    );
    const asked = [...objectsIn(definition)].flatMap(([, object]) => listOf(object["guard"]));
    expect(named.length).toBeGreaterThan(300);
    expect(asked.length).toBeGreaterThan(100);
    expect(named.filter((name) => typeof name !== "string" || !Object.hasOwn(actions, name))).toEqual([]);
    expect(asked.filter((name) => typeof name !== "string" || !Object.hasOwn(guards, name))).toEqual([]);
    const functions = [...objectsIn(definition)].filter(
      ([key, object]) => key === "params" && Object.keys(object).join() === "type",
    );
    expect(functions.length).toBeGreaterThan(100);
    expect(functions.filter(([, { type }]) => type === "" || type === "params")).toEqual([]);
  });

  it("describes every state", async () => {
    const states = statesIn(await throughWebSocket());
    expect(
      states.filter(([, state]) => typeof state["description"] !== "string").map(([name]) => name),
    ).toEqual([]);
  });

  it("describes every event that moves the connection to another state", async () => {
    const moving = transitionsIn(await throughWebSocket()).filter(
      ({ transition }) => transition["target"] !== undefined,
    );
    expect(moving.length).toBeGreaterThan(70);
    expect(
      moving
        .filter(({ transition }) => typeof transition["description"] !== "string")
        .map(({ where }) => where),
    ).toEqual([]);
  });
});
