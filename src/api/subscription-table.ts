// All subscriptions of a connection, by number: hands messages over, keeps the server informed, and restores
// everything after a reconnect.

import type { Outbound } from "../effects/outbound.js";
import type { Unanswered } from "../effects/pongs.js";
import type { World } from "../effects/world.js";
import type { PermissionContext } from "../machine/server-error.js";
import type { NatsError } from "./errors.js";
import type { Msg } from "./msg.js";
import { SubscriptionImpl, type SubscriptionOptions, type SubscriptionOwner } from "./subscription.js";

/** What the table needs of the connection. */
export interface Wire {
  readonly outbound: Outbound;
  ping(answered: () => void, failed: (why: Unanswered) => void): void;
}

/** The subscriptions of one connection. Bounded by what the user subscribes to. */
export class SubscriptionTable implements SubscriptionOwner {
  readonly world: World;
  readonly #wire: () => Wire;
  readonly #subscriptions = new Map<number, SubscriptionImpl>();
  #lastSid = 0;
  #isClosed = false;

  constructor(world: World, wire: () => Wire) {
    this.world = world;
    this.#wire = wire;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  get(sid: number): SubscriptionImpl | undefined {
    return this.#subscriptions.get(sid);
  }

  /** A new subscription, told to the server. Subject and queue are checked by the caller. */
  add(subject: string, opts: SubscriptionOptions): SubscriptionImpl {
    const subscription = new SubscriptionImpl(this, ++this.#lastSid, subject, opts);
    this.#subscriptions.set(subscription.sid, subscription);
    // While disconnected the outbound stream ignores these: the reconnect restores every subscription.
    const { outbound } = this.#wire();
    for (const line of this.#lines(subscription)) outbound.command(line);
    return subscription;
  }

  /** Hands a message to its subscription. A message for none (it was unsubscribed a moment ago) is dropped. */
  deliver(sid: number, msg: Msg): void {
    this.#subscriptions.get(sid)?.deliver(msg);
  }

  unsubscribe({ sid }: SubscriptionImpl, max: number | undefined): void {
    if (this.#isClosed) return;
    this.#wire().outbound.command(max === undefined ? `UNSUB ${sid}` : `UNSUB ${sid} ${max}`);
  }

  drain(subscription: SubscriptionImpl): Promise<void> {
    this.unsubscribe(subscription, undefined);
    // Whatever happens to the connection meanwhile, the server sends no more: the subscription is drained.
    return new Promise((resolve) => this.#wire().ping(resolve, () => resolve()));
  }

  remove({ sid }: SubscriptionImpl): void {
    this.#subscriptions.delete(sid);
  }

  isClosed(): boolean {
    return this.#isClosed;
  }

  /** Drains all but inboxes; resolves when what had arrived is processed, also by those who read with `for await`. */
  async drainAll(): Promise<void> {
    const all = [...this.#subscriptions.values()].filter((subscription) => !subscription.isInbox);
    await Promise.allSettled(all.map((subscription) => subscription.drain()));
    await Promise.all(all.map((subscription) => subscription.whenConsumed()));
  }

  /** Numbers of the subscriptions there are. */
  ids(): ReadonlySet<number> {
    return new Set(this.#subscriptions.keys());
  }

  /**
   * The lines that restore every subscription on a new connection, with what is left of each `max`; or, for a server
   * that was told of some, those that tell it of what changed since.
   */
  lines(told: ReadonlySet<number> = new Set()): string {
    const parts: string[] = [];
    const isWanted = (subscription: SubscriptionImpl | undefined) => subscription?.isDraining() === false;
    for (const subscription of this.#subscriptions.values()) {
      if (told.has(subscription.sid) || !isWanted(subscription)) continue;
      for (const line of this.#lines(subscription)) parts.push(line, "\r\n");
    }
    for (const sid of told) if (!isWanted(this.#subscriptions.get(sid))) parts.push(`UNSUB ${sid}\r\n`);
    return parts.join("");
  }

  /** The lines that end every subscription with a server that is being left. */
  unsubscribeLines(): string {
    return [...this.#subscriptions.keys()].map((sid) => `UNSUB ${sid}\r\n`).join("");
  }

  #lines({ sid, subject, queue, max, received }: SubscriptionImpl): readonly string[] {
    const sub = queue === undefined ? `SUB ${subject} ${sid}` : `SUB ${subject} ${queue} ${sid}`;
    return max === undefined ? [sub] : [sub, `UNSUB ${sid} ${max - received}`];
  }

  /** The server does not permit something: ends the subscription concerned. Returns whether there was one. */
  refuse(permission: PermissionContext, error: NatsError): boolean {
    const { operation, subject, queue } = permission;
    const concerned = [...this.#subscriptions.values()].find((one) =>
      operation === "subscription"
        ? one.subject === subject && one.queue === queue
        : operation === "publish" && one.requestSubject === subject,
    );
    concerned?.fail(error);
    return concerned !== undefined;
  }

  /** The connection is closed: every subscription ends; what has arrived may still be read. */
  close(): void {
    this.#isClosed = true;
    for (const subscription of [...this.#subscriptions.values()]) subscription.end();
  }
}
