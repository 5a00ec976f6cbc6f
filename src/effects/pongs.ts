// Who waits for which PONG. The protocol answers PINGs in order and carries no name, so order is all there is.
//
// The chart's own PINGs (handshake, keep-alive) and those of a user's flush share the wire. Each flush knows its
// place in the outbound stream: when a connection is lost, those already handed to the socket fail, while those
// still waiting in the reconnect buffer go out with it later.

/** Why a PING is never answered: the connection that carried it is lost, or the client is closed. */
export type Unanswered = "disconnected" | "closed";

interface Waiting {
  /** Position in the outbound stream right behind the PING. */
  readonly position: number;
  readonly answered: () => void;
  /** Undefined for the chart's own PINGs: the chart has timers for those. */
  readonly failed: ((why: Unanswered) => void) | undefined;
}

/** The PINGs that no PONG has answered, in the order of the wire. Bounded by the number of flushes under way. */
export class Pongs {
  #waiting: Waiting[] = [];

  /** A PING that was placed in the outbound stream, ending at `position`. */
  add(position: number, answered: () => void, failed?: (why: Unanswered) => void): void {
    this.#waiting.push({ position, answered, failed });
  }

  /** The handshake's PING: written past the outbound stream, so that it is the first to be answered. */
  addFirst(answered: () => void): void {
    this.#waiting.unshift({ position: 0, answered, failed: undefined });
  }

  /** A PONG arrived. A PONG that nobody asked for is ignored. */
  answer(): void {
    this.#waiting.shift()?.answered();
  }

  /** The connection is lost: PINGs up to that position were on its wire and are never answered. */
  lose(handedOver: number): void {
    const lost = this.#waiting.filter((ping) => ping.position <= handedOver || ping.failed === undefined);
    this.#waiting = this.#waiting.filter((ping) => !lost.includes(ping));
    for (const ping of lost) ping.failed?.("disconnected");
  }

  /** The connection is closed: nothing is answered any more. */
  close(): void {
    const lost = this.#waiting;
    this.#waiting = [];
    for (const ping of lost) ping.failed?.("closed");
  }
}
