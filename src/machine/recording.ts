// A recording of what happened to a connection: plain JSON without secrets, as everything in the chart is. What is recorded are
// events; states and effects follow from them (play.ts). What one from elsewhere must be: recording-schema.ts.

import type { ConnectionContext, ConnectionInput } from "./context.js";
import type { ConnectionEvent } from "./events.js";

/**
 * The version of recordings that this chart makes, and replays. Version 1 knew one socket, and no links; version 2 no origins;
 * version 4 no pace.
 */
export const RECORDING_VERSION = 5;

/** A state of the chart: its name, or that of a state with the state in it. As XState has it. */
export type StateValue = string | { [state: string]: StateValue | undefined };

/** Where a chart was: enough to go on from there. */
export interface Moment {
  readonly value: StateValue;
  readonly context: ConnectionContext;
}

/** What happened to a connection, in order. Plain JSON. */
export interface Recording {
  /** Version of this format: it changes with what the chart remembers. */
  readonly version: typeof RECORDING_VERSION;
  /** What the connection started from. */
  readonly input: ConnectionInput;
  /** Where the chart was before the first of `events`; null where that is the beginning. */
  readonly from: Moment | null;
  /** How many events came before `from`: the recording was bounded, and does not have them. Absent where it has all. */
  readonly folded?: number;
  /** The events, oldest first. */
  readonly events: readonly ConnectionEvent[];
}
