// A world to test in: virtual time, a virtual network, clusters of model servers, and real clients among them. Nothing
// happens until time is told to pass; the same seed gives the same course of events.
//
// For your own tests. `simulate` (simulate.ts) runs the client's own torture test in one of these.

import { Connection } from "../api/connection.js";
import type { NatsConnection } from "../api/nats-connection.js";
import { type ConnectionOptions, checkOptions } from "../api/options.js";
import type { Link } from "../effects/simulated/link.js";
import { Random } from "../effects/simulated/random.js";
import {
  type ClusterOptions,
  VirtualCluster,
  type VirtualNode,
} from "../effects/simulated/virtual-cluster.js";
import type { VirtualConnection } from "../effects/simulated/virtual-connection.js";
import { type NetworkOptions, VirtualNetwork } from "../effects/simulated/virtual-network.js";
import { VirtualTime } from "../effects/simulated/virtual-time.js";
import { SimulatedWorld, type WorldObserver } from "../effects/simulated/world.js";
import type { Milliseconds } from "../machine/failure.js";

/** Options of a simulation. */
export interface SimulationOptions extends NetworkOptions {
  /** Decides all that is left to chance. Default 1. */
  readonly seed?: number;
}

/** How long `connect` and `until` let time pass at most: an hour. */
const PATIENCE: Milliseconds = 3_600_000;

/**
 * A simulated world.
 *
 * ```ts
 * const world = new Simulation({ seed: 1 });
 * const cluster = world.cluster(3);
 * const nc = await world.connect({ servers: cluster.urls });
 * for (const node of cluster.nodes) node.crash();
 * await world.advance(1_000);
 * nc.publish("orders", "kept, since no server is there");
 * cluster.nodes[0]?.start();
 * await world.advance(60_000);
 * await world.until(nc.drain());
 * ```
 *
 * A promise of the client settles only while time passes: await it by `until`, or after `advance`.
 */
export class Simulation {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly network: VirtualNetwork;
  readonly #clusters: VirtualCluster[] = [];
  readonly #names = new WeakMap<NatsConnection, string>();
  readonly #worlds = new Map<string, SimulatedWorld>();
  #clients = 0;

  constructor(options: SimulationOptions = {}) {
    this.random = new Random(options.seed ?? 1);
    this.network = new VirtualNetwork(this.time, this.random.fork(), options);
  }

  /** The clusters, oldest first. */
  get clusters(): readonly VirtualCluster[] {
    return this.#clusters;
  }

  /** A cluster of that many servers, which run. Their addresses are `10.0.CLUSTER.NODE:4222`, each from 1. */
  cluster(size = 1, options: ClusterOptions = {}): VirtualCluster {
    const subnet = this.#clusters.length + 1;
    const address = (node: number) => `10.0.${subnet}.${node}:4222`;
    const cluster = new VirtualCluster(this.time, this.network, this.random.fork(), address, options);
    for (let node = 0; node < size; node++) cluster.join();
    this.#clusters.push(cluster);
    return cluster;
  }

  /** A world for one client. Its name is that of its end of the network; default `client-1` and so on. */
  world(name = `client-${this.#clients + 1}`, observer?: WorldObserver): SimulatedWorld {
    this.#clients++;
    const world = new SimulatedWorld(this.time, this.network, name, this.random.below(2 ** 32) | 0, observer);
    this.#worlds.set(name, world);
    return world;
  }

  /**
   * Connects a client, without letting time pass: as `connect` of the package, in this world. The client's name on
   * the network is the option `name`, if there is one.
   * @throws NatsError as `connect` does
   */
  dial(options: ConnectionOptions = {}): Promise<NatsConnection> {
    checkOptions(options);
    const world = this.world(options.name);
    return new Connection(world, { ...options }).start().then((connection) => {
      this.#names.set(connection, world.name);
      return connection;
    });
  }

  /** Connects a client and lets time pass until it is connected. @throws NatsError as `connect` does */
  connect(options: ConnectionOptions = {}): Promise<NatsConnection> {
    return this.until(this.dial(options));
  }

  /** The name of a client on the network, for links and `nodeOf`. */
  nameOf(connection: NatsConnection): string {
    const name = this.#names.get(connection);
    if (name === undefined) throw new Error("this connection was not made by this simulation");
    return name;
  }

  /** The way between a client and a server: to `cut`, to `heal`, to make slow. */
  link(client: NatsConnection, node: VirtualNode): Link {
    return this.network.link(this.nameOf(client), node.address);
  }

  /** The sockets of a client that a server still knows: to `reset`, or to make half-open by `vanish`. */
  sockets(client: NatsConnection): readonly VirtualConnection[] {
    const name = this.nameOf(client);
    const nodes = this.#clusters.flatMap((cluster) => cluster.nodes);
    return nodes.flatMap((node) => this.network.connections(name, node.address));
  }

  /** Lets that much time pass. */
  advance(ms: Milliseconds): Promise<void> {
    return this.time.advance(ms);
  }

  /**
   * Lets time pass until the promise is settled; gives its value, or throws its error.
   * @param limit milliseconds of virtual time until it throws because the promise is not settled; default an hour
   */
  until<T>(promise: Promise<T>, limit: Milliseconds = PATIENCE): Promise<T> {
    return this.time.until(promise, limit);
  }

  /** What the clients have running: nothing, when all are closed. */
  get running(): { readonly timers: number; readonly sockets: number } {
    const worlds = [...this.#worlds.values()];
    return {
      timers: worlds.reduce((sum, world) => sum + world.timers, 0),
      sockets: worlds.reduce((sum, world) => sum + world.sockets, 0),
    };
  }
}
