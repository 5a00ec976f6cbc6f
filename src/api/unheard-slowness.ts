// A reader that is slow where nobody hears of it and nothing is dropped: memory grows, and the process is told, by a warning.

import { warn } from "./process-warning.js";
import { Events } from "./status.js";
import type { SubscriptionImpl } from "./subscription.js";

const detail =
  "Nothing in this program asked for status() or the option onStatus. With the option maxPending or maxPendingBytes of subscribe, what is too much is dropped.";

/** Whether the process was told of the slow readers of one connection. */
export class UnheardSlowness {
  readonly #told = new WeakSet<SubscriptionImpl>();

  /**
   * Too much waits for a reader. Tells the process, once for each subscription. Not where messages are dropped: who sets a limit expects it.
   * @param connection the connection, as a person knows it
   */
  tell(subscription: SubscriptionImpl, connection: string): void {
    if (subscription.getDropped() > 0 || this.#told.has(subscription)) return;
    this.#told.add(subscription);
    const subject = JSON.stringify(subscription.getSubject());
    warn({
      type: "NatsConnectionWarning",
      message: `${subscription.getPending()} messages of ${subject} wait for a reader that is slow, on ${connection}: memory grows with each`,
      code: Events.SlowConsumer,
      detail,
    });
  }
}
