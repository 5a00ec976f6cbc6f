// What a connection offers: the interface. How it is done: connection.ts. How one is made: connect.ts.

import type { ServerInfo } from "../effects/server-info.js";
import type { Recording } from "../machine/recording.js";
import type { Amount } from "../machine/units.js";
import type { Payload } from "./codec.js";
import type { FlushOptions } from "./flush.js";
import type { Msg, PublishOptions } from "./msg.js";
import type { RequestOptions } from "./request.js";
import type { RequestManyOptions } from "./request-many.js";
import type { Server } from "./server.js";
import type { Status } from "./status.js";
import type { Subscription, SubscriptionOptions } from "./subscription.js";

/** Counters of a connection, over all reconnects. Bytes are those of headers and payloads. Source: `Stats` of `nats` 2.29.3. */
export interface Stats {
  /** Bytes received. */
  inBytes: number;
  /** Bytes accepted for sending. */
  outBytes: number;
  /** Messages received. */
  inMsgs: number;
  /** Messages accepted for sending. */
  outMsgs: number;
}

/**
 * How many published messages are in each of the three positions of the outbound stream, over all reconnects. Messages that were
 * withdrawn, or lost with a connection, are in none of them: the status `disconnect` and the next `flush` tell what was lost. Beyond
 * the reference.
 */
export interface OutboundStats {
  /** Unsent: messages that `publish` accepted and that no socket was ever handed. */
  readonly waiting: Amount;
  /**
   * Unconfirmed: messages that a socket was handed and that no server has confirmed. With the option `unconfirmed: "resend"` it includes
   * messages of lost connections that the client will send again.
   */
  readonly unconfirmed: Amount;
  /** Confirmed: messages that a server has read, since the beginning. It only grows. */
  readonly confirmed: Amount;
}

/** A connection. Source: the specification, and `NatsConnection` of `nats` 2.29.3. */
export interface NatsConnection extends AsyncDisposable {
  /** INFO of the server; undefined while not connected. */
  readonly info?: ServerInfo | undefined;

  /**
   * Publishes a message. While disconnected it is kept, up to the option `reconnectBufferSize`, and sent after the
   * reconnect, in order; a message that was accepted is never dropped silently.
   * @throws NatsError `BAD_SUBJECT`, `BAD_PAYLOAD`, `BAD_HEADER`, `MAX_PAYLOAD_EXCEEDED`, `CONNECTION_CLOSED`,
   * `CONNECTION_DRAINING`, or `RECONNECT_BUFFER_EXCEEDED` where it would have to be kept and there is no room
   */
  publish(subject: string, payload?: Payload, options?: PublishOptions): void;
  /** Publishes a message as it is: its subject, reply, headers and data. @throws NatsError as `publish` */
  publishMessage(msg: Msg): void;
  /**
   * Publishes a message to its own reply subject.
   * @returns false where the message can go nowhere, as `respond` of a message does
   * @throws NatsError for what is wrong with the payload or the headers, as `respond` of a message does
   */
  respondMessage(msg: Msg): boolean;
  /**
   * Subscribes to a subject, which may have wildcards. Restored by every reconnect.
   * @throws NatsError `BAD_SUBJECT`, `INVALID_OPTION`, `CONNECTION_CLOSED`, `CONNECTION_DRAINING`
   */
  subscribe(subject: string, opts?: SubscriptionOptions): Subscription;
  /**
   * Publishes a request and waits for one answer.
   * @throws NatsError (as a rejection) `TIMEOUT`, `503` (no responders), `PERMISSIONS_VIOLATION`, `CANCELLED`, or as `publish`
   */
  request(subject: string, payload?: Payload, opts?: RequestOptions): Promise<Msg>;
  /** Publishes a request and gives the answers as they come; the iterator throws a NatsError as `request` does. */
  requestMany(
    subject: string,
    payload?: Payload,
    opts?: Partial<RequestManyOptions>,
  ): Promise<AsyncIterable<Msg>>;

