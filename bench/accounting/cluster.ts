// Three nodes, the ways to them, and their witnesses: makes the faults of faults.ts happen.
//
// A node is killed only after its ways were silent and its witness had read everything: what a publisher saw confirmed was seen
// by the witness, too. Killed without that, a server may have written a PONG and not yet the message before it. Of 200 servers that
// were killed while one publisher sent a message and a PING at every PONG, six had done so: about one kill in ten thousand at
// 50 messages a second. To the publisher it looks the same: the host dies and takes its connections with it.

import { setTimeout as sleep } from "node:timers/promises";
import { startCluster, type TestCluster, type TestServer } from "../../test/harness/nats-server.js";
import { freePorts } from "../../test/harness/ports.js";
import type { Episode, Fault, LinkFault, NodeFault, Outage } from "./faults.js";
import { Way } from "./way.js";
import { mapping, Witnesses } from "./witnesses.js";

const SIZE = 3;

const CONFIG = `lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"`;

/** A cluster on which faults are inflicted. */
export class FaultyCluster {
  readonly witnesses = new Witnesses(SIZE);
  readonly #cluster: TestCluster;
  readonly #ways: readonly Way[];

  private constructor(cluster: TestCluster, ways: readonly Way[]) {
    this.#cluster = cluster;
    this.#ways = ways;
  }

  /** Starts it with the nats-server at that path. Its nodes tell clients of the ways to them, not of themselves. */
  static async start(path: string): Promise<FaultyCluster> {
    const ports = await freePorts(SIZE);
    const cluster = await startCluster(SIZE, {
      path,
      config: CONFIG,
      each: (_port, node) => `client_advertise: "127.0.0.1:${ports[node]}"\n${mapping(node)}`,
    });
    const ways = cluster.nodes.map(({ port }, node) => new Way(ports[node] as number, port));
    const faulty = new FaultyCluster(cluster, ways);
    for (const [node, { port }] of cluster.nodes.entries()) await faulty.witnesses.attach(node, port);
    await Promise.all(ways.map((way) => way.open()));
    return faulty;
  }

  /** What publishers connect to. */
  get urls(): string[] {
    return this.#ways.map(({ port }) => `nats://127.0.0.1:${port}`);
  }

  /** Resolves when the fault, and what happens beside it, is over and every node is well. */
  async suffer({ fault, beside }: Episode): Promise<void> {
    const also = async () => {
      if (beside === undefined) return;
      await sleep(beside.after);
      await this.#sufferLinks(beside.fault);
    };
    await Promise.all([this.#suffer(fault), also()]);
  }

  /** Resolves when the witnesses have read everything that any node has for them. */
  async settle(): Promise<void> {
    const nodes = [...this.#cluster.nodes.keys()];
    for (const node of nodes) await this.witnesses.reaches(node);
    await Promise.all(nodes.map((node) => this.witnesses.settle(node)));
  }

  async stop(): Promise<void> {
    this.witnesses.close();
    await Promise.all(this.#ways.map((way) => way.refuse()));
    await this.#cluster.stop();
  }

  #suffer(fault: Fault): Promise<void> {
    switch (fault.kind) {
      case "cut":
      case "flap":
      case "half-open":
        return this.#sufferLinks(fault);
      case "stop":
      case "kill":
      case "lame duck":
        return this.#sufferNode(this.#busiest(), fault);
      case "outage":
        return this.#sufferOutage(fault);
      default:
        return fault satisfies never;
    }
  }

  async #sufferLinks(fault: LinkFault): Promise<void> {
    await Promise.all(this.#ways.map((way) => way.suffer(fault)));
  }

  async #sufferNode(node: number, fault: NodeFault): Promise<void> {
    if (fault.kind === "stop") await this.#paused(node, fault.lasts);
    else if (fault.kind === "kill") await this.#killed(node, fault);
    else await this.#retired(node, fault.lasts);
  }

  async #sufferOutage({ by, lasts }: Outage): Promise<void> {
    const nodes = [...this.#ways.keys()];
    if (by === "kill") await Promise.all(nodes.map((node) => this.#killed(node, { silent: false, lasts })));
    else if (by === "stop") await Promise.all(nodes.map((node) => this.#paused(node, lasts)));
    else {
      for (const way of this.#ways) way.silence();
      await sleep(lasts);
      await Promise.all(this.#ways.map((way) => way.open()));
    }
  }

  async #paused(node: number, lasts: number): Promise<void> {
    const { server } = this.#at(node);
    await server.freeze();
    await sleep(lasts);
    server.resume();
  }

  async #killed(node: number, { silent, lasts }: { silent: boolean; lasts: number }): Promise<void> {
    const { server, way } = this.#at(node);
    way.silence();
    await this.witnesses.settle(node);
    await server.kill();
    if (!silent) await way.refuse();
    await sleep(lasts);
    await this.#startAgain(node);
  }

  /** Lame duck mode closes the witness when it likes: the routes must be there, by which the others see what comes in after that. */
  async #retired(node: number, lasts: number): Promise<void> {
    const { server, way } = this.#at(node);
    await this.witnesses.reaches(node);
    server.lameDuck();
    await server.ended();
    await way.refuse();
    await sleep(lasts);
    await this.#startAgain(node);
  }

  /** No publisher gets in before the witness is there. */
  async #startAgain(node: number): Promise<void> {
    const { server, way } = this.#at(node);
    await server.start();
    await this.witnesses.attach(node, server.port);
    await way.open();
  }

  /** The node that most links lead to. */
  #busiest(): number {
    const counts = this.#ways.map(({ links }) => links.length);
    return counts.indexOf(Math.max(...counts));
  }

  #at(node: number): { readonly server: TestServer; readonly way: Way } {
    const [server, way] = [this.#cluster.nodes[node], this.#ways[node]];
    if (server === undefined || way === undefined) throw new RangeError(`there is no node ${node}`);
    return { server, way };
  }
}
