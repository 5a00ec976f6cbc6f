// Walks all that a small connection can come through, with every event in every state, and holds every edge against
// the rules. Where stories.test.ts goes far, this leaves nothing out. How moments are taken for the same: explore.ts.
// CHART_WIDE=1 walks larger worlds: a server may fail once more, and there are two where one would do.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { connectionMachine } from "../../../src/machine/connection-machine.js";
import type { ConnectionInput } from "../../../src/machine/context.js";
import { timerNames } from "../../../src/machine/effects.js";
import type { ConnectionEvent } from "../../../src/machine/events.js";
import type { Policy } from "../../../src/machine/reconnect-policy.js";
import { serverErrorFrom } from "../../../src/machine/server-error.js";
import { contradictionsIn } from "../../../src/testing/chart/contradictions.js";
import { eventOf } from "../../../src/testing/chart/moves.js";
import { stories } from "./arbitraries.js";
import { isEstablished, isOver, quick, stateOf } from "./chart.js";
import { deadEnds, type Edge, eventsTo, explore, type Happenings, isLoud, type Walk } from "./explore.js";
import { brokenAtTheEnd, brokenIn, rules } from "./rules/index.js";
import { allCells, usedCells } from "./rules/statuses.js";
import { PATIENCE } from "./runs.js";
import { type Scene, Teller, Told } from "./told.js";

/** A small connection, and the events that matter for what is special about it. */
interface World {
  readonly name: string;
  readonly servers: readonly string[];
  readonly policy: Partial<Policy>;
  readonly also: Happenings;
  /** How many links that are being left are followed, until each is closed. Default: none. */
  readonly mostRetiring?: number;
}

const { CHART_WIDE } = process.env;
const more = CHART_WIDE === undefined ? ["a"] : ["a", "b"];
const limit = CHART_WIDE === undefined ? 1 : 2;

const of = eventOf;
const error = (attempt: number, at: number, text: string, credentialsVersion = 1): ConnectionEvent => ({
  type: "server.error",
  attempt,
  at,
  error: serverErrorFrom(text),
  credentialsVersion,
});
const refusal = (attempt: number, at: number, credentialsVersion: number): ConnectionEvent =>
  error(attempt, at, "Authorization Violation", credentialsVersion);
const chosen = (attempt: number, at: number, server: string | null, ms = 0): ConnectionEvent => ({
  type: "server.chosen",
  attempt,
  at,
  server,
  ms,
});

// The bits of an INFO and of a list of servers: moves.ts.
const TLS_OFFERED = 1;
const TLS_REQUIRED = 2;
const LAME_DUCK = 4;
const NAMES_A = 256 + 8;
const NAMES_B = 256 + 16;
const CALLED_A = 512;
const [NONE, B, A_AND_B] = [0, 2, 3];
// A `how` of socket.closed.
const HALF_CLOSED = 2;

// A connection is stale at the first PING: unanswered ones are walked in other worlds.
const fewPings = { maxPingOut: CHART_WIDE === undefined ? 0 : 1 };

/** What happens in every world. */
const always: Happenings = (attempt, at) => [
  of("dial.queued", attempt, at, 0),
  of("dial.begun", attempt, at, 0),
  of("socket.opened", attempt, at, 0),
  of("socket.secured", attempt, at, 0),
  of("socket.closed", attempt, at, 0),
  of("socket.closed", attempt, at, HALF_CLOSED),
  of("server.info", attempt, at, 0),
  of("server.ping", attempt, at, 0),
  of("server.pong", attempt, at, 0),
  error(attempt, at, "Invalid Subject"),
  error(attempt, at, "Slow Consumer"),
  of("protocol.violated", attempt, at, 0),
  of("credentials.failed", attempt, at, 0),
  ...timerNames.map((_, timer) => of("timer.fired", attempt, at, timer)),
  of("delay.chosen", attempt, at, 0),
  of("choice.failed", attempt, at, 0),
  of("subscriptions.drained", attempt, at, 0),
  of("outbound.flushed", attempt, at, 0),
  of("user.reconnect", attempt, at, 0),
  of("user.drain", attempt, at, 0),
  of("user.drain", attempt, at, 1),
  of("user.close", attempt, at, 0),
  of("user.close", attempt, at, 1),
];

const infos =
  (...bits: readonly number[]): Happenings =>
  (attempt, at) =>
    bits.map((how) => of("server.info", attempt, at, how));

