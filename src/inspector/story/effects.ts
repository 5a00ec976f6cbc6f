// What a chart asked for in a step. Our connections tell it: their effects arrive as events of server, timers, user and
// messages (src/api/inspection.ts). Of any other machine the definition tells the names. Pure.

import { activeIds } from "../drawing/active.js";
import type { Chart, Named, State } from "../drawing/chart.js";
import type { Taken } from "./path.js";

/** Something a chart asked for. */
export interface ShownEffect {
  readonly name: string;
  /** Null where they are not known or there are none. */
  readonly params: unknown;
}

/** The names of the actions that lie on the way, in their order: exits, the transition's own, entries. */
export function definedEffects(
  chart: Chart,
  before: unknown,
  taken: readonly Taken[],
  after: unknown,
): readonly ShownEffect[] {
  const own = taken.flatMap(({ transition }) => transition.actions);
  if (before !== null && taken.every(({ to }) => to === null)) return shown(own);
  const states = (value: unknown) =>
    [...activeIds(chart.root.id, value)].flatMap((id) => chart.states.get(id) ?? []);
  const was = before === null ? [] : states(before);
  const is = states(after);
  const left = was.filter((state) => !is.includes(state) || isReentered(state, taken)).reverse();
  const entered = is.filter((state) => !was.includes(state) || isReentered(state, taken));
  const root = before === null ? [chart.root] : [];
  return shown([
    ...left.flatMap(({ exit }) => exit),
    ...own,
    ...[...root, ...entered].flatMap(({ entry, invokes }) => [...entry, ...invokes]),
  ]);
}

function isReentered(state: State, taken: readonly Taken[]): boolean {
  return taken.some(({ to }) => to === state.id);
}

function shown(actions: readonly Named[]): readonly ShownEffect[] {
  return actions.map(({ name, params }) => ({ name, params }));
}