  /**
   * Resolves when a server has confirmed all messages that were published before it, since the last flush that settled. The server has
   * read them; subscribers or a stream may not have them yet. While disconnected, the flush waits for the reconnect, for as
   * long as the client tries, unless the options limit it. With the option `unconfirmed: "resend"` it also waits for what is sent again.
   * @throws NatsError (as a rejection) `DISCONNECT` if messages were lost with a connection, or may be: `error.unconfirmed` says how
   * many. One flush tells them; the next flush vouches for what was published since. Also `DISCONNECT` if the connection was
   * lost before the PONG came; `CONNECTION_CLOSED`; `TIMEOUT`, `CANCELLED` and `INVALID_OPTION` by the options
   */
  flush(opts?: FlushOptions): Promise<void>;
  /** Milliseconds of a round trip to the server. @throws NatsError (as a rejection) `DISCONNECT`, `CONNECTION_CLOSED` */
  rtt(): Promise<number>;
  /** Returns how many published messages are unsent, unconfirmed and confirmed, at this moment. Costs little. Beyond the reference. */
  outboundStats(): OutboundStats;
  /**
   * Bytes that no socket has taken yet: what `publish` accepted, and what the client itself has to write, such as subscriptions and
   * the PONGs that a server asks for and does not read. Beyond the reference.
   */
  readonly pendingBytes: number;
  /**
   * Resolves when publishing may go on: when at most `limit` bytes wait that `publish` accepted. Awaiting it now and then is all
   * the back pressure that a fast publisher needs. While disconnected it waits for the reconnect, or for the end of the connection.
   * Beyond the reference.
   * @param limit bytes; default 1 MiB
   * @throws NatsError (as a rejection) `CONNECTION_CLOSED`
   */
  ready(limit?: number): Promise<void>;

  /**
   * Closes the connection: requests fail with `CONNECTION_CLOSED`, and subscriptions end. If a connection is established, the client
   * sends what was published, waits at most a second until the server confirms it, and at most another second until the socket
   * has handed over its last bytes. Resolves when closed, and never rejects: `closed()` tells what was unsent or unconfirmed.
   */
  close(): Promise<void>;
  /**
   * Resolves when the connection is closed, with an error if something went wrong. Never rejects. `error.unsent` and `error.unconfirmed`
   * say how many messages did not, or may not have, arrived; `unconfirmed` includes losses that a status `disconnect` told, and
   * that no flush has told. If nobody asks for `closed()`, `status()` or `onStatus`, and nobody drains, such an error is a warning of
   * the process (`process.emitWarning`).
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: so it is in the specification
  closed(): Promise<void | Error>;
  /**
   * Ends in good order: unsubscribes, lets what has arrived be processed, sends what was published, waits until a server confirms it,
   * and closes. Without a connection, what has arrived is still processed; the client sends nothing more.
   *
   * The drain waits for each iterator that somebody has begun to read, until its reader has taken all that arrived and comes back for more,
   * leaves the loop, or unsubscribes. A message that was taken by `next()` counts as being processed: call `return()` of the
   * iterator, or `unsubscribe()`, to leave. It does not wait for iterators that nobody reads.
   * @throws NatsError (as a rejection) `CONNECTION_CLOSED`, `CONNECTION_DRAINING` if the connection ends already. `DISCONNECT` if the
   * connection was lost while it drained, or if messages are unsent, unconfirmed, or were lost before and no flush told it.
   * `TIMEOUT` if the drain took longer than `drainTimeout`. `CONNECTION_CLOSED` if `close()` ended it before messages were
   * processed. `error.unsent` and `error.unconfirmed` say how many messages did not, or may not have, arrived. The message of the
   * error also names the subscriptions with messages that were not processed.
   */
  drain(): Promise<void>;
  /** True from the end on. */
  isClosed(): boolean;
  /** True from `drain()` on. */
  isDraining(): boolean;
  /** The server, as `host:port`. */
  getServer(): string;
  /** Counters. */
  stats(): Stats;
  /** What happens to the connection, from now on. Each iterator keeps the last 1,024 statuses for a slow reader. */
  status(): AsyncIterable<Status>;
  /**
   * What happened to the connection, as plain JSON without secrets, for `replay` of `nats-statechart/machine`; undefined
   * unless the option `record` is true. Beyond the reference.
   */
  recording(): Recording | undefined;
  /** The server pool, in its order, without secrets: `setServers` takes it, and then changes nothing. Source: the v3 client. */
  getServers(): readonly Server[];
  /**
   * Replaces the server pool, at once: an attempt to reach another server is given up. The connection that stands is left alone.
   * The credentials of URLs are used as those of the option `servers`. Of the servers before, nothing is kept that they were
   * offered, and none that was learnt by way of them; but what `getServers` gave stays what it is, with its credentials.
   * Source: the v3 client, which takes URLs alone.
   * @throws NatsError `INVALID_OPTION`
   */
  setServers(servers: readonly (string | Server)[]): void;
  /**
   * Drops the connection and connects anew by the reconnect policy; closes where the option `reconnect` is false. While
   * disconnected the attempt of the moment is given up, and the next one begins at once. @throws NatsError (as a rejection) `CONNECTION_CLOSED`, `CONNECTION_DRAINING`
   */
  reconnect(): Promise<void>;
}
