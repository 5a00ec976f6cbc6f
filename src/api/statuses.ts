// Who is told what happens to the connection: the iterators of `nc.status()` and the callback `onStatus`.

import { Broadcast } from "./broadcast.js";
import type { Status } from "./status.js";
import { throwUncaught } from "./uncaught.js";

/** The listeners of one connection. */
export class Statuses {
  readonly #onStatus: ((status: Status) => void) | undefined;
  readonly #readers = new Broadcast<Status>();

  constructor(onStatus: ((status: Status) => void) | undefined) {
    this.#onStatus = onStatus;
  }

  /** Tells everybody. What `onStatus` throws becomes an uncaught exception: the connection goes on. */
  report(status: Status): void {
    this.#readers.tell(status);
    try {
      this.#onStatus?.(status);
    } catch (error) {
      throwUncaught(error);
    }
  }

  /** A new iterator over what happens from now on. */
  iterate(): AsyncIterable<Status> {
    return this.#readers.iterate();
  }

  /** Nothing happens any more: every iterator ends after what it still holds. */
  close(): void {
    this.#readers.close();
  }
}
