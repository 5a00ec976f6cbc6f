// The flight recorder: keeps the last events of a connection, so that what happened can be played again.
//
// It is bounded: the oldest events are folded into the moment from which the recording begins.

import type { ConnectionInput } from "../machine/context.js";
import type { ConnectionEvent } from "../machine/events.js";
import { play } from "../machine/play.js";
import { type Moment, RECORDING_VERSION, type Recording } from "../machine/recording.js";

/** How many events a recording holds at least, once so many have happened; it holds fewer than twice as many. */
export const RECORDED_EVENTS = 1_000;

/** Records one connection. */
export class Recorder {
  readonly #input: ConnectionInput;
  #from: Moment | null = null;
  #events: ConnectionEvent[] = [];

  constructor(input: ConnectionInput) {
    this.#input = input;
  }

  /** An event is about to reach the chart. */
  record(event: ConnectionEvent): void {
    this.#events.push(event);
    if (this.#events.length < 2 * RECORDED_EVENTS) return;
    const oldest = this.#events.slice(0, RECORDED_EVENTS);
    let from = this.#from;
    for (const { state, context } of play({ input: this.#input, from, events: oldest }))
      from = { value: state, context };
    this.#from = from;
    this.#events = this.#events.slice(RECORDED_EVENTS);
  }

  /** What was recorded so far: plain JSON. */
  recording(): Recording {
    return { version: RECORDING_VERSION, input: this.#input, from: this.#from, events: [...this.#events] };
  }
}
