// The end of a connection of which nobody would hear: the process is told, by a warning. Whoever asked for `closed()`,
// `status()` or `onStatus`, or drained, hears of it there.

import type { World } from "../effects/world.js";
import type { NatsError } from "./errors.js";
import type { NatsConnection } from "./nats-connection.js";
import { warn } from "./process-warning.js";
import type { Status } from "./status.js";

/** How a connection ended. */
export interface End {
  /** The connection, as a person knows it: its name, its server. */
  readonly connection: string;
  /** Why it ended, or that it lost something. */
  readonly error: NatsError;
}

/** Whether anybody hears of the end of one connection. */
export class UnheardEnd {
  #isHeard: boolean;

  /** @param hasListener true where the option `onStatus` was given */
  constructor(hasListener: boolean) {
    this.#isHeard = hasListener;
  }

  /** Somebody asked for what tells of the end. */
  heard(): void {
    this.#isHeard = true;
  }

  /**
   * Waits for the end, and tells the process of it, unless somebody hears of it, or nothing went wrong.
   * @param closed resolves at the end
   * @param connection the connection, as a person knows it
   */
  async watch(world: World, closed: Promise<undefined | Error>, connection: () => string): Promise<void> {
    const error = (await closed) as NatsError | undefined;
    if (error === undefined) return;
    // Whoever waited for `close()` may ask for the error now.
    world.defer(() => {
      if (!this.#isHeard) warnOfEnd({ connection: connection(), error });
    });
  }
}

/** What a connection tells a part of the client that only passes it on: to ask for it is not to listen. */
export interface PassedOn {
  /** As `status()`. */
  statuses(): AsyncIterable<Status>;
  /** As `closed()`. */
  closed(): ReturnType<NatsConnection["closed"]>;
  /** Somebody listens to whom it is passed on. */
  heard(): void;
  /** Runs what publishes. The messages belong to the connection to the server in use: no other one is sent them. */
  overThisConnection(publish: () => void): void;
}

const type = "NatsConnectionWarning";
const detail =
  "Nothing in this program asked for closed(), status() or the option onStatus, each of which tells of the end.";

/** Tells the process that a connection ended, why, and what was lost; the console where no process takes warnings. */
export function warnOfEnd({ connection, error }: End): void {
  warn({ type, message: `${connection} has ended: ${error.message}`, code: error.code, detail });
}
