// One client of a model server: what it said, what it is subscribed to, and what it is told.

import type { Milliseconds } from "../../machine/units.js";
import { joined } from "../wire/bytes.js";
import type { Timer } from "../world.js";
import { type ConnectRequest, findUser, permits, readConnectRequest, type User } from "./authorization.js";
import { CommandReader, CommandViolation, type Published } from "./command-reader.js";
import type { Handshake } from "./handshakes.js";
import type { Client, ModelSubscription, Server } from "./model.js";
import { lineBytes, messageBytes, noRespondersBytes } from "./server-lines.js";
import type { Certificate, ServerPeer, ServerSocket } from "./server-socket.js";
import { isLiteral, isSubject } from "./subject-matching.js";

/** A client, from its first byte to its last. */
export class ModelConnection implements ServerPeer, Client {
  /** The server's number for it. */
  readonly id: number;
  readonly server: Server;
  /** The client's address, or its name in a simulation. */
  readonly client: string;
  /** The port on the client's side; in a simulation the number of the client's socket. */
  readonly port: number;
  readonly handshake: Handshake;
  readonly subscriptions = new Map<string, ModelSubscription>();
  readonly #socket: ServerSocket;
  readonly #reader: CommandReader;
  readonly #timers = new Set<Timer>();
  #request: ConnectRequest | undefined;
  #user: User | undefined;
  #out: Uint8Array[] = [];
  #pingsOut = 0;
  /** The cluster as its last INFO said. */
  #toldOf: string | undefined;
  #hasPinged = false;
  #isSecured = false;
  #isClosed = false;

  constructor(server: Server, id: number, socket: ServerSocket, handshake: Handshake) {
    this.server = server;
    this.id = id;
    this.client = socket.client;
    this.port = socket.port;
    this.handshake = handshake;
    this.#socket = socket;
    const { maxPayload, maxControlLine } = server.options;
    this.#reader = new CommandReader(
      {
        connect: (json) => this.#connect(json),
        ping: () => this.#ping(),
        pong: () => {
          this.#pingsOut = 0;
        },
        sub: (subject, queue, sid) => this.#sub(subject, queue, sid),
        unsub: (sid, max) => this.#unsub(sid, max),
        publish: (message) => this.#publish(message),
        mayTalk: () => this.#isAuthorized(),
        isListening: () => !this.#isClosed,
      },
      { maxPayload, maxControlLine },
    );
    this.#greet();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What it said in CONNECT; undefined before. */
  get request(): ConnectRequest | undefined {
    return this.#request;
  }

  /** The user it was let in as; undefined where nobody has to say who they are. */
  get user(): User | undefined {
    return this.#user;
  }

  /** True once it has been let in. */
  get isWelcome(): boolean {
    return this.#request !== undefined && !this.#isClosed && this.#isAuthorized();
  }

  // What comes in.

  data(bytes: Uint8Array): void {
    if (this.#isClosed || !this.#isReading()) return;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof CommandViolation)) throw error;
      this.close(error.answer);
    }
    this.server.flush();
  }

