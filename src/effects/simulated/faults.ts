// What can go wrong, as data: a list that a person can read, a seed can make, and a shrinker can shorten. Each fault
// names servers and clients by their place, and says for how long; `Faults` makes it happen, and heals everything.

import type { Milliseconds } from "../../machine/failure.js";
import type { Timer } from "../world.js";
import { checkFault } from "./fault-checks.js";
import { type Handshake, normal } from "./handshakes.js";
import type { VirtualCluster, VirtualNode } from "./virtual-cluster.js";
import type { Direction } from "./virtual-connection.js";
import type { VirtualNetwork } from "./virtual-network.js";
import type { VirtualTime } from "./virtual-time.js";

/**
 * One fault. Plain JSON. `node` is a server by its place in the cluster, `client` a client by the order in which they
 * were connected, both from 0; `ms` is how many milliseconds the fault lasts, after which it ends by itself.
 */
export type Fault =
  /** The process dies, and is started again later. */
  | { readonly type: "crash"; readonly node: number; readonly ms: Milliseconds }
  /** The machine is gone without a word, and comes back later. */
  | { readonly type: "powerOff"; readonly node: number; readonly ms: Milliseconds }
  /** The process stands still. */
  | { readonly type: "pause"; readonly node: number; readonly ms: Milliseconds }
  /** No packet gets through between a client and a server, or any server (null). */
  | { readonly type: "cut"; readonly client: number; readonly node: number | null; readonly ms: Milliseconds }
  /** The client's connections become half-open: packets vanish in that direction, for good. */
  | { readonly type: "vanish"; readonly client: number; readonly direction: Direction }
  /** The client's connections are reset by something in between. */
  | { readonly type: "reset"; readonly client: number }
  /** Lame duck mode: after `grace` milliseconds the clients are sent away, within as many again. It is started again later. */
  | {
      readonly type: "lameDuck";
      readonly node: number;
      readonly grace: Milliseconds;
      readonly ms: Milliseconds;
    }
  /** The server greets every new client like that. */
  | {
      readonly type: "greet";
      readonly node: number;
      readonly handshake: Handshake;
      readonly ms: Milliseconds;
    }
  /** The server says something to a client that makes no sense, or only at another time. */
  | { readonly type: "say"; readonly client: number; readonly text: string }
  /** The server sends -ERR with this text and closes the client's connections. */
  | { readonly type: "expel"; readonly client: number; readonly error: string }
  /** The way between a client and a server is slow and narrow: a packet takes up to `latency` milliseconds. */
  | {
      readonly type: "slow";
      readonly client: number;
      readonly node: number;
      readonly latency: Milliseconds;
      /** Bytes a millisecond. */
      readonly bandwidth: number;
      readonly ms: Milliseconds;
    }
  /** The server loses the other servers, not its clients. */
  | { readonly type: "isolate"; readonly node: number; readonly ms: Milliseconds }
  /** A server joins the cluster. */
  | { readonly type: "join" }
  /** A server leaves the cluster for good, unless it is the last that may be left. */
  | { readonly type: "leave"; readonly node: number }
  /** Nobody is let in, whatever the credentials; who is in stays. A client may give up: see `ignoreAuthErrorAbort`. */
  | { readonly type: "lockOut"; readonly ms: Milliseconds };

/** A fault, and when it happens. Plain JSON. */
export interface Disturbance {
  /** Milliseconds of virtual time from when it is scheduled. */
  readonly at: Milliseconds;
  readonly fault: Fault;
}

/** Makes faults happen in one cluster. */
export class Faults {
  readonly #time: VirtualTime;
  readonly #network: VirtualNetwork;
  readonly #cluster: VirtualCluster;
  readonly #clients: () => readonly string[];
  readonly #undo = new Map<Timer, () => void>();
  readonly #left: VirtualNode[] = [];

  /** @param clients the names of the clients, by their place in faults */
  constructor(
    time: VirtualTime,
    network: VirtualNetwork,
    cluster: VirtualCluster,
    clients: () => readonly string[],
  ) {
    this.#time = time;
    this.#network = network;
    this.#cluster = cluster;
    this.#clients = clients;
  }

