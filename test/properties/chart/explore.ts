// Walks the chart's reachable states breadth first, until no event leads anywhere new.
//
// Two moments are one node where they agree in what decides about the future (`nodeOf`): the state, and of the context
// - each server of the queue, in order: failures up to `CAP`, what it refused, whether its wait is known, and whether
//   it is untried, ready or within its wait at the time of the last event (in the order in which the waits end);
// - which server is current, whether its socket is there, is secured, and has greeted, also with lame duck mode;
// - whether a connection stood before, PINGs out, a second refusal, and whether there is a failure to report.
// Left out are numbers that only grow (attempt, time), the generator's state and the texts of failures: no guard looks
// at more of them than their differences, which the events of another attempt and of another time try out.
// The walk goes on from the first moment that was found of each node.

import type { ConnectionInput } from "../../../src/machine/context.js";
import type { ConnectionEvent } from "../../../src/machine/events.js";
import type { Milliseconds } from "../../../src/machine/failure.js";
import { type Chart, type Snapshot, stateOf } from "./chart.js";

/** Failures of one server beyond this are not told apart. */
const CAP = 3;

/** A moment of a connection, and how the walk came there. */
export interface Node {
  readonly id: string;
  readonly state: string;
  readonly snapshot: Snapshot;
  readonly at: Milliseconds;
  readonly depth: number;
  /** The edge by which it was found; null for the first. */
  readonly foundBy: Edge | null;
}

/** One event in one node. */
export interface Edge {
  readonly from: Node;
  readonly event: ConnectionEvent;
  readonly effects: ReturnType<Chart["next"]>["effects"];
  readonly after: Snapshot;
  readonly to: string;
}

/** What the walk found. */
export interface Walk {
  readonly input: ConnectionInput;
  readonly first: ReturnType<Chart["begin"]>;
  readonly nodes: ReadonlyMap<string, Node>;
  /** For each node, those to which an event leads. */
  readonly successors: ReadonlyMap<string, ReadonlySet<string>>;
  readonly edges: number;
  readonly depth: number;
}

/** The events that happen in a node: of the current attempt or another, and at what time. */
export type Happenings = (attempt: number, at: Milliseconds) => readonly ConnectionEvent[];

/** What decides about the future of a moment, as a text. */
export function nodeOf(snapshot: Snapshot, at: Milliseconds): string {
  const { context } = snapshot;
  const readyAt = context.pool.map(({ lastAttemptAt, wait }) =>
    lastAttemptAt === null ? null : lastAttemptAt + (wait ?? 0),
  );
  const ends = readyAt.filter((ready): ready is number => ready !== null && ready > at).sort((a, b) => a - b);
  const pool = context.pool.map((server, index) => {
    const ready = readyAt[index] ?? null;
    const wait = ready === null ? "untried" : ready <= at ? "ready" : `wait ${ends.indexOf(ready)}`;
    const refusal = server.refusal === null ? "" : `${server.refusal.kind} ${server.refusal.credentials}`;
    const failures = Math.min(server.failures, CAP);
    return [server.name, server.learnt, failures, refusal, server.wait === null, wait].join(" ");
  });
  return [
    stateOf(snapshot),
    pool.join("; "),
    context.server,
    context.socket === null ? "no socket" : context.socket === context.attempt ? "socket" : "another socket",
    context.secured,
    context.info?.lameDuck,
    context.connectedBefore,
    context.pingsOut,
    context.refusedTwice,
    context.failure !== null,
  ].join(" | ");
}

/** The times at which something may happen next: at once, when the next wait ends, and when all have ended. */
function timesAfter({ snapshot, at }: Node): readonly Milliseconds[] {
  const ends = snapshot.context.pool
    .map(({ lastAttemptAt, wait }) => (lastAttemptAt ?? 0) + (wait ?? 0))
    .filter((end) => end > at);
  return [...new Set([at, ...(ends.length === 0 ? [] : [Math.min(...ends), Math.max(...ends)])])];
}

/**
 * Walks the chart to a fixed point. Every edge is shown to `seen`, whether it leads to a new node or not.
 */
export function explore(chart: Chart, input: ConnectionInput, happenings: Happenings, seen: (edge: Edge) => void): Walk {
  const first = chart.begin(input);
  const start = {
    id: nodeOf(first.snapshot, input.at),
    state: stateOf(first.snapshot),
    snapshot: first.snapshot,
    at: input.at,
    depth: 0,
    foundBy: null,
  };
  const nodes = new Map<string, Node>([[start.id, start]]);
  const successors = new Map<string, Set<string>>();
  const queue: Node[] = [start];
  let edges = 0;
  let depth = 0;
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    const reached = new Set<string>();
    successors.set(node.id, reached);
    const { attempt } = node.snapshot.context;
    const current = timesAfter(node).flatMap((at) => happenings(attempt, at));
    const others = [attempt - 1, attempt + 1].flatMap((other) => happenings(other, node.at));
    for (const event of [...current, ...others]) {
      const { snapshot: after, effects } = chart.next(node.snapshot, event);
      const to = nodeOf(after, event.at);
      const edge = { from: node, event, effects, after, to };
      edges++;
      reached.add(to);
      seen(edge);
      if (nodes.has(to)) continue;
      const found = { id: to, state: stateOf(after), snapshot: after, at: event.at, depth: node.depth + 1, foundBy: edge };
      depth = found.depth;
      nodes.set(to, found);
      queue.push(found);
    }
  }
  return { input, first, nodes, successors, edges, depth };
}

/** The events that lead from the start to a node. */
export function pathTo(node: Node): readonly Edge[] {
  const path: Edge[] = [];
  for (let edge = node.foundBy; edge !== null; edge = edge.from.foundBy) path.push(edge);
  return path.reverse();
}

/** The nodes from which no way leads to a node of that kind. */
export function deadEnds(walk: Walk, isGoal: (node: Node) => boolean): readonly Node[] {
  const predecessors = new Map<string, string[]>();
  for (const [from, reached] of walk.successors) {
    for (const to of reached) {
      const known = predecessors.get(to);
      if (known === undefined) predecessors.set(to, [from]);
      else known.push(from);
    }
  }
  const live = [...walk.nodes.values()].filter(isGoal).map(({ id }) => id);
  const reached = new Set(live);
  for (let id = live.pop(); id !== undefined; id = live.pop()) {
    for (const from of predecessors.get(id) ?? []) {
      if (reached.has(from)) continue;
      reached.add(from);
      live.push(from);
    }
  }
  return [...walk.nodes.values()].filter(({ id }) => !reached.has(id));
}