  secure(): Certificate | null {
    const { tls, certificate } = this.server.options;
    if (this.#isClosed || this.handshake.type === "silent") return null;
    if (tls === "none" || this.handshake.type === "other") {
      this.close(null);
      return null;
    }
    this.#isSecured = true;
    if (tls === "first") this.#after(0, () => this.#sayInfo());
    return certificate;
  }

  closed(): void {
    this.#forget();
  }

  // What goes out.

  /** Says a line. */
  say(line: string): void {
    if (!this.#isClosed) this.#write(lineBytes(line));
  }

  /** Says these bytes, whatever they are: a lie, or nonsense. */
  sayBytes(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#write(bytes);
  }

  /** INFO, as it is now. */
  sayInfo(): void {
    if (this.isWelcome && (this.#request?.protocol ?? 0) >= 1) this.#sayInfo();
  }

  /** Hands a message to one of its subscriptions, which may have ended meanwhile. */
  deliver(subscription: ModelSubscription, message: Published): void {
    const { sid, queue } = subscription;
    const { observer } = this.server.cluster;
    if (this.#isClosed || this.subscriptions.get(sid) !== subscription) {
      if (queue !== undefined) observer.missed?.(subscription, message);
      return;
    }
    if (!permits(this.#user?.subscribe, message.subject)) return;
    if (queue !== undefined) observer.handed?.(subscription, message);
    subscription.delivered++;
    if (subscription.delivered === subscription.max) this.#end(subscription);
    this.#write(...messageBytes(sid, message, this.#request?.headers === true));
  }

  /** Sends what was said. */
  flush(): void {
    if (this.#out.length === 0) return;
    const bytes = joined(this.#out);
    this.#out = [];
    this.#socket.write(bytes);
  }

  /** Closes, after an -ERR where one is given. */
  close(error: string | null): void {
    if (this.#isClosed) return;
    if (error !== null) this.say(`-ERR '${error}'`);
    this.flush();
    this.#forget();
    this.#socket.end();
  }

  /** Gone without a word, as in a crash. */
  abandon(): void {
    this.#out = [];
    this.#forget();
  }

  #write(...bytes: readonly Uint8Array[]): void {
    if (this.#out.length === 0) this.server.hasToFlush(this);
    this.#out.push(...bytes);
  }

  #forget(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) this.server.clock.stopTimer(timer);
    this.#timers.clear();
    for (const subscription of [...this.subscriptions.values()]) this.#end(subscription);
    this.server.left(this);
  }

  #after(ms: Milliseconds, run: () => void): void {
    const timer = this.server.clock.startTimer(ms, () => {
      this.#timers.delete(timer);
      run();
      this.server.flush();
    });
    this.#timers.add(timer);
  }

  // The handshake.

  #greet(): void {
    const { handshake } = this;
    const { tls, authTimeout } = this.server.options;
    if (handshake.type === "silent") return;
    if (handshake.type === "other") this.sayBytes(new TextEncoder().encode(handshake.text));
    else if (handshake.type === "late") this.#after(handshake.ms, () => this.#sayInfo());
    else if (tls !== "first") this.#sayInfo();
    if (handshake.type === "eager") this.say("PONG");
    if (handshake.type === "closing") this.#after(0, () => this.close(null));
    if (handshake.type === "normal" && this.server.cluster.users !== null) {
      this.#after(authTimeout, () => {
        if (!this.#isAuthorized()) this.close("Authentication Timeout");
      });
    }
  }

  #sayInfo(): void {
    const { tls } = this.server.options;
    const lie = this.handshake.type === "tlsLie" ? { tls_required: true } : {};
    const secured = this.#isSecured
      ? {}
      : { offered: { tls_available: true }, required: { tls_required: true } }[tls as string];
    const told = this.server.info();
    this.#toldOf = `${told["connect_urls"]}`;
    const info = { ...told, client_id: this.id, client_ip: this.client, ...secured, ...lie };
    this.say(`INFO ${JSON.stringify(info)} `);
  }

  #isReading(): boolean {
    const { type } = this.handshake;
    return type !== "silent" && type !== "other" && type !== "mute" && type !== "closing";
  }

  #isAuthorized(): boolean {
    return this.server.cluster.users === null || this.#user !== undefined;
  }

  #connect(json: string): void {
    if (this.handshake.type === "refusing") return this.close(this.handshake.error);
    const request = readConnectRequest(json);
    if (request === undefined) return this.close(null);
    if (request.no_responders === true && request.headers !== true) {
      return this.close("no responders requires headers support");
    }
    if (this.server.options.tls === "required" && !this.#isSecured) {
      return this.close("Secure Connection - TLS Required");
    }
    const { users, isLockedOut } = this.server.cluster;
    if (isLockedOut) return this.close("Authorization Violation");
    const now = this.server.clock.now();
    if (users !== null) {
      const user = findUser(users, request, now);
      if (user === undefined) return this.close("Authorization Violation");
      this.#user = user;
      if (user.expiresAt !== undefined)
        this.#after(user.expiresAt - now, () => this.close("User Authentication Expired"));
    }
    const isFirst = this.#request === undefined;
    this.#request = request;
    this.#ok();
    if (isFirst) this.#keepAlive();
  }

  #keepAlive(): void {
    const { pingInterval, maxPingsOut } = this.server.options;
    this.#after(pingInterval, () => {
      if (this.#pingsOut >= maxPingsOut) return this.close("Stale Connection");
      this.#pingsOut++;
      this.say("PING");
      this.#keepAlive();
    });
  }

  // Commands.

  #ok(): void {
    // A client that says nothing about it is verbose: the default of the protocol.
    if (this.#request?.verbose !== false) this.say("+OK");
  }

  #ping(): void {
    this.say("PONG");
    if (this.#hasPinged || this.#request === undefined) return;
    this.#hasPinged = true;
    // Who is still connecting is not told of changes to the cluster when they happen.
    const isBehind = this.#toldOf !== `${this.server.info()["connect_urls"]}`;
    if (this.server.isRecent || isBehind) this.sayInfo();
  }

  #sub(subject: string, queue: string | undefined, sid: string): void {
    if (!isSubject(subject)) return this.say("-ERR 'Invalid Subject'");
    if (!permits(this.#user?.subscribe, subject)) {
      const group = queue === undefined ? "" : ` using queue "${queue}"`;
      return this.say(`-ERR 'Permissions Violation for Subscription to "${subject}"${group}'`);
    }
    if (this.subscriptions.size >= this.server.options.maxSubscriptions) {
      return this.say("-ERR 'maximum subscriptions exceeded'");
    }
    if (!this.subscriptions.has(sid)) {
      const subscription = { connection: this, subject, queue, sid, max: undefined, delivered: 0 };
      this.subscriptions.set(sid, subscription);
      this.server.cluster.interest.add(subscription);
    }
    this.#ok();
  }

  #unsub(sid: string, max: number | undefined): void {
    const subscription = this.subscriptions.get(sid);
    if (subscription !== undefined) {
      if (max !== undefined && max > subscription.delivered) subscription.max = max;
      else this.#end(subscription);
    }
    this.#ok();
  }

  #end(subscription: ModelSubscription): void {
    this.subscriptions.delete(subscription.sid);
    this.server.cluster.interest.remove(subscription);
  }

  #publish(message: Published): void {
    const { subject } = message;
    if (message.headers !== undefined && this.#request?.headers !== true) return this.close(null);
    if (!permits(this.#user?.publish, subject)) {
      return this.say(`-ERR 'Permissions Violation for Publish to "${subject}"'`);
    }
    this.#ok();
    if (this.#request?.pedantic !== false && !isLiteral(subject)) this.say("-ERR 'Invalid Publish Subject'");
    const isDelivered = this.server.cluster.publish(this, message);
    if (!isDelivered && message.reply !== undefined && this.#request?.no_responders === true) {
      this.#noResponders(subject, message.reply);
    }
  }

  #noResponders(subject: string, reply: string): void {
    const { plain } = this.server.cluster.interest.match(reply);
    const subscription = plain.find(({ connection }) => connection === this);
    if (subscription === undefined) return;
    const named = this.server.isRecent ? subject : undefined;
    this.#write(noRespondersBytes(subscription.sid, reply, named));
  }
}