  /**
   * Makes it happen. A place that nobody has is taken modulo how many there are; without clients, nothing happens to
   * them.
   * @throws TypeError or RangeError where it is no fault, or says what makes no sense; Error where every server has left
   */
  inject(fault: Fault): void {
    checkFault(fault);
    switch (fault.type) {
      case "crash":
      case "powerOff":
      case "pause":
      case "lameDuck":
        this.#stop(fault);
        break;
      case "cut":
      case "slow":
        this.#disturb(fault);
        break;
      case "vanish":
        for (const connection of this.#connections(fault.client)) connection.vanish(fault.direction);
        break;
      case "reset":
        for (const connection of this.#connections(fault.client)) connection.reset();
        break;
      case "greet":
        this.#greet(fault.node, fault.handshake, fault.ms);
        break;
      case "say":
      case "expel":
        this.#speak(fault);
        break;
      case "isolate":
        this.#isolate(fault.node, fault.ms);
        break;
      case "join":
        this.#cluster.join();
        break;
      case "leave":
        this.#leave(fault.node);
        break;
      case "lockOut":
        this.#cluster.model.isLockedOut = true;
        this.#later(fault.ms, () => {
          this.#cluster.model.isLockedOut = false;
        });
        break;
      default:
        fault satisfies never;
    }
  }

  /** Ends every fault that lasts; servers that left come back. What was broken (half-open connections) stays broken. */
  heal(): void {
    for (const [timer, undo] of [...this.#undo]) {
      this.#time.stopTimer(timer);
      undo();
    }
    this.#undo.clear();
    for (const node of this.#left.splice(0)) this.#cluster.readmit(node);
    for (const { model } of this.#cluster.nodes) {
      for (const connection of [...model.connections]) {
        if (connection.handshake.type !== "normal") connection.close(null);
      }
    }
  }

  #later(ms: Milliseconds, undo: () => void): void {
    const timer = this.#time.startTimer(ms, () => {
      this.#undo.delete(timer);
      undo();
    });
    this.#undo.set(timer, undo);
  }

  #node(at: number): VirtualNode {
    const { nodes } = this.#cluster;
    const node = nodes[at % nodes.length];
    if (node === undefined) throw new Error("the cluster has no server left that a fault could befall");
    return node;
  }

  #client(at: number): string {
    const clients = this.#clients();
    return clients[at % clients.length] ?? "";
  }

  #connections(client: number) {
    const name = this.#client(client);
    return this.#cluster.nodes.flatMap(({ address }) => this.#network.connections(name, address));
  }

  #stop(fault: Fault & { type: "crash" | "powerOff" | "pause" | "lameDuck" }): void {
    const node = this.#node(fault.node);
    if (!node.isRunning || node.model.isLameDuck) return;
    if (fault.type === "pause") {
      node.pause();
      this.#later(fault.ms, () => node.resume());
      return;
    }
    if (fault.type === "crash") node.crash();
    else if (fault.type === "powerOff") node.powerOff();
    else node.lameDuck(fault.grace, fault.grace);
    const isIn = () => this.#cluster.nodes.includes(node);
    this.#later(fault.ms, () => {
      if (node.isRunning) node.stop();
      if (isIn()) node.start();
    });
  }

  #leave(at: number): void {
    if (this.#cluster.nodes.length < 2) return;
    const node = this.#node(at);
    this.#left.push(node);
    this.#cluster.leave(node);
  }

  #disturb(fault: Fault & { type: "cut" | "slow" }): void {
    const client = this.#client(fault.client);
    const nodes = fault.node === null ? this.#cluster.nodes : [this.#node(fault.node)];
    for (const { address } of nodes) {
      const link = this.#network.link(client, address);
      if (fault.type === "cut") {
        link.cut();
        this.#later(fault.ms, () => link.heal());
      } else {
        const { latency, bandwidth } = link;
        if (bandwidth !== Number.POSITIVE_INFINITY) continue;
        link.latency = [fault.latency / 2, fault.latency];
        link.bandwidth = fault.bandwidth;
        this.#later(fault.ms, () => {
          link.latency = latency;
          link.bandwidth = bandwidth;
        });
      }
    }
  }

  #greet(at: number, handshake: Handshake, ms: Milliseconds): void {
    const node = this.#node(at);
    node.model.greetAlways(handshake);
    this.#later(ms, () => node.model.greetAlways(normal));
  }

  #speak(fault: Fault & { type: "say" | "expel" }): void {
    const client = this.#client(fault.client);
    for (const { model } of this.#cluster.nodes) {
      for (const connection of [...model.connections]) {
        if (connection.client !== client) continue;
        if (fault.type === "expel") connection.close(fault.error);
        else connection.sayBytes(new TextEncoder().encode(fault.text));
      }
      model.flush();
    }
  }

  #isolate(at: number, ms: Milliseconds): void {
    const node = this.#node(at).model;
    this.#cluster.model.isolate(node);
    this.#later(ms, () => this.#cluster.model.rejoin(node));
  }
}
