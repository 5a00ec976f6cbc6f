// A connection of ours as the NatsConnection of nats-core, with what @nats-io/jetstream, kv, obj and services use of it
// beside the interface. It holds no state of the connection: all that happens, happens in ours.
//
// Errors: errors.ts. Subscriptions: subscription.ts. Statuses: statuses.ts. Double acknowledgements: publisher.ts.

import type {
  NatsConnection as CoreConnection,
  Msg as CoreMsg,
  ServerInfo as CoreServerInfo,
  Payload,
  PublishOptions,
  RequestManyOptions,
  RequestOptions,
  Server,
  Stats,
  Status,
  Subscription,
  SubscriptionOptions,
} from "@nats-io/nats-core";
import type { Features, SemVer } from "@nats-io/nats-core/internal";
import { createInbox } from "../api/inbox.js";
import type { Msg } from "../api/msg.js";
import type { NatsConnection } from "../api/nats-connection.js";
import type { SubscriptionOptions as OwnSubscriptionOptions } from "../api/subscription.js";
import type { PassedOn } from "../api/unheard-end.js";
import { type CloseListener, CloseListeners } from "./close-listeners.js";
import { coreError, requestError, translated } from "./errors.js";
import { ServerFeatures, semVerOf } from "./features.js";
import { isPull } from "./jetstream-subjects.js";
import { CoreMsgImpl } from "./msg.js";
import { publishOptions, requestManyOptions, requestOptions, subscriptionOptions } from "./options.js";
import { type Adapter, Publisher } from "./publisher.js";
import { CoreStatuses } from "./statuses.js";
import { CoreSubscriptionImpl, type SubscriptionOwner } from "./subscription.js";

/** What was asked for at `connect`, as far as packages on nats-core want to know. No credentials. */
export interface CoreOptions {
  /** Prefix of inboxes; undefined where none was given. */
  readonly inboxPrefix: string | undefined;
  /** Leave out of errors where a request was made. */
  readonly noAsyncTraces: boolean;
}

/** The adapter: one of ours, as nats-core's. */
export class CoreConnectionImpl implements CoreConnection, Adapter, SubscriptionOwner {
  readonly connection: NatsConnection;
  /** What packages on nats-core read: the prefix of inboxes, and whether errors say where they come from. */
  readonly options: CoreOptions;
  readonly #passedOn: PassedOn;
  readonly #publisher: Publisher;
  readonly #statuses: CoreStatuses;
  readonly #closeListeners: CloseListeners;
  #lastInfo: CoreServerInfo | undefined;
  readonly #features = new ServerFeatures();

  /** @param passedOn what happens to the connection: the adapter hears it only for those who listen to the adapter */
  constructor(nc: NatsConnection, options: CoreOptions, passedOn: PassedOn) {
    this.connection = nc;
    this.options = options;
    this.#passedOn = passedOn;
    this.#publisher = new Publisher(this, `${createInbox(options.inboxPrefix)}.`, options.noAsyncTraces);
    this.#statuses = new CoreStatuses(passedOn.statuses(), () => this.#noteInfo());
    this.#noteInfo();
    this.#closeListeners = new CloseListeners(passedOn.closed().then(endFrom));
  }

  // What happens on the wire.

  publish(subject: string, payload?: Payload, options?: PublishOptions): void {
    const send = () =>
      translated(() => this.connection.publish(subject, payload, publishOptions(options)), subject);
    if (!isPull(subject)) return send();
    // Kept, it would be one more pull beside that which the consumer makes after the reconnect, and each goes on for ever.
    if (!this.#isDisconnected()) this.#passedOn.overThisConnection(send);
  }

  // Ours reads of a message what both have, and takes headers of any making.
  publishMessage(msg: CoreMsg): void {
    translated(() => this.connection.publishMessage(msg as unknown as Msg), msg.subject);
  }

  respondMessage(msg: CoreMsg): boolean {
    return translated(() => this.connection.respondMessage(msg as unknown as Msg), msg.reply);
  }

  subscribe(subject: string, options?: SubscriptionOptions): Subscription {
    return new CoreSubscriptionImpl(this, subject, subscriptionOptions(options));
  }

  async request(subject: string, payload?: Payload, options?: RequestOptions): Promise<CoreMsg> {
    const isRefused = this.isClosed();
    try {
      const asked = requestOptions(options);
      return this.messageFrom(await this.connection.request(subject, payload, asked));
    } catch (error) {
      throw isRefused ? coreError(error, subject) : requestError(error, subject);
    }
  }

  async requestMany(
    subject: string,
    payload?: Payload,
    options?: Partial<RequestManyOptions>,
  ): Promise<AsyncIterable<CoreMsg>> {
    try {
      const asked = requestManyOptions(options);
      return this.#answers(subject, await this.connection.requestMany(subject, payload, asked));
    } catch (error) {
      throw coreError(error, subject);
    }
  }

  async *#answers(subject: string, own: AsyncIterable<Msg>): AsyncGenerator<CoreMsg, void> {
    try {
      for await (const msg of own) yield this.messageFrom(msg);
    } catch (error) {
      throw coreError(error, subject);
    }
  }

