// A connection, as its user sees it. Its life is the chart's (src/machine); this class asks the chart, tells it
// what the user wants, and keeps the promises. Messages go straight to and from the outbound buffer and the parser.

import { Interpreter } from "../effects/interpreter.js";
import type { Ports, Subscriptions } from "../effects/ports.js";
import { OutboundClosed, OutboundFinishing, OutboundFull } from "../effects/refusals.js";
import type { ServerInfo } from "../effects/server-info.js";
import { isBytes, textLength } from "../effects/wire/bytes.js";
import { BadWireString } from "../effects/wire/subject.js";
import type { World } from "../effects/world.js";
import { serverInUse } from "../machine/context.js";
import { linksOf } from "../machine/link.js";
import type { Recording } from "../machine/recording.js";
import type { Servers } from "../machine/server-pool.js";
import { goesNowhere } from "./answers.js";
import { callSite } from "./call-site.js";
import { checkSubscription } from "./check-subscription.js";
import { Empty, type Payload } from "./codec.js";
import { isGivenServer, readGivenServers } from "./configured-servers.js";
import type { ServerCredentials } from "./credentials.js";
import { ErrorCode, invalidArgument, NatsError } from "./errors.js";
import { type FlushOptions, flush, roundTrip } from "./flush.js";
import { GivenLists } from "./given-lists.js";
import { type MsgHdrs, ownHeaders } from "./headers.js";
import { withoutNulls } from "./left-out.js";
import { knownOfPublish, knownOfRespond, type Msg, MsgImpl, optionsOf, type PublishOptions } from "./msg.js";
import { Mux } from "./mux.js";
import type { NatsConnection, OutboundStats, Stats } from "./nats-connection.js";
import type { ConnectionOptions } from "./options.js";
import { Promises } from "./promises.js";
import { type RequestOptions, request } from "./request.js";
import { type RequestManyOptions, requestMany } from "./request-many.js";
import type { Requester } from "./requester.js";
import { Secrets } from "./secrets.js";
import { askForServer, type Server, serversFrom } from "./server.js";
import { chosenDelay, type Settings, settingsOf } from "./settings.js";
import { onAbort } from "./signal.js";
import { closedStatus, type Status, Statuses, slowConsumer, statusFrom } from "./status.js";
import type { Subscription, SubscriptionOptions } from "./subscription.js";
import { SubscriptionTable } from "./subscription-table.js";
import { type PassedOn, UnheardEnd } from "./unheard-end.js";
import { UnheardSlowness } from "./unheard-slowness.js";
import { notDone } from "./unread.js";
import { Deliveries } from "./whereabouts.js";

const DEFAULT_READY_LIMIT = 1_048_576;
const DEFAULT_MAX_PAYLOAD = 1_048_576;

/** A connection and its interpreter. */
export class Connection implements NatsConnection {
  readonly #world: World;
  /** Without the servers: they have the credentials of their URLs, which another list may replace. */
  readonly #settings: Omit<Settings, "servers">;
  readonly #interpreter: Interpreter;
  readonly #subscriptions: SubscriptionTable;
  readonly #requester: Requester;
  readonly #mux: Mux;
  readonly #statuses: Statuses;
  readonly #credentials: ServerCredentials;
  readonly #promises: Promises;
  readonly #unheardEnd: UnheardEnd;
  readonly #deliveries = new Deliveries();
  readonly #given = new GivenLists();
  readonly #slow = new UnheardSlowness();
  /** Number of the last list of servers. */
  #list = 0;
  /** What a drain had not done when it ended, as the end of a sentence. */
  #notDone = "";
  /** Gives that at the end. What is left is known when the connection begins to close, unless readers have time until the end. */
  #askNotDone = () => "";
  /** `close()` ended a drain. */
  #isCutShort = false;
  #inMsgs = 0;
  #inBytes = 0;

