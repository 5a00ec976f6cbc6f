// One source, many readers: what is told goes to each iterator that somebody has asked for. Behind `nc.status()`, ours
// and that of src/nats-core.

import { QueuedIterator } from "./queued-iterator.js";

/** Values that an iterator keeps for a reader who does not come; then the oldest are dropped: no queue is without a bound. */
const LIMIT = 1_024;

/** Iterators over what happens from when they were asked for. */
export class Broadcast<T> {
  readonly #iterators = new Set<QueuedIterator<T>>();
  #isClosed = false;

  /** Tells every iterator. */
  tell(value: T): void {
    for (const iterator of [...this.#iterators]) iterator.push(value);
  }

  /** A new iterator over what happens from now on. */
  iterate(): QueuedIterator<T> {
    const iterator: QueuedIterator<T> = new QueuedIterator({
      limit: LIMIT,
      drop: "oldest",
      onDone: () => this.#iterators.delete(iterator),
    });
    if (this.#isClosed) iterator.stop();
    else this.#iterators.add(iterator);
    return iterator;
  }

  /** Nothing happens any more: every iterator ends after what it still holds. */
  close(): void {
    this.#isClosed = true;
    for (const iterator of [...this.#iterators]) iterator.stop();
  }
}
