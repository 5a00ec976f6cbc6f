// How the subscriptions of one client go from server to server, seen from outside. Which socket is alive: ledger.ts. What comes over
// them: arrivals.ts.
//
// The law:
// - A client that goes on with a socket has sent SUB over it for each of its subscriptions.
// - A client that moves stays subscribed with the old server for 250 ms, and then waits a second at most for what is on its way.

import type { Milliseconds } from "../machine/units.js";
import type { Hearing } from "./arrivals.js";
import type { Premise } from "./premises.js";

/** So long the old server knows the subscriptions, once the new one is in use. */
const OVERLAP: Milliseconds = 250;
/** So long the client waits then for the answer of the old server. */
const ANSWER: Milliseconds = 1_000;
/** Clocks of a client count whole milliseconds. */
const TICK: Milliseconds = 1;

/** What the law asks of its client. */
export interface HandOverSide {
  now(): Milliseconds;
  /** The subscriptions that have not ended. */
  open(): readonly Hearing[];
  /** The subscriptions that were made over that socket, and when they were ended there, by their numbers. */
  wire(socket: number):
    | {
        readonly subscribed: ReadonlySet<string>;
        readonly unsubscribed: ReadonlyMap<string, Milliseconds>;
      }
    | undefined;
  complain(what: string): void;
  /** The premise of a check holds. */
  held(premise: Premise): void;
}

/** The hand-overs of one client. */
export class HandOvers {
  readonly #side: HandOverSide;
  /** The sockets that the client has moved away from, and when. */
  readonly #left = new Map<number, Milliseconds>();
  #current = 0;

  constructor(side: HandOverSide) {
    this.#side = side;
  }

  /** A connection is in use, over that socket. @param isMove the one before still stands */
  goesOn(socket: number, isMove: boolean): void {
    const wire = this.#side.wire(socket);
    const missing = this.#side
      .open()
      .find((one) => !one.isDraining() && wire?.subscribed.has(`${one.getID()}`) === false);
    if (missing !== undefined)
      this.#side.complain(
        `goes on with socket ${socket}, where it has not made its subscription ${missing.getID()} to ${missing.getSubject()}`,
      );
    if (isMove) {
      this.#side.held("moved");
      this.#left.set(this.#current, this.#side.now());
    }
    this.#current = socket;
  }

  /** Something comes over the socket, and the client listens. */
  heard(socket: number): void {
    const since = this.#since(socket);
    if (since === undefined || since <= OVERLAP + ANSWER + TICK) return;
    this.#side.complain(
      `still listens to its old server, over socket ${socket}, ${Math.round(since)} ms after it has moved`,
    );
  }

  /** The client, which does not end, closes the socket. */
  closes(socket: number): void {
    const moved = this.#left.get(socket);
    const told = this.#side.wire(socket)?.unsubscribed;
    if (moved === undefined || told === undefined) return;
    this.#side.held("leftInTime");
    for (const one of this.#side.open()) {
      const at = told.get(`${one.getID()}`);
      if (one.isDraining() || at === undefined || at - moved >= OVERLAP - TICK) continue;
      return this.#side.complain(
        `ends its subscription ${one.getID()} to ${one.getSubject()} with the old server ${Math.round(at - moved)} ms after it has moved`,
      );
    }
  }

  /** The socket is closed. */
  over(socket: number): void {
    this.#left.delete(socket);
  }

  #since(socket: number): Milliseconds | undefined {
    const moved = this.#left.get(socket);
    return moved === undefined ? undefined : this.#side.now() - moved;
  }
}