const worlds: readonly World[] = [
  {
    name: "TLS that may be offered or required",
    servers: more,
    policy: { maxReconnectAttempts: limit },
    also: infos(TLS_OFFERED, TLS_REQUIRED),
  },
  {
    name: "TLS before INFO",
    servers: more,
    policy: {
      tls: "first",
      onLameDuck: "migrate",
      maxReconnectAttempts: limit,
      reconnectTimeWait: 0,
      reconnectJitterTls: 0,
      ...fewPings,
    },
    also: infos(TLS_REQUIRED, TLS_REQUIRED + LAME_DUCK + NAMES_B),
  },
  {
    name: "no TLS, and half-closed sockets that linger",
    servers: more,
    policy: { tls: "never" },
    also: infos(TLS_OFFERED, TLS_REQUIRED),
    mostRetiring: 2,
  },
  {
    name: "no reconnect",
    servers: ["a", "b"],
    policy: { reconnect: false },
    also: infos(LAME_DUCK),
    mostRetiring: 1,
  },
  {
    name: "one move after another, with servers that are being left",
    servers: ["a", "b"],
    policy: {
      onLameDuck: "migrate",
      tls: "never",
      maxReconnectAttempts: 1,
      reconnectTimeWait: 0,
      reconnectJitter: 0,
      ...fewPings,
    },
    also: (attempt, at) => [of("server.info", attempt, at, LAME_DUCK), refusal(attempt, at, 1)],
    mostRetiring: CHART_WIDE === undefined ? 1 : 2,
  },
  {
    name: "refused credentials",
    servers: more,
    policy: { waitOnFirstConnect: true, maxReconnectAttempts: 3 },
    also: (attempt, at) => [refusal(attempt, at, 1), refusal(attempt, at, 2)],
  },
  {
    name: "a cluster of which one server is configured",
    servers: ["a"],
    policy: { maxReconnectAttempts: limit },
    also: infos(NAMES_A, NAMES_B),
  },
  {
    name: "a reconnectDelayHandler",
    servers: ["a", "b"],
    policy: { asksForDelay: true, waitOnFirstConnect: true },
    also: (attempt, at) => [of("delay.chosen", attempt, at, 2)],
  },
  {
    name: "a reconnectToServer",
    servers: ["a", "b"],
    policy: { asksForServer: true, maxReconnectAttempts: limit },
    also: (attempt, at) => [
      chosen(attempt, at, null),
      chosen(attempt, at, "a:4222"),
      chosen(attempt, at, "b:4222", 5),
    ],
  },
  {
    name: "setServers",
    servers: ["a"],
    policy: { maxReconnectAttempts: limit, waitOnFirstConnect: true },
    also: (attempt, at) => [NONE, B, A_AND_B].map((servers) => of("user.setServers", attempt, at, servers)),
  },
  {
    name: "lame duck mode",
    servers: ["a", "b"],
    // How long servers are left alone in a move, the stories try out.
    policy: {
      onLameDuck: "migrate",
      maxReconnectAttempts: limit,
      reconnectTimeWait: 0,
      reconnectJitter: 0,
      reconnectJitterTls: 0,
    },
    also: (attempt, at) => [
      of("server.info", attempt, at, LAME_DUCK),
      of("user.setServers", attempt, at, A_AND_B),
    ],
  },
  {
    name: "a reconnectToServer that says where to move",
    servers: ["a", "b"],
    policy: {
      asksForServer: true,
      onLameDuck: "migrate",
      tls: "never",
      maxReconnectAttempts: 1,
      reconnectTimeWait: 0,
      reconnectJitter: 0,
      ...fewPings,
    },
    also: (attempt, at) => [
      of("server.info", attempt, at, LAME_DUCK),
      chosen(attempt, at, null),
      chosen(attempt, at, null, 5),
      of("user.setServers", attempt, at, NONE),
      of("user.setServers", attempt, at, B),
    ],
  },
  {
    name: "a server under two names",
    servers: ["a", "b"],
    policy: {
      onLameDuck: "migrate",
      tls: "never",
      reconnect: false,
      reconnectTimeWait: 0,
      reconnectJitter: 0,
      ...fewPings,
    },
    also: infos(CALLED_A, CALLED_A + LAME_DUCK),
  },
  {
    name: "setServers in the middle of a TLS handshake",
    servers: ["a", "b"],
    policy: {
      onLameDuck: "migrate",
      tls: "required",
      reconnectTimeWait: 0,
      reconnectJitterTls: 0,
      ...fewPings,
    },
    also: (attempt, at) => [
      of("server.info", attempt, at, TLS_REQUIRED + LAME_DUCK),
      of("user.setServers", attempt, at, NONE),
      of("user.setServers", attempt, at, B),
    ],
  },
  {
    name: "lame duck mode under TLS",
    servers: ["a", "b"],
    policy: {
      onLameDuck: "migrate",
      tls: "required",
      reconnect: false,
      reconnectTimeWait: 0,
      reconnectJitterTls: 0,
      ...fewPings,
    },
    also: infos(TLS_REQUIRED, TLS_REQUIRED + LAME_DUCK),
  },
];

/** The chart, with guards that say what they answered. */
const answers = new Set<string>();
const machine = connectionMachine.provide({
  guards: Object.fromEntries(
    Object.entries(connectionMachine.implementations.guards).map(([name, guard]) => [
      name,
      (...given: unknown[]) => {
        const answer = (guard as (...given: unknown[]) => boolean)(...given);
        answers.add(`${name} ${answer}`);
        return answer;
      },
    ]),
  ) as never,
}) as unknown as typeof connectionMachine;
const chart = quick(machine);

