// Who is told that a connection is closed, as the packages on nats-core ask for it: beside `closed()`, since a listener can
// be removed.

import { throwUncaught } from "../api/uncaught.js";

/** Told of the end of a connection. Source: `ConnectionClosedListener` of nats-core's internals. */
export interface CloseListener {
  connectionClosedCallback(error: Error | undefined): void;
}

/** The listeners of one connection. */
export class CloseListeners {
  readonly #listeners = new Set<CloseListener>();
  readonly #closed: Promise<Error | undefined>;
  #isClosed = false;

  /** @param closed resolves at the end of the connection */
  constructor(closed: Promise<Error | undefined>) {
    this.#closed = closed;
    void closed.then((error) => {
      this.#isClosed = true;
      for (const listener of this.#listeners) tell(listener, error);
      this.#listeners.clear();
    });
  }

  /** Is told once; soon, where the connection is closed already. */
  add(listener: CloseListener): void {
    if (this.#isClosed) void this.#closed.then((error) => tell(listener, error));
    else this.#listeners.add(listener);
  }

  remove(listener: CloseListener): void {
    this.#listeners.delete(listener);
  }
}

/** What a listener throws must not keep the others from being told: it is an uncaught exception. */
function tell(listener: CloseListener, error: Error | undefined): void {
  try {
    listener.connectionClosedCallback(error);
  } catch (thrown) {
    throwUncaught(thrown);
  }
}
