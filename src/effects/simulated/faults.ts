// Makes what can go wrong (fault.ts) happen in a cluster, ends it when its time is over, and heals everything.

import type { Milliseconds } from "../../machine/units.js";
import type { Timer } from "../world.js";
import type { Fault } from "./fault.js";
import { checkFault } from "./fault-checks.js";
import { type Handshake, normal } from "./handshakes.js";
import type { VirtualCluster, VirtualNode } from "./virtual-cluster.js";
import type { VirtualNetwork } from "./virtual-network.js";
import type { VirtualTime } from "./virtual-time.js";

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
      case "mislead":
        this.#mislead(fault);
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
      const route = this.#network.route(client, address);
      if (fault.type === "cut") {
        route.cut();
        this.#later(fault.ms, () => route.heal());
      } else {
        const { latency, bandwidth } = route;
        if (bandwidth !== Number.POSITIVE_INFINITY) continue;
        route.latency = [fault.latency / 2, fault.latency];
        route.bandwidth = fault.bandwidth;
        this.#later(fault.ms, () => {
          route.latency = latency;
          route.bandwidth = bandwidth;
        });
      }
    }
  }

  #greet(at: number, handshake: Handshake, ms: Milliseconds): void {
    const node = this.#node(at);
    node.model.greetAlways(handshake);
    this.#later(ms, () => node.model.greetAlways(normal));
  }

  #mislead({ type: _, node: at, ms, ...lie }: Fault & { type: "mislead" }): void {
    const node = this.#node(at);
    node.mislead(lie);
    this.#later(ms, () => node.mislead(null));
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
