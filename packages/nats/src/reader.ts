// Who reads the messages of a JetStream subscription: the loop over an iterator of the reference's making. A drain of the
// connection waits for that loop, as it does for loops over our own subscriptions.

import type { QueuedIteratorImpl } from "nats-reference/lib/nats-base-client/queued_iterator.js";
import type { Reader } from "../../../src/api/subscription.js";

/** The loop over a queue of the reference. */
export class LoopReader<T> implements Reader {
  readonly #queue: QueuedIteratorImpl<T>;
  #waiting: (() => void)[] = [];
  #isLetGo = false;

  constructor(queue: QueuedIteratorImpl<T>) {
    this.#queue = queue;
    const { dispatchedFn } = queue;
    queue.dispatchedFn = (value) => {
      dispatchedFn?.(value);
      // The queue counts the message as done behind this call.
      if (this.#waiting.length > 0) queueMicrotask(() => this.#look());
    };
    void queue.iterClosed.then(() => this.letGo());
  }

  get isHeld(): boolean {
    // Before somebody reads, nobody can be waited for.
    return !this.#isLetGo && this.#queue.yielding && this.getPending() > 0;
  }

  // The queue's own method is hidden by that of the subscription, which counts what waits before the callback.
  getPending(): number {
    const { yields, inflight, pendingFiltered } = this.#queue;
    return yields.length + inflight - pendingFiltered;
  }

  whenConsumed(): Promise<void> {
    if (!this.isHeld) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  letGo(): void {
    this.#isLetGo = true;
    this.#look();
  }

  #look(): void {
    if (this.isHeld) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
