// What a message of the reference's JetStream code publishes with.
//
// `JsMsg.ackAck()` registers a request, publishes with a reply subject that is made of `baseInbox` and the token of the
// request, and awaits what the request is told. Here the two become one request of ours: such a reply subject is a label
// that never reaches the wire, and the answer comes by our own inbox.

import { createInbox, type Msg, type NatsError, type Payload, type PublishOptions } from "nats-statechart";
import { MAX_MILLISECONDS } from "../../../src/api/milliseconds.js";
import type { OwnConnection } from "./own.js";

/** A request of the reference's making. It has a timeout of its own, and is told how it ends. */
export interface PendingRequest {
  readonly token: string;
  resolver(error: NatsError | null, msg: Msg): void;
}

interface Pending {
  readonly request: PendingRequest;
  /** Gives up our request. */
  readonly ended: AbortController;
}

/** A message that the reference's code can acknowledge twice. */
export type MsgWithPublisher = Msg & { publisher: Publisher };

/** What the reference calls the publisher of a message. */
export class Publisher {
  readonly options: { readonly noAsyncTraces: boolean };
  readonly muxSubscriptions: { readonly baseInbox: string; cancel(request: PendingRequest): void };
  readonly #own: OwnConnection;
  /** Requests in flight by their reply subjects. Each has a timeout, at which it cancels itself. */
  readonly #requests = new Map<string | undefined, Pending>();

  constructor(own: OwnConnection) {
    this.#own = own;
    const { inboxPrefix, noAsyncTraces } = own.coreOptions;
    const baseInbox = `${createInbox(inboxPrefix)}.`;
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

  /** Registers a request. The client makes it when something is published with its reply subject. */
  request<T extends PendingRequest>(request: T): T {
    this.#requests.set(`${this.muxSubscriptions.baseInbox}${request.token}`, {
      request,
      ended: new AbortController(),
    });
    return request;
  }

  /** Makes the request whose reply subject is given, or publishes. */
  publish(subject: string, payload?: Payload, options?: PublishOptions): void {
    const pending = this.#requests.get(options?.reply);
    if (pending === undefined) return this.#own.publish(subject, payload, options);
    const { request, ended } = pending;
    // As long as a timer can wait: the request has a shorter timeout.
    this.#own.request(subject, payload, { timeout: MAX_MILLISECONDS, signal: ended.signal }).then(
      (msg) => request.resolver(null, this.sign(msg)),
      (error) => {
        if (!ended.signal.aborted) request.resolver(error, {} as Msg);
      },
    );
  }

  /** Gives a message what the reference's code expects of it. */
  sign(msg: Msg): MsgWithPublisher {
    const signed = msg as MsgWithPublisher;
    signed.publisher = this;
    return signed;
  }
}
