// All subscriptions of a connection, by number: hands messages over, keeps the server informed, and restores
// everything after a reconnect.

import type { Outbound } from "../effects/outbound.js";
import type { SubscriptionChanges } from "../effects/session.js";
import type { World } from "../effects/world.js";
import type { PermissionContext } from "../machine/server-error.js";
import type { NatsError } from "./errors.js";
import type { Responder } from "./msg.js";
import {
  SubscriptionImpl,
  type SubscriptionOptions,
  type SubscriptionOwner,
  subscriptionLine,
} from "./subscription.js";

/** How many subscriptions are found at once. */
const RECENT = 1_024;

/** What the table needs of the connection. */
export interface Wire {
  readonly outbound: Outbound;
  /** Sends UNSUB to each server that knows the subscriptions; `ended` when none of them sends any more of it. */
  unsubscribe(line: string, ended: () => void): void;
}

/** The subscriptions of one connection. Bounded by what the user subscribes to. */
export class SubscriptionTable implements SubscriptionOwner {
  readonly world: World;
  readonly responder: Responder;
  readonly slow: (subscription: SubscriptionImpl) => void;
  readonly #wire: () => Wire;
  readonly #subscriptions = new Map<number, SubscriptionImpl>();
  /** Those that received last, each in the place that the end of its number says: found without the map's hashing. */
  readonly #recent: (SubscriptionImpl | undefined)[] = [];
  #lastSid = 0;
  #isClosed = false;

  constructor(
    world: World,
    responder: Responder,
    wire: () => Wire,
    slow: (subscription: SubscriptionImpl) => void,
  ) {
    this.world = world;
    this.slow = slow;
    this.responder = responder;
    this.#wire = wire;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** The subscription of that number; a message for none (it was unsubscribed a moment ago) is dropped. */
  get(sid: number): SubscriptionImpl | undefined {
    const recent = this.#recent[sid % RECENT];
    return recent !== undefined && recent.sid === sid ? recent : this.#find(sid);
  }

  #find(sid: number): SubscriptionImpl | undefined {
    const found = this.#subscriptions.get(sid);
    if (found === undefined) return undefined;
    const place = sid % RECENT;
    // Filled up to there: holes would make every look-up slower.
    while (this.#recent.length <= place) this.#recent.push(undefined);
    this.#recent[place] = found;
    return found;
  }

  /**
   * A new subscription, told to the server. Subject and queue are checked by the caller, but for their length.
   * @throws BadWireString where they are too long together
   */
  add(subject: string, opts: SubscriptionOptions): SubscriptionImpl {
    const { outbound } = this.#wire();
    const sid = this.#lastSid + 1;
    outbound.checkLine(subscriptionLine(sid, subject, opts.queue));
    const subscription = new SubscriptionImpl(this, sid, subject, opts);
    this.#lastSid = sid;
    this.#subscriptions.set(sid, subscription);
    // While disconnected the outbound stream ignores these: the reconnect restores every subscription.
    const { max, line } = subscription;
    outbound.command(line);
    if (max !== undefined) outbound.command(unsubLine(sid, max, 0));
    return subscription;
  }

  unsubscribe({ sid, countedFrom }: SubscriptionImpl, max: number | undefined): void {
    if (!this.#isClosed) this.#wire().outbound.command(unsubLine(sid, max, countedFrom));
  }

  drain(subscription: SubscriptionImpl): Promise<void> {
    const line = unsubLine(subscription.sid, undefined, subscription.countedFrom);
    return new Promise((resolve) => this.#wire().unsubscribe(line, resolve));
  }

  remove({ sid }: SubscriptionImpl): void {
    this.#subscriptions.delete(sid);
    if (this.#recent[sid % RECENT]?.sid === sid) this.#recent[sid % RECENT] = undefined;
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

  /** The lines that restore every subscription on a server that is taken into use now, with what is left of each `max`. */
  resubscription(): string {
    let lines = "";
    // There may be ten thousand, in code that has hardly run before: forEach and kept lines take less than half the time.
    this.#subscriptions.forEach((subscription) => {
      if (subscription.isDraining()) return;
      subscription.countedFrom = subscription.received;
      lines += linesOf(subscription);
    });
    return lines;
  }

  /** The same for a server that is taken into use later; what changes until then is told with `changes`. */
  resubscriptionAhead(): { readonly lines: string; readonly changes: SubscriptionChanges } {
    let lines = "";
    for (const subscription of this.#subscriptions.values()) {
      if (!subscription.isDraining()) lines += linesOf(subscription);
    }
    return { lines, changes: this.changes((subscription) => subscription.received) };
  }

  /**
   * Remembers what a server knows now, and from which message on it counts towards a `max`. What it gives is called
   * when that server is taken into use.
   */
  changes(countsFrom: (subscription: SubscriptionImpl) => number = countsAsBefore): SubscriptionChanges {
    const last = this.#lastSid;
    const known = [...this.#subscriptions.values()].filter((subscription) => !subscription.isDraining());
    const limits = known.map(({ max }) => max);
    const from = known.map(countsFrom);
    return () => {
      let lines = "";
      for (const [place, subscription] of known.entries()) {
        const { sid, max } = subscription;
        const countedFrom = from[place] as number;
        subscription.countedFrom = countedFrom;
        if (subscription.isClosed() || subscription.isDraining()) lines += `${unsubLine(sid)}\r\n`;
        else if (max !== limits[place]) lines += `${unsubLine(sid, max, countedFrom)}\r\n`;
      }
      for (let sid = last + 1; sid <= this.#lastSid; sid++) {
        const subscription = this.#subscriptions.get(sid);
        if (subscription?.isDraining() !== false) continue;
        subscription.countedFrom = subscription.received;
        lines += linesOf(subscription);
      }
      return lines;
    };
  }

  /** The lines that end every subscription with a server that is being left. */
  unsubscribeLines(): string {
    return [...this.#subscriptions.keys()].map((sid) => `UNSUB ${sid}\r\n`).join("");
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

const countsAsBefore = ({ countedFrom }: SubscriptionImpl) => countedFrom;

/** Ends a subscription: at once, or when a server that counts from that message on has sent the last of `max`. */
function unsubLine(sid: number, max?: number, countedFrom = 0): string {
  return max === undefined ? `UNSUB ${sid}` : `UNSUB ${sid} ${max - countedFrom}`;
}

/** All that a server must be told of a subscription, from its next message on. */
function linesOf(subscription: SubscriptionImpl): string {
  const { line, sid, max, received } = subscription;
  return max === undefined ? `${line}\r\n` : `${line}\r\n${unsubLine(sid, max, received)}\r\n`;
}
