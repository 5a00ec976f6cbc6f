// Who is told what happens to the connection: the iterators of `nc.status()` and the callback `onStatus`.

import { QueuedIterator } from "./queued-iterator.js";
import type { Status } from "./status.js";
import { rethrow } from "./subscription.js";

/** Statuses that an iterator keeps for a reader who does not come; then the oldest are dropped (rule 10). */
const LIMIT = 1_024;

/** The listeners of one connection. */
export class Statuses {
  readonly #onStatus: ((status: Status) => void) | undefined;
  readonly #iterators = new Set<QueuedIterator<Status>>();
  #isClosed = false;

  constructor(onStatus: ((status: Status) => void) | undefined) {
    this.#onStatus = onStatus;
  }

  /** Tells everybody. What `onStatus` throws becomes an uncaught exception: the connection goes on. */
  report(status: Status): void {
    for (const iterator of [...this.#iterators]) iterator.push(status);
    try {
      this.#onStatus?.(status);
    } catch (error) {
      rethrow(error);
    }
  }

  /** A new iterator over what happens from now on. */
  iterate(): AsyncIterable<Status> {
    const iterator: QueuedIterator<Status> = new QueuedIterator({
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
