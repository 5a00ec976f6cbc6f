// How the chart remembers: the assigns of the chart, named. Pure; each returns what changes in the context.

import { assign } from "xstate";
import {
  type ConnectionContext,
  candidates,
  isServerInUse,
  MAX_ATTEMPT_REPORTS,
  MAX_SPOKE_TLS,
  nextServer,
  patienceWith,
  tlsIsDemanded,
} from "./context.js";
import type { ConnectionEvent } from "./events.js";
import type { AttemptStep, Failure } from "./failure.js";
import {
  inPhase,
  type Link,
  type LinkPhase,
  linkIn,
  linksOf,
  liveLink,
  newLink,
  nextLink,
  serverIdOf,
  serverOf,
  unansweredAt,
  withLink,
} from "./link.js";
import { byName, destinationOf, findOrigin, spoke } from "./origin.js";
import { afterDial, backoff } from "./reconnect-policy.js";
import { parseAddress } from "./server-address.js";
import { failureOf, isRefusal } from "./server-error.js";
import {
  afterFailure,
  findServer,
  learnServers,
  type PoolServer,
  type Refusal,
  readyAt,
  replacePool,
  type ServerPool,
  toBack,
  withServer,
} from "./server-pool.js";
import type { Milliseconds } from "./units.js";
import { why } from "./why.js";

type Changes = Partial<ConnectionContext>;
type EventOf<Type extends ConnectionEvent["type"]> = Extract<ConnectionEvent, { readonly type: Type }>;

function remember<Params extends object | undefined = undefined>(
  changes: (context: ConnectionContext, event: ConnectionEvent, params: Params) => Changes,
) {
  return assign<ConnectionContext, ConnectionEvent, Params, ConnectionEvent, never>(
    ({ context, event }, params) => changes(context, event, params),
  );
}

/** The same for events of one type. Throws where the chart wires it to another. */
function rememberOn<Type extends ConnectionEvent["type"]>(
  types: Type | readonly Type[],
  changes: (context: ConnectionContext, event: EventOf<Type>) => Changes,
) {
  const known: readonly string[] = typeof types === "string" ? [types] : types;
  return remember((context, event) => {
    if (!known.includes(event.type)) throw new Error(`invariant: ${event.type} is not ${known.join(" or ")}`);
    return changes(context, event as EventOf<Type>);
  });
}

function refusalIn(event: ConnectionEvent): Refusal | null {
  if (event.type !== "server.error" || !isRefusal(event.error)) return null;
  return { kind: event.error.kind, credentialsVersion: event.credentialsVersion };
}

/** True where a server refuses the same credentials for the same reason as the last time, and the user did not ask to go on. */
export function refusesAgain({ next, policy, pool }: ConnectionContext, event: ConnectionEvent): boolean {
  const refusal = refusalIn(event);
  if (refusal === null || next === null || policy.ignoreAuthErrorAbort) return false;
  const last = findServer(pool, serverOf(next))?.refusal;
  return last?.kind === refusal.kind && last.credentialsVersion === refusal.credentialsVersion;
}

/** A server that was reached: it starts anew, and what is known of it now is kept. */
function reached(link: Link): Partial<PoolServer> {
  return { failures: 0, refusal: null, didConnect: true, address: link.address, serverId: serverIdOf(link) };
}

/** What a server says in these steps, before it has seen credentials, is no refusal of them. */
function isBeforeConnect(phase: LinkPhase): boolean {
  return phase === "dialing" || phase === "greeting" || phase === "securing";
}

/**
 * A server is not dialed for a while: draws its backoff, and puts it where `place` says.
 * @param isAsked whether the user's function may say how long, instead
 */
function backOff(
  { policy, pool, random: state }: ConnectionContext,
  link: Link,
  isAsked: boolean,
  place: (wait: Milliseconds | null) => ServerPool,
): Pick<ConnectionContext, "pool" | "random"> {
  const secured = link.secured || tlsIsDemanded(policy, link.destination);
  const failures = findServer(pool, serverOf(link))?.failures ?? 0;
  const [wait, random] = backoff(policy, { secured, failures }, state);
  return { pool: place(isAsked && policy.asksForDelay ? null : wait), random };
}

