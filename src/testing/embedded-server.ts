// The model server on a real TCP port: for tests and demos where no nats-server is installed, never a replacement
// for one. What it can do: core publish and subscribe, queue groups, requests, headers, users, and faults on demand.

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { checkUsers, type User } from "../effects/simulated/authorization.js";
import { type Check, check, checkOptions, type Fields, from, text } from "../effects/simulated/checks.js";
import type { Handshake } from "../effects/simulated/handshakes.js";
import { ModelCluster } from "../effects/simulated/model-cluster.js";
import type { ModelServer } from "../effects/simulated/model-server.js";
import { Random } from "../effects/simulated/random.js";
import { type Clock, type ModelServerOptions, serverFields } from "../effects/simulated/server-options.js";
import { brand } from "../machine/brand.js";
import type { Milliseconds } from "../machine/units.js";

/** Options of an embedded server. */
export interface EmbeddedServerOptions
  extends Partial<Omit<ModelServerOptions, "address" | "tls" | "certificate" | "maxSubscriptions">> {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Who may connect. Default: everybody. Not with `joins`. */
  readonly users?: readonly User[];
  /** A server whose cluster it joins, with the users of that cluster. Default: none, it is alone. */
  readonly joins?: EmbeddedServer;
}

/** The longest time that a timer of Node can wait, about 24.8 days: a longer one would fire at once. */
const LONGEST: Milliseconds = 2 ** 31 - 1;

interface Wait {
  timer: NodeJS.Timeout;
}

/** Waits `ms` from now on, in as many pieces as it takes. */
function wait(ms: Milliseconds, fired: () => void): Wait {
  const end = performance.now() + ms;
  const look = () => {
    const left = end - performance.now();
    if (left > 0) waiting.timer = piece(left);
    else fired();
  };
  // Its connections keep the process alive, its timers do not.
  const piece = (left: Milliseconds) =>
    (left > LONGEST ? setTimeout(look, LONGEST) : setTimeout(fired, left)).unref();
  const waiting: Wait = { timer: piece(ms) };
  return waiting;
}

const clock: Clock = {
  now: () => Date.now(),
  startTimer: wait,
  stopTimer: (waiting) => clearTimeout((waiting as Wait).timer),
};

/** A model server that listens on a real port. Its faults are its methods; `await using` stops it at the end of a scope. */
export class EmbeddedServer implements AsyncDisposable {
  /** The address that it listens on. */
  readonly host: string;
  /** The port that it listens on. */
  readonly port: number;
  /**
   * The server behind it.
   * @internal
   */
  readonly model: ModelServer;
  /**
   * The servers that it shares subscriptions and users with.
   * @internal
   */
  readonly cluster: ModelCluster;
  #listener: Server;
  readonly #sockets = new Set<Socket>();
  #isPaused = false;
  /** Those that have connected while it stood still: the kernel took them, the process has not seen them. */
  readonly #unseen = new Set<Socket>();

  /** @internal */
  constructor(listener: Server, cluster: ModelCluster, options: EmbeddedServerOptions) {
    const { address, port } = listener.address() as AddressInfo;
    this.host = address;
    this.port = port;
    this.#listener = listener;
    this.cluster = cluster;
    this.model = cluster.add({
      ...options,
      address: `${address.includes(":") ? `[${address}]` : address}:${port}`,
    });
    this.#listen();
  }

  /** Where clients connect, as `nats://host:port`. */
  get url(): string {
    return `nats://${this.model.address}`;
  }

  /** How many clients are connected. */
  get clients(): number {
    return this.model.connections.size;
  }

