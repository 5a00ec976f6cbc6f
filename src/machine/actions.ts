// The effects as the chart writes them: the name of an effect together with where its parameters come from.
//
// Nothing is done here. `effectActions` gives the names to XState with empty bodies, so that the chart runs pure;
// the interpreter provides the real ones. The objects below are what the chart's entry, exit and actions list.

import { enqueueActions } from "xstate";
import {
  type ConnectionContext,
  candidates,
  destination,
  isOfOldSocket,
  nextServer,
  serverInUse,
  serverName,
} from "./context.js";
import type { EffectName, EffectParams, StatusReport } from "./effects.js";
import type { ConnectionEvent } from "./events.js";
import type { Failure } from "./failure.js";
import { serversInUse, why } from "./memory.js";
import { learnServers } from "./server-pool.js";

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
  retireSocket: nothing,
  sendConnect: nothing,
  sendPing: nothing,
  sendPong: nothing,
  startTimer: nothing,
  stopTimer: nothing,
  askReconnectDelay: nothing,
  askNextServer: nothing,
  resubscribe: nothing,
  holdOutbound: nothing,
  pauseOutbound: nothing,
  releaseOutbound: nothing,
  drainSubscriptions: nothing,
  flushOutbound: nothing,
  notifyStatus: nothing,
  settleConnect: nothing,
  settleClosed: nothing,
};

// An effect that needs to know no more than which attempt it belongs to: the one under way, the one whose socket
// carries the messages, or the one whose socket is being left.
const attempt = ({ context }: Given) => ({ attempt: context.attempt });
const current = ({ context }: Given) => ({ attempt: context.socket ?? context.attempt });
const old = ({ context }: Given) => ({ attempt: context.leaving?.socket ?? context.attempt });

// The socket.
const socketToServer = ({ context }: Given) => ({ attempt: context.attempt, server: destination(context) });
const abruptly = (given: Given) => ({ ...current(given), flush: false });
const afterFlush = (given: Given) => ({ ...current(given), flush: true });
const oldAbruptly = (given: Given) => ({ ...old(given), flush: false });
const oldAfterFlush = (given: Given) => ({ ...old(given), flush: true });
export const openSocket = { type: "openSocket", params: socketToServer } as const;
export const upgradeToTls = { type: "upgradeToTls", params: socketToServer } as const;
export const closeSocket = { type: "closeSocket", params: abruptly } as const;
export const closeSocketAfterFlush = { type: "closeSocket", params: afterFlush } as const;
export const closeOldSocket = { type: "closeSocket", params: oldAbruptly } as const;
export const closeOldSocketAfterFlush = { type: "closeSocket", params: oldAfterFlush } as const;
export const retireSocket = { type: "retireSocket", params: current } as const;
export const retireOldSocket = { type: "retireSocket", params: old } as const;
export const sendConnect = { type: "sendConnect", params: attempt } as const;
export const sendPing = { type: "sendPing", params: current } as const;
export const sendPingToOld = { type: "sendPing", params: old } as const;
export const sendPong = { type: "sendPong", params: current } as const;
export const sendPongToOld = { type: "sendPong", params: old } as const;

// The timers. Each is started in one place and stopped on every way out of there.
const untilTimeout = ({ context }: Given) =>
  ({ timer: "attempt", attempt: context.attempt, ms: context.policy.timeout }) as const;
const untilAServerIsReady = ({ context }: Given) => {
  const next = nextServer(context);
  return { timer: "reconnect", attempt: context.attempt, ms: next.type === "wait" ? next.ms : 0 } as const;
};
const untilPing = (given: Given) =>
  ({ timer: "ping", ...current(given), ms: given.context.policy.pingInterval }) as const;
const untilOldPing = (given: Given) =>
  ({ timer: "ping", ...old(given), ms: given.context.policy.pingInterval }) as const;
const untilDrainTimeout = (given: Given) =>
  ({ timer: "drain", ...current(given), ms: given.context.policy.drainTimeout }) as const;
export const startAttemptTimer = { type: "startTimer", params: untilTimeout } as const;
export const startReconnectTimer = { type: "startTimer", params: untilAServerIsReady } as const;
export const startPingTimer = { type: "startTimer", params: untilPing } as const;
export const startPingTimerOfOld = { type: "startTimer", params: untilOldPing } as const;
export const startDrainTimer = { type: "startTimer", params: untilDrainTimeout } as const;
export const stopAttemptTimer = { type: "stopTimer", params: { timer: "attempt" } } as const;
export const stopReconnectTimer = { type: "stopTimer", params: { timer: "reconnect" } } as const;
export const stopPingTimer = { type: "stopTimer", params: { timer: "ping" } } as const;
export const stopDrainTimer = { type: "stopTimer", params: { timer: "drain" } } as const;

