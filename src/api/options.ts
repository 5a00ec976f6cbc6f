// The options of `connect`, for the reader and the compiler. What each may be, and where it goes: option-table.ts. What
// becomes of them: settings.ts.

import type { Inspect } from "../effects/inspect.js";
import type { TlsOptions } from "../effects/node/tls-options.js";
import type { UnconfirmedPolicy } from "../effects/unconfirmed.js";
import type { AsyncAuthenticator } from "./authenticators.js";
import type { ReconnectToServerHandler } from "./server.js";
import type { Status } from "./status.js";

/** Options of `connect`. Source: `ConnectionOptions` of `nats` 2.29.3, unless marked as going beyond it. */
export interface ConnectionOptions {
  /**
   * Where to connect: `host`, `host:port`, `[ipv6]:port`, `nats://…` (or `tcp://…`), `tls://…`, or by WebSocket `ws://…` and `wss://…`
   * (ports 80 and 443, and a path), one or several, of one kind or mixed; credentials may be in the URL
   * (`nats://user:pass@host`, `nats://token@host`): they go to that server, and to those that the cluster names by way of it. One
   * `tls://` or `wss://` asks for TLS with all of them, as in the Go client. Default `127.0.0.1:4222`. Not with `port`. In a browser WebSocket only,
   * and what has no scheme is `wss://` on a page that came by https, else `ws://`.
   */
  servers?: string[] | string;
  /** Port on 127.0.0.1. Not with `servers`. */
  port?: number;
  /** User name. One that is asked for at each attempt: `usernamePasswordAuthenticator`. */
  user?: string;
  /** Password of `user`. Without one it is `INVALID_OPTION`. */
  pass?: string;
  /** Token. One that is asked for at each attempt: `tokenAuthenticator`. */
  token?: string;
  /** Gives the credentials at each attempt, or a promise of them; of several, the results are merged in order. */
  authenticator?: AsyncAuthenticator | AsyncAuthenticator[];
  /** Reconnect when the connection is lost. Default true. */
  reconnect?: boolean;
  /** Failed attempts of one server in a row until it leaves the pool; -1 or Infinity: never. Default 10. */
  maxReconnectAttempts?: number;
  /** Milliseconds between two attempts to reach the same server. Default 2,000. */
  reconnectTimeWait?: number;
  /**
   * Upper bound in milliseconds of what is added to it at random, and to the 50 ms between two servers of a pool of which 20 were
   * dialed at once. Default 100.
   */
  reconnectJitter?: number;
  /** What is added at random to `reconnectTimeWait` where TLS is in use. Default 1,000. */
  reconnectJitterTLS?: number;
  /**
   * Gives the milliseconds instead, asked after each failed attempt and lost connection: a number, 0 or more. A time may be longer than a
   * timer of the platform can wait. What the function throws is an uncaught exception, and `reconnectTimeWait` holds that time. The same
   * happens for what is no such number: NaN, Infinity, a negative number, a promise.
   */
  reconnectDelayHandler?: () => number;
  /** Milliseconds that one attempt may take: TCP, INFO, TLS, credentials. Default 20,000. */
  timeout?: number;
  /** Milliseconds between two PINGs. Default 120,000. */
  pingInterval?: number;
  /** Unanswered PINGs at which the connection counts as lost, if nothing else has arrived since the first of them. Default 2. */
  maxPingOut?: number;
  /** Name of this client, for the server's monitoring and for inspectors. */
  name?: string;
  /** The server acknowledges every command. For work on clients. Default false. */
  verbose?: boolean;
  /** The server checks more strictly. For work on clients. Default false. */
  pedantic?: boolean;
  /**
   * TLS: options make it required, null forbids it. Default: used where the server offers it. By WebSocket the URL says
   * whether there is TLS, and `timeout` of these options is not heeded; in a browser the object must be empty.
   */
  tls?: TlsOptions | null;
  /**
   * Go on in the clear where TLS was spoken before. Default false: once a server has spoken TLS, it, and every server that was
   * learnt by way of it, is talked to only under TLS. Has no effect where a URL or the option `tls` asks for TLS. Named after
   * `allow_non_tls` of nats-server. Beyond the reference.
   */
  allowNonTls?: boolean;
  /** Do not learn of other servers from the cluster. Default false. */
  ignoreClusterUpdates?: boolean;
  /** Prefix of inboxes. Default `_INBOX`. */
  inboxPrefix?: string;
  /** The server does not send this client its own messages. Default false. */
  noEcho?: boolean;
  /** Print the protocol, with secrets masked. Default false. */
  debug?: boolean;
  /** Dial servers and addresses in the order given. Default false: in random order. */
  noRandomize?: boolean;
  /** Wait for the first connection for as long as it takes. Default false: each server is tried once. */
  waitOnFirstConnect?: boolean;
  /** Go on after a server refused the same credentials twice in a row. Default false. */
  ignoreAuthErrorAbort?: boolean;
  /** Leave out of errors where `connect` was called, or a request was made. Default false. */
  noAsyncTraces?: boolean;
  /** Let the client look names up, and shuffle their addresses. Default true; false leaves that to the system. */
  resolve?: boolean;