  /** Ends in good order: connections are closed, new ones refused. Resolves when the port is free. */
  async stop(): Promise<void> {
    const closed = this.#close();
    this.model.stop();
    for (const socket of this.#sockets) socket.end();
    const giveUp = setTimeout(() => this.#destroySockets(), 500);
    await closed;
    clearTimeout(giveUp);
  }

  /** Dies at once, as in a crash: connections are reset. Resolves when the port is free. */
  async kill(): Promise<void> {
    const closed = this.#close();
    this.model.crash();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  /**
   * Listens again, on the same port, after `stop` or `kill`; no effect while it runs. Resolves when it listens.
   * @throws what `listen` of node:net throws (as a rejection), such as EADDRINUSE where the port was taken meanwhile
   */
  async start(): Promise<void> {
    if (this.model.isRunning) return;
    this.#listener = createServer().listen(this.port, this.host);
    await once(this.#listener, "listening");
    this.#isPaused = false;
    this.model.start();
    this.#listen();
  }

  /** Stands still, as by SIGSTOP: connections stay, new ones are taken, and nothing is said. No effect unless it runs. */
  pause(): void {
    if (!this.model.isRunning) return;
    this.#isPaused = true;
    this.model.pause();
    for (const socket of this.#sockets) socket.pause();
  }

  /** Goes on after `pause`, as by SIGCONT. */
  resume(): void {
    this.#isPaused = false;
    this.model.resume();
    for (const socket of this.#unseen) this.#accept(socket);
    this.#unseen.clear();
    for (const socket of this.#sockets) socket.resume();
  }

  /**
   * Lame duck mode: tells the clients, refuses new ones, and closes the connections one by one.
   * @param grace milliseconds until the first is closed; default 10 seconds, as in nats-server
   * @param duration milliseconds over which they are closed; default 2 minutes
   */
  lameDuck(grace: Milliseconds = 10_000, duration: Milliseconds = 120_000): void {
    this.model.lameDuck(grace, duration);
    this.#listener.close();
  }

  /** Resets every connection. New ones are accepted. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /**
   * Ends every connection with an error.
   * @param error the text behind -ERR, such as `Authorization Violation`
   */
  expel(error: string): void {
    check("error", error, text);
    for (const connection of [...this.model.connections]) connection.close(error);
  }

  /** Greets the next connections like that, one each; later ones as it should be again. */
  greetNext(...handshakes: readonly Handshake[]): void {
    this.model.greetNext(...handshakes);
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #listen(): void {
    this.#listener.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        this.#unseen.delete(socket);
      });
      if (this.#isPaused) this.#unseen.add(socket.pause());
      else this.#accept(socket);
    });
  }

  #accept(socket: Socket): void {
    const peer = this.model.accept({
      client: socket.remoteAddress ?? "",
      port: socket.remotePort ?? 0,
      write: (bytes) => void socket.write(bytes),
      end: () => void socket.end(),
      destroy: () => void socket.destroy(),
    });
    socket.on("data", (bytes) => peer.data(bytes));
    socket.on("close", () => peer.closed());
  }

  async #close(): Promise<void> {
    if (!this.#listener.listening && this.#sockets.size === 0) return;
    const closed = once(this.#listener, "close");
    this.#listener.close();
    await closed;
  }

  #destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

brand(EmbeddedServer, "EmbeddedServer");

const { tls: _, certificate: __, maxSubscriptions: ___, ...ofModel } = serverFields;
const anything: Check = [() => true, ""];
const aServer: Check = [(value) => value instanceof EmbeddedServer, "a server from startEmbeddedServer"];
const fields: Fields<EmbeddedServerOptions> = {
  ...ofModel,
  host: text,
  port: from(0, 65_535),
  users: anything,
  joins: aServer,
};

/**
 * Starts an embedded server: a model of nats-server on a real TCP port, for tests and demos where none is installed. It
 * knows publish and subscribe, queue groups, requests, headers, users and clusters; not TLS, JetStream or accounts.
 * @returns the server, when it listens
 * @throws what `listen` of node:net throws (as a rejection), such as EADDRINUSE
 * @throws TypeError or RangeError (as a rejection) where an option is not known, or has a value that makes no sense
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions = {}): Promise<EmbeddedServer> {
  checkOptions("an embedded server", options, fields);
  if (options.users !== undefined) checkUsers(options.users);
  if (options.users !== undefined && options.joins !== undefined)
    throw new TypeError(
      "users and joins exclude each other: a server that joins has the users of its cluster",
    );
  const { host = "127.0.0.1", port = 0, users = null, joins } = options;
  const cluster = joins?.cluster ?? new ModelCluster(clock, new Random(Date.now()), users);
  const listener = createServer().listen(port, host);
  await once(listener, "listening");
  return new EmbeddedServer(listener, cluster, options);
}
