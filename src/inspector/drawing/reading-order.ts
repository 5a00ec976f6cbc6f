// In which order the states of a picture follow one another: from the one that is entered first, along the transitions,
// the ends last. The order in the definition does not tell it: an inspection message has its keys sorted. Pure.

import type { Chart, State } from "./chart.js";

/** The states directly inside a state, in the order in which one reads them. */
export function inReadingOrder(chart: Chart, state: State): readonly State[] {
  const children = state.children.flatMap((id) => chart.states.get(id) ?? []);
  if (state.type === "parallel") return children;
  const inner = new Map<string, string>();
  for (const each of chart.states.values()) {
    const child = children.find(({ id }) => each.id === id || each.id.startsWith(`${id}.`));
    if (child !== undefined) inner.set(each.id, child.id);
  }
  const next = (id: string): readonly string[] => {
    const within = [...chart.states.values()].filter((each) => inner.get(each.id) === id);
    const ways = within.flatMap(({ transitions }) => transitions);
    // Always first, in their order; then by event, since that is the same however the keys are sorted.
    const sorted = [
      ...ways.filter(({ kind }) => kind === "always"),
      ...ways
        .filter(({ kind }) => kind !== "always")
        .sort((a, b) => (a.event < b.event ? -1 : a.event > b.event ? 1 : 0)),
    ];
    return sorted.flatMap(({ targets }) => targets.flatMap((to) => inner.get(to) ?? []));
  };
  const order = new Set<string>(state.initial === null ? [] : [inner.get(state.initial) ?? state.initial]);
  for (const id of order) for (const to of next(id)) order.add(to);
  const names = children.map(({ id }) => id).sort();
  for (const id of names) order.add(id);
  const ordered = [...order].flatMap((id) => chart.states.get(id) ?? []);
  return [
    ...ordered.filter(({ type }) => type !== "final"),
    ...ordered.filter(({ type }) => type === "final"),
  ];
}
