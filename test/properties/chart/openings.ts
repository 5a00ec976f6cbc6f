// How stories begin that are to come far: a random outside seldom lets a client in, moves it, and lets it finish. Each opening
// plays moves until the chart is where the story is to go on; from there on all is drawn. Most stories have none.

import type { ConnectionContext } from "../../../src/machine/context.js";
import type { ConnectionEvent } from "../../../src/machine/events.js";
import type { Link } from "../../../src/machine/link.js";
import type { Policy } from "../../../src/machine/reconnect-policy.js";
import { eventFor, eventOf, hosts, type Move } from "../../../src/testing/chart/moves.js";
import { isOver } from "./chart.js";
import type { Teller } from "./told.js";

/** Events that lead somewhere, one after the other: each depends on what the chart made of those before. */
type Way = (teller: Teller) => Generator<ConnectionEvent>;

/** How a story begins. */
export interface Opening {
  readonly name: string;
  /** What the user has to want for it. */
  readonly policy: Partial<Policy>;
  readonly way: Way;
}

/** Where a way leads on no further: the policy, or the servers, do not let the chart go there. */
const MOST = 10;
const usual: Move = { kind: "answer", which: 0, how: 0, pause: 0 };
// What `how` stands for: moves.ts.
const TLS = 3;
const LAME_DUCK_AND_ALL_SERVERS = 4 + 248 + 256;
const OTHER_SERVERS = 256 + 64 + 128;
const REFUSAL = 0;
const RESET = 1;
const UNCONFIRMED = 1;

const goesWell = (teller: Teller, how = 0) =>
  eventFor({ ...usual, how: how + (teller.isTlsDemanded ? TLS : 0) }, teller.outside);

/** All goes well until the chart is in such a state. */
function until(state: RegExp): Way {
  return function* (teller) {
    for (let at = 0; at < MOST && !state.test(teller.to) && !isOver(teller.to); at++) yield goesWell(teller);
  };
}

/** Something of the link in use, or of the one that is being made. */
function say(type: ConnectionEvent["type"], how: number): Way {
  return function* ({ outside }) {
    yield eventOf(type, outside.attempt, outside.now, how);
  };
}

/** The same of another link, where there is one. */
function sayOver(
  linkOf: (context: ConnectionContext) => Link | null | undefined,
  type: ConnectionEvent["type"],
  how: number,
): Way {
  return function* ({ outside, context }) {
    const link = linkOf(context);
    if (link) yield eventOf(type, link.id, outside.now, how);
  };
}

function* all(ways: readonly Way[], teller: Teller): Generator<ConnectionEvent> {
  for (const way of ways) yield* way(teller);
}

const inOrder =
  (...ways: readonly Way[]): Way =>
  (teller) =>
    all(ways, teller);

/** The timer that is due first runs out. */
const timer: Way = function* ({ outside }) {
  yield eventFor({ ...usual, kind: "timer" }, outside);
};

/** Whoever asks for credentials refuses them, so many times. */
const refuses = (times: number): Way =>
  inOrder(...new Array(times).fill(inOrder(until(/\.authenticating$/), say("server.error", REFUSAL))));

/** Nobody listens where the user says, and the other servers refuse. */
const othersRefuse: Way = function* (teller) {
  for (let at = 0; at < 2 * MOST && !isOver(teller.to); at++) {
    const { outside, context } = teller;
    const { next, pool } = context;
    const isConfigured = pool.some(({ name, learnt }) => !learnt && name === next?.destination.name);
    if (next?.phase === "dialing" && isConfigured) yield eventOf("socket.closed", next.id, outside.now, 1);
    else if (next?.phase === "authenticating") yield eventOf("server.error", next.id, outside.now, REFUSAL);
    else yield goesWell(teller, next?.phase === "greeting" ? OTHER_SERVERS : 0);
  }
};

/** Every dial fails, until every server is in its backoff. */
const nobodyListens: Way = function* (teller) {
  for (let at = 0; at < MOST && teller.to === "reconnecting.dialing"; at++)
    yield eventOf("socket.closed", teller.outside.attempt, teller.outside.now, RESET);
};

