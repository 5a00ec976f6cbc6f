// PINGs of flushes in the outbound stream. Each knows its place there: once the stream is handed over to a socket as
// far as that, the PING is on the wire; until then it waits, through an outage too, with the messages before it.

import type { Ping, Unanswered } from "./pongs.js";

interface Placed {
  readonly ping: Ping;
  /** Position in the outbound stream right behind the PING. */
  readonly position: number;
}

/** The PINGs that wait in the outbound stream, oldest first. Bounded by the number of flushes under way. */
export class WaitingPings {
  #placed: Placed[] = [];

  add(ping: Ping, position: number): void {
    this.#placed.push({ ping, position });
  }

  /** Takes out those that are on the wire now: all up to that position. */
  takeUpTo(handedOver: number): readonly Ping[] {
    const count = this.#placed.findIndex(({ position }) => position > handedOver);
    const taken = count === -1 ? this.#placed : this.#placed.slice(0, count);
    this.#placed = count === -1 ? [] : this.#placed.slice(count);
    return taken.map(({ ping }) => ping);
  }

  /** The client is closed: none of them goes out any more. */
  fail(why: Unanswered): void {
    const failed = this.#placed;
    this.#placed = [];
    for (const { ping } of failed) ping.failed?.(why);
  }
}
