// Subscriptions that have ended while their reader was at work: a drain of the connection waits for these readers, too.
//
// They are remembered weakly. Whoever may still come back holds the iterator, which holds the subscription; what nobody holds has
// no reader any more. So those who take one message by `next()` and leave fill no memory, however many there are.

import type { SubscriptionImpl } from "./subscription.js";

/** How many are remembered before those that are read no more are looked for. */
const SMALL = 64;

/** The ended subscriptions of one connection that are still read. Bounded by twice as many as there are. */
export class EndedReaders {
  #refs: WeakRef<SubscriptionImpl>[] = [];
  #limit = SMALL;

  /** It has ended, and its reader has not come back. */
  add(subscription: SubscriptionImpl): void {
    if (this.#refs.length >= this.#limit) {
      this.#refs = this.#refs.filter((ref) => ref.deref()?.reader?.isHeld === true);
      this.#limit = Math.max(SMALL, 2 * this.#refs.length);
    }
    this.#refs.push(new WeakRef(subscription));
  }

  /** Those whose reader has still not come back, in the order in which they ended. */
  held(): SubscriptionImpl[] {
    return this.#refs
      .map((ref) => ref.deref())
      .filter((one): one is SubscriptionImpl => one?.reader?.isHeld === true);
  }
}
