// The effects as the chart writes them: the name of an effect together with where its parameters come from.
//
// Nothing is done here. `effectActions` gives the names to XState with empty bodies, so that the chart runs pure;
// the interpreter provides the real ones. The objects below are what the chart's entry, exit and actions list. Each says
// over which link it goes: the one in use (`live`), the one that is being made (`next`), or the one that the event is about.

import { assign, enqueueActions } from "xstate";
import { type ConnectionContext, candidates, nextServer, serverInUse, whereabouts } from "./context.js";
import type { EffectName, EffectParams, StatusReport, TimerName } from "./effects.js";
import type { ConnectionEvent } from "./events.js";
import type { Failure } from "./failure.js";
import {
  type EndingPhase,
  LINGER,
  type Link,
  linkIn,
  linksOf,
  liveLink,
  NO_LINK,
  nextLink,
  OVERLAP,
  serverOf,
  unansweredAt,
  withLink,
} from "./link.js";
import { failureOf, isHarmless, type PermissionContext } from "./server-error.js";
import { findServer, learnServers, withServer } from "./server-pool.js";
import type { Milliseconds } from "./units.js";
import { why } from "./why.js";

interface Given {
  readonly context: ConnectionContext;
  readonly event: ConnectionEvent;
}

type EffectActions = { readonly [Name in EffectName]: (given: unknown, params: EffectParams[Name]) => void };

const nothing = () => {};

/** Every effect with an empty body. The type makes sure that none is missing. */
export const effectActions: EffectActions = {
  openSocket: nothing,
  upgradeToTls: nothing,
  closeSocket: nothing,
  endSocket: nothing,
  sendConnect: nothing,
  sendPing: nothing,
  sendPong: nothing,
  startTimer: nothing,
  stopTimer: nothing,
  askReconnectDelay: nothing,
  askNextServer: nothing,
  resubscribe: nothing,
  unsubscribe: nothing,
  holdOutbound: nothing,
  pauseOutbound: nothing,
  releaseOutbound: nothing,
  drainSubscriptions: nothing,
  finishOutbound: nothing,
  confirmOutbound: nothing,
  notifyStatus: nothing,
  resolveConnect: nothing,
  rejectConnect: nothing,
  settlePending: nothing,
  settleClosed: nothing,
};

// Over which link.
const lastAttempt = ({ context }: Given) => ({ attempt: context.attempt });
const live = ({ context }: Given) => ({ attempt: liveLink(context).id });
const noLink = () => ({ attempt: NO_LINK });
const next = ({ context }: Given) => ({ attempt: nextLink(context).id });
const sameLink = ({ event }: Given) => ({ attempt: "attempt" in event ? event.attempt : 0 });

function asManyAsAsked(given: Given) {
  const { event } = given;
  // Added behind `...`, a member gives each object a hidden class of its own in V8 (as far as Node 20).
  return { count: event.type === "server.ping" ? (event.count ?? 1) : 1, ...sameLink(given) };
}

// The sockets.
const toNextServer = ({ context }: Given) => {
  const { id, destination } = nextLink(context);
  return { attempt: id, server: destination };
};
export const openSocket = { type: "openSocket", params: toNextServer } as const;
export const upgradeToTls = { type: "upgradeToTls", params: toNextServer } as const;
export const closeLiveSocket = { type: "closeSocket", params: live } as const;
export const closeNextSocket = { type: "closeSocket", params: next } as const;
export const closeThatSocket = { type: "closeSocket", params: sameLink } as const;
export const endLiveSocket = { type: "endSocket", params: live } as const;
export const endThatSocket = { type: "endSocket", params: sameLink } as const;
export const sendConnect = { type: "sendConnect", params: next } as const;
export const sendPing = { type: "sendPing", params: live } as const;
export const sendPingToNext = { type: "sendPing", params: next } as const;
export const sendPong = { type: "sendPong", params: asManyAsAsked } as const;

