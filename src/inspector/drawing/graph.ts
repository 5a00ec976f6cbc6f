// Which lines a chart's picture has. A transition is not a line: all that leads from one state to another is one line,
// there and back is one line with two heads, and where a state and the state around it lead to the same place, the line
// of the outer one stands for both. Pure. Where the lines run: the engines (chart-graph.ts names them).

import type { Chart, State, Transition } from "./chart.js";

/** From a state to a state, by their ids. */
export interface Way {
  readonly from: string;
  readonly to: string;
}

/** One line of the picture. */
export interface ChartLine extends Way {
  readonly id: string;
  /** What leads along it, without repetition: the line's own first, then that of states inside. */
  readonly events: readonly string[];
  /** What leads back along it; empty where the line has one head. */
  readonly back: readonly string[];
  /** All ways between states that this line stands for. */
  readonly ways: readonly Way[];
}

/** Lines of siblings that end in one arrow, as they lead to the same state for the same reasons. */
export interface Bundle {
  /** What all of them share. */
  readonly events: readonly string[];
  readonly lines: readonly ChartLine[];
}

/** From so many siblings on, lines that share their reasons end in one arrow. */
const BUNDLE = 3;

/** The lines between states, each in one direction. */
export function linesOf(chart: Chart): readonly ChartLine[] {
  const lines = new Map<string, Way & { readonly events: Set<string>; readonly ways: Map<string, Way> }>();
  // Parents come before their children, so that what the outer state says stands first.
  for (const state of chart.states.values()) {
    for (const transition of state.transitions) {
      for (const to of transition.targets) {
        const from = drawnFrom(chart, state, to);
        const id = wayId(from, to);
        const line = lines.get(id) ?? { from, to, events: new Set(), ways: new Map() };
        line.events.add(eventLabel(transition));
        line.ways.set(state.id, { from: state.id, to });
        lines.set(id, line);
      }
    }
  }
  return [...lines].map(([id, { from, to, events, ways }]) => ({
    id,
    from,
    to,
    events: [...events],
    back: [],
    ways: [...ways.values()],
  }));
}

/** The lines as they are drawn: those that share an arrow in bundles, the others with those that lead back. */
export function drawnLines(chart: Chart): {
  readonly lines: readonly ChartLine[];
  readonly bundles: readonly Bundle[];
} {
  const all = linesOf(chart);
  const bundles = bundlesOf(chart, all);
  const bundled = new Set(bundles.flatMap(({ lines }) => lines));
  const lines: ChartLine[] = [];
  for (const line of all) {
    if (bundled.has(line)) continue;
    const there = lines.findIndex(({ from, to }) => from === line.to && to === line.from);
    const other = lines[there];
    const areSiblings = chart.states.get(line.from)?.parent === chart.states.get(line.to)?.parent;
    if (other === undefined || !areSiblings || line.from === line.to) lines.push(line);
    else lines[there] = { ...other, back: line.events, ways: [...other.ways, ...line.ways] };
  }
  return { lines, bundles };
}

/** What is written beside a line for a transition. */
export function eventLabel({ event, kind, guard }: Transition): string {
  if (kind === "after") return `after ${event}`;
  if (kind !== "always") return event;
  return guard === null ? "otherwise" : `[${guard}]`;
}

function wayId(from: string, to: string): string {
  return `${from} → ${to}`;
}

/** The outermost state around that leads there too, or the state itself. */
function drawnFrom(chart: Chart, state: State, to: string): string {
  let from = state.id;
  for (let around = parentOf(chart, state); around !== undefined; around = parentOf(chart, around)) {
    // To a state inside it, the outer one is not left: that is another way.
    if (to === around.id || to.startsWith(`${around.id}.`)) break;
    if (around.transitions.some(({ targets }) => targets.includes(to))) from = around.id;
  }
  return from;
}

function parentOf(chart: Chart, { parent }: State): State | undefined {
  return parent === null ? undefined : chart.states.get(parent);
}

function bundlesOf(chart: Chart, lines: readonly ChartLine[]): readonly Bundle[] {
  const bundles: Bundle[] = [];
  const taken = new Set<ChartLine>();
  for (const line of lines) {
    const parent = chart.states.get(line.from)?.parent;
    if (taken.has(line) || line.from === line.to || parent !== chart.states.get(line.to)?.parent) continue;
    const like = lines.filter(
      (other) =>
        other.to === line.to &&
        other.from !== line.to &&
        chart.states.get(other.from)?.parent === parent &&
        !taken.has(other) &&
        overlap(other.events, line.events) > 0.5,
    );
    if (like.length < BUNDLE) continue;
    const events = line.events.filter((event) => like.every((other) => other.events.includes(event)));
    bundles.push({ events, lines: like });
    for (const each of like) taken.add(each);
  }
  return bundles;
}

/** How much of what two lines say both say: from 0 to 1. */
function overlap(some: readonly string[], others: readonly string[]): number {
  const both = some.filter((each) => others.includes(each)).length;
  return both / Math.max(some.length, others.length);
}
