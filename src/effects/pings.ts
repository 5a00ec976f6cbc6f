// Who waits for which PONG. The protocol answers PINGs in order and carries no name, so order is all there is.
//
// The PING of a flush has a place in the outbound stream: once the stream is handed over to a socket as far as that, the
// PING is on the wire of that socket; until then it waits, through an outage too, with the messages before it.

/** Why a PING is never answered: the connection that carried it is lost, or the client is closed. */
export type Unanswered = "disconnected" | "closed";

/** Somebody who waits for a PONG. */
export interface Ping {
  readonly answered: () => void;
  /** Undefined for the chart's own PINGs: the chart has timers for those. */
  readonly failed?: ((why: Unanswered) => void) | undefined;
}

/** The PINGs on the wire of one socket that no PONG has answered. Bounded by the number of flushes under way. */
export class Pongs {
  readonly #waiting: Ping[] = [];

  /** A PING was written. */
  add(ping: Ping): void {
    this.#waiting.push(ping);
  }

  /** A PONG arrived. A PONG that nobody asked for is ignored. */
  answer(): void {
    this.#waiting.shift()?.answered();
  }

  /** The socket is gone: none of them is answered any more. */
  fail(why: Unanswered): void {
    for (const ping of this.#waiting.splice(0)) ping.failed?.(why);
  }
}

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
