// What was handed to a sink and no PONG has confirmed. The outbound stream has three positions: accepted, handed over, confirmed.
// A server answers in order: its PONG says that it has read all that was written before the PING. When a sink is lost,
// what lies between the last two may have arrived, or not. It is counted, and with the option `unconfirmed: "resend"` kept, to
// go out once more.
//
// How much may wait, and what goes where, is the business of outbound.ts; when to ask for a PONG that of confirming.ts.

import type { Amount } from "../machine/units.js";
import { withdrawMessage } from "./backlog.js";
import { endOf, messagesBetween, piecesOf, type Segment, SegmentQueue, segmentOf } from "./segments.js";

/**
 * What the client does with unconfirmed messages if their connection is lost. `report`: the client tells how many there were, and does
 * not send them again. `resend`: the client sends them again after the reconnect. See the option `unconfirmed`. Beyond the reference.
 */
export type UnconfirmedPolicy = "report" | "resend";

/** What became of messages that did not, or may not, arrive. */
export interface Losses {
  /** No sink was ever handed them. */
  readonly unsent: Amount;
  /** A sink was handed them, and no server has confirmed them. */
  readonly unconfirmed: Amount;
}

/** A place in the stream, with all that was handed over before it since the beginning. */
export interface Mark extends Amount {
  readonly position: number;
}

export const NOTHING: Amount = { messages: 0, bytes: 0 };

const BEGINNING: Mark = { position: 0, ...NOTHING };

/** The sum of two. */
export function plus(one: Amount, other: Amount): Amount {
  return { messages: one.messages + other.messages, bytes: one.bytes + other.bytes };
}

/** What is in the second and not in the first. */
export function between(from: Amount, to: Amount): Amount {
  return { messages: to.messages - from.messages, bytes: to.bytes - from.bytes };
}

/** The part of the outbound stream that sinks were handed. Bounded by outbound.ts where it is kept; else it is numbers only. */
export class Unconfirmed {
  /** What may have to go out once more; undefined where nothing is kept. */
  readonly #kept: SegmentQueue | undefined;
  readonly #release: (segment: Segment) => void;
  // Numbers, not marks: they change with every write.
  #position = 0;
  #messages = 0;
  #bytes = 0;
  #confirmed = BEGINNING;
  #lost = NOTHING;
  #lostInAll = NOTHING;

  /**
   * @param release told of each segment that is kept no more
   */
  constructor(policy: UnconfirmedPolicy, release: (segment: Segment) => void) {
    this.#kept = policy === "resend" ? new SegmentQueue() : undefined;
    this.#release = release;
  }

  /** True where what is not confirmed is kept. */
  get keeps(): boolean {
    return this.#kept !== undefined;
  }

  /** Here in the stream, with all that was handed over so far. */
  get here(): Mark {
    return { position: this.#position, messages: this.#messages, bytes: this.#bytes };
  }

  /** Where in the stream ends what is confirmed, or was lost. */
  get settled(): number {
    return this.#confirmed.position;
  }

  /** What was handed over and is not confirmed, without what was lost. */
  get amount(): Amount {
    return between(this.#confirmed, this.here);
  }

  /** Its bytes. */
  get bytes(): number {
    return this.#bytes - this.#confirmed.bytes;
  }

  /** What is confirmed, since the beginning. */
  get confirmed(): Amount {
    return between(this.#lostInAll, this.#confirmed);
  }

  /** What was lost since the last time that somebody took it by `takeLost`. */
  get lost(): Amount {
    return this.#lost;
  }

  /** A sink is handed a segment. */
  add(segment: Segment): void {
    this.#position = endOf(segment);
    this.#messages += segment.messages;
    this.#bytes += segment.end - segment.start;
    this.#kept?.push(segment);
  }

  /** The marks at places within the segment that is about to be handed over, in their order. */
  marksWithin(segment: Segment, places: readonly number[]): readonly Mark[] {
    let from = segment.position;
    let messages = this.#messages;
    return places.map((position) => {
      // A flush is mostly the last command of its turn: then nothing is to be counted.
      if (position === endOf(segment)) messages = this.#messages + segment.messages;
      else messages += messagesBetween(segment, from, position);
      from = position;
      return { position, messages, bytes: this.#bytes + position - segment.position };
    });
  }

  /** A PONG has confirmed all before the mark. Of marks before a loss nothing is left to confirm. */
  confirm(mark: Mark): void {
    if (mark.position <= this.#confirmed.position) return;
    this.#confirmed = mark;
    if (this.#kept !== undefined) this.#releaseBefore(this.#kept, mark.position);
  }

  /** Withdraws a message, where it is kept: it may have arrived, but does not go out once more. */
  withdraw(start: number, end: number): void {
    const kept = this.#kept;
    if (kept === undefined || start >= this.#position) return;
    for (let one = kept.first; one !== null; one = one.next) {
      if (start >= endOf(one)) continue;
      if (start >= one.position) withdrawMessage(kept, one, start, end);
      return;
    }
  }

  /** The sink is lost: from here on all of it is lost, and counted. Where it is kept, see `takeBack`. */
  lose(): Amount {
    const amount = this.amount;
    this.#lost = plus(this.#lost, amount);
    this.#lostInAll = plus(this.#lostInAll, amount);
    this.#confirmed = this.here;
    return amount;
  }

  /** The sink is lost: gives what goes out once more. It is not handed over any more. */
  takeBack(): readonly Segment[] {
    const again: Segment[] = [];
    const next = () => this.#kept?.shift() ?? null;
    for (let one = next(); one !== null; one = next()) {
      const pieces = piecesOf(one).map((piece) => ({ ...piece, isRepeated: true, next: null }));
      if (pieces.length === 0) this.#release(one);
      else one.chunk.pending += pieces.length - 1;
      again.push(...pieces);
    }
    const { position, messages, bytes } = this.#confirmed;
    this.#position = position;
    this.#messages = messages;
    this.#bytes = bytes;
    return again;
  }

  /** What was lost since the last call: whoever takes it tells the user. */
  takeLost(): Amount {
    const lost = this.#lost;
    this.#lost = NOTHING;
    return lost;
  }

  /** Lets go of all that is kept. */
  clear(): void {
    this.#kept?.clear();
  }

  #releaseBefore(kept: SegmentQueue, position: number): void {
    for (let one = kept.first; one !== null && one.position < position; one = kept.first) {
      kept.shift();
      if (endOf(one) <= position) {
        this.#release(one);
        continue;
      }
      const rest = piecesOf(one).flatMap((piece) =>
        endOf(piece) <= position ? [] : [after(piece, position)],
      );
      if (rest.length === 0) this.#release(one);
      else one.chunk.pending += rest.length - 1;
      kept.putBefore(rest);
      return;
    }
  }
}

/** The part of a segment without gaps that lies behind a place in the stream, which is the end of a command. */
function after(segment: Segment, place: number): Segment {
  const { position, start } = segment;
  if (place <= position) return segment;
  return segmentOf(segment.chunk, {
    start: start + place - position,
    end: segment.end,
    position: place,
    messages: segment.messages - messagesBetween(segment, position, place),
    isRepeated: segment.isRepeated,
  });
}
