// Who waits for which PONG. The protocol answers PINGs in order and carries no name, so order is all there is.
//
// The PING of a flush has a place in the outbound stream: once the stream is handed over to a socket as far as that, the
// PING is on the wire of that socket; until then it waits, through an outage too, with the messages before it.

import type { Mark } from "./unconfirmed.js";

/** Why a PING is never answered: the connection that carried it is lost, or the client is closed. */
export type Unanswered = "disconnected" | "closed";

/** Somebody who waits for a PONG. */
export interface Ping {
  readonly answered: () => void;
  /** Undefined for the chart's own PINGs: the chart has timers for those. */
  readonly failed?: ((why: Unanswered) => void) | undefined;
}

/** Somebody who waits for the PONG of a PING in the outbound stream. */
export interface StreamPing extends Ping {
  /** Where what is not confirmed goes out once more, it waits for the next connection. Default false: it fails with its own. */
  readonly outlives?: boolean;
}

/** So many answered PINGs may lie before those that are not, and as many as there are of those. */
const ANSWERED = 64;

/** The PINGs on the wire of one socket that no PONG has answered. Bounded by twice the number of flushes under way, and `ANSWERED`. */
export class Pongs {
  #waiting: ({ readonly ping: Ping; readonly mark: Mark | undefined } | undefined)[] = [];
  /** Before this index all are answered: to take the first of a long array is slow. */
  #first = 0;

  /**
   * A PING was written.
   * @param mark what its PONG confirms; undefined where it says nothing of the outbound stream
   */
  add(ping: Ping, mark?: Mark): void {
    this.#waiting.push({ ping, mark });
  }

  /** True where somebody waits for one. */
  get isAwaited(): boolean {
    return this.#first < this.#waiting.length;
  }

  /** A PONG arrived. One that nobody asked for is ignored. */
  answer(confirm: (mark: Mark) => void): void {
    const first = this.#waiting[this.#first];
    if (first === undefined) return;
    this.#waiting[this.#first++] = undefined;
    if (this.#first === this.#waiting.length) this.#clear();
    else if (this.#first >= Math.max(ANSWERED, this.#waiting.length / 2)) this.#forget();
    if (first.mark !== undefined) confirm(first.mark);
    first.ping.answered();
  }

  /** The socket is gone: none of them is answered any more. */
  fail(why: Unanswered): void {
    const waiting = this.#waiting.slice(this.#first);
    this.#clear();
    for (const one of waiting) one?.ping.failed?.(why);
  }

  #clear(): void {
    this.#waiting = [];
    this.#first = 0;
  }

  /** Lets go of those that are answered, where it never happens that none waits. */
  #forget(): void {
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }
}

/** A PING in the outbound stream. */
export interface PlacedPing {
  readonly ping: StreamPing;
  /** Position in the outbound stream right behind it. */
  readonly position: number;
}

const NONE: readonly PlacedPing[] = [];

/** The PINGs of the outbound stream that are on no wire, oldest first. Bounded by the number of flushes under way. */
export class WaitingPings {
  #placed: PlacedPing[] = [];
  /** Those whose socket is gone, and nobody has said yet what becomes of what it had. */
  #returned: { readonly placed: PlacedPing; readonly why: Unanswered }[] = [];

  add(ping: StreamPing, position: number): void {
    this.#placed.push({ ping, position });
  }

  /** Takes one out that waits. Returns the position behind it; undefined where it does not wait. */
  remove(ping: StreamPing): number | undefined {
    const index = this.#placed.findIndex((placed) => placed.ping === ping);
    return index === -1 ? undefined : this.#placed.splice(index, 1)[0]?.position;
  }

  /** Takes out those that go on the wire now: all up to that position. */
  takeUpTo(position: number): readonly PlacedPing[] {
    const [first] = this.#placed;
    if (first === undefined || first.position > position) return NONE;
    const count = this.#placed.findIndex((placed) => placed.position > position);
    return this.#placed.splice(0, count === -1 ? this.#placed.length : count);
  }

  /** The socket of one that was on the wire is gone. */
  returned(placed: PlacedPing, why: Unanswered): void {
    this.#returned.push({ placed, why });
  }

  /** What the socket had is lost: with it those that were on its wire. */
  lose(): void {
    for (const { placed, why } of this.#returned.splice(0)) placed.ping.failed?.(why);
  }

  /** What the socket had goes out once more: with it the PINGs, but not everybody waits so long. */
  putBack(): void {
    const returned = this.#returned.splice(0);
    const again = returned.map(({ placed: { ping, position } }) =>
      ping.outlives === true ? { ping, position } : { ping: NOBODY, position },
    );
    this.#placed.unshift(...again);
    for (const { placed, why } of returned) if (placed.ping.outlives !== true) placed.ping.failed?.(why);
  }

  /** The client is closed: none of them goes out any more. */
  close(): void {
    this.lose();
    const placed = this.#placed;
    this.#placed = [];
    for (const { ping } of placed) ping.failed?.("closed");
  }
}

/** Its PONG comes, but nobody waits for it any more. */
const NOBODY: StreamPing = { answered: () => {}, outlives: true };
