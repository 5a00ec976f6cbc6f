// The INFO of the server. Ours has it while a connection is established; the reference keeps that of the last server in an outage,
// where programs and its own code read limits from it.

import { Events, type ServerInfo } from "nats-statechart";
import { infoInUse, type OwnConnection } from "./own.js";

/** What is known of the server of a connection. */
export class KnownServer {
  readonly #own: OwnConnection;
  #last: ServerInfo | undefined;

  constructor(own: OwnConnection) {
    this.#own = own;
    this.#last = this.live;
    void this.#follow();
  }

  /** INFO of the server in use; undefined while disconnected, and once closed. */
  get live(): ServerInfo | undefined {
    return infoInUse(this.#own);
  }

  /** INFO of the server in use, while disconnected that of the last one; undefined once closed. */
  get info(): ServerInfo | undefined {
    if (this.#own.isClosed()) return undefined;
    this.#last = this.live ?? this.#last;
    return this.#last;
  }

  /** A server may have come and gone before somebody asks. */
  async #follow(): Promise<void> {
    for await (const { type } of this.#own.passedOn.statuses()) {
      if (type === Events.Reconnect) this.#last = this.live ?? this.#last;
    }
  }
}
