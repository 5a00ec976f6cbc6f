// The flight recorder: keeps the last events of a connection, so that what happened can be played again.
//
// It is bounded: the oldest events are folded into the moment from which the recording begins.

import type { ConnectionInput } from "../machine/context.js";
import type { ConnectionEvent } from "../machine/events.js";
import { play } from "../machine/play.js";
import { type Moment, RECORDING_VERSION, type Recording } from "../machine/recording.js";
import type { Bytes } from "../machine/units.js";
import { jsonSize } from "./json-size.js";

/**
 * How many events a recording holds at least, once so many have happened; it holds fewer than twice as many. Fewer than that where
 * they are large.
 */
export const RECORDED_EVENTS = 1_000;
/** How many bytes of events it holds at most: twice as many, and one event more, which stays however large it is. */
export const RECORDED_BYTES: Bytes = 4 * 1024 * 1024;

/** Records one connection. */
export class Recorder {
  readonly #input: ConnectionInput;
  #from: Moment | null = null;
  #folded = 0;
  #events: ConnectionEvent[] = [];
  /** The bytes of each event, and of all. */
  #sizes: Bytes[] = [];
  #bytes: Bytes = 0;

  constructor(input: ConnectionInput) {
    this.#input = input;
  }

  /** An event is about to reach the chart. */
  record(event: ConnectionEvent): void {
    const size = jsonSize(event);
    this.#events.push(event);
    this.#sizes.push(size);
    this.#bytes += size;
    if (this.#events.length >= 2 * RECORDED_EVENTS || this.#bytes > 2 * RECORDED_BYTES) this.#fold();
  }

  /** What was recorded so far: plain JSON. */
  recording(): Recording {
    const recording = {
      version: RECORDING_VERSION,
      input: this.#input,
      from: this.#from,
      events: [...this.#events],
    } as const;
    return this.#folded === 0 ? recording : { ...recording, folded: this.#folded };
  }

  /** Plays the oldest events until what is left is within the limits. The last event stays. */
  #fold(): void {
    const count = this.#surplus();
    let from = this.#from;
    for (const { state, context } of play({ input: this.#input, from, events: this.#events.slice(0, count) }))
      from = { value: state, context };
    this.#from = from;
    for (const size of this.#sizes.slice(0, count)) this.#bytes -= size;
    this.#folded += count;
    this.#events = this.#events.slice(count);
    this.#sizes = this.#sizes.slice(count);
  }

  /** How many of the oldest events are too many. */
  #surplus(): number {
    let count = Math.max(0, this.#events.length - RECORDED_EVENTS);
    let bytes = this.#sizes.slice(count).reduce((sum, size) => sum + size, 0);
    for (; bytes > RECORDED_BYTES && count < this.#events.length - 1; count++)
      bytes -= this.#sizes[count] as Bytes;
    return count;
  }
}
