// What came over the sockets of a client for each of its subscriptions, beside what the subscription gets: the same messages,
// in the same order, each once. What servers have read of its senders is not asked here: receipts.ts. How a client that moves hears from
// two servers: hand-overs.ts.

import { decodeText } from "../effects/wire/text.js";
import type { Heard } from "./confirmations.js";
import { type MessageId, readPayload } from "./message-id.js";

/** No id of a message is longer. */
const LONGEST_ID = 100;

/** A message that came, and that the subscription has not got yet. */
interface Arrival {
  readonly id: string;
  readonly socket: number;
  /** The client need not have seen it. */
  readonly isInDoubt: boolean;
}

const keyOf = ({ client, number }: MessageId) => `${client}:${number}`;

/** A subscription of a client, as far as it matters here. */
export interface Hearing {
  getID(): number;
  getSubject(): string;
  isClosed(): boolean;
  isDraining(): boolean;
}

/** What came for the subscriptions of one client. */
export class Arrivals {
  readonly #complain: (what: string) => void;
  /** By number, each with what came for it and is not taken yet, in order. */
  readonly #waiting = new Map<number, { readonly subscription: Hearing; arrivals: Arrival[] }>();
  /** Sockets of which the client need not have seen all that came: it has closed them, or may have. */
  readonly #doubtful = new Set<number>();

  /** @param complain called where a subscription gets something else than what came for it */
  constructor(complain: (what: string) => void) {
    this.#complain = complain;
  }

  /** The subscriptions that have not ended. */
  get open(): readonly Hearing[] {
    return [...this.#waiting.values()].flatMap(({ subscription }) =>
      subscription.isClosed() ? [] : [subscription],
    );
  }

  /** The client has subscribed. */
  subscribed(subscription: Hearing): void {
    this.#waiting.set(subscription.getID(), { subscription, arrivals: [] });
  }

  /** A message comes over a socket. */
  arrived(socket: number, ...[sid, received, start, end, isInDoubt]: Parameters<Heard>): void {
    const its = this.#waiting.get(sid);
    if (its === undefined || its.subscription.isClosed()) return;
    const id = readPayload(decodeText(received.bytes, start, Math.min(end, start + LONGEST_ID)));
    if (id !== undefined) its.arrivals.push({ id: keyOf(id), socket, isInDoubt });
  }

  /** The client closes the socket, or may have: it need not give what came and is not taken yet. */
  inDoubt(socket: number): void {
    this.#doubtful.add(socket);
  }

  /** A subscription gets a message. Returns the socket that it came over; undefined where it came over none. */
  took(subscription: Hearing, message: MessageId): number | undefined {
    const its = this.#waiting.get(subscription.getID());
    const id = keyOf(message);
    const place = its?.arrivals.findIndex((arrival) => arrival.id === id) ?? -1;
    const taken = its?.arrivals[place];
    if (its === undefined || taken === undefined) return undefined;
    const skipped = its.arrivals.slice(0, place).find((arrival) => this.#mustCome(arrival));
    if (skipped !== undefined)
      this.#complain(
        `gives message ${id} to ${nameOf(subscription)}, though message ${skipped.id} came over socket ${skipped.socket} before`,
      );
    its.arrivals = its.arrivals.slice(place + 1);
    return taken.socket;
  }

  /** In peace: each subscription has got all that came for it. */
  check(): void {
    for (const { subscription, arrivals } of this.#waiting.values()) {
      const missing = arrivals.find((arrival) => this.#mustCome(arrival));
      if (missing !== undefined && !subscription.isClosed())
        this.#complain(
          `keeps message ${missing.id}, which came over socket ${missing.socket}, from ${nameOf(subscription)}`,
        );
    }
  }

  #mustCome({ socket, isInDoubt }: Arrival): boolean {
    return !isInDoubt && !this.#doubtful.has(socket);
  }
}

function nameOf(subscription: Hearing): string {
  return `subscription ${subscription.getID()} (${subscription.getSubject()})`;
}
