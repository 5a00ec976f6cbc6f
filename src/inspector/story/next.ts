// What a chart in some state waits for: the events that lead on from there. Pure.

import { activeIds } from "../drawing/active.js";
import type { Chart } from "../drawing/chart.js";
import { eventLabel } from "../drawing/graph.js";

/** The events by which an active state is left, those of the innermost state first; without repetition. */
export function waitedFor(chart: Chart, value: unknown): readonly string[] {
  const active = [...activeIds(chart.root.id, value)].reverse();
  const transitions = [...active, chart.root.id].flatMap((id) => chart.states.get(id)?.transitions ?? []);
  const leaving = transitions.filter(({ kind, targets }) => kind !== "always" && targets.length > 0);
  return [...new Set(leaving.map(eventLabel))];
}
