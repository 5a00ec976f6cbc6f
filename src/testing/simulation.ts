// A world to test in: virtual time, a virtual network, clusters of model servers, and real clients among them. Nothing
// happens until time is told to pass; the same seed gives the same course of events.
//
// For your own tests. `simulate` (simulate.ts) runs the client's own torture test in one of these.

import { Connection } from "../api/connection.js";
import type { NatsConnection } from "../api/nats-connection.js";
import { checkOptions as checkConnectionOptions } from "../api/option-table.js";
import type { ConnectionOptions } from "../api/options.js";
import { worldWith } from "../api/settings.js";
import { throwIfAborted } from "../api/signal.js";
import {
  aFunction,
  check,
  checkOptions,
  type Fields,
  from,
  milliseconds,
  seed,
  span,
} from "../effects/simulated/checks.js";
import type { Disturbance, Fault } from "../effects/simulated/fault.js";
import { checkDisturbances } from "../effects/simulated/fault-checks.js";
import { Faults } from "../effects/simulated/faults.js";
import { Random } from "../effects/simulated/random.js";
import type { Route } from "../effects/simulated/route.js";
import {
  type ClusterOptions,
  VirtualCluster,
  type VirtualNode,
} from "../effects/simulated/virtual-cluster.js";
import type { VirtualConnection } from "../effects/simulated/virtual-connection.js";
import { type NetworkOptions, VirtualNetwork } from "../effects/simulated/virtual-network.js";
import { VirtualTime } from "../effects/simulated/virtual-time.js";
import { SimulatedWorld, type WorldObserver } from "../effects/simulated/world.js";
import type { Timer } from "../effects/world.js";
import { brand } from "../machine/brand.js";
import type { Milliseconds } from "../machine/units.js";

/** Options of a simulation. */
export interface SimulationOptions extends NetworkOptions {
  /** A whole number that decides all that is left to chance. Default 1. */
  readonly seed?: number;
}

