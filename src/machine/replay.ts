// A recording of what happened to a connection, and how to play it again: pure, since the chart is.
//
// What is recorded are events; states and effects follow from them. A recording is plain JSON without secrets, as
// everything in the chart is.

import { initialTransition, type SnapshotFrom, type StateValue, transition } from "xstate";
import { connectionMachine } from "./connection-machine.js";
import type { ConnectionContext, ConnectionInput } from "./context.js";
import type { Effect } from "./effects.js";
import type { ConnectionEvent } from "./events.js";

/** The version of recordings that this chart makes, and replays. Version 1 knew one socket, and no links; version 2 no origins. */
export const RECORDING_VERSION = 4;

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
  /** The events, oldest first. */
  readonly events: readonly ConnectionEvent[];
}

/** One step of a replay. */
export interface ReplayStep {
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

/**
 * The effects that the chart asks for, from the actions that `initialTransition` and `transition` of XState give.
 * @param actions the second of the two that they return
 */
export function effectsOf(
  actions: readonly { readonly type: string; readonly params?: unknown }[],
): readonly Effect[] {
  return actions.map(({ type, params }) => ({ type, params }) as Effect);
}

function stepFrom(event: ConnectionEvent | null, [snapshot, actions]: Transition): ReplayStep {
  return { event, state: snapshot.value, context: snapshot.context, effects: effectsOf(actions) };
}

/**
 * Plays a recording again: the beginning, then a step for each event, with the state and the effects as they were.
 * @throws Error where it is no recording, or one of another version: its message says which
 */
export function replay(recording: Recording): readonly ReplayStep[] {
  const problem = versionProblem(recording);
  if (problem !== null) throw new Error(problem);
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

/** What is wrong with the version of a recording; null where it can be replayed. */
export function versionProblem(recording: unknown): string | null {
  const version = (recording as Partial<Record<"version", unknown>> | null | undefined)?.version;
  if (version === RECORDING_VERSION) return null;
  if (typeof version !== "number") return "this is no recording of nats-statechart";
  const age = version < RECORDING_VERSION ? "an older" : "a newer";
  return `this recording has version ${version}, of ${age} nats-statechart; this one replays version ${RECORDING_VERSION}. Replay it with the nats-statechart that recorded it`;
}
