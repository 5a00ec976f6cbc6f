// Model servers that know each other: who is subscribed where, and how messages get there.
//
// Interest is known everywhere at once, which is kinder than a real cluster; messages between servers take time.

import type { Milliseconds } from "../../machine/units.js";
import type { User } from "./authorization.js";
import type { Published } from "./command-reader.js";
import type { Client, Cluster, ClusterObserver, ModelSubscription, Server } from "./model.js";
import { ModelServer } from "./model-server.js";
import type { Random } from "./random.js";
import type { Clock, ModelServerOptions } from "./server-options.js";
import { Sublist } from "./subject-matching.js";

/** Milliseconds of a message from one server to another, at least and at most. */
const ROUTE: readonly [Milliseconds, Milliseconds] = [0.2, 0.4];
/** Until the other servers have noticed that one came or went, and tell their clients. */
const NOTICE: Milliseconds = 10;

/** Servers that share subscriptions and users. One server alone is a cluster too. */
export class ModelCluster implements Cluster {
  readonly interest = new Sublist<ModelSubscription>();
  /** Who may connect; null: everybody. */
  users: readonly User[] | null = null;
  observer: ClusterObserver = {};
  /** True while nobody is let in, whatever the credentials. */
  isLockedOut = false;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #nodes: ModelServer[] = [];
  readonly #isolated = new Set<Server>();
  /** When the last message between two servers arrives. */
  readonly #arrivals = new Map<string, Milliseconds>();

  constructor(clock: Clock, random: Random, users: readonly User[] | null = null) {
    this.#clock = clock;
    this.#random = random;
    this.users = users;
  }

  get nodes(): readonly ModelServer[] {
    return this.#nodes;
  }

  /** A new server joins. */
  add(options: Partial<ModelServerOptions> & { readonly address: string }): ModelServer {
    const node = new ModelServer(this, this.#clock, options);
    this.#nodes.push(node);
    this.changed();
    return node;
  }

  /** A server that has left is one of them again. */
  readmit(node: ModelServer): void {
    this.#nodes.push(node);
  }

  /** A server leaves. */
  remove(node: ModelServer): void {
    node.stop();
    this.#nodes.splice(this.#nodes.indexOf(node), 1);
    this.changed();
  }

  /** Cuts a server off from the others, not from its clients. */
  isolate(node: ModelServer): void {
    this.#isolated.add(node);
    this.changed();
  }

  /** Ends `isolate`. */
  rejoin(node: ModelServer): void {
    if (this.#isolated.delete(node)) this.changed();
  }

  /** The servers that a client of `node` is told of: none where there is no cluster. */
  clientAddresses(node: Server): readonly string[] {
    if (this.#nodes.length < 2) return [];
    return this.#nodes
      .filter((other) => other.isRunning && !other.isLameDuck && this.#reaches(node, other))
      .map((other) => other.address);
  }

  /** A server came, went or changed: in a moment all tell their clients. */
  changed(): void {
    if (this.#nodes.length < 2 && this.#isolated.size === 0) return;
    for (const node of this.#nodes) {
      node.clock.startTimer(NOTICE, () => {
        if (node.isRunning) node.sayInfo();
      });
    }
  }

  /** Refuses a user from here on, and ends that user's connections. */
  revoke(user: User): void {
    this.users = this.users?.filter((other) => other !== user) ?? null;
    for (const node of this.#nodes) {
      for (const connection of [...node.connections]) {
        if (connection.user === user) connection.close("Authentication Revoked");
      }
    }
  }

  /** Hands a message to whoever is subscribed. Returns whether anybody is. */
  publish(from: Client, message: Published): boolean {
    this.observer.read?.(from, message);
    const { plain, groups } = this.interest.match(message.subject);
    const gets = ({ connection }: ModelSubscription) =>
      this.#reaches(from.server, connection.server) && !(connection === from && from.request?.echo === false);
    const chosen = plain.filter(gets);
    for (const group of groups) {
      const members = group.filter(gets);
      const near = members.filter(({ connection }) => connection.server === from.server);
      if (members.length > 0) chosen.push(this.#random.pick(near.length > 0 ? near : members));
    }
    const far = new Map<Server, ModelSubscription[]>();
    for (const subscription of chosen) {
      const { connection } = subscription;
      if (connection.server === from.server) connection.deliver(subscription, message);
      else if (far.get(connection.server)?.push(subscription) === undefined)
        far.set(connection.server, [subscription]);
    }
    for (const [node, subscriptions] of far) this.#route(from.server, node, subscriptions, message);
    return chosen.length > 0;
  }

  #reaches(from: Server, to: Server): boolean {
    return from === to || !(this.#isolated.has(from) || this.#isolated.has(to));
  }

  #route(from: Server, to: Server, subscriptions: readonly ModelSubscription[], message: Published): void {
    const route = `${from.address} ${to.address}`;
    const now = this.#clock.now();
    const [least, most] = ROUTE;
    const arrival = Math.max(
      this.#arrivals.get(route) ?? 0,
      now + least + (most - least) * this.#random.next(),
    );
    this.#arrivals.set(route, arrival);
    to.clock.startTimer(arrival - now, () => {
      for (const subscription of subscriptions) subscription.connection.deliver(subscription, message);
      to.flush();
    });
  }
}
