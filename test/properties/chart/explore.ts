// Walks the chart's reachable states breadth first, until no event leads anywhere new.
//
// Two moments are one node where they agree in what decides about the future (`nodeOf`): the state, and of the context
// - each server of the queue, in order: failures up to `CAP`, what it refused, whether its wait is known, and whether
//   it is untried, ready or within its wait at the time of the last event (in the order in which the waits end);
// - the link in use and the one that is being made: the server, whether its dial waits, whether it is secured and has greeted, also with lame duck
//   mode, and PINGs out where a next one may follow;
// - the phases of the links that are being left, in their order, and their servers where the cluster may let go of them;
// - of each server also what experience says of it, and its origin's demand for TLS; and whose turn it is, of those that are known
//   and those that are not;
// - what the user's function chose, whether a connection was established before, and whether there is a failure to report.
// Left out are numbers that only grow (attempt, and with it the ids of links; time), the generator's state, the texts of
// failures, and what the next attempt or connection sets anew: no guard looks at it. Of what grows guards see differences
// alone, which the events of another attempt and of another time try out. The walk goes on from the first moment that was
// found of each node. Where more than `mostRetiring` links are being left, it goes on when the oldest of them are closed: such
// a link is answered at the root of the chart, alike in every state.

import type { ConnectionContext, ConnectionInput } from "../../../src/machine/context.js";
import type { Effect } from "../../../src/machine/effects.js";
import type { ConnectionEvent } from "../../../src/machine/events.js";
import { type Link, linksOf, serverOf } from "../../../src/machine/link.js";
import { isKnown, type PoolServer } from "../../../src/machine/server-pool.js";
import type { Milliseconds } from "../../../src/machine/units.js";
import { type Chart, type Snapshot, stateOf } from "./chart.js";

/** Failures of one server beyond this are not told apart. */
const CAP = 2;

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
  readonly effects: readonly Effect[];
  readonly after: Snapshot;
  /** The id of the node that it leads to. */
  readonly to: string;
}

/** What the walk found. */
export interface Walk {
  readonly nodes: ReadonlyMap<string, Node>;
  /** For each node, those to which an event leads. */
  readonly successors: ReadonlyMap<string, ReadonlySet<string>>;
  readonly edges: number;
  readonly depth: number;
}

/** The events that happen in a node: of one attempt, at one time. */
export type Happenings = (attempt: number, at: Milliseconds) => readonly ConnectionEvent[];

/** What decides about the future of a moment, as a text. */
export function nodeOf(snapshot: Snapshot, at: Milliseconds): string {
  const { context } = snapshot;
  const state = stateOf(snapshot);
  const failed = context.failure !== null;
  if (state === "closed") return `closed ${context.connectedBefore} ${failed}`;
  const { live, next, retiring, chosen, lastInUse } = context;
  const left = retiring.map(({ phase }) => phase).join();
  // Nothing is dialed any more.
  if (state === "closing") return `closing ${failed} ${left}`;
  return [
    state,
    poolOf(context, at),
    ofLink(live),
    state.startsWith("draining.") ? "" : live?.pingsOut,
    ofLink(next),
    left,
    chosen === null ? "" : [chosen.server, chosen.at <= at].join(),
    // Whoever was lost goes behind others that were reached, as long as nobody failed there.
    context.pool.find(({ name, failures }) => name === lastInUse?.server && failures === 0)?.name,
    context.connectedBefore,
    failed,
  ].join(" | ");
}

function ofLink(link: Link | null): string {
  if (link === null) return "";
  const { destination, queued, secured, info } = link;
  return [serverOf(link), queued, secured, info?.lameDuck ?? "mute", info?.serverId, destination.tls].join();
}

const readyAt = ({ lastAttemptAt, wait }: PoolServer) =>
  lastAttemptAt === null ? null : lastAttemptAt + (wait ?? 0);

/** When the waits end that have not ended yet, in that order. */
function endsOfWaits({ pool }: ConnectionContext, at: Milliseconds): readonly Milliseconds[] {
  return pool
    .map(readyAt)
    .filter((end) => end !== null)
    .filter((end) => end > at)
    .sort((one, other) => one - other);
}

function poolOf(context: ConnectionContext, at: Milliseconds): string {
  const ends = endsOfWaits(context, at);
  const origin = (id: string) => {
    const found = context.origins.find((one) => one.id === id);
    return [found?.name, found?.tls, found?.spokeTls].join(" ");
  };
  const servers = context.pool.map((server) => {
    const ready = readyAt(server);
    const wait = ready === null ? "untried" : ready <= at ? "ready" : `wait ${ends.indexOf(ready)}`;
    const refusal =
      server.refusal === null ? "" : `refused ${server.refusal.kind} ${server.refusal.credentialsVersion}`;
    const asked = server.wait === null ? "asked" : "";
    const { name, learnt, didConnect, address, serverId, vouched } = server;
    const known = [learnt, didConnect, address, serverId, vouched, origin(server.origin)].join();
    return [name, known, Math.min(server.failures, CAP), refusal, asked, wait].join(" ");
  });
  const [last] = [...context.pool].sort((one, other) => other.lastAttempt - one.lastAttempt);
  // Whose turn it is, matters where there are strangers.
  const turn = last !== undefined && context.pool.some((server) => !isKnown(server)) ? isKnown(last) : "";
  return [...servers, turn].join("; ");
}

