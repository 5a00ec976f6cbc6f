// A model of nats-server: core publish and subscribe over bytes, and all that it can do wrong. It knows no socket:
// it runs on the virtual network and, embedded, on a real port (src/testing/embedded-server.ts).
//
// A model, not a server: of TLS nothing but the names in a certificate, no JetStream, no accounts, no limits on what waits for
// a slow client.

import type { Milliseconds } from "../../machine/units.js";
import type { Timer } from "../world.js";
import { check, milliseconds } from "./checks.js";
import { checkHandshake } from "./fault-checks.js";
import { type Handshake, normal } from "./handshakes.js";
import type { Client, Cluster, Server } from "./model.js";
import { ModelConnection } from "./model-connection.js";
import { type Clock, type ModelServerOptions, serverDefaults } from "./server-options.js";
import type { ServerPeer, ServerSocket } from "./server-socket.js";

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
export class ModelServer implements Server {
  readonly cluster: Cluster;
  readonly options: ModelServerOptions;
  readonly connections = new Set<ModelConnection>();
  readonly #clock: ProcessClock;
  readonly #unflushed = new Set<Client>();
  #handshakes: Handshake[] = [];
  #always: Handshake = normal;
  #lastId = 0;
  #isRunning = true;
  #isLameDuck = false;

  constructor(
    cluster: Cluster,
    clock: Clock,
    options: Partial<ModelServerOptions> & { readonly address: string },
  ) {
    this.cluster = cluster;
    const { address } = options;
    const certificate = [hostOf(address)];
    this.options = { ...serverDefaults, name: address, certificate, ...options };
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
    const urls = this.cluster.clientAddresses(this);
    return {
      // Of another cluster, a server may have the same name.
      server_id: `MODEL${address.replace(/\W/g, "X")}`,
      server_name: name,
      version,
      proto: 1,
      go: "none",
      host: hostOf(address),
      port: Number(address.slice(hostOf(address).length + 1)),
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
  hasToFlush(connection: Client): void {
    this.#unflushed.add(connection);
  }

  /** Sends what was said. */
  flush(): void {
    for (const connection of this.#unflushed) connection.flush();
    this.#unflushed.clear();
  }

  /** A connection has ended. */
  left(connection: Client): void {
    const all: Set<Client> = this.connections;
    all.delete(connection);
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
    this.#clock.resume();
    this.cluster.changed();
  }

  /** The process is gone. The network tells the clients, or not. */
  crash(): void {
    this.#isRunning = false;
    for (const connection of [...this.connections]) connection.abandon();
    // What was due in a process that stood still dies with it.
    this.#clock.resume();
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

/** The host in `host:port`. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}
