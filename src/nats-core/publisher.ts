// What a message of nats-core publishes with: answers, and the requests that its packages make beside the connection.
//
// `JsMsg.ackAck()` registers a request, publishes with a reply subject made of `baseInbox` and the token of the
// request, and awaits what the request is told. Here the two become one request of ours: such a reply subject is a
// label that never reaches the wire, and the answer comes by our own inbox.

import type { Msg as CoreMsg, Payload, PublishOptions } from "@nats-io/nats-core";
import { goesNowhere } from "../api/answers.js";
import { ErrorCode, type NatsError } from "../api/errors.js";
import { MAX_MILLISECONDS } from "../api/milliseconds.js";
import type { Msg } from "../api/msg.js";
import type { NatsConnection } from "../api/nats-connection.js";
import { coreError } from "./errors.js";

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
  /** An answer had no room in an outage: whoever gave it may not look at what `respond` returned. */
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
  /** Requests under way, by their reply subjects: each has a timeout, after which it cancels itself. */
  readonly #requests = new Map<string | undefined, Pending>();

  constructor(adapter: Adapter, baseInbox: string, noAsyncTraces: boolean) {
    this.#adapter = adapter;
    this.options = { noAsyncTraces };
    this.muxSubscriptions = {
      baseInbox,
      cancel: ({ token }) => {
        const label = `${baseInbox}${token}`;
        this.#requests.get(label)?.ended.abort();
        this.#requests.delete(label);
      },
    };
  }

  /** Registers a request; it is made when something is published with its reply subject. */
  request<T extends PendingRequest>(request: T): T {
    const { baseInbox } = this.muxSubscriptions;
    this.#requests.set(`${baseInbox}${request.token}`, { request, ended: new AbortController() });
    return request;
  }

  /**
   * Makes the request whose reply subject is given, or publishes as `respond` does.
   * @throws an error of nats-core, as `respond` does
   */
  publish(subject: string, payload?: Payload, options?: PublishOptions): void {
    const pending = this.#requests.get(options?.reply);
    if (pending === undefined) this.respond(subject, payload, options);
    else this.#request(pending, subject, payload);
  }

  /**
   * Publishes an answer or an acknowledgement.
   *
   * A handler may still run when the connection ends, also one of a package, which looks at no return value and which nobody
   * could protect from what is thrown. Whoever waits for the answer asks again, and a message without an acknowledgement is
   * delivered again. What has no room in an outage is reported: nothing else tells of it.
   * @returns false where it can go nowhere
   * @throws an error of nats-core for what is wrong with the answer
   */
  respond(reply: string, payload?: Payload, options?: PublishOptions): boolean {
    try {
      this.#adapter.publish(reply, payload, options);
      return true;
    } catch (error) {
      const { cause } = error as Error;
      if (!goesNowhere(cause, reply, options)) throw error;
      if ((cause as NatsError).code === ErrorCode.ReconnectBufferExceeded) this.#adapter.lost(error as Error);
      return false;
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