// The user's function, the message path, the promises.
const outcome = ({ context }: Given) => ({ failure: context.failure, attempts: context.attempts });
const reason = ({ context }: Given) => ({ failure: context.failure });
const poolNextFirst = ({ context }: Given) => {
  const next = nextServer(context);
  const first = next.type === "dial" ? [next.server] : [];
  const rest = candidates(context).filter((server) => !first.includes(server));
  return { attempt: context.attempt, pool: [...first, ...rest] };
};
export const askNextServer = { type: "askNextServer", params: poolNextFirst } as const;
export const askReconnectDelay = { type: "askReconnectDelay", params: attempt } as const;
export const resubscribe = { type: "resubscribe", params: attempt } as const;
export const holdOutbound = { type: "holdOutbound" } as const;
export const pauseOutbound = { type: "pauseOutbound", params: old } as const;
export const releaseOutbound = { type: "releaseOutbound", params: current } as const;
export const releaseOutboundToOld = { type: "releaseOutbound", params: old } as const;
export const drainSubscriptions = { type: "drainSubscriptions", params: current } as const;
export const flushOutbound = { type: "flushOutbound", params: current } as const;
export const settleConnect = { type: "settleConnect", params: outcome } as const;
export const settleClosed = { type: "settleClosed", params: reason } as const;

// The statuses.
type Plain = "disconnect" | "reconnect" | "reconnecting" | "staleConnection" | "client initiated reconnect";
const status = (report: StatusReport) => ({ type: "notifyStatus", params: { status: report } }) as const;
const plain = (type: Plain, server: (context: ConnectionContext) => string) => {
  const params = ({ context }: Given): { readonly status: StatusReport } => ({
    status: { type, server: server(context) },
  });
  // The inspector shows a function as its name: so that it says which status.
  Object.defineProperty(params, "name", { value: type });
  return { type: "notifyStatus" as const, params };
};
const ping = ({ context }: Given): { readonly status: StatusReport } => ({
  status: { type: "pingTimer", server: serverInUse(context), pingsOut: context.pingsOut + 1 },
});
export const reportReconnecting = plain("reconnecting", serverName);
export const reportDisconnect = plain("disconnect", serverInUse);
export const reportReconnect = plain("reconnect", serverName);
export const reportStale = plain("staleConnection", serverInUse);
export const reportClientReconnect = plain("client initiated reconnect", serverInUse);
export const reportPing = { type: "notifyStatus", params: ping } as const;

type Report = { readonly type: "notifyStatus"; readonly params: { readonly status: StatusReport } };
type Settle = {
  readonly type: "settleConnect";
  readonly params: { readonly failure: Failure | null; readonly attempts: ConnectionContext["attempts"] };
};

function conditionally<Params extends object | undefined = undefined>(
  effects: (given: Given, params: Params) => readonly (Report | Settle)[],
) {
  return enqueueActions<
    ConnectionContext,
    ConnectionEvent,
    Params,
    ConnectionEvent,
    never,
    Report | Settle,
    never
  >(({ context, event, enqueue }, params) => {
    for (const effect of effects({ context, event }, params)) enqueue(effect);
  });
}

/** Effects that are emitted only where there is something to say. */
export const conditionalActions = {
  /** The attempt failed, the connection broke, or the server sent -ERR: say why. */
  reportError: conditionally<{ readonly step: Parameters<typeof why>[2] }>(({ context, event }, { step }) => {
    const permission = event.type === "server.error" ? (event.error.permission ?? null) : null;
    return [
      status({
        type: "error",
        server: isOfOldSocket(context, event) ? serverInUse(context) : serverName(context),
        failure: why(context, event, step),
        step,
        permission,
      }),
    ];
  }),
  /** Servers joined or left the cluster; the server is about to shut down. */
  reportInfo: conditionally(({ context, event }) => {
    if (event.type !== "server.info") return [];
    const { connectUrls, lameDuck } = event.info;
    const inUse = serversInUse(context, event);
    const [server = ""] = inUse;
    const known = isOfOldSocket(context, event) ? context.leaving?.info : context.info;
    const { changed } = learnServers(context.pool, connectUrls, inUse, context.policy, context.random);
    const reports: Report[] = [];
    if (changed.added.length + changed.deleted.length > 0)
      reports.push(status({ type: "update", server, changed }));
    if (lameDuck && known?.lameDuck !== true) reports.push(status({ type: "ldm", server }));
    return reports;
  }),
  /** The connection reached `closed` before it ever stood: `connect` is rejected. */
  rejectConnect: conditionally((given) => {
    if (given.context.connectedBefore) return [];
    const { failure, attempts } = outcome(given);
    const closed = { code: "CANCELLED", message: "closed before the connection stood" };
    return [{ type: "settleConnect", params: { failure: failure ?? closed, attempts } }];
  }),
};
