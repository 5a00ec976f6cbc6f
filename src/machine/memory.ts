// How the chart remembers: the assigns of the chart, named. Pure; each returns what changes in the context.

import { assign } from "xstate";
import {
  beforeMove,
  type ConnectionContext,
  isOfOldSocket,
  isWebSocket,
  MAX_ATTEMPT_REPORTS,
  nextServer,
  serverName,
  tlsIsDemanded,
} from "./context.js";
import type { ConnectionEvent } from "./events.js";
import { closedByServer, type Failure, type Step, timedOut } from "./failure.js";
import { drawWait } from "./reconnect-policy.js";
import { parseAddress } from "./server-address.js";
import { failureOf, isRefusal } from "./server-error.js";
import {
  afterFailure,
  findServer,
  learnServers,
  type Refusal,
  readyAt,
  replacePool,
  toBack,
  withServer,
} from "./server-pool.js";

type Changes = Partial<ConnectionContext>;

function remember<Params extends object | undefined = undefined>(
  changes: (context: ConnectionContext, event: ConnectionEvent, params: Params) => Changes,
) {
  return assign<ConnectionContext, ConnectionEvent, Params, ConnectionEvent, never>(
    ({ context, event }, params) => changes(context, event, params),
  );
}

/** Why an attempt, a connection or a drain ended, from the event that ended it. */
export function why(
  context: ConnectionContext,
  event: ConnectionEvent,
  step: Step | "connected" | "draining",
): Failure {
  if (isOfOldSocket(context, event)) return why(beforeMove(context), event, step);
  const server = serverName(context);
  switch (event.type) {
    case "socket.closed":
      return context.failure ?? event.failure ?? closedByServer(server, step);
    case "protocol.violated":
      return {
        code: "NATS_PROTOCOL_ERR",
        message: `${server} does not speak the NATS protocol: ${event.reason}`,
      };
    case "server.error":
      return failureOf(event.error);
    case "credentials.failed":
      return event.failure;
    case "server.info":
      return noTls(context, event.info.tlsRequired);
    case "timer.fired":
      return whyTimer(context, step);
    default:
      return { code: "DISCONNECT", message: `disconnected from ${server}` };
  }
}

function noTls(context: ConnectionContext, required: boolean): Failure {
  const server = serverName(context);
  const isForbidden = context.policy.tls === "never";
  if (isWebSocket(context) && !isForbidden) {
    const message = `TLS was asked for, but the URL of ${server} begins with ws://: wss:// is the one with TLS`;
    return { code: "SERVER_OPT_NA", message };
  }
  const demand = required ? `${server} requires TLS` : `the URL of ${server} asks for TLS`;
  const message = isForbidden
    ? `${demand}, but the option tls is null`
    : `TLS was asked for, but ${server} does not offer it`;
  return { code: "SERVER_OPT_NA", message };
}

function whyTimer(context: ConnectionContext, step: Step | "connected" | "draining"): Failure {
  const server = serverName(context);
  const { timeout, maxPingOut, drainTimeout } = context.policy;
  if (step === "connected") {
    return { code: "DISCONNECT", message: `stale connection: ${server} left ${maxPingOut} PINGs unanswered` };
  }
  if (step === "draining") {
    return {
      code: "TIMEOUT",
      message: `the drain did not finish within ${drainTimeout} ms (option drainTimeout)`,
    };
  }
  return timedOut(server, step, timeout, isWebSocket(context));
}

function refusalIn(event: ConnectionEvent): Refusal | null {
  if (event.type !== "server.error" || !isRefusal(event.error)) return null;
  return { kind: event.error.kind, credentials: event.credentials };
}

