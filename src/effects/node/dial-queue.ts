// Who may dial now: one queue for all connections of a process. Without it, thousands of connections that lose the same server
// would dial it at once when it comes back, and each handshake would wait for all the others.
//
// A turn lasts from the dial to the end of the TLS handshake, or of the attempt. Turns begin at a pace, and only so many last
// at a time. A turn that takes long counts no more: a server that says nothing keeps nobody from dialing. Servers take
// turns, too: those who wait for one server do not stand in the way of those who wait for another. So all that waits is dialed,
// whatever the servers do, and no timer of a connection has to run meanwhile.

import { begun, nextAt, type Pace } from "../../machine/pace.js";
import type { Milliseconds } from "../../machine/units.js";
import type { TransportEvents } from "../world.js";
import type { Timers } from "./race.js";

/** How many dials there may be. */
export interface DialLimits {
  /** How many turns last at a time. */
  readonly atOnce: number;
  /** After how long a turn counts no more. */
  readonly longest: Milliseconds;
  /** How fast they begin. */
  readonly pace: Pace;
}

/** A dial that waits, or has begun. */
export interface Turn {
  /** It is over, or not wanted any more: the next one may begin. A second call means nothing. */
  end(): void;
}

interface Dial {
  readonly told: Pick<TransportEvents, "queued" | "dialing">;
  readonly begin: () => void;
}

/** The dials of a process. */
export class DialQueue {
  readonly #timers: Timers;
  readonly #clock: () => Milliseconds;
  readonly #limits: DialLimits;
  /** Those that wait, by server. The first of the first server is next; then that server comes last. */
  readonly #waiting = new Map<string, Set<Dial>>();
  /** The turns that last, oldest first, and when each began. */
  readonly #lasting = new Map<Dial, Milliseconds>();
  #busyUntil = Number.NEGATIVE_INFINITY;
  #timer: object | undefined;

  constructor(timers: Timers, clock: () => Milliseconds, limits: DialLimits) {
    this.#timers = timers;
    this.#clock = clock;
    this.#limits = limits;
  }

  /** How many wait. */
  get waiting(): number {
    let waiting = 0;
    for (const those of this.#waiting.values()) waiting += those.size;
    return waiting;
  }

  /**
   * Asks for a turn.
   * @param begin dials; called at once where nobody has to wait
   * @param told of the wait, where there is one: `queued` at once, and `dialing` just before `begin`
   */
  ask(server: string, told: Dial["told"], begin: () => void): Turn {
    const dial = { told, begin };
    const turn = { end: () => this.#end(server, dial) };
    if (this.#waiting.size === 0 && this.#nextAt() <= this.#clock()) {
      this.#begins(dial);
      begin();
      return turn;
    }
    const those = this.#waiting.get(server) ?? new Set();
    this.#waiting.set(server, those.add(dial));
    told.queued();
    this.#wake();
    return turn;
  }

  /** When the next turn may begin. */
  #nextAt(): Milliseconds {
    const { atOnce, longest, pace } = this.#limits;
    const now = this.#clock();
    for (const [dial, since] of this.#lasting) {
      if (since + longest > now) break;
      this.#lasting.delete(dial);
    }
    const [oldest = Number.NEGATIVE_INFINITY] = this.#lasting.values();
    const freeAt = this.#lasting.size < atOnce ? Number.NEGATIVE_INFINITY : oldest + longest;
    return Math.max(nextAt(this.#busyUntil, pace), freeAt);
  }

  #begins(dial: Dial): void {
    const now = this.#clock();
    this.#lasting.set(dial, now);
    this.#busyUntil = begun(this.#busyUntil, now, this.#limits.pace);
  }

  #end(server: string, dial: Dial): void {
    const those = this.#waiting.get(server);
    if (those?.delete(dial) === true && those.size === 0) this.#waiting.delete(server);
    const isRoom = this.#lasting.delete(dial) && this.#waiting.size > 0;
    if (isRoom || this.#waiting.size === 0) this.#sleep();
    if (isRoom) this.#wake();
  }

  /** Whoever waits is looked after when the next turn may begin. Never at once: it is another connection's event that is handled. */
  #wake(): void {
    if (this.#timer !== undefined) return;
    const ms = Math.max(0, this.#nextAt() - this.#clock());
    this.#timer = this.#timers.startTimer(ms, () => {
      this.#timer = undefined;
      this.#work();
    });
  }

  #sleep(): void {
    if (this.#timer !== undefined) this.#timers.stopTimer(this.#timer);
    this.#timer = undefined;
  }

  #work(): void {
    while (this.#nextAt() <= this.#clock()) {
      const next = this.#takeNext();
      if (next === undefined) return;
      this.#begins(next);
      next.told.dialing();
      // The user may have closed the connection when told.
      if (this.#lasting.has(next)) next.begin();
    }
    if (this.#waiting.size > 0) this.#wake();
  }

  #takeNext(): Dial | undefined {
    for (const [server, those] of this.#waiting) {
      this.#waiting.delete(server);
      const [first] = those;
      if (first !== undefined) those.delete(first);
      if (those.size > 0) this.#waiting.set(server, those);
      return first;
    }
    return undefined;
  }
}
