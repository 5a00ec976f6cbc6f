// What a subscription has received, and whether that is right: messages that were sent, whole, in order, and none more often than
// servers have read it.

import type { Registry } from "./ledger.js";
import { payloadOf, readPayload } from "./message-id.js";

/** What was received of one sender. */
interface Seen {
  last: number;
  /** How often each message was received. */
  readonly times: Map<number, number>;
}

/** The receipts of one subscription. */
export class Receipts {
  readonly #owner: string;
  readonly #registry: Registry;
  readonly #name: string;
  /** A client that moves from one server to another may receive a message from both. */
  readonly #mayRepeat: boolean;
  readonly #seen = new Map<string, Seen>();
  /** Messages received. */
  count = 0;
  /** From here on nothing may be received. */
  isOver = false;

  constructor(owner: string, registry: Registry, name: string, mayRepeat: boolean) {
    this.#owner = owner;
    this.#registry = registry;
    this.#name = name;
    this.#mayRepeat = mayRepeat;
  }

  /** Whether that message was received. */
  has(client: string, number: number): boolean {
    return this.#seen.get(client)?.times.has(number) === true;
  }

  /** A message was received. */
  add(text: string): void {
    if (this.isOver) return this.#complain("a message after its end");
    const id = readPayload(text);
    if (id === undefined)
      return this.#complain(`a message that nobody sent: ${JSON.stringify(text.slice(0, 100))}`);
    this.count++;
    const { client, number } = id;
    const what = `message ${number} of ${client}`;
    const sent = this.#registry.ledgers.get(client)?.deliveries;
    const size = sent?.sizeOf(number);
    if (sent === undefined || size === undefined) return this.#complain(`${what} was never accepted`);
    if (text !== payloadOf(id, "", size)) return this.#complain(`${what} arrived damaged`);
    const seen = this.#seenOf(client);
    const reading = sent.readingsOf(number);
    const times = (seen.times.get(number) ?? 0) + 1;
    seen.times.set(number, times);
    if (this.#mayRepeat) return;
    // A server reads twice what was sent again.
    if (times > reading.times)
      return this.#complain(`${what} arrived ${times} times, read ${reading.times} times`);
    // What a sender sent over a connection that broke may still arrive after what it sent over the next one: a server
    // that stood still reads it late. Over one connection, nothing overtakes.
    const { last } = seen;
    const before = sent.readingsOf(last);
    const isOneWay = reading.socket === before.socket && reading.times === 1 && before.times === 1;
    if (number < last && isOneWay) return this.#complain(`${what} arrived after ${last}`);
    seen.last = Math.max(last, number);
  }

  #seenOf(client: string): Seen {
    let seen = this.#seen.get(client);
    if (seen === undefined) {
      seen = { last: -1, times: new Map() };
      this.#seen.set(client, seen);
    }
    return seen;
  }

  #complain(what: string): void {
    this.#registry.complain(`${this.#owner}, subscription ${this.#name}: ${what}`);
  }
}