/** The context after a failed attempt: the server to the back or out of the pool, the next wait drawn. */
function failedAttempt(context: ConnectionContext, event: ConnectionEvent, step: Step): Changes {
  const { policy } = context;
  const server = serverName(context);
  const failure = why(context, event, step);
  const [drawn, random] = drawWait(policy, context.secured || tlsIsDemanded(context), context.random);
  const limit = context.connectedBefore ? policy.maxReconnectAttempts : null;
  const before = findServer(context.pool, server)?.refusal ?? null;
  // What a server says before it has seen credentials is no refusal of them.
  const refusal = step === "dialing" || step === "greeting" || step === "securing" ? null : refusalIn(event);
  const again =
    refusal !== null && before?.kind === refusal.kind && before.credentials === refusal.credentials;
  const noted = refusal === null ? context.pool : withServer(context.pool, server, { refusal });
  const report = { attempt: context.attempt, server, step, failure, at: event.at };
  // While migrating a connection stands: a move that fails costs the server no attempt, and nobody is asked how long to
  // wait, since the move is given up instead.
  const pool =
    context.leaving === null
      ? afterFailure(noted, server, policy.asksForDelay ? null : drawn, limit)
      : toBack(noted, server, { wait: drawn });
  return {
    pool,
    attempts: context.connectedBefore ? [] : [...context.attempts, report].slice(-MAX_ATTEMPT_REPORTS),
    refusedTwice: again && !policy.ignoreAuthErrorAbort,
    failure,
    socket: null,
    now: event.at,
    random,
  };
}

/** The servers that must stay in the pool whatever a cluster says, first the one that says it. */
export function serversInUse(context: ConnectionContext, event: ConnectionEvent): readonly string[] {
  const { leaving } = context;
  if (leaving === null) return [serverName(context)];
  return isOfOldSocket(context, event)
    ? [leaving.server, serverName(context)]
    : [serverName(context), leaving.server];
}

/** The failure of a close or drain that leaves something unsent behind. */
function unsentFailure(unsent: number): Failure | null {
  if (unsent === 0) return null;
  const messages = unsent === 1 ? "1 message that was" : `${unsent} messages that were`;
  return {
    code: "DISCONNECT",
    message: `closed while not connected: ${messages} published could not be sent`,
  };
}

