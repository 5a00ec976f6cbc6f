// Who waits for which PONG of one socket. The protocol answers PINGs in order and carries no name, so order is all
// there is. PINGs that still wait in the outbound stream are not here yet: see waiting-pings.ts.

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
