// A connection of ours as the reference's code for JetStream, key-value, object store and services is given it: with what that
// code uses beside the interface. It holds no state of the connection: all that happens, happens in ours.
//
// Subscriptions: subscription.ts. Double acknowledgements: publisher.ts. What users get: members.ts.

import type { JetStreamManagerOptions, JetStreamOptions, NatsConnection, ServicesAPI } from "nats-reference";
import { Features, parseSemVer, type SemVer } from "nats-reference/lib/nats-base-client/semver.js";
import type {
  Msg,
  Payload,
  PublishOptions,
  RequestManyOptions,
  RequestOptions,
  ServerInfo,
  Stats,
  Status,
} from "nats-statechart";
import { version } from "nats-statechart";
import { isPull } from "../../../src/nats-core/jetstream-subjects.js";
import { jetstream, jetstreamManager, services } from "./jetstream.js";
import type { KnownServer } from "./known-server.js";
import type { OwnConnection } from "./own.js";
import { Publisher } from "./publisher.js";
import { type CallbackOptions, InnerSubscription } from "./subscription.js";

/** What the reference calls the protocol, as far as its code and programs look at it. */
export interface Protocol {
  readonly connected: boolean;
  readonly transport: { readonly lang: string; readonly version: string };
  readonly options: InnerConnection["options"];
  readonly info: ServerInfo | undefined;
  /** The server in use, or the one that was last. Tracing names it. */
  readonly server: { readonly listen: string };
  isClosed(): boolean;
}

/** The connection that the reference's code is given. */
export class InnerConnection {
  readonly options: { readonly inboxPrefix: string | undefined; readonly noAsyncTraces: boolean };
  readonly protocol: Protocol;
  readonly #own: OwnConnection;
  readonly #server: KnownServer;
  readonly #publisher: Publisher;
  readonly #isOver: Promise<unknown>;
  readonly #features = new Features({ major: 0, minor: 0, micro: 0 });
  #services: ServicesAPI | undefined;
  #version: string | undefined;

  constructor(own: OwnConnection, server: KnownServer) {
    this.#own = own;
    this.#server = server;
    this.#publisher = new Publisher(own);
    this.#isOver = own.passedOn.closed();
    const { inboxPrefix, noAsyncTraces } = own.coreOptions;
    const options = { inboxPrefix: inboxPrefix || undefined, noAsyncTraces };
    this.options = options;
    this.protocol = {
      get connected() {
        return server.live !== undefined;
      },
      transport: { lang: "nats-statechart", version },
      options,
      get info() {
        return server.info;
      },
      get server() {
        return { listen: own.getServer() };
      },
      isClosed: () => own.isClosed(),
    };
  }

  // What happens on the wire.

  publish(subject: string, payload?: Payload, options?: PublishOptions): void {
    const send = () => this.#own.publish(subject, payload, options);
    if (!isPull(subject)) return send();
    // If it were kept, it would be one more pull beside that which the consumer makes after the reconnect.
    if (this.#server.live !== undefined || this.#own.isClosed()) this.#own.passedOn.overThisConnection(send);
  }

  publishMessage(msg: Msg): void {
    this.#own.publishMessage(msg);
  }

  respondMessage(msg: Msg): boolean {
    return this.#own.respondMessage(msg);
  }

  subscribe(subject: string, options: CallbackOptions): InnerSubscription {
    const { callback } = options;
    const signed: CallbackOptions = {
      ...options,
      callback: (error, msg) => callback(error, error === null ? this.#publisher.sign(msg) : msg),
    };
    return new InnerSubscription(
      (to, opened) => this.#own.subscribe(to, opened),
      this.#isOver,
      subject,
      signed,
    );
  }

  /** Moves a subscription to another subject: what ordered push consumers do when they start anew. */
  _resub(subscription: InnerSubscription, subject: string, max?: number): void {
    subscription.resubscribe(subject, max);
  }

  async request(subject: string, payload?: Payload, options?: RequestOptions): Promise<Msg> {
    return this.#publisher.sign(await this.#own.request(subject, payload, requestOptions(options)));
  }

  requestMany(subject: string, payload?: Payload, options?: Partial<RequestManyOptions>) {
    return this.#own.requestMany(subject, payload, requestManyOptions(options));
  }

  flush(): Promise<void> {
    return this.#own.flush();
  }

  rtt(): Promise<number> {
    return this.#own.rtt();
  }

  // The life of the connection.

  close(): Promise<void> {
    return this.#own.close();
  }

  closed() {
    return this.#own.closed();
  }

  drain(): Promise<void> {
    return this.#own.drain();
  }

  reconnect(): Promise<void> {
    return this.#own.reconnect();
  }

  isClosed(): boolean {
    return this.#own.isClosed();
  }

  isDraining(): boolean {
    return this.#own.isDraining();
  }

  getServer(): string {
    return this.#own.getServer();
  }

  status(): AsyncIterable<Status> {
    return this.#own.status();
  }

  stats(): Stats {
    return this.#own.stats();
  }

  /** INFO of the server; while disconnected that of the last one, since an object store sizes its chunks by it. */
  get info(): ServerInfo | undefined {
    return this.#server.info;
  }

  // What the reference's code uses beside the interface, and what it makes.

  /** What the server can do, by its version. One object, which changes as the server does. */
  get features(): Features {
    const noted = this.info?.version ?? this.#version;
    if (noted !== this.#version) {
      this.#version = noted;
      this.#features.update(semVerOf(noted) ?? { major: 0, minor: 0, micro: 0 });
    }
    return this.#features;
  }

  getServerVersion(): SemVer | undefined {
    return semVerOf(this.info?.version);
  }

  jetstream(options?: JetStreamOptions | JetStreamManagerOptions) {
    return jetstream(this.#asReference, options);
  }

  jetstreamManager(options?: JetStreamManagerOptions) {
    return jetstreamManager(this.#asReference, options);
  }

  get services(): ServicesAPI {
    this.#services ??= services(this.#asReference);
    return this.#services;
  }

  get #asReference(): NatsConnection {
    return this as unknown as NatsConnection;
  }
}

/** The version that a server tells, in its parts; undefined where it tells none. */
function semVerOf(told: string | undefined): SemVer | undefined {
  try {
    return parseSemVer(String(told));
  } catch {
    return undefined;
  }
}

// The reference's code passes on options of its own beside those of the request.

function requestOptions(given: RequestOptions | undefined): RequestOptions | undefined {
  if (!given) return undefined;
  const { timeout, headers, noMux, reply } = given;
  return {
    ...(timeout ? { timeout } : {}),
    ...(headers ? { headers } : {}),
    ...(noMux ? { noMux } : {}),
    ...(reply ? { reply } : {}),
  };
}

function requestManyOptions(given: Partial<RequestManyOptions> | undefined) {
  if (!given) return undefined;
  const { strategy, maxWait, headers, maxMessages, noMux, jitter } = given;
  return {
    ...(strategy ? { strategy } : {}),
    ...(maxWait ? { maxWait } : {}),
    ...(headers ? { headers } : {}),
    ...(maxMessages ? { maxMessages } : {}),
    ...(noMux ? { noMux } : {}),
    ...(jitter ? { jitter } : {}),
  };
}
