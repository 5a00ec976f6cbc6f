// The statuses of nats-core, from ours: objects with `type` and what belongs to it. One reader of our statuses serves
// all iterators. See src/api/status.ts for what each means.

import type { Status as CoreStatus, Subscription as CoreSubscription } from "@nats-io/nats-core";
import { Broadcast } from "../api/broadcast.js";
import type { QueuedIterator } from "../api/queued-iterator.js";
import { DebugEvents, Events, type Status } from "../api/status.js";
import { jsonSize } from "../effects/json-size.js";
import type { Bytes } from "../machine/units.js";
import { coreError } from "./errors.js";

/** One of our statuses, as nats-core's. */
export function coreStatus(status: Status): CoreStatus {
  const { type, server } = status;
  switch (type) {
    case Events.Disconnect:
      return { type: "disconnect", server };
    case Events.Reconnect:
      return { type: "reconnect", server };
    case Events.Close:
      return { type: "close" };
    case Events.LDM:
      return { type: "ldm", server };
    case Events.Update:
      return { type: "update", added: [...(status.added ?? [])], deleted: [...(status.deleted ?? [])] };
    case Events.SlowConsumer:
      // Of a subscription that was made without the adapter: what nats-core's has and ours has not, nobody can ask of it.
      return {
        type: "slowConsumer",
        sub: status.sub as unknown as CoreSubscription,
        pending: status.pending ?? 0,
      };
    case Events.Error:
      return { type: "error", error: coreError(status.error ?? new Error(String(status.data))) };
    case DebugEvents.Reconnecting:
      return { type: "reconnecting" };
    case DebugEvents.PingTimer:
      return { type: "ping", pendingPings: status.pendingPings ?? 0 };
    case DebugEvents.StaleConnection:
      return { type: "staleConnection" };
    case DebugEvents.ClientInitiatedReconnect:
      return { type: "forceReconnect" };
    default:
      return type satisfies never;
  }
}

/** How much a status holds, about. Not the subscription of one: that is the user's. */
function sizeOfCoreStatus(status: CoreStatus): Bytes {
  switch (status.type) {
    case "slowConsumer":
      return 0;
    case "error":
      return jsonSize([status.error.message, status.error.stack]);
    default:
      return jsonSize(status);
  }
}

/** The iterators over the statuses of one connection. */
export class CoreStatuses {
  readonly #readers = new Broadcast<CoreStatus>({
    sizeOf: sizeOfCoreStatus,
    mark: (status, dropped) => ({ ...status, dropped }),
  });

  /** @param seen is told of each status first, before any iterator */
  constructor(statuses: AsyncIterable<Status>, seen: (status: CoreStatus) => void) {
    void this.#read(statuses, seen);
  }

  /**
   * A new iterator over what happens from now on; the last is `close`. `stop()` ends it. It is bounded: a status that comes behind others
   * that were dropped has their number as `dropped`.
   */
  iterate(): QueuedIterator<CoreStatus> {
    return this.#readers.iterate();
  }

  /** Tells every iterator. */
  report(status: CoreStatus): void {
    this.#readers.tell(status);
  }

  async #read(statuses: AsyncIterable<Status>, seen: (status: CoreStatus) => void): Promise<void> {
    for await (const status of statuses) {
      const core = coreStatus(status);
      seen(core);
      this.report(core);
    }
    this.#readers.close();
  }
}