export const memory = {
  /** An attempt begins: the server at the front that is out of its wait. */
  beginAttempt: remember((context) => {
    const next = nextServer(context);
    if (next.type !== "dial") throw new Error("invariant: an attempt begins only when a server is ready");
    const { name, host, port, tlsName, tls, webSocketPath } = next.server;
    const isWebSocket = webSocketPath !== undefined;
    const attempt = context.attempt + 1;
    return {
      attempt,
      socket: attempt,
      server: name,
      destination: { name, host, port, tlsName, tls, ...(isWebSocket ? { webSocketPath } : {}) },
      chosen: null,
      pool: withServer(context.pool, name, { lastAttemptAt: context.now }),
      // A WebSocket has its TLS from the first byte, or never.
      secured: isWebSocket && tls,
      info: null,
      failure: null,
    };
  }),

  /** The attempt failed in that step. */
  recordFailure: remember<{ readonly step: Step }>((context, event, { step }) =>
    failedAttempt(context, event, step),
  ),

  /** The attempt succeeded: the server starts anew, and from the first success on attempts count. */
  recordSuccess: remember((context) => {
    const anew = { failures: 0, refusal: null };
    const all = context.connectedBefore
      ? context.pool
      : context.pool.map((server) => ({ ...server, ...anew }));
    const connected = withServer(all, serverName(context), { ...anew, didConnect: true });
    const [wait, random] = drawWait(context.policy, context.secured, context.random);
    const { leaving } = context;
    // The server that was moved away from is about to shut down: the last to be dialed again.
    const pool =
      leaving === null ? connected : toBack(connected, leaving.server, { wait, lastAttemptAt: context.now });
    return {
      pool,
      random: leaving === null ? context.random : random,
      connectedBefore: true,
      attempts: [],
      failure: null,
      pingsOut: 0,
      refusedTwice: false,
      leaving: null,
    };
  }),

  /** The connection was lost: its server goes to the back. */
  recordLoss: remember((context, event) => {
    const [drawn, random] = drawWait(context.policy, context.secured, context.random);
    const wait = context.policy.asksForDelay ? null : drawn;
    const refusal = refusalIn(event);
    const pool = toBack(context.pool, serverName(context), {
      wait,
      ...(refusal === null ? {} : { refusal }),
    });
    return { pool, random, failure: why(context, event, "connected"), socket: null, now: event.at };
  }),

  /** The move to another server begins: the connection stands, but is to be left. */
  beginMove: remember((context, event) => {
    const { socket, secured, info } = context;
    if (socket === null) return {};
    const leaving = { socket, server: serverName(context), secured, info };
    return { leaving, socket: null, pingsOut: 0, now: event.at };
  }),

  /** No other server is to be had: the connection stays where it is. */
  giveUpMove: remember(({ leaving }) => {
    if (leaving === null) return {};
    return { ...leaving, leaving: null, failure: null, refusedTwice: false };
  }),

  /** The connection that was to be left is lost before there is another: a loss like any other. */
  recordOldLoss: remember((context, event) => {
    const { leaving, policy } = context;
    if (leaving === null) return {};
    const [drawn, random] = drawWait(policy, leaving.secured, context.random);
    // The server that was being dialed may be dialed again at once.
    const free = withServer(context.pool, serverName(context), { lastAttemptAt: null });
    const pool = toBack(free, leaving.server, { wait: policy.asksForDelay ? null : drawn });
    const failure = why(beforeMove(context), event, "connected");
    const { server } = leaving;
    return { pool, random, failure, server, refusedTwice: false, socket: null, leaving: null, now: event.at };
  }),

  /** The user's function said how long to leave the server alone. */
  noteDelay: remember((context, event) => {
    if (event.type !== "delay.chosen") return {};
    return { pool: withServer(context.pool, serverName(context), { wait: event.ms }), now: event.at };
  }),

  /** The user's function said which server is next, and how long to wait before. */
  noteChoice: remember((context, event) => {
    if (event.type !== "server.chosen") return {};
    const next = nextServer(context);
    const server = event.server ?? (next.type === "dial" ? next.server.name : null);
    if (server === null) return { now: event.at };
    const wanted = findServer(context.pool, server);
    const ready = wanted === undefined ? event.at : readyAt(wanted);
    return { chosen: { server, at: Math.max(event.at + event.ms, ready) }, now: event.at };
  }),

  /** The user's function failed: there is no next server. */
  recordChoiceFailure: remember((_context, event) =>
    event.type === "choice.failed" ? { failure: event.failure } : {},
  ),

  /** The user wants other servers. Without effect on the connection that stands. */
  replaceServers: remember((context, event) => {
    if (event.type !== "user.setServers") return {};
    const addresses = event.servers.map(parseAddress).flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
    if (addresses.length === 0) return { now: event.at };
    const [pool, random] = replacePool(context.pool, addresses, context.policy.noRandomize, context.random);
    return { pool, random, chosen: null, now: event.at };
  }),

  /** Time went by. */
  noteTime: remember((_context, event) => ({ now: event.at })),

  /** TLS secures the socket from here on. */
  noteSecured: remember(() => ({ secured: true })),

  /** An INFO: what it says of the server, and of the cluster's servers. */
  noteInfo: remember((context, event) => {
    if (event.type !== "server.info") return {};
    const { connectUrls } = event.info;
    const learnt = learnServers(
      context.pool,
      connectUrls,
      serversInUse(context, event),
      context.policy,
      context.random,
    );
    return {
      ...(isOfOldSocket(context, event) ? {} : { info: event.info }),
      pool: learnt.pool,
      random: learnt.random,
    };
  }),

  /** An error after which the server will close: it will be the reason. */
  noteError: remember((_context, event) =>
    event.type === "server.error" ? { failure: failureOf(event.error) } : {},
  ),

  /** One more PING is out. */
  countPing: remember((context) => ({ pingsOut: context.pingsOut + 1 })),

  /** The server answered: it is alive, whatever error it told of before. */
  clearPings: remember(({ pingsOut }) => (pingsOut === 0 ? {} : { pingsOut: 0, failure: null })),

  /** The user closes while a connection stands: nothing went wrong. */
  recordClose: remember((_context, event) => ({
    failure: event.type === "user.close" ? event.failure : null,
    socket: null,
    leaving: null,
  })),

  /** The user closes or drains while no connection stands: what is unsent stays unsent. */
  recordUnsent: remember((_context, event) => {
    if (event.type !== "user.close" && event.type !== "user.drain") return {};
    const given = event.type === "user.close" ? event.failure : null;
    return { failure: given ?? unsentFailure(event.unsent), socket: null };
  }),

  /** Everything is drained. */
  recordDrained: remember(() => ({ failure: null, socket: null })),

  /** The drain could not be finished. */
  recordDrainFailure: remember((context, event) => ({
    failure: why(context, event, "draining"),
    socket: null,
  })),
};
