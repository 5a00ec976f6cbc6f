// A recording played again: pure, since the chart is. The recording is taken as it is: who has one from elsewhere uses replay.ts.

import { initialTransition, type SnapshotFrom, type StateValue, transition } from "xstate";
import { connectionMachine } from "./connection-machine.js";
import type { ConnectionContext } from "./context.js";
import type { Effect } from "./effects.js";
import type { ConnectionEvent } from "./events.js";
import type { Recording } from "./recording.js";

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

/** The steps, one after the other: the beginning, then one for each event. None is kept that its reader does not keep. */
export function* play({
  from,
  input,
  events,
}: Pick<Recording, "from" | "input" | "events">): Generator<ReplayStep> {
  let now: Transition =
    from === null
      ? initialTransition(connectionMachine, input)
      : [connectionMachine.resolveState({ ...from }), []];
  yield stepFrom(null, now);
  for (const event of events) {
    now = transition(connectionMachine, now[0], event);
    yield stepFrom(event, now);
  }
}

function stepFrom(event: ConnectionEvent | null, [snapshot, actions]: Transition): ReplayStep {
  return { event, state: snapshot.value, context: snapshot.context, effects: effectsOf(actions) };
}
