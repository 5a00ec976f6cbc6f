// The chart as two pure functions: how it begins, and what an event makes of it.
//
// `pureChart` is xstate's `initialTransition` and `transition`, and nothing else. They build an actor for each event,
// which takes ten times as long as the chart itself; `quickChart` calls the same machine with one actor scope for all
// events. stories.test.ts proves that the two agree. A rule is tried out on a chart with a mistake in it: `sabotaged`.

import { type AnyActorScope, createActor, initialTransition, type SnapshotFrom, transition } from "xstate";
import { connectionMachine } from "../../../src/machine/connection-machine.js";
import type { ConnectionInput } from "../../../src/machine/context.js";
import type { Effect } from "../../../src/machine/effects.js";
import type { ConnectionEvent } from "../../../src/machine/events.js";

export type Machine = typeof connectionMachine;
export type Snapshot = SnapshotFrom<Machine>;

/** Where the chart is after an event, and what it asked for on the way there. */
export interface Moment {
  readonly snapshot: Snapshot;
  readonly effects: readonly Effect[];
}

/** A chart, pure. */
export interface Chart {
  begin(input: ConnectionInput): Moment;
  next(snapshot: Snapshot, event: ConnectionEvent): Moment;
}

interface Action {
  readonly type: string;
  readonly params: unknown;
}
const asEffect = ({ type, params }: Action) => ({ type, params }) as Effect;

/** The chart by xstate's pure functions. */
export const pureChart: Chart = {
  begin(input) {
    const [snapshot, actions] = initialTransition(connectionMachine, input);
    return { snapshot, effects: actions.map(asEffect) };
  },
  next(before, event) {
    const [snapshot, actions] = transition(connectionMachine, before, event);
    return { snapshot, effects: actions.map(asEffect) };
  },
};

/** The same, faster: one actor scope for all events. */
export function quick(machine: Machine): Chart {
  let effects: Effect[] = [];
  const self = createActor(machine, { input: { servers: ["none"], seed: 0, at: 0 } });
  const nothing = () => {};
  const scope = {
    self,
    system: self.system,
    id: "",
    sessionId: "",
    logger: nothing,
    defer: nothing,
    stopChild: nothing,
    emit: nothing,
    actionExecutor: (action: Action) => void effects.push(asEffect(action)),
  } as unknown as AnyActorScope;
  return {
    begin(input) {
      effects = [];
      const snapshot = machine.getInitialSnapshot(scope as never, input);
      return { snapshot, effects };
    },
    next(before, event) {
      effects = [];
      const snapshot = machine.transition(before, event, scope as never);
      return { snapshot, effects };
    },
  };
}

export const quickChart: Chart = quick(connectionMachine);

/** A chart that asks for something else than it should. */
export function sabotaged(
  wrong: (effects: readonly Effect[], snapshot: Snapshot) => readonly Effect[],
): Chart {
  const spoil = ({ snapshot, effects }: Moment): Moment => ({ snapshot, effects: wrong(effects, snapshot) });
  return {
    begin: (input) => spoil(quickChart.begin(input)),
    next: (snapshot, event) => spoil(quickChart.next(snapshot, event)),
  };
}

/** A chart that remembers something else than it should. */
export function misremembering(wrong: (snapshot: Snapshot) => Snapshot["context"]): Chart {
  const spoil = ({ snapshot, effects }: Moment): Moment => ({
    snapshot: Object.assign(Object.create(Object.getPrototypeOf(snapshot)), snapshot, {
      context: wrong(snapshot),
    }),
    effects,
  });
  return {
    begin: (input) => spoil(quickChart.begin(input)),
    next: (snapshot, event) => spoil(quickChart.next(snapshot, event)),
  };
}

/** `{ connecting: "dialing" }` as `connecting.dialing`. */
export function stateOf(snapshot: Snapshot): string {
  const { value } = snapshot;
  if (typeof value === "string") return value;
  for (const [state, step] of Object.entries(value)) return `${state}.${step}`;
  throw new Error("a snapshot is in some state");
}

const inSteps =
  /^(connecting|reconnecting|migrating)\.(dialing|greeting|securing|authenticating|subscribing|cuttingOver)$/;

/** True where an attempt is under way. */
export function isAttempting(state: string): boolean {
  return inSteps.test(state);
}

/** True where an attempt is under way while the connection that it is to replace is still established. */
export function isMigrating(state: string): boolean {
  return state.startsWith("migrating.");
}

/** True where a connection is established: messages flow, or are handed over. */
export function isEstablished(state: string): boolean {
  return state === "connected" || state.startsWith("draining.") || isMigrating(state);
}

/** True at the end: sockets hand over their last bytes, or not even that. */
export function isOver(state: string): boolean {
  return state === "closing" || state === "closed";
}