  async flush(): Promise<void> {
    await this.#asked(() => this.connection.flush());
  }

  rtt(): Promise<number> {
    return this.#asked(() => this.connection.rtt());
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    const isRefused = this.isClosed();
    try {
      return await ask();
    } catch (error) {
      throw isRefused ? coreError(error) : requestError(error);
    }
  }

  // The life of the connection.

  async close(): Promise<void> {
    await this.connection.close();
  }

  async closed(): Promise<undefined | Error> {
    return endFrom(await this.connection.closed());
  }

  async drain(): Promise<void> {
    try {
      await this.connection.drain();
    } catch (error) {
      throw coreError(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection[Symbol.asyncDispose]();
  }

  async reconnect(): Promise<void> {
    try {
      await this.connection.reconnect();
    } catch (error) {
      throw coreError(error);
    }
  }

  isClosed(): boolean {
    return this.connection.isClosed();
  }

  isDraining(): boolean {
    return this.connection.isDraining();
  }

  getServer(): string {
    return this.connection.getServer();
  }

  getServers(): readonly Server[] {
    return this.connection.getServers();
  }

  setServers(servers: readonly (string | Server)[]): void {
    translated(() => this.connection.setServers(servers));
  }

  stats(): Stats {
    return this.connection.stats();
  }

  status(): AsyncIterable<Status> {
    this.#passedOn.heard();
    return this.#statuses.iterate();
  }

  /**
   * INFO of the server; while disconnected that of the last one, as packages decide by it what they may send (an object
   * store its chunk size); undefined once closed.
   */
  // nats-core declares a property that may be absent, which a getter is not: the type leaves the undefined out.
  get info(): CoreServerInfo {
    return (this.isClosed() ? undefined : this.#noteInfo()) as CoreServerInfo;
  }

  // What packages on nats-core use beside the interface.

  /** What the server can do, by its version. */
  get features(): Features {
    return this.#features.of(this.#noteInfo()?.version);
  }

  /** The version of the server; undefined once closed, or where it is none. */
  getServerVersion(): SemVer | undefined {
    return this.isClosed() ? undefined : semVerOf(this.#noteInfo()?.version);
  }

  /** Moves a subscription to another subject: what ordered consumers do when they start anew. */
  _resub(subscription: Subscription, subject: string, max?: number): void {
    (subscription as CoreSubscriptionImpl).resubscribe(subject, max);
  }

  /** Is told when the connection is closed; at once where it is. */
  addCloseListener(listener: CloseListener): void {
    this.#closeListeners.add(listener);
  }

  removeCloseListener(listener: CloseListener): void {
    this.#closeListeners.remove(listener);
  }

  // What the parts of the adapter ask of it.

  open(subject: string, options: OwnSubscriptionOptions) {
    return this.connection.subscribe(subject, options);
  }

  messageFrom(own: Msg): CoreMsg {
    return new CoreMsgImpl(own, this.#publisher);
  }

  slowConsumer(sub: Subscription, pending: number): void {
    this.#statuses.report({ type: "slowConsumer", sub, pending });
  }

  lost(error: Error): void {
    this.#statuses.report({ type: "error", error });
  }

  #isDisconnected(): boolean {
    return this.connection.info === undefined && !this.isClosed();
  }

  #noteInfo(): CoreServerInfo | undefined {
    this.#lastInfo = (this.connection.info as CoreServerInfo | undefined) ?? this.#lastInfo;
    return this.#lastInfo;
  }
}

// biome-ignore lint/suspicious/noConfusingVoidType: so it is in the specification
function endFrom(error: void | Error): Error | undefined {
  return error === undefined ? undefined : coreError(error);
}