const fields: Fields<SimulationOptions> = { seed, latency: span, pipe: aFunction };

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
 * cluster.node(0).start();
 * await world.advance(60_000);
 * await world.until(nc.drain());
 * ```
 *
 * A promise of the client settles only while time passes: await it by `until`, or after `advance`. Timers of the
 * platform (`setTimeout`) know nothing of virtual time: code that is to wait in it waits by `sleep`.
 */
export class Simulation {
  /** @internal */
  readonly time = new VirtualTime();
  /** @internal */
  readonly random: Random;
  /** @internal */
  readonly network: VirtualNetwork;
  readonly #clusters: VirtualCluster[] = [];
  readonly #names = new WeakMap<NatsConnection, string>();
  readonly #worlds = new Map<string, SimulatedWorld>();
  readonly #faults = new Map<VirtualCluster, Faults>();
  readonly #scheduled = new Set<Timer>();
  #clients = 0;

  /** @throws TypeError or RangeError where an option is not known, or has a value that makes no sense */
  constructor(options: SimulationOptions = {}) {
    checkOptions("a simulation", options, fields);
    this.random = new Random(options.seed ?? 1);
    this.network = new VirtualNetwork(this.time, this.random.fork(), options);
  }

  /** The clusters, oldest first. */
  get clusters(): readonly VirtualCluster[] {
    return this.#clusters;
  }

  /**
   * Makes a cluster of servers, which run. Their addresses are `10.0.CLUSTER.NODE:4222`, each counted from 1.
   * @param size how many, one or more; default 1
   * @throws TypeError or RangeError for what is no such number, and where an option is not known or makes no sense
   */
  cluster(size = 1, options: ClusterOptions = {}): VirtualCluster {
    check("size", size, from(1));
    const subnet = this.#clusters.length + 1;
    const address = (node: number) => `10.0.${subnet}.${node}:4222`;
    const cluster = new VirtualCluster(this.time, this.network, this.random.fork(), address, options);
    for (let node = 0; node < size; node++) cluster.join();
    this.#clusters.push(cluster);
    return cluster;
  }

  /**
   * A world for one client. Its name is that of its end of the network; default `client-1` and so on.
   * @internal
   */
  world(name = `client-${this.#clients + 1}`, observer?: WorldObserver): SimulatedWorld {
    this.#clients++;
    const world = new SimulatedWorld(this.time, this.network, name, this.random.below(2 ** 32) | 0, observer);
    this.#worlds.set(name, world);
    return world;
  }

  /**
   * Connects a client, without letting time pass: as `connect` of the package, in this world. For code under test
   * that connects by itself.
   * @returns the connection, once time has passed and it stands
   * @throws NatsError as `connect` does (as a rejection)
   */
  async dial(options: ConnectionOptions = {}): Promise<NatsConnection> {
    checkConnectionOptions(options);
    throwIfAborted(options.signal, "connect");
    const world = this.world(this.#freeName(options.name));
    return new Connection(worldWith(options, world), { ...options }).start().then((connection) => {
      this.#names.set(connection, world.name);
      return connection;
    });
  }

  /**
   * Connects a client, and lets time pass until it is connected.
   * @throws NatsError as `connect` does (as a rejection)
   */
  connect(options: ConnectionOptions = {}): Promise<NatsConnection> {
    return this.until(this.dial(options));
  }

  /**
   * The name of a client on the network: its option `name`, numbered where another has that already.
   * @internal
   */
  nameOf(connection: NatsConnection): string {
    const name = this.#names.get(connection);
    if (name === undefined) throw new Error("this connection was not made by this simulation");
    return name;
  }

  /**
   * The server that a client is connected to, as far as the servers know: undefined while it is connected to none.
   * @throws Error where the client was not made by this simulation
   */
  nodeOf(client: NatsConnection): VirtualNode | undefined {
    const name = this.nameOf(client);
    return this.#clusters.map((cluster) => cluster.nodeOf(name)).find((node) => node !== undefined);
  }

  /**
   * The way between a client and a server: to `cut`, to `heal`, to make slow.
   * @throws Error where the client was not made by this simulation
   */
  route(client: NatsConnection, node: VirtualNode): Route {
    return this.network.route(this.nameOf(client), node.address);
  }

  /**
   * The sockets of a client that a server still knows: to `reset`, or to make half-open by `vanish`.
   * @throws Error where the client was not made by this simulation
   */
  sockets(client: NatsConnection): readonly VirtualConnection[] {
    const name = this.nameOf(client);
    const nodes = this.#clusters.flatMap((cluster) => cluster.nodes);
    return nodes.flatMap((node) => this.network.connections(name, node.address));
  }

  /**
   * Makes a fault happen now; it ends by itself when its time is over. A place that no server or client has is taken
   * modulo how many there are now.
   * @param cluster whose servers it names; default: the first
   * @throws Error where there is no cluster
   * @throws TypeError or RangeError where it is no fault, or says what makes no sense
   */
  inject(fault: Fault, cluster?: VirtualCluster): void {
    this.#faultsOf(cluster).inject(fault);
  }

  /**
   * Makes each of these disturbances happen when its time has come, counted from now.
   * @param cluster whose servers they name; default: the first
   * @throws Error where there is no cluster
   * @throws TypeError or RangeError where one is no disturbance, or says what makes no sense; then none is scheduled
   */
  schedule(disturbances: readonly Disturbance[], cluster?: VirtualCluster): void {
    checkDisturbances(disturbances);
    const faults = this.#faultsOf(cluster);
    for (const { at, fault } of disturbances) {
      const timer = this.time.startTimer(at, () => {
        this.#scheduled.delete(timer);
        faults.inject(fault);
      });
      this.#scheduled.add(timer);
    }
  }

  /**
   * Ends every fault that lasts, and forgets those that are scheduled. Servers that left are back. What a test did by
   * hand (`crash`, `cut`, ...) stays, and so do half-open connections: clients find those out by their PINGs.
   */
  heal(): void {
    for (const timer of this.#scheduled) this.time.stopTimer(timer);
    this.#scheduled.clear();
    for (const faults of this.#faults.values()) faults.heal();
  }

  /** Milliseconds since the epoch, by the virtual clock: a simulation begins on 2020-01-01. */
  now(): Milliseconds {
    return this.time.now();
  }

  /** Milliseconds of virtual time since the simulation began. */
  get elapsed(): Milliseconds {
    return this.time.elapsed();
  }

  /**
   * Resolves when that much virtual time has passed: for code that waits while the test lets time pass.
   * @throws TypeError or RangeError (as a rejection) for what is no number of milliseconds
   */
  sleep(ms: Milliseconds): Promise<void> {
    return new Promise((resolve) => {
      check("ms", ms, milliseconds);
      this.time.startTimer(ms, resolve);
    });
  }

  /**
   * Lets that much time pass, with all that happens in it. What a callback of the code under test throws is an uncaught
   * exception, as it is outside of a simulation.
   * @throws Error (as a rejection) where events follow each other without an end, so that time stands still
   * @throws TypeError or RangeError (as a rejection) for what is no number of milliseconds
   */
  advance(ms: Milliseconds): Promise<void> {
    return this.time.advance(ms);
  }

  /**
   * Lets time pass until the promise is settled.
   * @param limit milliseconds of virtual time at most; default an hour
   * @returns its value
   * @throws its error, or Error where it is not settled within the limit (as a rejection); TypeError or RangeError where
   * there is no promise, or the limit is no number of milliseconds
   */
  until<T>(promise: Promise<T>, limit: Milliseconds = PATIENCE): Promise<T> {
    return this.time.until(promise, limit);
  }

  /** What the clients have running: no timer and no socket, when all are closed. */
  get running(): { readonly timers: number; readonly sockets: number } {
    const worlds = [...this.#worlds.values()];
    return {
      timers: worlds.reduce((sum, world) => sum + world.timers, 0),
      sockets: worlds.reduce((sum, world) => sum + world.sockets, 0),
    };
  }

  #freeName(name: string | undefined): string | undefined {
    if (name === undefined || !this.#worlds.has(name)) return name;
    let number = 2;
    while (this.#worlds.has(`${name}-${number}`)) number++;
    return `${name}-${number}`;
  }

  #faultsOf(cluster = this.#clusters[0]): Faults {
    if (cluster === undefined) throw new Error("there is no cluster yet: make one by cluster()");
    let faults = this.#faults.get(cluster);
    if (faults === undefined) {
      faults = new Faults(this.time, this.network, cluster, () => [...this.#worlds.keys()]);
      this.#faults.set(cluster, faults);
    }
    return faults;
  }
}

brand(Simulation, "Simulation");
