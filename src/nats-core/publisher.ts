// What a message of nats-core publishes with: responses, and the requests that its packages make beside the connection.
//
// `JsMsg.ackAck()` registers a request, publishes with a reply subject made of `baseInbox` and the token of the
// request, and awaits what the request is told. Here the two become one request of ours: such a reply subject is a
// label that never reaches the wire, and the answer comes by our own inbox.

import {
  ClosedConnectionError,
  type Msg as CoreMsg,
  DrainingConnectionError,
  type Payload,
  type PublishOptions,
} from "@nats-io/nats-core";
import { ErrorCode, type NatsError } from "../api/errors.js";
import { MAX_MILLISECONDS } from "../api/milliseconds.js";
import type { Msg } from "../api/msg.js";
import type { NatsConnection } from "../api/nats-connection.js";
import { coreError } from "./errors.js";
import { isAcknowledgement } from "./jetstream-subjects.js";

/** A request of nats-core's making: it has its own timeout, and is told how it ends. */
export interface PendingRequest {
  readonly token: string;
  resolver(error: Error | null, msg: CoreMsg): void;
}

/** What a publisher asks of the adapter. */
export interface Adapter {
  /** Ours. */
  readonly connection: NatsConnection;
  publish(subject: string, payload?: Payload, options?: PublishOptions): void;
  /** A message of ours, as nats-core's. */
  messageFrom(own: Msg): CoreMsg;
  /** What a message published is lost, and nobody is told by an exception. */
  lost(error: Error): void;
}

/** A request under way, and how ours is given up. */
interface Pending {
  readonly request: PendingRequest;
  readonly ended: AbortController;
}

/** As long as a timer can wait: the request has a timeout of its own, which is shorter. */
const FOREVER = MAX_MILLISECONDS;

/** What nats-core calls the protocol, as far as a message needs it. */
export class Publisher {
  /** Whether errors say where a request was made. */
  readonly options: { readonly noAsyncTraces: boolean };
  /** Where requests are told that they are not needed any more. */
  readonly muxSubscriptions: { readonly baseInbox: string; cancel(request: PendingRequest): void };
  readonly #adapter: Adapter;
  /** Requests under way: each has a timeout, after which it cancels itself. */
  readonly #requests = new Map<string, Pending>();

  constructor(adapter: Adapter, baseInbox: string, noAsyncTraces: boolean) {
    this.#adapter = adapter;
    this.options = { noAsyncTraces };
    this.muxSubscriptions = {
      baseInbox,
      cancel: ({ token }) => {
        this.#requests.get(token)?.ended.abort();
        this.#requests.delete(token);
      },
    };
  }

  /** Registers a request; it is made when something is published with its reply subject. */
  request<T extends PendingRequest>(request: T): T {
    this.#requests.set(request.token, { request, ended: new AbortController() });
    return request;
  }

  /**
   * Publishes, or makes the request whose reply subject is given.
   *
   * A handler may still run when the connection ends, also one of a package, where nobody could catch what is thrown. So
   * nothing is thrown because the connection is closed or draining: whoever waits for the response asks again, and a
   * message without an acknowledgement is delivered again. That holds also for an acknowledgement without room in an outage.
   * @throws an error of nats-core, as `publish` does, for all else
   */
  publish(subject: string, payload?: Payload, options?: PublishOptions): void {
    const { baseInbox } = this.muxSubscriptions;
    const token = options?.reply?.startsWith(baseInbox) ? options.reply.slice(baseInbox.length) : "";
    const pending = this.#requests.get(token);
    if (pending === undefined) this.#publishOrLose(subject, payload, options);
    else this.#request(pending, subject, payload);
  }

  #publishOrLose(subject: string, payload: Payload | undefined, options: PublishOptions | undefined): void {
    try {
      this.#adapter.publish(subject, payload, options);
    } catch (error) {
      if (error instanceof ClosedConnectionError || error instanceof DrainingConnectionError) return;
      if (!isAcknowledgement(subject) || !isWithoutRoom(error)) throw error;
      this.#adapter.lost(error);
    }
  }

  #request(pending: Pending, subject: string, payload: Payload | undefined): void {
    const { request, ended } = pending;
    const { connection } = this.#adapter;
    connection.request(subject, payload, { timeout: FOREVER, signal: ended.signal }).then(
      (msg) => request.resolver(null, this.#adapter.messageFrom(msg)),
      (error) => {
        if (!ended.signal.aborted) request.resolver(coreError(error, subject), {} as CoreMsg);
      },
    );
  }
}

function isWithoutRoom(error: unknown): error is Error {
  const cause = error instanceof Error ? error.cause : undefined;
  return (cause as NatsError | undefined)?.code === ErrorCode.ReconnectBufferExceeded;
}