/** The times at which something may happen next: at once, when the next wait ends, and when all have ended. */
function timesAfter({ snapshot, at }: Node): readonly Milliseconds[] {
  const { context } = snapshot;
  const chosenAt = context.chosen === null ? [] : [context.chosen.at];
  const ends = [...endsOfWaits(context, at), ...chosenAt.filter((end) => end > at)];
  return [...new Set([at, ...(ends.length === 0 ? [] : [Math.min(...ends), Math.max(...ends)])])];
}

/** True where the event made a difference: there were effects, or something is remembered that was not. */
export function isLoud({ from, effects, after, to }: Edge): boolean {
  return effects.length > 0 || to !== from.id || from.snapshot.context !== after.context;
}

/** What to walk. */
export interface Ground {
  readonly input: ConnectionInput;
  readonly happenings: Happenings;
  /** How many links that are being left are followed. */
  readonly mostRetiring: number;
}

/** Walks the chart to a fixed point. All edges of a node are shown to `seen` together. */
export function explore(chart: Chart, ground: Ground, seen: (edges: readonly Edge[]) => void): Walk {
  const { input, happenings, mostRetiring } = ground;
  const first = nodeAt(chart.begin(input).snapshot, input.at, null);
  const queue = [first];
  const nodes = new Map([[first.id, first]]);
  const successors = new Map<string, Set<string>>();
  /** For each moment with more links that are being left, the node that it comes to when they are closed. */
  const settled = new Map<string, Node>();
  const settle = (found: Node): Node => {
    const { retiring } = found.snapshot.context;
    const [oldest] = retiring;
    if (oldest === undefined || retiring.length <= mostRetiring) return found;
    const known = settled.get(found.id);
    if (known !== undefined) return known;
    const event = {
      type: "socket.closed",
      attempt: oldest.id,
      at: found.at,
      failure: null,
      halfClosed: false,
    } as const;
    const edge = edgeOf(chart, found, event);
    seen([edge]);
    const node = settle(nodeAfter(edge));
    settled.set(found.id, node);
    return node;
  };
  let edges = 0;
  let depth = 0;
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    const leaving = edgesOf(chart, node, happenings);
    edges += leaving.length;
    depth = node.depth;
    const reached = new Set<string>();
    successors.set(node.id, reached);
    seen(leaving);
    for (const edge of leaving) {
      if (nodes.has(edge.to)) {
        reached.add(edge.to);
        continue;
      }
      const found = settle(nodeAfter(edge));
      reached.add(found.id);
      if (nodes.has(found.id)) continue;
      nodes.set(found.id, found);
      queue.push(found);
    }
  }
  return { nodes, successors, edges, depth };
}

function nodeAt(snapshot: Snapshot, at: Milliseconds, foundBy: Edge | null): Node {
  const depth = foundBy === null ? 0 : foundBy.from.depth + 1;
  return { id: nodeOf(snapshot, at), state: stateOf(snapshot), snapshot, at, depth, foundBy };
}

function nodeAfter(edge: Edge): Node {
  return nodeAt(edge.after, edge.event.at, edge);
}

/** Its end is named at the time of the event. */
function edgeOf(chart: Chart, from: Node, event: ConnectionEvent): Edge {
  const { snapshot, effects } = chart.next(from.snapshot, event);
  return { from, event, effects, after: snapshot, to: nodeOf(snapshot, event.at) };
}

function edgesOf(chart: Chart, node: Node, happenings: Happenings): readonly Edge[] {
  const edges: Edge[] = [];
  const tryOut = (event: ConnectionEvent): Edge => {
    const { snapshot, effects } = chart.next(node.snapshot, event);
    const edge = { from: node, event, effects, after: snapshot, to: nodeOf(snapshot, node.at) };
    const then = { ...edge, to: nodeOf(snapshot, event.at) };
    edges.push(isLoud(edge) ? then : edge);
    return edge;
  };
  const { context } = node.snapshot;
  const { attempt } = context;
  const [, ...later] = timesAfter(node);
  const current = [...new Set([attempt, ...linksOf(context).map(({ id }) => id)])];
  const others = [Math.min(...current) - 1, attempt + 1];
  for (const each of [...current, ...others]) {
    for (const event of happenings(each, node.at)) {
      // No guard looks at the time: what changes nothing at once changes nothing later.
      if (isLoud(tryOut(event))) for (const at of later) tryOut({ ...event, at });
    }
  }
  return edges;
}

/** The events that lead from the start to a node. */
export function eventsTo(node: Node): readonly ConnectionEvent[] {
  const events: ConnectionEvent[] = [];
  for (let edge = node.foundBy; edge !== null; edge = edge.from.foundBy) events.push(edge.event);
  return events.reverse();
}

/** The nodes from which no way leads to a node of that kind. */
export function deadEnds(walk: Walk, isGoal: (node: Node) => boolean): readonly Node[] {
  const predecessors = new Map<string, string[]>();
  for (const [from, reached] of walk.successors) {
    for (const to of reached) predecessors.set(to, [...(predecessors.get(to) ?? []), from]);
  }
  const queue = [...walk.nodes.values()].filter(isGoal).map(({ id }) => id);
  const alive = new Set(queue);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const from of predecessors.get(id) ?? []) {
      if (alive.has(from)) continue;
      alive.add(from);
      queue.push(from);
    }
  }
  return [...walk.nodes.values()].filter(({ id }) => !alive.has(id));
}
