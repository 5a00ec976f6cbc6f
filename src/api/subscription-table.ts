// All subscriptions of a connection, by number: hands messages over, and tells every server that knows them what changes.
// What each server knows is in subscription-view.ts.

import type { Outbound } from "../effects/outbound.js";
import type { ServerLine, SubscriptionView } from "../effects/ports.js";
import type { World } from "../effects/world.js";
import type { PermissionContext } from "../machine/server-error.js";
import { EndedReaders } from "./ended-readers.js";
import type { NatsError } from "./errors.js";
import type { Responder } from "./msg.js";
import {
  SubscriptionImpl,
  type SubscriptionOptions,
  type SubscriptionOwner,
  subscriptionLine,
} from "./subscription.js";
import { ServerView } from "./subscription-view.js";
import type { Unread } from "./unread.js";

/** How many subscriptions are found at once. */
const RECENT = 1_024;

/** The subscriptions of one connection. Bounded by what the user subscribes to. */
export class SubscriptionTable implements SubscriptionOwner {
  readonly world: World;
  readonly responder: Responder;
  readonly slow: (subscription: SubscriptionImpl) => void;
  readonly #outbound: () => Pick<Outbound, "checkLine">;
  readonly #subscriptions = new Map<number, SubscriptionImpl>();
  /** Those that received last, each in the place that the end of its number says: found without the map's hashing. */
  readonly #recent: (SubscriptionImpl | undefined)[] = [];
  /** What each server knows that may deliver. */
  #views: readonly ServerView[] = [];
  /** Those whose `closed` somebody waits for. Bounded by those that were asked for it and are not settled. */
  readonly #awaited = new Set<SubscriptionImpl>();
  readonly #ended = new EndedReaders();
  #lastSid = 0;
  #phase: "open" | "closing" | "closed" = "open";

  constructor(
    world: World,
    responder: Responder,
    outbound: () => Pick<Outbound, "checkLine">,
    slow: (subscription: SubscriptionImpl) => void,
  ) {
    this.world = world;
    this.slow = slow;
    this.responder = responder;
    this.#outbound = outbound;
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
    const sid = this.#lastSid + 1;
    this.#outbound().checkLine(subscriptionLine(sid, subject, opts.queue));
    const subscription = new SubscriptionImpl(this, sid, subject, opts);
    this.#lastSid = sid;
    this.#subscriptions.set(sid, subscription);
    // While disconnected there is no view: the reconnect restores every subscription.
    for (const view of this.#views) view.added(subscription);
    return subscription;
  }

  unsubscribe(subscription: SubscriptionImpl, max: number | undefined): void {
    for (const view of this.#views) {
      if (max === undefined) view.ended(subscription);
      else view.limited(subscription, max);
    }
  }

  async drain(subscription: SubscriptionImpl): Promise<void> {
    const arrived = this.#views.map(
      (view) => new Promise<void>((resolve) => view.drained(subscription, resolve)),
    );
    await Promise.all(arrived);
  }

  remove(subscription: SubscriptionImpl): void {
    const { sid, reader } = subscription;
    if (reader?.isHeld === true) this.#ended.add(subscription);
    this.#subscriptions.delete(sid);
    for (const view of this.#views) view.forget(subscription);
    if (this.#recent[sid % RECENT]?.sid === sid) this.#recent[sid % RECENT] = undefined;
  }

  awaited(subscription: SubscriptionImpl): void {
    if (this.#phase === "closed") subscription.settle();
    else this.#awaited.add(subscription);
  }

  settled(subscription: SubscriptionImpl): void {
    this.#awaited.delete(subscription);
  }

  isClosed(): boolean {
    return this.#phase !== "open";
  }

  /**
   * Drains all but inboxes; resolves when what had arrived is processed, also by those who read with `for await`, be it from a
   * subscription that has ended before.
   */
  async drainAll(): Promise<void> {
    const ended = this.#ended.held();
    const all = [...this.#subscriptions.values()].filter((subscription) => !subscription.isInbox);
    await Promise.allSettled(all.map((subscription) => subscription.drain()));
    await Promise.all([...ended, ...all].map((subscription) => subscription.whenConsumed()));
  }

  /** What `drainAll` waits for: subscriptions whose reader has not come back. */
  unread(): readonly Unread[] {
    return [...this.#ended.held(), ...this.#subscriptions.values()].flatMap(({ subject, reader }) =>
      reader?.isHeld === true ? [{ subject, messages: reader.getPending() }] : [],
    );
  }

  /** A server is about to learn of the subscriptions. */
  view(line: ServerLine): SubscriptionView {
    const view = new ServerView(this.#subscriptions, line, (closed) => {
      this.#views = this.#views.filter((one) => one !== closed);
    });
    this.#views = [...this.#views, view];
    return view;
  }

  /** The server does not permit something: ends the subscription concerned. Returns whether there was one. */
  refuse(permission: PermissionContext, error: NatsError): boolean {
    const concerned = this.concerned(permission);
    concerned?.fail(error);
    return concerned !== undefined;
  }

  /** The subscription that a server does not permit; undefined where it is none of the client's. */
  concerned({ operation, subject, queue }: PermissionContext): SubscriptionImpl | undefined {
    for (const one of this.#subscriptions.values()) {
      const isIt =
        operation === "subscription"
          ? one.subject === subject && one.queue === queue
          : operation === "publish" && queue === undefined && one.requestSubject === subject;
      if (isIt) return one;
    }
    return undefined;
  }

  /** The connection closes: every subscription ends; what has arrived may still be read. */
  close(): void {
    this.#phase = "closing";
    for (const subscription of [...this.#subscriptions.values()]) subscription.end();
  }

  /** The connection is closed: whoever waits for the end of a subscription waits no longer, though its reader has not come back. */
  settle(): void {
    this.#phase = "closed";
    for (const subscription of [...this.#awaited]) subscription.settle();
  }
}
