// Everything a connection can ask for, as data. Imperatives; plain JSON.
//
// An effect is a named XState action: the chart (connection-machine.ts) emits it with its `params`, the
// interpreter (src/effects/interpreter.ts) carries it out. To add one, add its parameters here: the compiler
// then asks for its handler.

import type { AttemptReport, Failure, Milliseconds } from "./failure.js";
import type { PermissionContext } from "./server-error.js";
import type { ServerPool, ServersChanged } from "./server-pool.js";

/**
 * The timers of a connection; of each name at most one runs.
 * - `attempt`: bounds one attempt from dialing to the PONG (option `timeout`).
 * - `reconnect`: until the first server is out of its wait.
 * - `ping`: until the next PING is due (option `pingInterval`).
 * - `drain`: bounds a drain (option `drainTimeout`).
 */
export type TimerName = "attempt" | "reconnect" | "ping" | "drain";

/** What `openSocket` needs to know of a server. Where credentials belong to it, the interpreter has them by `name`. */
export interface Destination {
  /** `host:port`, and the path of a WebSocket URL that has one. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Name that the certificate must carry where it is not `host`. */
  readonly tlsName: string | null;
  /** True where the URL asks for TLS. */
  readonly tls: boolean;
  /** Where the server is reached by WebSocket: the path of its URL. Absent for TCP. */
  readonly webSocketPath?: string;
}

/** A status as the chart reports it; the client hands it on as a `Status` of the reference's shape. */
export type StatusReport =
  | { readonly type: "disconnect" | "reconnect" | "reconnecting" | "ldm"; readonly server: string }
  | { readonly type: "staleConnection" | "client initiated reconnect"; readonly server: string }
  | { readonly type: "pingTimer"; readonly server: string; readonly pingsOut: number }
  | { readonly type: "update"; readonly server: string; readonly changed: ServersChanged }
  | {
      readonly type: "error";
      readonly server: string;
      readonly failure: Failure;
      /** Where in the life of the connection: a step of an attempt, or a state. */
      readonly step: string;
      readonly permission: PermissionContext | null;
    };

/** The parameters of every effect, by its name. */
export interface EffectParams {
  /** Open a TCP connection, or a WebSocket. Answer: `socket.opened` or `socket.closed`. */
  openSocket: { readonly attempt: number; readonly server: Destination };
  /** Run the TLS handshake over the open socket. Answer: `socket.secured` or `socket.closed`. */
  upgradeToTls: { readonly attempt: number; readonly server: Destination };
  /** Close the socket; with `flush`, hand over what was published first and let the server read it. No answer. */
  closeSocket: { readonly attempt: number; readonly flush: boolean };
  /** Unsubscribe everything over that socket, let what is on its way arrive, then close it. No answer. */
  retireSocket: { readonly attempt: number };
  /** Get the credentials, send CONNECT and PING. Answer: `server.pong`, `server.error` or `credentials.failed`. */
  sendConnect: { readonly attempt: number };
  /** Send PING. Answer: `server.pong`. */
  sendPing: { readonly attempt: number };
  /** Answer the server's PING. */
  sendPong: { readonly attempt: number };
  /** Start a timer that does not run. Answer: `timer.fired`, unless stopped before. */
  startTimer: { readonly timer: TimerName; readonly attempt: number; readonly ms: Milliseconds };
  /** Stop a timer. */
  stopTimer: { readonly timer: TimerName };
  /** Call the user's `reconnectDelayHandler`. Answer: `delay.chosen`. */
  askReconnectDelay: { readonly attempt: number };
  /** Call the user's `reconnectToServer`; `pool` has the server first that would be next. Answer: `server.chosen` or `choice.failed`. */
  askNextServer: { readonly attempt: number; readonly pool: ServerPool };
  /** Send SUB for every subscription, with what is left of its `max`. */
  resubscribe: { readonly attempt: number };
  /** Shut the gate of the message path: keep what is published from now on. */
  holdOutbound: undefined;
  /**
   * Hand over all that was published to the socket that is being left, and keep what is published from now on.
   * Answer: `outbound.flushed`, when that server has all of it.
   */
  pauseOutbound: { readonly attempt: number };
  /** Open the gate: send what was kept, in order, then all that follows. */
  releaseOutbound: { readonly attempt: number };
  /** Unsubscribe everything and wait until what has arrived is processed. Answer: `subscriptions.drained`. */
  drainSubscriptions: { readonly attempt: number };
  /** Accept no more publishes; wait until the server has all of them. Answer: `outbound.flushed`. */
  flushOutbound: { readonly attempt: number };
  /** Tell those who listen to `nc.status()` and `onStatus`. */
  notifyStatus: { readonly status: StatusReport };
  /** Resolve `connect()`, or reject it with the failure and the attempts made. Once in a connection's life. */
  settleConnect: { readonly failure: Failure | null; readonly attempts: readonly AttemptReport[] };
  /** Settle `closed()` and all that still waits: the last effect of all. */
  settleClosed: { readonly failure: Failure | null };
}

/** The name of an effect. */
export type EffectName = keyof EffectParams;

/** One effect, ready to be carried out. */
export type Effect = {
  readonly [Name in EffectName]: { readonly type: Name; readonly params: EffectParams[Name] };
}[EffectName];