const taken = new Set<unknown>();
const states = new Set<string>();

function sceneOf({ event, effects, from, after }: Edge, possible: boolean): Scene {
  const { state, snapshot } = from;
  return { event, at: event.at, possible, from: state, to: stateOf(after), before: snapshot, after, effects };
}

/** Holds what happens in one node against the rules: each edge once, with the shortest story that leads there. */
function check(input: ConnectionInput, edges: readonly Edge[]): void {
  const [first] = edges;
  if (first === undefined) return;
  const teller = new Teller(chart, input);
  for (const event of eventsTo(first.from)) teller.play(event);
  const checked = new Set<string>();
  for (const edge of edges) {
    const possible = teller.outside.canSay(edge.event);
    if (!possible && !isLoud(edge)) continue;
    // Every edge, also one of those that are alike below.
    const contradictions = contradictionsIn(edge.after.value, edge.after.context);
    if (contradictions.length > 0)
      throw new Error(`${edge.event.type} in ${edge.from.id}: ${contradictions.join("; ")}`);
    const kind = edge.event.type === "server.error" ? edge.event.error.kind : "";
    const key = `${possible} ${edge.to} ${edge.event.type} ${kind} ${edge.effects.map(({ type }) => type)}`;
    if (checked.has(key)) continue;
    checked.add(key);
    for (const transition of machine.getTransitionData(edge.from.snapshot, edge.event)) taken.add(transition);
    const told = new Told(input, [...teller.scenes, sceneOf(edge, possible)]);
    const broken = brokenAtTheEnd(told);
    if (broken !== undefined)
      throw new Error(`rule: ${rules[broken.rule].sentence}; but ${broken.how}\n${told}`);
  }
}

test.each(worlds)(
  "$name: all that can happen keeps the rules, and nothing is a dead end",
  (world) => {
    const policy = { noRandomize: true, maxReconnectAttempts: 2, maxPingOut: 1, ...world.policy };
    const input = { servers: world.servers, seed: 1, at: 0, policy };
    const from = process.cpuUsage();
    const walk: Walk = explore(
      chart,
      {
        input,
        happenings: (attempt, at) => [...always(attempt, at), ...world.also(attempt, at)],
        mostRetiring: world.mostRetiring ?? 0,
      },
      (edges) => check(input, edges),
    );
    for (const { state } of walk.nodes.values()) states.add(state);
    const { user, system } = process.cpuUsage(from);
    const seconds = ((user + system) / 1_000_000).toFixed(1);
    console.info(
      `${world.name}: ${walk.nodes.size} states, ${walk.edges} edges, depth ${walk.depth}, ${seconds} s of CPU`,
    );

    expect(deadEnds(walk, ({ state }) => state === "closed")).toEqual([]);
    // As long as the user has not drained or closed, the connection can be established (again).
    const stuck = deadEnds(walk, ({ state }) => state === "connected");
    expect(stuck.filter(({ state }) => !isOver(state) && !isEstablished(state))).toEqual([]);
  },
  PATIENCE,
);

test("every state and step was reached, and the chart never rests in selecting", () => {
  const all = Object.values(machine.root.states).flatMap((state) => {
    const steps = Object.keys(state.states);
    return steps.length === 0 ? [state.key] : steps.map((step) => `${state.key}.${step}`);
  });
  expect([...states].sort()).toEqual(all.filter((state) => !state.endsWith(".selecting")).sort());
});

test("every guard has answered yes and no", () => {
  const all = Object.keys(machine.implementations.guards).flatMap((name) => [
    `${name} false`,
    `${name} true`,
  ]);
  expect([...answers].sort()).toEqual(all.sort());
});

test("every cell of the grammar of statuses is used, here or in a story: nothing is permitted that never happens", () => {
  // In no world of these does the cluster change in the middle of a move.
  for (const told of fc.sample(stories(), { numRuns: 3_000, seed: 1 }))
    expect(brokenIn(told, ["statusesObeyTheirGrammar"])).toBeUndefined();
  expect(allCells.filter((cell) => !usedCells.has(cell))).toEqual([]);
});

test("every transition was taken: none is dead", () => {
  // The root is the first: there the links that are being left are answered.
  const dead = [machine.root, ...Object.values(machine.root.states)]
    .flatMap((node) => [node, ...Object.values(node.states)])
    .filter((node, index, all) => all.indexOf(node) === index)
    .flatMap((node) => [...node.transitions.values()].flat())
    .filter((transition) => !taken.has(transition))
    .map(
      ({ source, eventType, guard }) => `${source.id} on ${eventType} if ${JSON.stringify(guard) ?? "ever"}`,
    );
  expect(dead).toEqual([]);
});