/** What remains of the link in use when its socket is closed: nothing, or a link that hands over its last bytes. */
function retiringAfter(
  { retiring }: ConnectionContext,
  event: ConnectionEvent,
  link: Link,
): ConnectionContext["retiring"] {
  const isLingering = event.type === "socket.closed" && event.halfClosed;
  return isLingering ? [...retiring, inPhase(link, "ending")] : retiring;
}

/** The link is in use no more. */
function notInUse(link: Link, { at }: ConnectionEvent): Pick<ConnectionContext, "live" | "lastInUse"> {
  return { live: null, lastInUse: { server: serverOf(link), until: at } };
}

/** The connection ends: what was published is confirmed, or the link in use hands over its last bytes. */
function ends(context: ConnectionContext, event: ConnectionEvent, phase: "confirming" | "ending"): Changes {
  const link = liveLink(context);
  return { ...notInUse(link, event), retiring: [...context.retiring, inPhase(link, phase)] };
}

/** The user closes while a connection is established: nothing went wrong. */
function closes(
  context: ConnectionContext,
  event: EventOf<"user.close">,
  phase: "confirming" | "ending",
): Changes {
  const { failure } = event;
  return { ...ends(context, event, phase), failure, leaving: context.leaving ?? "close" };
}

/** The user gives up the attempt to connect: nobody failed, but the attempt is over. Nothing where none is made. */
function givenUp(context: ConnectionContext, { at }: ConnectionEvent, since: string): Changes {
  const { next: link, attempts, connectedBefore } = context;
  if (link === null) return {};
  const server = serverOf(link);
  const failure = { code: "CANCELLED", message: `${server}: the attempt was given up, since ${since}` };
  return { next: null, failure, attempts: connectedBefore ? [] : reported(attempts, link, failure, at) };
}

/** The attempts that are reported where no connection was ever established, with one more. */
function reported(
  attempts: ConnectionContext["attempts"],
  link: Link,
  failure: Failure,
  at: Milliseconds,
): ConnectionContext["attempts"] {
  const report = {
    attempt: link.id,
    server: serverOf(link),
    step: link.phase as AttemptStep,
    failure,
    at,
  };
  return [...attempts, report].slice(-MAX_ATTEMPT_REPORTS);
}

/** The names of servers that have spoken TLS, with some more. None where the user allows it to be forgotten. */
function remembering({ spokeTls, policy }: ConnectionContext, names: readonly string[]): readonly string[] {
  if (policy.allowNonTls) return spokeTls;
  const more = new Set(names);
  return [...spokeTls.filter((name) => !more.has(name)), ...names].slice(-MAX_SPOKE_TLS);
}

/** Who a server names, now that it has let the client in. */
function told(context: ConnectionContext, link: Link, pool: ServerPool): ServerPool {
  const { destination, info, infoSecured: secured } = link;
  const connectUrls = info?.connectUrls ?? [];
  const inUse = [link, ...linksOf(context)].map(serverOf);
  const news = { connectUrls, destination, secured, letIn: true, inUse };
  const known = byName(learnServers({ pool, origins: context.origins }, news, context.policy, 0).pool);
  // Who has joined or left was said when it was told.
  return pool.map((server) => known.get(server.name) ?? server);
}

/** A connection that was lost while it drained: the code says so, whatever the network calls it. */
function drainLoss(cause: Failure): Failure {
  return { code: "DISCONNECT", message: `the connection was lost while draining: ${cause.message}`, cause };
}

/** What the server calls itself. */
function idIn(event: ConnectionEvent): Partial<PoolServer> {
  return event.type === "server.info" ? { serverId: event.info.serverId } : {};
}