  /**
   * Bytes of published messages that are kept while disconnected and sent after the reconnect; 0 keeps none
   * (`publish` throws), -1 is unlimited. Default 8 MiB, as in the Go client. With `unconfirmed: "resend"` it also bounds what is
   * unconfirmed. What the next server would close the connection for (a smaller `max_payload` than the last one had) is not sent; a
   * status `error` tells. Beyond the reference.
   */
  reconnectBufferSize?: number;
  /**
   * Bytes that the server accepts on a protocol line behind its verb: subject, reply subject or queue name, and numbers. Set
   * it where the `max_control_line` of the servers is not their default; they do not tell. `publish` and `subscribe` throw
   * `BAD_SUBJECT` where names are longer: the server would close the connection. At least 256, default 4,096. Beyond the
   * reference.
   */
  maxControlLine?: number;
  /**
   * What the client does with unconfirmed messages if their connection is lost. `report` (the default): the status `disconnect` and the
   * next `flush` say how many there were; each arrives at most once. `resend`: the client keeps messages until a server has
   * confirmed them, and sends them again after the reconnect, in order, before all that was published later. Each message that is not
   * given up arrives at least once: it arrives twice if the lost server had read it.
   *
   * With `resend` the socket is handed no more if about `reconnectBufferSize` bytes are unconfirmed, and what is to be sent again takes
   * room in the reconnect buffer. A request that has timed out or was aborted is not sent again. Use `resend` if a loss is
   * worse than a duplicate, or if receivers detect duplicates. `resend` with a `reconnectBufferSize` of 0 is `INVALID_OPTION`. See
   * docs/guide/reconnecting.md. Beyond the reference.
   */
  unconfirmed?: UnconfirmedPolicy;
  /** Milliseconds that a drain may take (`DrainTimeout` of the Go client). Default 30,000. Beyond the reference. */
  drainTimeout?: number;
  /**
   * What to do when the server enters lame duck mode: report it (`notify`, the default), or also move to another known
   * server before this one shuts down (`migrate`), without losing a message. The client is subscribed with both servers until 250
   * milliseconds after the move. Meanwhile a message may be delivered twice to a subscription without a queue group, and messages of
   * one publisher may arrive in another order; what comes from one of the servers comes once and in order. A member of a queue group
   * whose `max` is reached meanwhile may be sent more than it takes, which the group then misses. Published messages reach the new
   * server only after the old server has confirmed all earlier ones. Beyond the reference.
   */
  onLameDuck?: "notify" | "migrate";
  /** Chooses the server to dial, at each attempt. Source: the option of the same name of the v3 client. */
  reconnectToServer?: ReconnectToServerHandler;
  /**
   * Called with every status, from the first attempt on: also before `connect` has given the connection, which a callback
   * that uses it must expect. Beyond the reference.
   */
  onStatus?: (status: Status) => void;
  /** Aborts the attempt to connect; without effect once connected. Beyond the reference. */
  signal?: AbortSignal;
  /**
   * Keep the last events of the connection: at least 1,000 of them, fewer if they have more than 4 MiB, and never more than about twice as
   * much. `nc.recording()` gives them, says how many it has left out, and an error that ends the connection carries them. No secret is in
   * them. Default false. Beyond the reference.
   */
  record?: boolean;
  /**
   * Observes the chart: a function, or an observer of XState's inspection API, such as `createWebSocketInspector().inspect`
   * of `@statelyai/inspect`. Server, timers, user and message path are told as actors beside the chart: events come from
   * them, effects go to them as events. Of PINGs, and of refusals by the same -ERR, only the first in a second is told.
   * No secret and no message is in it. What it throws becomes an uncaught exception: the connection goes on. Default:
   * nobody observes, which costs nothing. See docs/inspector.md. Beyond the reference.
   */
  inspect?: Inspect;
}
