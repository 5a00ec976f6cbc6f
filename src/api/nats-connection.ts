// What a connection offers: the interface. How it is done: connection.ts. How one is made: connect.ts.

import type { ServerInfo } from "../effects/server-info.js";
import type { Recording } from "../machine/replay.js";
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
 * Where published messages are, by how many there are and how many bytes their commands have. What was lost with a connection
 * is in none of them: the status `disconnect` tells it, and the next `flush`. Beyond the reference.
 */
export interface OutboundStats {
  /** Accepted, and no socket was handed it yet. */
  readonly waiting: Amount;
  /** A socket was handed it, and no server has confirmed it yet. With the option `unconfirmed: "resend"` also what will be sent again. */
  readonly unconfirmed: Amount;
  /** A server has confirmed it, since the beginning. */
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
   * Resolves when a server has confirmed all that was published before, since the last flush that settled. While disconnected
   * that is after the reconnect: the flush waits for as long as the client tries, unless the options limit it.
   * @throws NatsError (as a rejection) `DISCONNECT` where some of it was lost with a connection, or may be: `error.unconfirmed` says
   * how much. It is told once; the next flush vouches for what was published since. Also `DISCONNECT` where the connection was
   * lost before the answer; `CONNECTION_CLOSED`; `TIMEOUT`, `CANCELLED` and `INVALID_OPTION` by the options
   */
  flush(opts?: FlushOptions): Promise<void>;
  /** Milliseconds of a round trip to the server. @throws NatsError (as a rejection) `DISCONNECT`, `CONNECTION_CLOSED` */
  rtt(): Promise<number>;
  /** Where the published messages are: how many wait, are sent and not confirmed, or are confirmed. Beyond the reference. */
  outboundStats(): OutboundStats;
  /** Bytes accepted by `publish` that the socket has not taken yet. Beyond the reference. */
  readonly pendingBytes: number;
  /**
   * Resolves when publishing may go on: when `pendingBytes` is at most `limit`. Awaiting it now and then is all
   * the back pressure that a fast publisher needs. While disconnected it waits for the reconnect, or for the end of the connection.
   * Beyond the reference.
   * @param limit bytes; default 1 MiB
   * @throws NatsError (as a rejection) `CONNECTION_CLOSED`
   */
  ready(limit?: number): Promise<void>;

  /** Closes the connection: what was published goes out, requests and subscriptions end. Resolves when closed. */
  close(): Promise<void>;
  /**
   * Resolves when the connection is closed, with an error where something went wrong. Never rejects. If nobody asks for it, nor for
   * `status()` and `onStatus`, and nobody drains, such an error is a warning of the process (`process.emitWarning`).
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: so it is in the specification
  closed(): Promise<void | Error>;
  /**
   * Ends in good order: unsubscribes, lets what has arrived be processed, sends what was published, closes.
   *
   * The drain waits for each iterator that somebody has begun to read, until its reader has taken all that arrived and comes back for more,
   * leaves the loop, or unsubscribes. A message that was taken by `next()` counts as being processed: call `return()` of the
   * iterator, or `unsubscribe()`, to leave. It does not wait for iterators that nobody reads.
   * @throws NatsError (as a rejection) `CONNECTION_CLOSED`, `CONNECTION_DRAINING`; `DISCONNECT`, the platform's code (`ECONNRESET`) or `TIMEOUT` where it
   * could not be finished: the connection was lost or not there, or it took longer than `drainTimeout`; `CONNECTION_CLOSED` where
   * `close()` ended it before. The message names the subscriptions with messages that were not processed, and says how many.
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