export const memory = {
  // An attempt.

  /** An attempt begins: the server at the front that is out of its backoff. */
  beginAttempt: remember((context) => {
    const choice = nextServer(context);
    if (choice.type !== "dial") throw new Error("invariant: an attempt begins only when a server is ready");
    const { server } = choice;
    const attempt = context.attempt + 1;
    const destination = destinationOf(context.origins, server);
    const [dialsUntil, random] = afterDial(context.policy, context.dialsUntil, context.now, context.random);
    return {
      attempt,
      dialsUntil,
      random,
      next: newLink(attempt, destination, { begunAt: context.now, patience: patienceWith(context, server) }),
      chosen: null,
      pool: withServer(context.pool, server.name, { lastAttempt: attempt, lastAttemptAt: context.now }),
      failure: null,
    };
  }),

  /** The attempt enters that step. */
  enterStep: remember<{ readonly step: AttemptStep }>((context, _event, { step }) => ({
    next: inPhase(nextLink(context), step),
  })),

  /** Others dial first. */
  noteQueued: remember((context) => ({ next: { ...nextLink(context), queued: true } })),

  /** The dial begins: from here on the attempt takes time, and its server is in its backoff. */
  noteDialed: remember((context, { at }) => {
    const link = nextLink(context);
    return {
      next: { ...link, queued: false, begunAt: at },
      pool: withServer(context.pool, serverOf(link), { lastAttemptAt: at }),
      now: at,
    };
  }),

  /** The socket is open, to that address. */
  noteOpened: rememberOn("socket.opened", (context, { address = null }) => ({
    next: { ...nextLink(context), address },
  })),

  /** TLS secures the socket from here on. Its origin has spoken TLS: it is not talked to in the clear again. */
  noteSecured: rememberOn("socket.secured", (context) => {
    const link = nextLink(context);
    return {
      next: { ...link, secured: true },
      origins: spoke(context.origins, link.destination.origin, context.policy),
      spokeTls: remembering(context, [serverOf(link)]),
    };
  }),

  /** The attempt failed: its server goes to the back, or out of the pool. */
  recordFailure: remember((context, event) => {
    const { policy, live, connectedBefore } = context;
    const link = nextLink(context);
    const server = serverOf(link);
    const failure = why(context, event);
    const refusal = isBeforeConnect(link.phase) ? null : refusalIn(event);
    const noted = refusal === null ? context.pool : withServer(context.pool, server, { refusal });
    // A learnt server that refuses twice is none of those that the user named: it leaves, and nothing ends.
    const isLearnt = findServer(context.pool, server)?.learnt === true;
    const leaves = refusal !== null && isLearnt && refusesAgain(context, event);
    const limit = leaves ? 1 : connectedBefore ? policy.maxReconnectAttempts : null;
    // A move that fails costs the server no attempt, and nobody is asked how long not to dial it: a connection is
    // established, and the move is given up instead.
    const { pool, random } = backOff(context, link, live === null, (wait) =>
      live === null ? afterFailure(noted, server, wait, limit) : toBack(noted, server, { wait }),
    );
    return {
      pool: isServerInUse(context, event) ? withServer(pool, server, idIn(event)) : pool,
      random,
      next: null,
      attempts: connectedBefore ? [] : reported(context.attempts, link, failure, event.at),
      failure: live === null ? failure : null,
      now: event.at,
    };
  }),

  /** The attempt succeeded: its link is in use. The server starts anew; from the first success on attempts count. */
  completeAttempt: remember((context) => {
    const link = nextLink(context);
    const anew = { failures: 0, refusal: null };
    const all = context.connectedBefore
      ? context.pool
      : context.pool.map((server) => ({ ...server, ...anew }));
    return {
      pool: told(context, link, withServer(all, serverOf(link), reached(link))),
      live: inPhase(link, "live"),
      next: null,
      connectedBefore: true,
      attempts: [],
      failure: null,
      lastInUse: null,
    };
  }),

  // A move from one server to another.

  /** A move begins. A server that tells of lame duck mode is alive. What was chosen for a move before counts no more. */
  beginMove: remember((context, event) => ({
    live: { ...liveLink(context), pingsOut: 0 },
    chosen: null,
    now: event.at,
  })),

  /** The move succeeded: the new link is in use, the old one is being left. */
  completeMove: remember((context) => {
    const old = liveLink(context);
    const link = nextLink(context);
    const connected = told(context, link, withServer(context.pool, serverOf(link), reached(link)));
    // The server that was moved away from is about to shut down: the last to be dialed again.
    const backedOff = backOff(context, old, false, (wait) =>
      toBack(connected, serverOf(old), { wait, lastAttemptAt: context.now }),
    );
    return {
      ...backedOff,
      live: inPhase(link, "live"),
      next: null,
      retiring: [...context.retiring, inPhase(old, "overlapping")],
      failure: null,
    };
  }),

  /** The user drains during a move: the new link is left, but what its server has sent is taken. */
  retireNext: remember((context) => ({
    next: null,
    retiring: [...context.retiring, inPhase(nextLink(context), "overlapping")],
  })),

  // The link in use.

  /** An error after which the server will close the connection: it will be the reason. */
  noteError: rememberOn("server.error", (context, event) => {
    const link = linkIn(context, event);
    const last = event.others?.at(-1) ?? event.error;
    return link === undefined ? {} : withLink(context, { ...link, fatal: failureOf(last) });
  }),

  /** One more PING is out. */
  countPing: remember((context, event) => {
    const live = liveLink(context);
    return { live: { ...live, pingsOut: unansweredAt(event, live) + 1 } };
  }),

  /** The server answered: it is alive, whatever error it told of before. */
  clearPings: rememberOn("server.pong", ({ live }) =>
    live === null || live.pingsOut === 0 ? {} : { live: { ...live, pingsOut: 0, fatal: null } },
  ),

  /** The connection was lost: its server goes to the back. */
  recordLoss: remember((context, event) => {
    const link = liveLink(context);
    const refusal = refusalIn(event);
    const backedOff = backOff(context, link, true, (wait) =>
      toBack(context.pool, serverOf(link), { wait, ...(refusal === null ? {} : { refusal }) }),
    );
    return {
      ...backedOff,
      ...notInUse(link, event),
      failure: why(context, event),
      retiring: retiringAfter(context, event, link),
      chosen: null,
      now: event.at,
    };
  }),

  // Which server next.

  /** The user's function said how long not to dial the server. */
  noteDelay: rememberOn("delay.chosen", ({ pool }, { ms, at }) => ({
    pool: pool.map((server) => (server.wait === null ? { ...server, wait: ms } : server)),
    now: at,
  })),

  /** The user's function said which server is next, and how long to wait before. */
  noteChoice: rememberOn("server.chosen", (context, { server: named, ms, at }) => {
    const choice = nextServer(context);
    const server = named ?? (choice.type === "dial" ? choice.server.name : null);
    if (server === null) return { now: at };
    const wanted = findServer(context.pool, server);
    const ready = wanted === undefined ? at : readyAt(wanted);
    return { chosen: { server, at: Math.max(at + ms, ready) }, now: at };
  }),

  /** There is no server to move to: what the user's function chose is over. */
  forgetChoice: remember(() => ({ chosen: null })),

  /** The user's function failed: there is no next server. */
  recordChoiceFailure: rememberOn("choice.failed", (_context, { failure }) => ({ failure })),

  /** The user wants other servers. The link in use stays; an attempt while there is none is given up. */
  replaceServers: rememberOn("user.setServers", (context, event) => {
    const { servers, kept, at } = event;
    const addresses = servers.map(parseAddress).flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
    if (addresses.length === 0) return {};
    const { live, next } = context;
    const { noRandomize } = context.policy;
    const isReplaced = live === null && next !== null && !kept.includes(serverOf(next));
    // The number is the user's, who counts along; it is never one that was used.
    const list = Math.max(event.list, context.list + 1);
    // Whose TLS was demanded because of another server, is not talked to in the clear as a configured one.
    const demanded = context.pool.filter((server) => {
      const { spokeTls } = findOrigin(context.origins, server.origin);
      return spokeTls || (server.learnt && destinationOf(context.origins, server).tls !== null);
    });
    const spokeTls = remembering(
      context,
      demanded.map(({ name }) => name),
    );
    return {
      list,
      spokeTls,
      ...(isReplaced ? givenUp(context, event, "the list of servers was replaced") : {}),
      ...replacePool(context, { addresses, kept, list, spokeTls }, noRandomize, context.random),
      chosen: null,
      // New servers are dialed at once.
      dialsUntil: addresses.every(({ name }) => kept.includes(name)) ? context.dialsUntil : at,
      now: at,
    };
  }),

  /** The user wants a connection now: the attempt takes too long, and where all other servers are in their backoff it is over. */
  hasten: rememberOn("user.reconnect", (context, event) => {
    const { next, pool } = context;
    const { at } = event;
    const skipped =
      next === null
        ? { pool }
        : backOff(context, next, false, (wait) => toBack(pool, serverOf(next), { wait }));
    const changes = {
      ...givenUp(context, event, "reconnect() was called"),
      ...skipped,
      chosen: null,
      dialsUntil: at,
      now: at,
    };
    const isOneReady = candidates({ ...context, ...changes }).some((server) => readyAt(server) <= at);
    if (isOneReady) return changes;
    return { ...changes, pool: changes.pool.map((server) => ({ ...server, lastAttemptAt: null })) };
  }),

  /** Time went by. */
  noteTime: remember((_context, event) => ({ now: event.at })),

  // The end.

  /** A drain begins. */
  beginDrain: remember(() => ({ leaving: "drain", chosen: null })),

  /** Everything is drained. */
  recordDrained: remember((context, event) => ({ ...ends(context, event, "ending"), failure: null })),

  /** The drain could not be finished in time. */
  recordDrainTimeout: remember((context, event) => ({
    ...ends(context, event, "ending"),
    failure: why(context, event),
  })),

  /** There is no connection any more: what had arrived is still processed. */
  beginProcessing: remember(() => ({ processing: true })),

  /** What had arrived is processed. */
  endProcessing: remember(() => ({ processing: false })),

  /** What had arrived was not processed in time. What became of the connection is the reason, if it was lost while draining. */
  recordProcessingTimeout: remember((context, event) => ({
    processing: false,
    failure: context.failure ?? why(context, event),
  })),

  /** The connection broke in the middle of a drain. */
  recordDrainLoss: remember((context, event) => {
    const link = liveLink(context);
    return {
      ...notInUse(link, event),
      failure: drainLoss(why(context, event)),
      retiring: retiringAfter(context, event, link),
    };
  }),

  /** The user closes while a connection is established, and all that was published is confirmed. */
  recordClose: rememberOn("user.close", (context, event) => closes(context, event, "ending")),

  /** The user closes while a connection is established, and something that was published is not confirmed. */
  recordUnconfirmedClose: rememberOn("user.close", (context, event) => closes(context, event, "confirming")),

  /** The user waits no longer for what had arrived to be processed. */
  recordImpatience: rememberOn("user.close", ({ failure }, event) => ({
    processing: false,
    failure: event.failure ?? failure,
  })),

  /** The user closes or drains while no connection is established: what is unsent stays unsent. */
  recordLeaving: rememberOn(["user.close", "user.drain"], (_context, event) =>
    event.type === "user.close"
      ? { failure: event.failure, leaving: "close" }
      : { failure: null, leaving: "drain" },
  ),

  // The links that are being left.

  /** UNSUB and PING are on their way to the server that is being left. */
  beginUnsubscribing: remember((context, event) => inNextPhase(context, event, "unsubscribing")),

  /** The socket that is being left hands over its last bytes. */
  beginEnding: remember((context, event) => inNextPhase(context, event, "ending")),

  /** The other side closed the socket that is being left: nothing is left of the link, or it hands over its last bytes. */
  noteClosed: rememberOn("socket.closed", (context, event) =>
    event.halfClosed ? inNextPhase(context, event, "ending") : without(context, event),
  ),

  /** The socket is closed: nothing is left of the link. */
  forgetLink: remember((context, event) => without(context, event)),
};

function inNextPhase(context: ConnectionContext, event: ConnectionEvent, phase: LinkPhase): Changes {
  const link = linkIn(context, event);
  return link === undefined ? {} : withLink(context, inPhase(link, phase));
}

function without(context: ConnectionContext, event: ConnectionEvent): Changes {
  const link = linkIn(context, event);
  return { retiring: context.retiring.filter((one) => one !== link) };
}