// The timers: effects.ts says why each exists.
type Of = (given: Given) => { readonly attempt: number };
const start = (timer: TimerName, of: Of, ms: (given: Given) => Milliseconds) => ({
  type: "startTimer" as const,
  params: named(timer, (given: Given) => ({ timer, ...of(given), ms: ms(given) })),
});
const stop = (timer: TimerName, of: Of) => ({
  type: "stopTimer" as const,
  params: named(timer, (given: Given) => ({ timer, ...of(given) })),
});
const untilAServerIsReady = ({ context }: Given) => {
  const choice = nextServer(context);
  return choice.type === "wait" ? choice.ms : 0;
};
export const startAttemptTimer = start("attempt", next, ({ context }) => nextLink(context).patience);
export const stopAttemptTimer = stop("attempt", next);
export const startReconnectTimer = start("reconnect", lastAttempt, untilAServerIsReady);
export const stopReconnectTimer = stop("reconnect", lastAttempt);
export const startPingTimer = start("ping", live, ({ context }) => context.policy.pingInterval);
export const stopPingTimer = stop("ping", live);
export const startDrainTimer = start("drain", lastAttempt, ({ context }) => context.policy.drainTimeout);
export const stopDrainTimer = stop("drain", lastAttempt);
export const startOverlapTimer = start("overlap", lastLeft, () => OVERLAP);
export const startRetireTimer = start("retire", sameLink, () => LINGER);
export const stopRetireTimer = stop("retire", sameLink);
export const startConfirmTimer = start("confirm", live, () => LINGER);
export const stopConfirmTimer = stop("confirm", sameLink);
export const startLingerTimer = start("linger", live, () => LINGER);
export const startLingerTimerThere = start("linger", sameLink, () => LINGER);

function lastLeft({ context }: Given) {
  return { attempt: context.retiring.at(-1)?.id ?? 0 };
}

/** The inspector shows a function as its name: so that it says which timer or status. */
function named<F extends (given: Given) => unknown>(name: string, params: F): F {
  return Object.defineProperty(params, "name", { value: name });
}

// The user's functions, the message path, the promises.
const poolNextFirst = ({ context }: Given) => {
  const choice = nextServer(context);
  const first = choice.type === "dial" ? [choice.server] : [];
  const rest = candidates(context).filter((server) => !first.includes(server));
  return { attempt: context.attempt, pool: [...first, ...rest], origins: context.origins };
};
const fromLiveToNext = ({ context }: Given) => ({
  attempt: nextLink(context).id,
  from: liveLink(context).id,
});
const reason = ({ context }: Given) => ({ failure: context.failure });
export const askNextServer = { type: "askNextServer", params: poolNextFirst } as const;
export const askReconnectDelay = { type: "askReconnectDelay", params: lastAttempt } as const;
export const resubscribe = { type: "resubscribe", params: live } as const;
export const resubscribeWithNext = { type: "resubscribe", params: next } as const;
export const unsubscribeThere = { type: "unsubscribe", params: sameLink } as const;
export const holdOutbound = { type: "holdOutbound" } as const;
export const pauseOutbound = { type: "pauseOutbound", params: fromLiveToNext } as const;
export const releaseOutbound = { type: "releaseOutbound", params: live } as const;
export const drainSubscriptions = { type: "drainSubscriptions", params: noLink } as const;
export const finishOutbound = { type: "finishOutbound", params: live } as const;
export const confirmOutbound = { type: "confirmOutbound", params: live } as const;
export const resolveConnect = { type: "resolveConnect" } as const;
export const settlePending = { type: "settlePending", params: reason } as const;
export const settleClosed = { type: "settleClosed", params: reason } as const;

