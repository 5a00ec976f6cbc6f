// What one server knows of the subscriptions: which of them it was told of, and from which message on it counts towards a
// limit. There is one view for each server that may deliver: usually one, more while a connection moves and shortly after,
// none while disconnected. Every change goes to each view that it concerns (subscription-table.ts).

import type { ServerLine, SubscriptionView } from "../effects/ports.js";
import type { SubscriptionImpl } from "./subscription.js";

/** All subscriptions there are, in their order. */
export interface AllSubscriptions {
  forEach(each: (subscription: SubscriptionImpl) => void): void;
}

/** Ends a subscription: at once, or when the server has sent so many more. */
function unsubLine(sid: number, left?: number): string {
  return left === undefined ? `UNSUB ${sid}` : `UNSUB ${sid} ${left}`;
}

/** The view of one server. */
export class ServerView implements SubscriptionView {
  readonly #all: AllSubscriptions;
  readonly #line: ServerLine;
  readonly #closed: (view: ServerView) => void;
  /** By the number of each subscription that the server knows: what had been received when it was told. It counts from there. */
  readonly #countsFrom = new Map<number, number>();
  #isLeft = false;

  /** @param closed called when the server is gone */
  constructor(all: AllSubscriptions, line: ServerLine, closed: (view: ServerView) => void) {
    this.#all = all;
    this.#line = line;
    this.#closed = closed;
  }

  restore(): string {
    let lines = "";
    // There may be ten thousand, in code that has hardly run before: forEach and kept lines take less than half the time.
    this.#all.forEach((subscription) => {
      if (subscription.isDraining()) return;
      const { sid, line, max, received } = subscription;
      this.#countsFrom.set(sid, received);
      lines += max === undefined ? `${line}\r\n` : `${line}\r\n${unsubLine(sid, max - received)}\r\n`;
    });
    return lines;
  }

  leave(): void {
    this.#isLeft = true;
  }

  unsubscribeAll(): string {
    // They stay known: what the server sent before may still come, and a drain waits for it.
    return [...this.#countsFrom.keys()].map((sid) => `${unsubLine(sid)}\r\n`).join("");
  }

  close(): void {
    this.#countsFrom.clear();
    this.#closed(this);
  }

  /** A new subscription, which has received nothing. */
  added({ sid, line, max }: SubscriptionImpl): void {
    if (this.#isLeft) return;
    this.#countsFrom.set(sid, 0);
    this.#line.tell(line);
    if (max !== undefined) this.#line.tell(unsubLine(sid, max));
  }

  /** A subscription ends after `max` messages, counted from its beginning. */
  limited({ sid }: SubscriptionImpl, max: number): void {
    const from = this.#countsFrom.get(sid);
    if (from !== undefined) this.#line.tell(unsubLine(sid, max - from));
  }

  /** A subscription takes no more messages. */
  ended({ sid }: SubscriptionImpl): void {
    if (this.#countsFrom.delete(sid)) this.#line.tell(unsubLine(sid));
  }

  /** A subscription takes what is on its way, and no more. Calls `arrived` when that is all there. */
  drained({ sid }: SubscriptionImpl, arrived: () => void): void {
    if (!this.#countsFrom.delete(sid)) return arrived();
    this.#line.tell(unsubLine(sid));
    this.#line.ask(arrived);
  }

  /** A subscription is over, and the server knows. */
  forget({ sid }: SubscriptionImpl): void {
    this.#countsFrom.delete(sid);
  }
}
