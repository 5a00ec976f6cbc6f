// A model of nats-server: core publish and subscribe over bytes, and all that it can do wrong. It knows no socket:
// it runs on the virtual network and, embedded, on a real port (node/embedded-server.ts).
//
// A model, not a server: no TLS of its own, no JetStream, no accounts, no limits on what waits for a slow client.

import type { Bytes, Milliseconds } from "../../machine/failure.js";
import type { Timer, World } from "../world.js";
import {
  type Check,
  check,
  type Fields,
  flag,
  from,
  milliseconds,
  oneOf,
  someMilliseconds,
  text,
} from "./checks.js";
import { checkHandshake } from "./fault-checks.js";
import { type Handshake, normal } from "./handshakes.js";
import type { ModelCluster } from "./model-cluster.js";
import { ModelConnection } from "./model-connection.js";
import type { ServerPeer, ServerSocket } from "./server-socket.js";

/** Time, as a server needs it. */
export type Clock = Pick<World, "now" | "startTimer" | "stopTimer">;

/** How a model server is configured. Defaults are those of nats-server. */
export interface ModelServerOptions {
  /** Where it listens, as `host:port`: what it tells clients of itself. */
  readonly address: string;
  /** Default: its address. */
  readonly name: string;
  /** The version that it claims, and behaves like where versions differ for a client. Default `2.10.0`. */
  readonly version: string;
  /** Bytes of a message, headers included. Default 1 MiB. */
  readonly maxPayload: Bytes;
  /** Bytes of a protocol line behind its verb. Default 4,096. */
  readonly maxControlLine: Bytes;
  /** Subscriptions of one client. Default: no limit. */
  readonly maxSubscriptions: number;
  /** Milliseconds between two PINGs to a client. Default 120,000. */
  readonly pingInterval: Milliseconds;
  /** Unanswered PINGs at which a client is taken for gone. Default 2. */
  readonly maxPingsOut: number;
  /** Milliseconds that a client may take to say who it is, where it has to. Default 2,000. */
  readonly authTimeout: Milliseconds;
  /** Whether clients know headers. Default true. */
  readonly headers: boolean;
  /**
   * TLS, as far as a simulation knows it: the handshake takes its time, and nothing is encrypted. `offered` and
   * `required` are what INFO says, `first` is a handshake before INFO. Default `none`.
   */
  readonly tls: "none" | "offered" | "required" | "first";
}

const defaults: Omit<ModelServerOptions, "address" | "name"> = {
  version: "2.10.0",
  maxPayload: 1_048_576,
  maxControlLine: 4_096,
  maxSubscriptions: Number.POSITIVE_INFINITY,
  pingInterval: 120_000,
  maxPingsOut: 2,
  authTimeout: 2_000,
  headers: true,
  tls: "none",
};

/** What each option may be. */
export const serverFields: Fields<Omit<ModelServerOptions, "address">> = {
  name: text,
  version: [
    (value) => typeof value === "string" && /^\d+\.\d+/.test(value),
    "the version of a nats-server, such as 2.10.0",
  ],
  maxPayload: from(1),
  maxControlLine: from(1),
  maxSubscriptions: orNone(from(0)),
  pingInterval: someMilliseconds,
  maxPingsOut: from(1),
  authTimeout: milliseconds,
  headers: flag,
  tls: oneOf("none", "offered", "required", "first"),
};

/** That, or no limit. */
function orNone([isRight, what]: Check): Check {
  return [(value) => value === Number.POSITIVE_INFINITY || isRight(value), `${what}, or infinite`];
}

/** A clock that a stopped process has: what is due waits until it goes on. */
class ProcessClock implements Clock {
  readonly #clock: Clock;
  #isPaused = false;
  #due: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): Milliseconds {
    return this.#clock.now();
  }

  startTimer(ms: Milliseconds, fired: () => void): Timer {
    const timer = { stopped: false, inner: {} as Timer };
    const run = () => {
      if (!timer.stopped) fired();
    };
    timer.inner = this.#clock.startTimer(ms, () => {
      if (this.#isPaused) this.#due.push(run);
      else run();
    });
    return timer;
  }

  stopTimer(timer: Timer): void {
    const ours = timer as { stopped: boolean; inner: Timer };
    ours.stopped = true;
    this.#clock.stopTimer(ours.inner);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    for (const run of this.#due.splice(0)) run();
  }
}

