// What a subscription has received, and whether that is right: messages that were sent, whole, in order, and none more often than
// servers have read it, or than it came over a socket (arrivals.ts).
//
// A client that moves hears from two servers for a while: what comes from each of them is in order, and nothing comes from one of them more
// often than it should; but what one has sent, the other may send as well, or may have sent later messages already.

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
  /** By sender; of a client that moves, by sender and socket. */
  readonly #seen = new Map<string, Seen>();
  readonly #received = new Set<string>();
  /** By sender. */
  readonly #newest = new Map<string, number>();
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
    return this.#received.has(`${client}:${number}`);
  }

  /**
   * A message was received.
   * @param socket that it came over; undefined where it came over none
   */
  add(text: string, socket: number | undefined): void {
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
    const reading = sent.readingsOf(number);
    const newest = this.#newest.get(client) ?? -1;
    if (this.#mayRepeat && reading.times === 1) {
      if (this.#received.has(`${client}:${number}`)) this.#registry.held?.("heardFromBoth");
      else if (number < newest) this.#registry.held?.("arrivedLate");
    }
    this.#newest.set(client, Math.max(newest, number));
    this.#received.add(`${client}:${number}`);
    const seen = this.#seenOf(this.#mayRepeat ? `${client} ${socket}` : client);
    const times = (seen.times.get(number) ?? 0) + 1;
    seen.times.set(number, times);
    // A server reads twice what was sent again.
    if (times > reading.times)
      return this.#complain(`${what} arrived ${times} times, read ${reading.times} times`);
    // What a sender sent over a connection that broke may still arrive after what it sent over the next one: a server
    // that stood still reads it late. Over one connection, nothing overtakes.
    const { last } = seen;
    const before = sent.readingsOf(last);
    if (socket === undefined) return this.#complain(`${what} arrived, but came over no socket`);
    const isOneWay = reading.socket === before.socket && reading.times === 1 && before.times === 1;
    if (number < last && isOneWay) return this.#complain(`${what} arrived after ${last}`);
    seen.last = Math.max(last, number);
  }

  #seenOf(sender: string): Seen {
    let seen = this.#seen.get(sender);
    if (seen === undefined) {
      seen = { last: -1, times: new Map() };
      this.#seen.set(sender, seen);
    }
    return seen;
  }

  #complain(what: string): void {
    this.#registry.complain(`${this.#owner}, subscription ${this.#name}: ${what}`);
  }
}
