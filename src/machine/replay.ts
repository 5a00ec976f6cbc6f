// A recording of what happened to a connection, and how to play it again: pure, since the chart is.
//
// What is recorded are events; states and effects follow from them. A recording is plain JSON without secrets, as
// everything in the chart is.

import { initialTransition, type SnapshotFrom, type StateValue, transition } from "xstate";
import { connectionMachine } from "./connection-machine.js";
import type { ConnectionContext, ConnectionInput } from "./context.js";
import type { Effect } from "./effects.js";
import type { ConnectionEvent } from "./events.js";

/** Where a chart was: enough to go on from there. */
export interface Moment {
  readonly value: StateValue;
  readonly context: ConnectionContext;
}

/** What happened to a connection, in order. Plain JSON. */
export interface Recording {
  /** Version of this format. */
  readonly version: 1;
  /** What the connection started from. */
  readonly input: ConnectionInput;
  /** Where the chart was before the first of `events`; null where that is the beginning. */
  readonly from: Moment | null;
  /** The events, oldest first. */
  readonly events: readonly ConnectionEvent[];
}

/** One step of a replay. */
export interface Step {
  /** What happened; null for the beginning. */
  readonly event: ConnectionEvent | null;
  /** The state after it. */
  readonly state: StateValue;
  /** What the chart remembers after it. */
  readonly context: ConnectionContext;
  /** What the chart asked for because of it. */
  readonly effects: readonly Effect[];
}

type Snapshot = SnapshotFrom<typeof connectionMachine>;
type Transition = readonly [Snapshot, readonly { readonly type: string; readonly params: unknown }[]];

function stepFrom(event: ConnectionEvent | null, [snapshot, actions]: Transition): Step {
  const effects = actions.map(({ type, params }) => ({ type, params }) as Effect);
  return { event, state: snapshot.value, context: snapshot.context, effects };
}

/**
 * Plays a recording again: the beginning, then a step for each event, with the state and the effects as they were.
 * @throws Error where it is no recording, or one of a version that is not known
 */
export function replay(recording: Recording): readonly Step[] {
  if (recording?.version !== 1)
    throw new Error("this is no recording of nats-statechart, or one of a newer version");
  const { from, input, events } = recording;
  let now: Transition =
    from === null
      ? initialTransition(connectionMachine, input)
      : [connectionMachine.resolveState({ ...from }), []];
  const steps = [stepFrom(null, now)];
  for (const event of events) {
    now = transition(connectionMachine, now[0], event);
    steps.push(stepFrom(event, now));
  }
  return steps;
}
