// The questions that the chart asks before it moves: named, so that the chart reads as English. Pure.

import { type ConnectionContext, isOfOldSocket, isWebSocket, nextServer, tlsIsDemanded } from "./context.js";
import type { TimerName } from "./effects.js";
import type { ConnectionEvent, ServerSummary } from "./events.js";
import { isHarmless, isRefusal as refuses } from "./server-error.js";
import { findServer } from "./server-pool.js";

interface Asked {
  readonly context: ConnectionContext;
  readonly event: ConnectionEvent;
}

/** The timers of an attempt carry its number, the others that of the socket in use: while migrating, the one that is left. */
const fired = (context: ConnectionContext, event: ConnectionEvent, timer: TimerName) =>
  event.type === "timer.fired" &&
  event.timer === timer &&
  event.attempt ===
    (timer === "attempt" || timer === "reconnect"
      ? context.attempt
      : (context.leaving?.socket ?? context.socket));

const ofSocket = (context: ConnectionContext, event: ConnectionEvent) =>
  "attempt" in event && event.attempt === context.socket;

function infoIn(event: ConnectionEvent): ServerSummary | null {
  return event.type === "server.info" ? event.info : null;
}

export const guards = {
  /** The event comes from the current socket, not from one of an earlier attempt. */
  isCurrent: ({ context, event }: Asked) => ofSocket(context, event),

  /** The event comes from the socket that is being left. */
  isOld: ({ context, event }: Asked) => isOfOldSocket(context, event),
  /** The server is about to shut down, and the user wants to be elsewhere by then. */
  isTimeToMigrate: ({ context, event }: Asked) =>
    infoIn(event)?.lameDuck === true && ofSocket(context, event) && context.policy.onLameDuck === "migrate",

  /** The timer that bounds the attempt ran out. */
  attemptTimedOut: ({ context, event }: Asked) => fired(context, event, "attempt"),
  /** The first server is out of its wait. */
  waitIsOver: ({ context, event }: Asked) => fired(context, event, "reconnect"),
  /** A PING is due, and the last ones were answered. */
  pingIsDue: ({ context, event }: Asked) => fired(context, event, "ping"),
  /** A PING is due, but too many have not been answered. */
  isStale: ({ context, event }: Asked) =>
    fired(context, event, "ping") && context.pingsOut >= context.policy.maxPingOut,
  /** The timer that bounds the drain ran out. */
  drainTimedOut: ({ context, event }: Asked) => fired(context, event, "drain"),

  /** A server refused the same credentials twice in a row. */
  isRefusedTwice: ({ context }: Asked) => context.refusedTwice,
  /** A connection was lost, and the user wants no reconnect. */
  reconnectIsOff: ({ context }: Asked) => context.connectedBefore && !context.policy.reconnect,
  /** No server is left to try. */
  noServerIsLeft: ({ context }: Asked) => nextServer(context).type === "exhausted",
  /** The user's function decides how long to wait, and has not been asked. */
  delayIsUnknown: ({ context }: Asked) => findServer(context.pool, context.server)?.wait === null,
  /** The answer is for the attempt that ended last. */
  isAnswer: ({ context, event }: Asked) => event.type === "delay.chosen" && event.attempt === context.attempt,
  /** A server is out of its wait, but the user's function says which, and has not been asked. */
  serverIsUnchosen: ({ context }: Asked) =>
    context.policy.asksForServer && context.chosen === null && nextServer(context).type === "dial",
  /** The answer is for the choice after that attempt. */
  isChoice: ({ context, event }: Asked) =>
    (event.type === "server.chosen" || event.type === "choice.failed") && event.attempt === context.attempt,
  /** A server is out of its wait. */
  aServerIsReady: ({ context }: Asked) => nextServer(context).type === "dial",

  /** TLS comes before the first byte of the protocol. */
  tlsComesFirst: ({ context, event }: Asked) =>
    ofSocket(context, event) && context.policy.tls === "first" && !isWebSocket(context),
  /** Client and server cannot agree on TLS: one demands what the other does not do. */
  tlsIsImpossible: ({ context, event }: Asked) => {
    const info = infoIn(event);
    if (info === null || !ofSocket(context, event)) return false;
    // What the server says of TLS is about another listener, or about what stands between.
    if (isWebSocket(context))
      return tlsIsDemanded(context) && context.secured === (context.policy.tls === "never");
    if (context.secured) return false;
    if (context.policy.tls === "never") return info.tlsRequired || tlsIsDemanded(context);
    return tlsIsDemanded(context) && !info.tlsRequired && !info.tlsAvailable;
  },
  /** The server demands TLS, or offers it to a client that did not decline. */
  tlsIsNext: ({ context, event }: Asked) => {
    const info = infoIn(event);
    if (info === null || !ofSocket(context, event) || context.secured || isWebSocket(context)) return false;
    return (info.tlsRequired || info.tlsAvailable) && context.policy.tls !== "never";
  },
  /** The server has greeted over this socket (not so in handshake-first TLS). */
  isGreeted: ({ context, event }: Asked) => ofSocket(context, event) && context.info !== null,

  /** The server's error ends the connection. */
  isFatal: ({ context, event }: Asked) =>
    event.type === "server.error" && ofSocket(context, event) && !isHarmless(event.error),
  /** The server no longer accepts the credentials. */
  isRefusal: ({ context, event }: Asked) =>
    event.type === "server.error" && ofSocket(context, event) && refuses(event.error),
};