/** A server, alone or in a cluster. */
export class ModelServer {
  readonly cluster: ModelCluster;
  readonly options: ModelServerOptions;
  readonly connections = new Set<ModelConnection>();
  readonly #clock: ProcessClock;
  readonly #unflushed = new Set<ModelConnection>();
  #handshakes: Handshake[] = [];
  #always: Handshake = normal;
  #lastId = 0;
  #isRunning = true;
  #isLameDuck = false;

  constructor(
    cluster: ModelCluster,
    clock: Clock,
    options: Partial<ModelServerOptions> & { readonly address: string },
  ) {
    this.cluster = cluster;
    this.options = { ...defaults, name: options.address, ...options };
    this.#clock = new ProcessClock(clock);
  }

  get clock(): Clock {
    return this.#clock;
  }

  get address(): string {
    return this.options.address;
  }

  /** True where it is like nats-server 2.12 or later: INFO is said twice, and 503 names the subject. */
  get isRecent(): boolean {
    const [major = 0, minor = 0] = this.options.version.split(".").map(Number);
    return major > 2 || (major === 2 && minor >= 12);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** True from `lameDuck` on: it names itself no more. */
  get isLameDuck(): boolean {
    return this.#isLameDuck;
  }

  /** A client has connected. */
  accept(socket: ServerSocket): ServerPeer {
    const handshake = this.#handshakes.shift() ?? this.#always;
    const connection = new ModelConnection(this, ++this.#lastId, socket, handshake);
    this.connections.add(connection);
    this.flush();
    return connection;
  }

  /** The next connections are greeted like that, one each; later ones normally again. */
  greetNext(...handshakes: readonly Handshake[]): void {
    for (const handshake of handshakes) checkHandshake(handshake);
    this.#handshakes.push(...handshakes);
  }

  /** All connections are greeted like that from here on, after those of `greetNext`. */
  greetAlways(handshake: Handshake): void {
    this.#always = handshake;
    if (handshake.type === "normal") this.#handshakes = [];
  }

  /** What INFO says, but for what concerns one client. */
  info(): Record<string, unknown> {
    const { name, version, address, headers, maxPayload } = this.options;
    const colon = address.lastIndexOf(":");
    const urls = this.cluster.clientAddresses(this);
    return {
      server_id: `MODEL${name}`,
      server_name: name,
      version,
      proto: 1,
      go: "none",
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      headers,
      max_payload: maxPayload,
      ...(this.cluster.users === null ? {} : { auth_required: true }),
      ...(urls.length === 0 ? {} : { connect_urls: urls, cluster: "model" }),
      ...(this.#isLameDuck ? { ldm: true } : {}),
    };
  }

  /** Tells all clients what INFO says now. */
  sayInfo(): void {
    for (const connection of this.connections) connection.sayInfo();
    this.flush();
  }

  /** That connection has something to say, once it is time to flush. */
  hasToFlush(connection: ModelConnection): void {
    this.#unflushed.add(connection);
  }

  /** Sends what was said. */
  flush(): void {
    for (const connection of this.#unflushed) connection.flush();
    this.#unflushed.clear();
  }

  /** A connection has ended. */
  left(connection: ModelConnection): void {
    this.connections.delete(connection);
    this.#unflushed.delete(connection);
  }

  /**
   * Lame duck mode: tells its clients and the cluster, and closes the connections one by one.
   * @param grace milliseconds until the first is closed
   * @param duration milliseconds over which they are closed
   * @throws TypeError or RangeError for what is no such number
   */
  lameDuck(grace: Milliseconds, duration: Milliseconds): void {
    check("grace", grace, milliseconds);
    check("duration", duration, milliseconds);
    if (!this.#isRunning || this.#isLameDuck) return;
    this.#isLameDuck = true;
    this.cluster.changed();
    this.sayInfo();
    const all = [...this.connections];
    all.forEach((connection, at) => {
      this.#clock.startTimer(grace + (duration * at) / all.length, () => connection.close(null));
    });
  }

  /** Ends in good order: every connection is closed. */
  stop(): void {
    this.#isRunning = false;
    for (const connection of [...this.connections]) connection.close(null);
    this.cluster.changed();
  }

  /** The process is gone. The network tells the clients, or not. */
  crash(): void {
    this.#isRunning = false;
    this.#clock.resume();
    for (const connection of [...this.connections]) connection.abandon();
    this.cluster.changed();
  }

  /** Runs again after `stop` or `crash`, with nobody connected. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#isLameDuck = false;
    this.cluster.changed();
  }

  /** The process stands still (SIGSTOP). */
  pause(): void {
    this.#clock.pause();
  }

  /** The process goes on (SIGCONT). */
  resume(): void {
    this.#clock.resume();
  }
}