// The statuses.
type Plain = "disconnect" | "reconnect" | "reconnecting" | "staleConnection" | "client initiated reconnect";
const status = (report: StatusReport) => ({ type: "notifyStatus", params: { status: report } }) as const;
const plain = (type: Plain, server: (context: ConnectionContext) => string) => ({
  type: "notifyStatus" as const,
  params: named(type, ({ context }: Given): { readonly status: StatusReport } => ({
    status: { type, server: server(context) },
  })),
});
const ping = ({ context, event }: Given): { readonly status: StatusReport } => {
  const link = liveLink(context);
  return { status: { type: "pingTimer", server: serverOf(link), pingsOut: unansweredAt(event, link) + 1 } };
};
export const reportReconnecting = plain("reconnecting", (context) => serverOf(nextLink(context)));
export const reportDisconnect = plain("disconnect", serverInUse);
export const reportReconnect = plain("reconnect", serverInUse);
export const reportStale = plain("staleConnection", serverInUse);
export const reportClientReconnect = plain("client initiated reconnect", serverInUse);
export const reportPing = { type: "notifyStatus", params: ping } as const;

type Enqueued = {
  readonly [Name in EffectName]: { readonly type: Name; readonly params: EffectParams[Name] };
}["notifyStatus" | "rejectConnect" | "closeSocket" | "endSocket" | "startTimer" | "stopTimer"];
interface Wanted {
  readonly effects: readonly Enqueued[];
  readonly changes?: Partial<ConnectionContext>;
}

function conditionally(want: (given: Given) => Wanted) {
  const action = enqueueActions<
    ConnectionContext,
    ConnectionEvent,
    undefined,
    ConnectionEvent,
    never,
    Enqueued,
    never
  >(({ context, event, enqueue }) => {
    const { effects, changes } = want({ context, event });
    if (changes !== undefined) enqueue.assign(changes);
    for (const effect of effects) enqueue(effect);
  });
  return Object.assign(action, { resolve: resolving(want) });
}

/**
 * The same as XState makes of `enqueueActions`, by its own protocol, without `enqueue`. The eight functions on that cost more than all
 * else that happens to an -ERR, and V8 puts a function that is assigned to a property into the old generation at once: until the next
 * full collection they hold the event and the context.
 */
function resolving(want: (given: Given) => Wanted) {
  return (_scope: unknown, snapshot: unknown, { context, event }: Given) => {
    const { effects, changes } = want({ context, event });
    return [snapshot, undefined, changes === undefined ? effects : [assign(changes), ...effects]];
  };
}

const timerOf = {
  overlapping: "overlap",
  unsubscribing: "retire",
  confirming: "confirm",
  ending: "linger",
} as const satisfies Record<EndingPhase, TimerName>;

function stopTimerOf({ id, phase }: Link): readonly Enqueued[] {
  if (!Object.hasOwn(timerOf, phase)) return [];
  const timer = timerOf[phase as EndingPhase];
  return [{ type: "stopTimer", params: { timer, attempt: id } }];
}

const close = ({ id }: Link): Enqueued => ({ type: "closeSocket", params: { attempt: id } });

