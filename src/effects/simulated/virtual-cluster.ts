// A cluster of model servers on the virtual network: what a test has in its hands to make trouble.

import type { Milliseconds } from "../../machine/units.js";
import { checkUsers, type User } from "./authorization.js";
import { type Check, checkOptions, type Fields } from "./checks.js";
import type { Handshake } from "./handshakes.js";
import { type Misleading, misleading } from "./misleading.js";
import { ModelCluster } from "./model-cluster.js";
import type { ModelConnection } from "./model-connection.js";
import type { ModelServer } from "./model-server.js";
import type { Random } from "./random.js";
import { type ModelServerOptions, serverFields } from "./server-options.js";
import type { Accept } from "./server-socket.js";
import type { VirtualHost } from "./virtual-host.js";
import type { VirtualNetwork } from "./virtual-network.js";
import type { VirtualTime } from "./virtual-time.js";

/** Options of the servers of a cluster. */
export interface ClusterOptions extends Partial<Omit<ModelServerOptions, "address" | "name">> {
  /** Who may connect. Default: everybody. */
  readonly users?: readonly User[];
}

const { name: _, ...fields } = serverFields;
const anything: Check = [() => true, ""];
const clusterFields: Fields<ClusterOptions> = { ...fields, users: anything };

/** One server of a cluster, and the machine that it runs on. */
export class VirtualNode {
  /** Where clients connect, as `host:port`. */
  readonly address: string;
  /**
   * The server: greetings, connections, subscriptions.
   * @internal
   */
  readonly model: ModelServer;
  readonly #host: VirtualHost;
  readonly #accept: Accept;
  #lie: Misleading | null = null;

  /** @internal */
  constructor(model: ModelServer, host: VirtualHost) {
    this.address = model.address;
    this.model = model;
    this.#host = host;
    this.#accept = misleading(
      (socket) => model.accept(socket),
      () => this.#lie,
    );
    host.listen(this.#accept);
  }

  /** True while the process runs, also while it is paused or in lame duck mode. */
  get isRunning(): boolean {
    return this.model.isRunning;
  }

  /** How many clients are connected. */
  get clients(): number {
    return this.model.connections.size;
  }

  /** The process dies (SIGKILL): connections are reset, new ones refused. */
  crash(): void {
    this.model.crash();
    this.#host.crash();
  }

  /** The machine is gone: nobody is told, and nobody answers. */
  powerOff(): void {
    this.model.crash();
    this.#host.powerOff();
  }

  /** Ends in good order (SIGTERM): connections are closed, new ones refused. */
  stop(): void {
    this.#host.refuse();
    this.model.stop();
  }

  /** Runs again, after `crash`, `powerOff`, `stop` or lame duck mode. */
  start(): void {
    if (this.model.isLameDuck) this.model.stop();
    this.model.resume();
    this.model.start();
    this.#host.listen(this.#accept);
  }

  /** Stands still (SIGSTOP): connections stay, and nothing is answered. */
  pause(): void {
    if (!this.isRunning) return;
    this.model.pause();
    this.#host.pause();
  }

  /** Goes on (SIGCONT). */
  resume(): void {
    this.model.resume();
    this.#host.resume();
  }

  /** Greets the next connections like that, one each; later ones as it should be again. */
  greetNext(...handshakes: readonly Handshake[]): void {
    this.model.greetNext(...handshakes);
  }

  /**
   * Clients are told something else than the truth from here on, at once and in each INFO; null: the truth again.
   * @internal
   */
  mislead(lie: Misleading | null): void {
    this.#lie = lie;
    if (this.isRunning) this.model.sayInfo();
  }

  /**
   * Lame duck mode: tells its clients, refuses new ones, and closes the connections one by one.
   * @param grace milliseconds until the first is closed; default 10 seconds
   * @param duration milliseconds over which they are closed; default 2 minutes
   */
  lameDuck(grace: Milliseconds = 10_000, duration: Milliseconds = 120_000): void {
    this.model.lameDuck(grace, duration);
    this.#host.refuse();
  }
}

/** Servers that know each other. */
export class VirtualCluster {
  /**
   * Subscriptions, users, and who reaches whom.
   * @internal
   */
  readonly model: ModelCluster;
  readonly #network: VirtualNetwork;
  readonly #address: (node: number) => string;
  readonly #options: ClusterOptions;
  readonly #nodes: VirtualNode[] = [];
  #lastNode = 0;

  /**
   * @param address the `host:port` of each node, from 1
   * @throws TypeError or RangeError where an option is not known, or has a value that makes no sense
   * @internal
   */
  constructor(
    time: VirtualTime,
    network: VirtualNetwork,
    random: Random,
    address: (node: number) => string,
    options: ClusterOptions = {},
  ) {
    checkOptions("a cluster", options, clusterFields);
    if (options.users !== undefined) checkUsers(options.users);
    this.#network = network;
    this.#address = address;
    this.#options = options;
    this.model = new ModelCluster(time, random, options.users ?? null);
  }

  /** The servers, in the order in which they joined; those that left are not among them. */
  get nodes(): readonly VirtualNode[] {
    return this.#nodes;
  }

  /** The node at that place, from 0. @throws RangeError where there is none */
  node(at: number): VirtualNode {
    const node = this.#nodes[at];
    if (node === undefined) throw new RangeError(`the cluster has no node ${at}`);
    return node;
  }

  /** Where the servers listen, as `nats://host:port` each: the option `servers` of a client that knows all of them. */
  get urls(): string[] {
    return this.#nodes.map((node) => `nats://${node.address}`);
  }

  /** A new server joins, and runs; clients are told. */
  join(): VirtualNode {
    const number = ++this.#lastNode;
    const { users: _, ...options } = this.#options;
    const model = this.model.add({ ...options, address: this.#address(number), name: `n${number}` });
    const node = new VirtualNode(model, this.#network.host(model.address));
    this.#nodes.push(node);
    return node;
  }

  /** A server leaves, its connections are closed in good order, and clients are told. No effect on one that has left. */
  leave(node: VirtualNode): void {
    const at = this.#nodes.indexOf(node);
    if (at < 0) return;
    this.#nodes.splice(at, 1);
    node.resume();
    node.stop();
    this.model.remove(node.model);
  }

  /**
   * Refuses a user from here on, and ends that user's connections.
   * @param user one of `users` in the options, the same object
   * @throws RangeError where it is none of them
   */
  revoke(user: User): void {
    if (this.#options.users?.includes(user) !== true)
      throw new RangeError(
        "the cluster has no such user: revoke takes one of its option users, the same object",
      );
    this.model.revoke(user);
  }

  /** A server that has left comes back; clients are told. No effect on one that has not left. */
  readmit(node: VirtualNode): void {
    if (this.#nodes.includes(node)) return;
    this.#nodes.push(node);
    this.model.readmit(node.model);
    node.start();
  }

  /**
   * Which node a client is connected to, as far as the servers know; undefined where to none.
   * @internal
   */
  nodeOf(client: string): VirtualNode | undefined {
    const server = this.connectionOf(client)?.server;
    return this.#nodes.find(({ model }) => model === server);
  }

  /**
   * The last connection of a client that was let in, as the servers see it.
   * @param address of the server to ask; default: all of them
   * @internal
   */
  connectionOf(client: string, address?: string): ModelConnection | undefined {
    const asked = this.#nodes.filter((node) => address === undefined || node.address === address);
    const all = asked.flatMap(({ model }) => [...model.connections]);
    return all.filter((connection) => connection.client === client && connection.isWelcome).at(-1);
  }
}
