// Everything a connection can ask for, as data. Imperatives; plain JSON.
//
// An effect is a named XState action: the chart (connection-machine.ts) emits it with its `params`, the
// interpreter (src/effects/interpreter.ts) carries it out. To add one, add its parameters here: the compiler
// then asks for its handler.

import type { AttemptReport, Failure } from "./failure.js";
import type { Destination, Origin } from "./origin.js";
import type { PermissionContext } from "./server-error.js";
import type { ServerPool, ServersChanged } from "./server-pool.js";
import type { Milliseconds } from "./units.js";

/** The timers of a connection, and why each exists. For each link, or for each attempt, at most one of a name runs. */
export const timers = {
  attempt:
    "bounds one attempt from dialing to the PONG that ends it, in a move to the end of the cutover (option `timeout`)",
  reconnect: "runs until the first server is out of its backoff",
  ping: "runs until the next PING is due (option `pingInterval`)",
  drain: "bounds a drain (option `drainTimeout`)",
  overlap: "leaves a server its subscriptions until the cluster knows those of the new one",
  retire: "bounds how long a server that is being left may take to confirm the UNSUBs",
  confirm: "bounds how long a server may take to confirm what was published, after `close()`",
  linger: "bounds how long a socket that is being left may take to hand over its last bytes",
} as const;

/** The name of a timer. */
export type TimerName = keyof typeof timers;

/** The names of all timers. */
export const timerNames = Object.keys(timers) as readonly TimerName[];

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
  /** Close the socket at once. No answer. */
  closeSocket: { readonly attempt: number };
  /** Hand over what was published, let the server read it, and close the socket. Answer: `socket.closed`. */
  endSocket: { readonly attempt: number };
  /** Get the credentials, send CONNECT and PING. Answer: `server.pong`, `server.error` or `credentials.failed`. */
  sendConnect: { readonly attempt: number };
  /** Send PING. Answer: `server.pong`. */
  sendPing: { readonly attempt: number };
  /** Answer so many PINGs of the server, as fast as it reads the answers. */
  sendPong: { readonly attempt: number; readonly count: number };
  /** Start a timer that does not run. Answer: `timer.fired`, unless stopped before. */
  startTimer: { readonly timer: TimerName; readonly attempt: number; readonly ms: Milliseconds };
  /** Stop a timer. */
  stopTimer: { readonly timer: TimerName; readonly attempt: number };
  /** Call the user's `reconnectDelayHandler`. Answer: `delay.chosen`. */
  askReconnectDelay: { readonly attempt: number };
  /**
   * Call the user's `reconnectToServer`; `pool` has the server first that would be next, `origins` those of its servers. Answer:
   * `server.chosen` or `choice.failed`.
   */
  askNextServer: {
    readonly attempt: number;
    readonly pool: ServerPool;
    readonly origins: readonly Origin[];
  };
  /** Send SUB for every subscription, with what is left of its `max`. From here on that server is told of every change. */
  resubscribe: { readonly attempt: number };
  /** Send UNSUB for every subscription that the server knows. Answer: `subscriptions.drained`, when all it had to deliver is here. */
  unsubscribe: { readonly attempt: number };
  /** Shut the gate of the message path: keep what is published from now on. */
  holdOutbound: undefined;
  /**
   * Hand over all that was published to the server in use (`from`), and keep what is published from now on. Answer:
   * `outbound.flushed` for the attempt that waits for it, when that server has all of it.
   */
  pauseOutbound: { readonly attempt: number; readonly from: number };
  /** Open the gate: send what was kept, in order, then all that follows. */
  releaseOutbound: { readonly attempt: number };
  /**
   * Unsubscribe everything and wait until what has arrived is processed. Answer: `subscriptions.drained`. The number is 0: it
   * goes on also where the connection is lost.
   */
  drainSubscriptions: { readonly attempt: number };
  /** Accept no more publishes; wait until the server has all of them. Answer: `outbound.flushed`. */
  finishOutbound: { readonly attempt: number };
  /** Hand over all that was published, then UNSUB all and PING. Answer: `outbound.flushed`, when the server has all that was published. */
  confirmOutbound: { readonly attempt: number };
  /** Tell those who listen to `nc.status()` and `onStatus`. */
  notifyStatus: { readonly status: StatusReport };
  /** Resolve `connect()`. */
  resolveConnect: undefined;
  /** Reject `connect()` with the failure and the attempts made. */
  rejectConnect: { readonly failure: Failure; readonly attempts: readonly AttemptReport[] };
  /** Accept nothing more, and settle all that waits, but `closed()`: subscriptions, requests, flushes and statuses end. */
  settlePending: { readonly failure: Failure | null };
  /** Settle `closed()`: the last effect of all. */
  settleClosed: { readonly failure: Failure | null };
}

/** The name of an effect. */
export type EffectName = keyof EffectParams;

/** One effect, ready to be carried out. */
export type Effect = {
  readonly [Name in EffectName]: { readonly type: Name; readonly params: EffectParams[Name] };
}[EffectName];
