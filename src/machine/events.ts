// Everything that can happen to a connection. Plain JSON; what a NATS user would call it.
//
// Each event says when it happened (`at`), since the chart has no clock. Events of the outside world also say which attempt
// they belong to, and so which link (link.ts): what a socket or timer without a link still has to say changes nothing.
// Where an event comes from: src/effects/interpreter.ts. What it leads to: connection-machine.ts.

import type { TimerName } from "./effects.js";
import type { Failure } from "./failure.js";
import type { ServerError } from "./server-error.js";
import type { Milliseconds } from "./units.js";

interface Happened {
  /** When, in milliseconds on the clock of the world; it never runs backwards. */
  readonly at: Milliseconds;
}

interface OfAttempt extends Happened {
  /** The attempt whose socket, timer or answer this is; attempts are numbered from 1. */
  readonly attempt: number;
}

/** The TCP connection or the WebSocket stands (in handshake-first TLS: the bare TCP connection). Answer to `openSocket`. */
export interface SocketOpened extends OfAttempt {
  readonly type: "socket.opened";
  /** The IP address and port that were reached, as the name of a server is written; absent where the platform does not tell. */
  readonly address?: string;
}

/** The TLS handshake succeeded and the certificate was accepted. Answer to `upgradeToTls`. */
export interface SocketSecured extends OfAttempt {
  readonly type: "socket.secured";
}

/**
 * The socket could not be opened, could not be secured, or was closed by the other side or the network. Answer to
 * `endSocket`, too: the last bytes are handed over, or lost.
 */
export interface SocketClosed extends OfAttempt {
  readonly type: "socket.closed";
  /** Why; null where the other side closed it without an error. */
  readonly failure: Failure | null;
  /** True where the other side only sends no more: what was written before may still reach it, for as long as the chart allows. */
  readonly halfClosed: boolean;
}

/** What the chart needs of an INFO. The whole of it is kept by the client, as `nc.info`. */
export interface ServerSummary {
  readonly serverId: string;
  readonly serverName: string;
  readonly version: string;
  readonly tlsRequired: boolean;
  readonly tlsAvailable: boolean;
  readonly lameDuck: boolean;
  readonly connectUrls: readonly string[];
}

/** INFO: the server's greeting, or later news of its cluster or of lame duck mode. */
export interface ServerInfoReceived extends OfAttempt {
  readonly type: "server.info";
  readonly info: ServerSummary;
}

/** PING: the server wants to know whether the client is alive. Those of one read are one event. */
export interface ServerPing extends OfAttempt {
  readonly type: "server.ping";
  /** How many there were. Default 1. */
  readonly count?: number;
}

/** PONG in answer to a `sendConnect` or `sendPing` (those of a user's flush never come here). */
export interface ServerPong extends OfAttempt {
  readonly type: "server.pong";
}

/** -ERR, understood. */
export interface ServerErrorReceived extends OfAttempt {
  readonly type: "server.error";
  readonly error: ServerError;
  /** Those that came right behind it, in order: harmless where it is, and none a refusal of the credentials. Default: none. */
  readonly others?: readonly ServerError[];
  /** Version of the credentials that this server was offered last; it grows when they differ from the time before. */
  readonly credentialsVersion: number;
}

/** The server sent bytes that are not the NATS protocol. */
export interface ProtocolViolated extends OfAttempt {
  readonly type: "protocol.violated";
  /** What was wrong, with a bounded excerpt. */
  readonly reason: string;
}

/** The authenticator threw, rejected, or gave nothing usable. Possible answer to `sendConnect`. */
export interface CredentialsFailed extends OfAttempt {
  readonly type: "credentials.failed";
  readonly failure: Failure;
}

/** A timer ran out. Answer to `startTimer`. */
export interface TimerFired extends OfAttempt {
  readonly type: "timer.fired";
  readonly timer: TimerName;
  /** Of the timer `ping`: true where the server has sent anything since the last one. Default false. */
  readonly heard?: boolean;
}

/** The user's `reconnectDelayHandler` answered. Answer to `askReconnectDelay`. */
export interface DelayChosen extends OfAttempt {
  readonly type: "delay.chosen";
  readonly ms: Milliseconds;
}

/** The user's `reconnectToServer` answered. Possible answer to `askNextServer`. */
export interface ServerChosen extends OfAttempt {
  readonly type: "server.chosen";
  /** A server of the pool, as `host:port`; null leaves it to the client. */
  readonly server: string | null;
  /** How long to wait before it is dialed, besides what the reconnect policy demands. */
  readonly ms: Milliseconds;
}

/** The user's `reconnectToServer` threw, or chose a server that is not in the pool. Possible answer to `askNextServer`. */
export interface ChoiceFailed extends OfAttempt {
  readonly type: "choice.failed";
  readonly failure: Failure;
}

/** `nc.setServers()`. */
export interface UserSetServers extends Happened {
  readonly type: "user.setServers";
  /** The new pool, as `host:port` or with `nats://`, `tls://`, `ws://` or `wss://`, without credentials. */
  readonly servers: readonly string[];
  /** Names of servers of the pool that stay in it as they are, with their origins. */
  readonly kept: readonly string[];
  /** Number of this list, greater than that of the list before; 0 is that of the input. Origins are known by it. */
  readonly list: number;
}

/** `nc.drain()`. */
export interface UserDrain extends Happened {
  readonly type: "user.drain";
}

/** `nc.close()`, or an aborted `connect`. */
export interface UserClose extends Happened {
  readonly type: "user.close";
  /** Messages accepted by `publish` that no server has confirmed, those included that no socket has taken yet. */
  readonly unconfirmed: number;
  /** Why, where the close is not a clean one (an aborted `connect`); else null. */
  readonly failure: Failure | null;
}

/** `nc.reconnect()`. */
export interface UserReconnect extends Happened {
  readonly type: "user.reconnect";
}

/**
 * Every subscription has unsubscribed, and its messages have been processed: answer to `drainSubscriptions`, of attempt 0. Or, of a
 * server that is being left, all that it had to deliver has arrived: answer to `unsubscribe`.
 */
export interface SubscriptionsDrained extends OfAttempt {
  readonly type: "subscriptions.drained";
}

/** The server has all that was published. Answer to `finishOutbound`, `confirmOutbound`, and to `pauseOutbound` for the attempt that waits. */
export interface OutboundFlushed extends OfAttempt {
  readonly type: "outbound.flushed";
}

/** Everything that can happen to a connection. */
export type ConnectionEvent =
  | SocketOpened
  | SocketSecured
  | SocketClosed
  | ServerInfoReceived
  | ServerPing
  | ServerPong
  | ServerErrorReceived
  | ProtocolViolated
  | CredentialsFailed
  | TimerFired
  | DelayChosen
  | ServerChosen
  | ChoiceFailed
  | UserSetServers
  | UserDrain
  | UserClose
  | UserReconnect
  | SubscriptionsDrained
  | OutboundFlushed;