/** Effects that are emitted only where there is a reason to, some together with what is remembered of it. */
export const conditionalActions = {
  /** The attempt failed, the connection broke, or the server sent -ERR: say why. */
  reportError: conditionally(({ context, event }) => {
    const link = linkIn(context, event);
    if (link === undefined) return { effects: [] };
    const server = serverOf(link);
    const step = whereabouts(context, link);
    const report = (failure: Failure, permission: PermissionContext | null) =>
      status({ type: "error", server, failure, step, permission });
    if (event.type !== "server.error") return { effects: [report(why(context, event), null)] };
    const { error, others = [] } = event;
    // An attempt ends by the first error that ends it.
    const rest = link === context.next && !isHarmless(error) ? [] : others;
    return {
      effects: [
        report(why(context, event), error.permission ?? null),
        ...rest.map((other) => report(failureOf(other), other.permission ?? null)),
      ],
    };
  }),

  /** An INFO: what it says of the server, and of the cluster's servers. News are reported. */
  noteInfo: conditionally(({ context, event }) => {
    const link = linkIn(context, event);
    if (event.type !== "server.info" || link === undefined) return { effects: [] };
    const { info } = event;
    const server = serverOf(link);
    const inUse = [link, ...linksOf(context)].map(serverOf);
    const { destination, secured } = link;
    // It refused, and most likely will again: it must not bring those back that left since they did, too.
    const known = findServer(context.pool, server);
    const mayNameOthers = link === context.live || known?.learnt !== true || known.refusal === null;
    const connectUrls = mayNameOthers ? info.connectUrls : [];
    const news = { connectUrls, destination, secured, letIn: link.phase === "live", inUse };
    const { pool, random, changed } = learnServers(context, news, context.policy, context.random);
    const effects: Enqueued[] = [];
    if (changed.added.length + changed.deleted.length > 0)
      effects.push(status({ type: "update", server, changed }));
    if (info.lameDuck && link.info?.lameDuck !== true) effects.push(status({ type: "ldm", server }));
    return {
      effects,
      changes: { pool, random, ...withLink(context, { ...link, info, infoSecured: secured }) },
    };
  }),

  /** The server has greeted: from here on the attempt has all the time that the option `timeout` allows. */
  grantTime: conditionally(({ context, event }) => {
    const link = nextLink(context);
    const { id: attempt, begunAt, patience } = link;
    const { timeout } = context.policy;
    if (patience >= timeout) return { effects: [] };
    const ms = Math.max(0, timeout - (event.at - begunAt));
    return {
      effects: [
        { type: "stopTimer", params: { timer: "attempt", attempt } },
        { type: "startTimer", params: { timer: "attempt", attempt, ms } },
      ],
      changes: { next: { ...link, patience: timeout } },
    };
  }),

  /** The user's function could not say where to move to: say why. The connection stays where it is. */
  reportChoiceFailed: conditionally(({ context, event }) => {
    if (event.type !== "choice.failed") return { effects: [] };
    const { failure } = event;
    const server = serverOf(liveLink(context));
    return { effects: [status({ type: "error", server, failure, step: "migrating", permission: null })] };
  }),

  /** What is being made is given up, if anything is. Nobody failed: its server may be dialed again at once. */
  dropNext: conditionally(({ context }) => {
    const { next: link, pool } = context;
    if (link === null) return { effects: [] };
    const timer = { timer: "attempt", attempt: link.id } as const;
    return {
      effects: [close(link), { type: "stopTimer", params: timer }],
      changes: { next: null, pool: withServer(pool, serverOf(link), { lastAttemptAt: null }) },
    };
  }),

  /** The other side sends no more, but may still take what was written: let it, for a while. */
  endHalfClosed: conditionally(({ event }) => {
    if (event.type !== "socket.closed" || !event.halfClosed) return { effects: [] };
    const { attempt } = event;
    return {
      effects: [
        { type: "endSocket", params: { attempt } },
        { type: "startTimer", params: { timer: "linger", attempt, ms: LINGER } },
      ],
    };
  }),

  /** The socket that is being left is closed, or about to be: its timer is not needed any more. */
  stopTimerThere: conditionally(({ context, event }) => {
    const link = linkIn(context, event);
    return { effects: link === undefined ? [] : stopTimerOf(link) };
  }),

  /** No subscription is of use any more: only sockets stay that hand over their last bytes, or ask whether they arrived. */
  closeRetiring: conditionally(({ context }) => {
    const left = context.retiring.filter(({ phase }) => phase !== "ending" && phase !== "confirming");
    if (left.length === 0) return { effects: [] };
    return {
      effects: left.flatMap((link) => [close(link), ...stopTimerOf(link)]),
      changes: { retiring: context.retiring.filter((link) => !left.includes(link)) },
    };
  }),

  /** No connection was ever established: `connect` is rejected. */
  rejectConnectBefore: conditionally(({ context }) => {
    if (context.connectedBefore) return { effects: [] };
    const closed = { code: "CANCELLED", message: "closed before the connection stood" };
    const params = { failure: context.failure ?? closed, attempts: context.attempts };
    return { effects: [{ type: "rejectConnect", params }] };
  }),
};