  /** Options are checked by the caller. */
  constructor(world: World, options: ConnectionOptions) {
    const { servers, ...settings } = settingsOf(options);
    this.#world = world;
    this.#settings = settings;
    this.#requester = {
      world,
      ...settings.requests,
      resends: settings.outbound.unconfirmed === "resend",
      secrets: new Secrets((bytes) => world.fillRandom(bytes)),
      publish: (subject, payload, opts) => this.#publish(subject, payload, opts),
      handOver: () => this.#interpreter.outbound.flush(),
      position: () => this.#interpreter.outbound.position,
      withdraw: (start, end) => this.#interpreter.outbound.withdraw(start, end),
      whereabouts: (end) => {
        const { since, handedOver } = this.#interpreter.outbound;
        const { lastInUse } = this.#interpreter.snapshot.context;
        const disconnectedFor = lastInUse === null ? null : world.now() - lastInUse.until;
        return this.#deliveries.of(end, { since, handedOver, server: this.getServer(), disconnectedFor });
      },
      // Not the member, which tools replace: they would see inboxes that nobody subscribed to.
      subscribe: (subject, opts) => this.#subscribe(subject, opts),
    };
    this.#subscriptions = new SubscriptionTable(
      world,
      this,
      () => this.#interpreter.outbound,
      (subscription) => {
        if (!this.#statuses.isHeard) this.#slow.tell(subscription, this.#nameForPeople);
        this.#statuses.report(slowConsumer(subscription, this.getServer()));
      },
    );
    this.#mux = new Mux(this.#requester);
    this.#statuses = new Statuses(settings.statuses.onStatus);
    this.#unheardEnd = new UnheardEnd(settings.statuses.onStatus !== undefined);
    this.#promises = new Promises({
      causeOf: (failure) => this.#interpreter.causeOf(failure),
      recording: () => this.#interpreter.recording(),
      signal: settings.connecting.signal,
    });
    const input = {
      servers: servers.map((server) => server.url),
      seed: world.seed,
      at: world.now(),
      policy: settings.policy,
    };
    this.#credentials = settings.credentials;
    this.#credentials.replace(servers, 0);
    this.#interpreter = new Interpreter(world, this.#ports(), input, settings.watching);
  }

  /** Begins to connect; resolves with this connection when it stands. */
  start(): Promise<NatsConnection> {
    const { signal } = this.#settings.connecting;
    const site = callSite(this.#requester, "connect called");
    const failure = { code: ErrorCode.Cancelled, message: "connect was aborted by its signal" };
    const unlisten = onAbort(signal, () => this.#interpreter.close(failure));
    this.#interpreter.start();
    return this.#promises.connected
      .then(
        () => this,
        (error: NatsError) => Promise.reject(site.addTo(error)),
      )
      .finally(unlisten);
  }

  /** What the interpreter asks of this connection, and tells it. */
  #ports(): Ports {
    const { connect, handlers, outbound } = this.#settings;
    const { reconnectToServer } = handlers;
    return {
      limits: outbound,
      introduction: {
        connectFields: connect,
        authenticate: (server, nonce, signal) => this.#credentials.of(server, nonce, signal),
      },
      choices: {
        delay: () => chosenDelay(this.#settings),
        server: (servers) =>
          reconnectToServer === undefined
            ? { server: null, ms: 0 }
            : askForServer(reconnectToServer, servers, this.#isOffered, this.#interpreter.info),
      },
      subscriptions: {
        message: this.#message,
        view: (line) => this.#subscriptions.view(line),
        isOwn: (permission) =>
          this.#subscriptions.concerned(permission) !== undefined ||
          this.#mux.concerned(permission).length > 0,
        drain: async () => {
          await this.#subscriptions.drainAll();
          await this.#mux.idle();
        },
      },
      outcomes: {
        status: (report, cause) => {
          const { loss } = this.#interpreter.outbound;
          if (report.type === "disconnect") this.#deliveries.lost(report.server, loss.from, loss.to);
          const status = statusFrom(report, cause, loss.unconfirmed);
          const { error, permissionContext } = status;
          if (error !== undefined && permissionContext !== undefined) {
            this.#subscriptions.refuse(permissionContext, error);
            this.#mux.refuse(permissionContext, error);
          }
          this.#statuses.report(status);
        },
        connected: () => {
          this.#promises.connectionEstablished();
          void this.#unheardEnd.watch(this.#world, this.#promises.closed, () => this.#nameForPeople);
        },
        rejected: (failure, attempts) => this.#promises.rejectConnect(failure, attempts),
        closing: () => {
          const { processing } = this.#interpreter.snapshot.context;
          const unread = this.#subscriptions.unread();
          const unanswered = this.#mux.underWay;
          this.#askNotDone = () => notDone(processing ? this.#subscriptions.unread() : unread, unanswered);
          this.#mux.close();
          this.#subscriptions.close();
        },
        closed: (failure, remains) => {
          this.#notDone = this.isDraining() ? this.#askNotDone() : "";
          const error = this.#promises.endOf(failure, remains, this.#notDone);
          this.#statuses.report(closedStatus(this.getServer(), remains, error));
          this.#statuses.close();
          this.#subscriptions.settle();
          this.#promises.settleClosed(error);
        },
      },
    };
  }

  // The message path.

  publish(subject: string, payload?: Payload, options?: PublishOptions): void {
    knownOfPublish.check(options);
    this.#publish(subject, payload, options);
  }

  #publish(subject: string, payload: Payload = Empty, options?: PublishOptions): void {
    const { outbound } = this.#interpreter;
    try {
      // First: a closed connection says so, whatever the message is.
      outbound.checkAccepting();
      if (typeof payload !== "string" && !isBytes(payload)) {
        throw invalidArgument("payload", payload, "a string or a Uint8Array", ErrorCode.BadPayload);
      }
      // Empty or null is left out, as in the reference.
      const headers = options?.headers ? this.#encodeHeaders(options.headers) : undefined;
      const reply = options?.reply === null || options?.reply === "" ? undefined : options?.reply;
      this.#checkSize(payload, headers);
      outbound.publish(subject, payload, reply, headers);
    } catch (error) {
      throw refused(error);
    }
  }

  #encodeHeaders(headers: MsgHdrs): Uint8Array {
    if (this.#interpreter.info?.headers !== true) {
      throw new NatsError("this server does not know headers", ErrorCode.ServerOptionNotAvailable);
    }
    return ownHeaders(headers).encode();
  }

  #checkSize(payload: Payload, headers: Uint8Array | undefined): void {
    const limit = this.#interpreter.info?.max_payload ?? DEFAULT_MAX_PAYLOAD;
    const headerSize = headers === undefined ? 0 : headers.length;
    // A character takes three bytes at most, so that a text is measured only where it might be too long.
    if (headerSize + (typeof payload === "string" ? 3 * payload.length : payload.length) <= limit) return;
    const size = headerSize + (typeof payload === "string" ? textLength(payload) : payload.length);
    if (size <= limit) return;
    const message = `the message has ${size} bytes, the server accepts at most ${limit} (max_payload)`;
    throw new NatsError(message, ErrorCode.MaxPayloadExceeded);
  }

  publishMessage(msg: Msg): void {
    this.#publish(msg.subject, msg.data, optionsOf(msg));
  }

  respondMessage(msg: Msg): boolean {
    if (msg.reply === undefined || msg.reply === "") return false;
    return this.#respond(msg.reply, msg.data, optionsOf(msg));
  }

  /** Publishes an answer to a message. False where it can go nowhere. @internal */
  respond(reply: string, payload?: Payload, options?: PublishOptions): boolean {
    knownOfRespond.check(options);
    return this.#respond(reply, payload, options);
  }

  #respond(reply: string, payload?: Payload, options?: PublishOptions): boolean {
    try {
      this.#publish(reply, payload, options);
      return true;
    } catch (error) {
      if (goesNowhere(error, reply, options)) return false;
      throw error;
    }
  }

  /** A message arrived: the parser calls this, for each. */
  readonly #message: Subscriptions["message"] = (
    received,
    sid,
    subjectStart,
    subjectEnd,
    replyStart,
    replyEnd,
    headersStart,
    payloadStart,
    payloadEnd,
  ) => {
    this.#inMsgs++;
    this.#inBytes += payloadEnd - headersStart;
    const subscription = this.#subscriptions.get(sid);
    if (subscription === undefined) return;
    const reply = replyStart === replyEnd ? 0 : replyEnd;
    subscription.deliver(
      new MsgImpl(
        subscription,
        received,
        subjectStart,
        subjectEnd,
        reply,
        headersStart,
        payloadStart,
        payloadEnd,
      ),
    );
  };

  subscribe(subject: string, opts?: SubscriptionOptions): Subscription {
    return this.#subscribe(subject, opts);
  }

  #subscribe(subject: string, given: SubscriptionOptions | undefined): Subscription {
    if (this.isClosed()) throw NatsError.errorForCode(ErrorCode.ConnectionClosed);
    if (this.isDraining()) throw NatsError.errorForCode(ErrorCode.ConnectionDraining);
    const opts = withoutNulls(given);
    checkSubscription(subject, opts);
    try {
      const subscription = this.#subscriptions.add(subject, opts);
      if (opts.timeout !== undefined) subscription.site = callSite(this.#requester, "subscribed");
      return subscription;
    } catch (error) {
      throw refused(error);
    }
  }

  request(subject: string, payload?: Payload, opts?: RequestOptions): Promise<Msg> {
    const refusal = this.#requestRefusal();
    return refusal === undefined
      ? request(this.#requester, this.#mux, subject, payload, withoutNulls(opts))
      : Promise.reject(refusal);
  }

  async requestMany(
    subject: string,
    payload?: Payload,
    opts?: Partial<RequestManyOptions>,
  ): Promise<AsyncIterable<Msg>> {
    const refusal = this.#requestRefusal();
    if (refusal !== undefined) throw refusal;
    return requestMany(this.#requester, this.#mux, subject, payload, withoutNulls(opts));
  }

  #requestRefusal(): NatsError | undefined {
    if (this.isClosed()) return NatsError.errorForCode(ErrorCode.ConnectionClosed);
    return this.isDraining() ? NatsError.errorForCode(ErrorCode.ConnectionDraining) : undefined;
  }

  flush(opts?: FlushOptions): Promise<void> {
    if (this.isClosed()) return Promise.reject(NatsError.errorForCode(ErrorCode.ConnectionClosed));
    return flush(this.#world, this.#interpreter.outbound, opts, () => this.getServer());
  }

  async rtt(): Promise<number> {
    if (this.isClosed()) throw NatsError.errorForCode(ErrorCode.ConnectionClosed);
    if (!this.#isConnected) throw NatsError.errorForCode(ErrorCode.Disconnect);
    const start = this.#world.now();
    await roundTrip(this.#interpreter.outbound);
    return this.#world.now() - start;
  }

  outboundStats(): OutboundStats {
    const { waiting, unconfirmed, confirmed } = this.#interpreter.outbound;
    return { waiting, unconfirmed, confirmed };
  }

  get pendingBytes(): number {
    return this.#interpreter.pendingBytes;
  }

  async ready(limit = DEFAULT_READY_LIMIT): Promise<void> {
    if (this.isClosed()) throw NatsError.errorForCode(ErrorCode.ConnectionClosed);
    if (typeof limit !== "number" || !(limit >= 0))
      throw invalidArgument("limit", limit, "a number of bytes, 0 or more");
    try {
      await this.#interpreter.outbound.ready(limit);
    } catch {
      throw NatsError.errorForCode(ErrorCode.ConnectionClosed);
    }
  }

  // The life of the connection.

  async close(): Promise<void> {
    if (this.isDraining() && this.#interpreter.snapshot.status === "active") this.#isCutShort = true;
    this.#interpreter.close(null);
    await this.#promises.closed;
  }

  closed(): Promise<undefined | Error> {
    this.#unheardEnd.heard();
    return this.#promises.closed;
  }

  async drain(): Promise<void> {
    if (this.isClosed()) throw NatsError.errorForCode(ErrorCode.ConnectionClosed);
    if (this.isDraining()) throw NatsError.errorForCode(ErrorCode.ConnectionDraining);
    this.#unheardEnd.heard();
    this.#interpreter.send({ type: "user.drain" });
    const error = await this.#promises.closed;
    if (error !== undefined) throw error;
    if (!this.#isCutShort || this.#notDone === "") return;
    const message = `the connection was closed before the drain was done${this.#notDone}`;
    throw new NatsError(message, ErrorCode.ConnectionClosed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isClosed() || this.isDraining()) await this.#promises.closed;
    else await this.drain();
  }

  isClosed(): boolean {
    const { value, status } = this.#interpreter.snapshot;
    // A chart that broke down stays where it was.
    return value === "closing" || value === "closed" || status === "error";
  }

  isDraining(): boolean {
    return this.#interpreter.snapshot.context.leaving === "drain";
  }

  /** Whether messages flow. */
  get #isConnected(): boolean {
    return this.#interpreter.snapshot.context.live !== null && !this.isClosed();
  }

  getServer(): string {
    return serverInUse(this.#interpreter.snapshot.context);
  }

  get info(): ServerInfo | undefined {
    return this.#isConnected ? this.#interpreter.info : undefined;
  }

  stats(): Stats {
    const { outBytes, outMsgs } = this.#interpreter.outbound.stats;
    return { inBytes: this.#inBytes, inMsgs: this.#inMsgs, outBytes, outMsgs };
  }

  status(): AsyncIterable<Status> {
    this.#unheardEnd.heard();
    return this.#statuses.iterate();
  }

  get #nameForPeople(): string {
    const { name } = this.#settings.connect;
    return `the connection${name === undefined ? "" : ` ${JSON.stringify(name)}`} to ${this.getServer()}`;
  }

  /** What src/nats-core passes on, which does not listen itself. @internal */
  get passedOn(): PassedOn {
    return {
      statuses: () => this.#statuses.iterate(),
      closed: () => this.#promises.closed,
      heard: () => this.#unheardEnd.heard(),
      overThisConnection: (publish) => {
        const { outbound } = this.#interpreter;
        const start = outbound.position;
        publish();
        outbound.bind(start, outbound.position);
      },
    };
  }

  /** What src/nats-core needs to know of the options. No credentials. @internal */
  get coreOptions() {
    const { inboxPrefix, asyncTraces } = this.#requester;
    return { inboxPrefix: inboxPrefix === "" ? undefined : inboxPrefix, noAsyncTraces: !asyncTraces };
  }

  /** The numbers of the chart's links: there is a socket for each of them. For the simulation, which counts sockets. @internal */
  get links(): readonly number[] {
    return linksOf(this.#interpreter.snapshot.context).map(({ id }) => id);
  }

  recording(): Recording | undefined {
    return this.#interpreter.recording();
  }

  getServers(): readonly Server[] {
    return serversFrom(this.#servers, this.#isOffered);
  }

  setServers(servers: readonly (string | Server)[]): void {
    if (!Array.isArray(servers) || servers.length === 0 || !servers.every(isGivenServer)) {
      throw invalidArgument(
        "servers",
        servers,
        "a list, not empty, of server URLs or of what getServers gave",
        ErrorCode.InvalidOption,
      );
    }
    const { named, kept, urls } = readGivenServers(servers, this.#servers);
    const list = ++this.#list;
    const origins = kept.map(({ origin }) => origin);
    this.#credentials.replace(named, list, origins);
    const change = { servers: urls, kept: kept.map(({ name }) => name), list };
    this.#given.add(change, this.#interpreter.snapshot.context);
    this.#interpreter.setServers(change);
  }

  /** The servers as the user has named them last, also where the chart has not heard of it yet. */
  get #servers(): Servers {
    return this.#given.servers(this.#interpreter.snapshot.context);
  }

  readonly #isOffered = (origin: string) => this.#credentials.isOffered(origin);

  async reconnect(): Promise<void> {
    if (this.isClosed()) throw NatsError.errorForCode(ErrorCode.ConnectionClosed);
    if (this.isDraining()) throw NatsError.errorForCode(ErrorCode.ConnectionDraining);
    this.#interpreter.send({ type: "user.reconnect" });
  }
}

/** What the message path throws, as the user gets it. */
function refused(error: unknown): unknown {
  if (error instanceof BadWireString) return new NatsError(error.message, ErrorCode.BadSubject);
  if (error instanceof OutboundFinishing) return NatsError.errorForCode(ErrorCode.ConnectionDraining);
  if (error instanceof OutboundClosed) return NatsError.errorForCode(ErrorCode.ConnectionClosed);
  if (error instanceof OutboundFull) return new NatsError(error.message, ErrorCode.ReconnectBufferExceeded);
  return error;
}
