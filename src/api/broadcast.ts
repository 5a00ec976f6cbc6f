// One source, many readers: what is told goes to each iterator that somebody has asked for. Behind `nc.status()`, ours
// and that of src/nats-core.

import type { Bytes } from "../machine/units.js";
import { QueuedIterator, type QueuedIteratorOptions } from "./queued-iterator.js";

/** Values that an iterator keeps for a reader who does not come; then the oldest are dropped: no queue is without a bound. */
export const LIMIT = 1_024;
/** Bytes of them. The last value is kept, however large it is. */
export const LIMIT_BYTES: Bytes = 1_048_576;

/** Iterators over what happens from when they were asked for. Each is bounded by `LIMIT` and `LIMIT_BYTES`. */
export class Broadcast<T> {
  readonly #kept: Pick<QueuedIteratorOptions<T>, "sizeOf" | "mark">;
  readonly #iterators = new Set<QueuedIterator<T>>();
  #isClosed = false;

  /** @param kept the size of a value, and how one says that others before it were dropped */
  constructor(kept: Required<Pick<QueuedIteratorOptions<T>, "sizeOf" | "mark">>) {
    this.#kept = kept;
  }

  /** True while somebody has an iterator that has not ended. */
  get isRead(): boolean {
    return this.#iterators.size > 0;
  }

  /** Tells every iterator. */
  tell(value: T): void {
    for (const iterator of [...this.#iterators]) iterator.push(value);
  }

  /** A new iterator over what happens from now on. */
  iterate(): QueuedIterator<T> {
    const iterator: QueuedIterator<T> = new QueuedIterator({
      ...this.#kept,
      limit: LIMIT,
      limitBytes: LIMIT_BYTES,
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
