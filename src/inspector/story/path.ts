// Which way a chart went from one state to another: the inspector sees states and events, not transitions. Pure.
//
// Guards cannot be asked here, so that of several ways the shortest one is taken that starts with the event and ends in
// the state that was seen. States that are left at once (`always`) lie on the way.

import { activeIds } from "../drawing/active.js";
import type { Chart, State, Transition } from "../drawing/chart.js";

/** One transition that was taken. */
export interface Taken {
  readonly from: string;
  /** Null where the state was not left. */
  readonly to: string | null;
  readonly transition: Transition;
}

/** Ways through states that are left at once are no longer than this. */
const MAX_LENGTH = 8;

/**
 * The transitions between two values of a snapshot; none where no way explains them, and none for the start of a machine
 * whose first state stays.
 * @param before null for the beginning
 */
export function pathOf(chart: Chart, before: unknown, event: string, after: unknown): readonly Taken[] {
  const goal = activeIds(chart.root.id, after);
  if (before === null) return follow(chart, goal, [{ at: leavesOf(chart, chart.root), path: [] }]) ?? [];
  const active = [...activeIds(chart.root.id, before)].flatMap((id) => chart.states.get(id) ?? []);
  // The innermost state answers first.
  const asked = [...active].reverse().concat(chart.root);
  const first = asked.flatMap((state) =>
    state.transitions
      .filter((transition) => isFor(transition, event))
      .map((transition) => ({ state, transition, to: transition.targets[0] ?? null })),
  );
  const begun = first.map(({ state, transition, to }) => ({
    at: to === null ? active : leavesOf(chart, chart.states.get(to) ?? chart.root),
    path: [{ from: state.id, to, transition }],
  }));
  return follow(chart, goal, begun) ?? [];
}

interface Way {
  /** The states that are entered last. */
  readonly at: readonly State[];
  readonly path: readonly Taken[];
}

/** Goes on by `always` until the goal is reached; the shortest way, or undefined. */
function follow(chart: Chart, goal: ReadonlySet<string>, from: readonly Way[]): readonly Taken[] | undefined {
  let ways = from;
  for (let length = 0; length < MAX_LENGTH && ways.length > 0; length++) {
    const found = ways.find(({ at }) => at.every(({ id }) => goal.has(id)));
    if (found !== undefined) return found.path;
    ways = ways.flatMap(({ at, path }) =>
      at.flatMap((state) =>
        withAround(chart, state).flatMap((asked) =>
          asked.transitions
            .filter(({ kind, targets }) => kind === "always" && targets.length > 0)
            .map((transition): Way => {
              const to = transition.targets[0] ?? asked.id;
              return {
                at: leavesOf(chart, chart.states.get(to) ?? chart.root),
                path: [...path, { from: asked.id, to, transition }],
              };
            }),
        ),
      ),
    );
  }
  return undefined;
}

function withAround(chart: Chart, state: State): readonly State[] {
  const around = state.parent === null ? undefined : chart.states.get(state.parent);
  return around === undefined ? [state] : [state, ...withAround(chart, around)];
}

/** Where one is after entering a state: itself, or what it enters first. */
function leavesOf(chart: Chart, state: State): readonly State[] {
  const next = state.initial === null ? [] : [state.initial];
  const entered = state.type === "parallel" ? state.children : next;
  if (entered.length === 0) return [state];
  return entered.flatMap((id) => leavesOf(chart, chart.states.get(id) ?? state));
}

/** Whether a transition is written for that event. */
function isFor({ event, kind }: Transition, type: string): boolean {
  if (kind === "always") return false;
  if (kind === "after") return type.startsWith(`xstate.after.${event}.`);
  if (kind === "done") {
    return event.startsWith("failed") ? type.startsWith("xstate.error.") : type.startsWith("xstate.done.");
  }
  return event === type || event === "*" || (event.endsWith(".*") && type.startsWith(event.slice(0, -1)));
}