/** The user wants other servers than that of a link. */
const namesAllBut = (linkOf: (context: ConnectionContext) => Link | null): Way =>
  function* ({ outside, context }) {
    const unwanted = linkOf(context)?.destination.name;
    const wanted = hosts.flatMap((name, at) => (name === unwanted ? [] : [1 << at]));
    yield eventOf(
      "user.setServers",
      0,
      outside.now,
      wanted.reduce((sum, bit) => sum + bit, 0),
    );
  };
const namesOthers = namesAllBut(({ live }) => live);

const connected = until(/^connected$/);
const lost = inOrder(connected, say("socket.closed", RESET));
const moving = inOrder(connected, say("server.info", LAME_DUCK_AND_ALL_SERVERS));
const handingOver = inOrder(moving, until(/^migrating\.cuttingOver$|^connected$/));
const moved = inOrder(
  handingOver,
  connected,
  sayOver(({ retiring }) => retiring[0], "server.ping", 0),
);
const unsubscribed = inOrder(moved, timer);
const knowsOthers = inOrder(connected, say("server.info", OTHER_SERVERS));
const moves = { onLameDuck: "migrate", reconnect: true } as const;
const stays = { reconnect: true, maxReconnectAttempts: -1 } as const;

/** The opening of most stories. */
export const none: Opening = { name: "none", policy: {}, way: inOrder() };

/** All others. A story is shrunk towards the first. */
export const openings: readonly Opening[] = [
  { name: "connected", policy: {}, way: connected },
  { name: "moving", policy: moves, way: moving },
  { name: "asked where to move", policy: { ...moves, asksForServer: true }, way: moving },
  { name: "handing over", policy: moves, way: handingOver },
  {
    name: "handing over, and the old server is gone",
    policy: moves,
    way: inOrder(
      handingOver,
      sayOver(({ live }) => live, "socket.closed", RESET),
    ),
  },
  {
    name: "handing over, and the new server is gone",
    policy: moves,
    way: inOrder(
      handingOver,
      sayOver(({ next }) => next, "socket.closed", RESET),
    ),
  },
  {
    name: "asked where to move, while the hand-over that was given up is being left",
    policy: { ...moves, asksForServer: true },
    way: inOrder(handingOver, namesOthers),
  },
  {
    name: "asked where to move, while the server in use names others",
    policy: { ...moves, asksForServer: true, ignoreClusterUpdates: false },
    way: inOrder(
      handingOver,
      namesAllBut(({ next }) => next),
      sayOver(({ live }) => live, "server.info", OTHER_SERVERS),
    ),
  },
  { name: "moved", policy: moves, way: moved },
  { name: "unsubscribed from the server that was left", policy: moves, way: unsubscribed },
  {
    name: "waiting no longer for the server that was left",
    policy: moves,
    way: inOrder(unsubscribed, timer),
  },
  { name: "refused again and again", policy: stays, way: inOrder(lost, refuses(4)) },
  {
    name: "refused by servers that another named",
    policy: { ...stays, ignoreClusterUpdates: false },
    way: inOrder(knowsOthers, say("socket.closed", RESET), othersRefuse),
  },
  {
    name: "connected to a server that is not in the list any more",
    policy: { ignoreClusterUpdates: false },
    way: inOrder(connected, namesOthers, say("server.info", OTHER_SERVERS)),
  },
  {
    name: "in a backoff that the user ends",
    policy: { reconnect: true, asksForDelay: false },
    way: inOrder(lost, nobodyListens, say("user.reconnect", 0)),
  },
  { name: "draining", policy: {}, way: inOrder(connected, say("user.drain", 0)) },
  {
    name: "draining, and the connection is lost",
    policy: {},
    way: inOrder(connected, say("user.drain", 0), say("socket.closed", RESET)),
  },
  {
    name: "draining while disconnected, until the user waits no longer",
    policy: moves,
    way: inOrder(lost, say("user.drain", 0), say("user.close", 0)),
  },
  { name: "closing", policy: {}, way: inOrder(connected, say("user.close", UNCONFIRMED)) },
];
