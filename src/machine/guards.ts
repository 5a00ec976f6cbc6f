// The questions that the chart asks before it moves: named, so that the chart reads as English. Pure.

import { type ConnectionContext, isServerInUse, nextServer, tlsIsDemanded } from "./context.js";
import type { TimerName } from "./effects.js";
import type { ConnectionEvent, ServerSummary, UserSetServers } from "./events.js";
import { type LinkPhase, linkIn, NO_LINK, serverOf, unansweredAt } from "./link.js";
import { refusesAgain } from "./memory.js";
import { parseAddress } from "./server-address.js";
import { isHarmless, isRefusal } from "./server-error.js";
import { findServer } from "./server-pool.js";

interface Asked {
  readonly context: ConnectionContext;
  readonly event: ConnectionEvent;
}

const fromNext = ({ context, event }: Asked) => "attempt" in event && event.attempt === context.next?.id;
const fromLive = ({ context, event }: Asked) => "attempt" in event && event.attempt === context.live?.id;
/** Over a socket that ends nothing comes any more, but that it is closed. */
const fromRetiring = ({ context, event }: Asked) =>
  "attempt" in event &&
  context.retiring.some(
    ({ id, phase }) =>
      id === event.attempt && (phase !== "ending" || (event.type === "socket.closed" && !event.halfClosed)),
  );

/** It has the number of the last attempt, also where that is over. */
const isOfLast = ({ context, event }: Asked) => "attempt" in event && event.attempt === context.attempt;

const fired = ({ event }: Asked, timer: TimerName) => event.type === "timer.fired" && event.timer === timer;
const isIn = ({ context, event }: Asked, phase: LinkPhase) => linkIn(context, event)?.phase === phase;

function infoIn(event: ConnectionEvent): ServerSummary | null {
  return event.type === "server.info" ? event.info : null;
}

/** A list of servers that names one at least. */
function isList(event: ConnectionEvent): event is UserSetServers {
  return event.type === "user.setServers" && event.servers.some((server) => parseAddress(server).ok);
}

const isDrainOver = (asked: Asked) => fired(asked, "drain") && isOfLast(asked);
const areDrained = ({ event }: Asked) => event.type === "subscriptions.drained" && event.attempt === NO_LINK;

const isFatal = ({ event }: Asked) => event.type === "server.error" && !isHarmless(event.error);

export const guards = {
  // From whom is it? What a socket or timer of the past still has to say is from none of these.

  /** From the server that is being dialed. */
  fromNextServer: fromNext,
  /** From the server in use. */
  fromServerInUse: fromLive,
  /** From a server that is being left. */
  fromServerBeingLeft: fromRetiring,

  // The timers.

  /** The timer that bounds the attempt ran out. */
  attemptTimedOut: (asked: Asked) => fromNext(asked) && fired(asked, "attempt"),
  /** The first server is out of its backoff. */
  backoffIsOver: (asked: Asked) => fired(asked, "reconnect") && isOfLast(asked),
  /** A PING is due, and the last ones were answered. */
  pingIsDue: (asked: Asked) => fromLive(asked) && fired(asked, "ping"),
  /** A PING is due, but too many have not been answered, and nothing else has arrived. */
  isStale: (asked: Asked) => {
    const { live, policy } = asked.context;
    if (live === null || !fromLive(asked) || !fired(asked, "ping")) return false;
    return unansweredAt(asked.event, live) >= policy.maxPingOut;
  },
  /** The timer that bounds the drain ran out. */
  drainTimedOut: (asked: Asked) => isDrainOver(asked),
  /** The cluster has had time to learn the subscriptions with the new server. */
  overlapIsOver: (asked: Asked) => fired(asked, "overlap") && isIn(asked, "overlapping"),
  /** The server that is being left did not confirm the UNSUBs. */
  retirementTimedOut: (asked: Asked) => fired(asked, "retire") && isIn(asked, "unsubscribing"),
  /** The server did not confirm what was published. */
  confirmationTimedOut: (asked: Asked) => fired(asked, "confirm") && isIn(asked, "confirming"),
  /** The socket that is being left did not hand over its last bytes. */
  lingerIsOver: (asked: Asked) => fired(asked, "linger") && isIn(asked, "ending"),

  /** The server that is being left has confirmed the UNSUBs, and with it that nothing more comes. */
  unsubscribedThere: (asked: Asked) => isIn(asked, "unsubscribing"),
  /** The server has confirmed what was published before the user left. */
  confirmedThere: (asked: Asked) => isIn(asked, "confirming"),

  // The end.

  /** Nothing was published that no server has confirmed. */
  allIsConfirmed: ({ event }: Asked) => event.type === "user.close" && event.unconfirmed === 0,
  /** The subscriptions of the client are drained, not those of a server that is being left. */
  isProcessed: (asked: Asked) => areDrained(asked),

  // Which server next, and when.

  /** A connection was lost, and the user wants no reconnect. */
  reconnectIsOff: ({ context }: Asked) => context.connectedBefore && !context.policy.reconnect,
  /** No server is left to try. */
  noServerIsLeft: ({ context }: Asked) => nextServer(context).type === "exhausted",
  /** The user's function decides how long a server is not dialed, and has not been asked. */
  delayIsUnknown: ({ context }: Asked) => context.pool.some(({ wait }) => wait === null),
  /** The answer is for the attempt that ended last. */
  isAnswer: ({ context, event }: Asked) => event.type === "delay.chosen" && event.attempt === context.attempt,
  /** A server is out of its backoff, but the user's function says which, and has not been asked. */
  serverIsUnchosen: ({ context }: Asked) =>
    context.policy.asksForServer && context.chosen === null && nextServer(context).type === "dial",
  /** The answer is for the choice after that attempt. */
  isChoice: ({ context, event }: Asked) =>
    (event.type === "server.chosen" || event.type === "choice.failed") && event.attempt === context.attempt,
  /** A server is out of its backoff. */
  aServerIsReady: ({ context }: Asked) => nextServer(context).type === "dial",
  /** The user's function chose a server, and how long to wait before it is dialed. */
  choiceIsDelayed: ({ context }: Asked) => context.chosen !== null && nextServer(context).type === "wait",
  /** The list that the user gives names a server. */
  namesServers: ({ event }: Asked) => isList(event),
  /** The list that the user gives takes the place of the server that is being dialed. */
  nextIsReplaced: ({ context, event }: Asked) =>
    isList(event) && context.next !== null && !event.kept.includes(serverOf(context.next)),
  /** The server in use is about to shut down, and the user wants to be elsewhere by then. */
  isTimeToMigrate: (asked: Asked) =>
    fromLive(asked) &&
    infoIn(asked.event)?.lameDuck === true &&
    asked.context.policy.onLameDuck === "migrate",

  // The handshake.

  /** TLS comes before the first byte of the protocol. */
  tlsComesFirst: (asked: Asked) => {
    const { next, policy } = asked.context;
    return fromNext(asked) && policy.tls === "first" && next?.destination.transport.type === "tcp";
  },
  /** Client and server cannot agree on TLS: one demands what the other does not do. */
  tlsIsImpossible: (asked: Asked) => {
    const { next, policy } = asked.context;
    const info = infoIn(asked.event);
    if (info === null || next === null || !fromNext(asked)) return false;
    const isDemanded = tlsIsDemanded(policy, next.destination);
    // What the server says of TLS is about another listener, or about what stands between.
    if (next.destination.transport.type === "webSocket")
      return isDemanded && next.secured === (policy.tls === "never");
    if (next.secured) return false;
    if (policy.tls === "never") return info.tlsRequired || isDemanded;
    return isDemanded && !info.tlsRequired && !info.tlsAvailable;
  },
  /** The server demands TLS, or offers it to a client that did not decline. */
  tlsIsNext: (asked: Asked) => {
    const { next, policy } = asked.context;
    const info = infoIn(asked.event);
    if (info === null || next === null || !fromNext(asked)) return false;
    if (next.secured || next.destination.transport.type === "webSocket") return false;
    return (info.tlsRequired || info.tlsAvailable) && policy.tls !== "never";
  },
  /** A move leads to the very server that it leaves, under another name. */
  isServerBeingMovedFrom: (asked: Asked) => fromNext(asked) && isServerInUse(asked.context, asked.event),
  /** The server has said INFO over this socket (not so in handshake-first TLS). */
  infoHasCome: (asked: Asked) => fromNext(asked) && asked.context.next?.info !== null,

  // What the server says.

  /** The error of the server that is being dialed ends the attempt. */
  isFatalToAttempt: (asked: Asked) => fromNext(asked) && isFatal(asked),
  /** A server that the user named refuses the same credentials a second time in a row, and the user did not ask to go on. */
  isSecondRefusal: (asked: Asked) => {
    const { next, pool } = asked.context;
    const isLearnt = next !== null && findServer(pool, serverOf(next))?.learnt === true;
    return fromNext(asked) && !isLearnt && refusesAgain(asked.context, asked.event);
  },
  /** The error of the server in use ends the connection. */
  isFatalToConnection: (asked: Asked) => fromLive(asked) && isFatal(asked),
  /** The server in use no longer accepts the credentials. */
  isRefusal: (asked: Asked) =>
    fromLive(asked) && asked.event.type === "server.error" && isRefusal(asked.event.error),

  /** What had arrived before a drain lost its connection, or found none, is being processed. */
  isProcessing: ({ context }: Asked) => context.processing,
  /** All of that is processed. */
  restIsProcessed: (asked: Asked) => asked.context.processing && areDrained(asked),
  /** It took too long. */
  restTimedOut: (asked: Asked) => asked.context.processing && isDrainOver(asked),
  /** No link is left, and nothing to process: every socket is closed, and every timer is over. */
  nothingIsLeft: ({ context }: Asked) => context.retiring.length === 0 && !context.processing,
};
