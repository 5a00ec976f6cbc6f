// Where everything in the picture of a chart goes, by ELK's layered algorithm (elkjs, a development dependency): for our own
// chart, by `npm run chart`. Nothing of it is in the package; a page draws other charts by src/inspector/drawing/place.ts.
//
// Each state that has states is laid out by itself, and then is a box in the one around it; so a chart may run from left
// to right while the steps in its states run downwards. Which manner fits a screen best is tried out.

import elk, { type ElkNode } from "elkjs/lib/elk.bundled.js";
import { chartOf, type Definition } from "../src/inspector/drawing/chart.js";
import { chartGraph, type Manner } from "../src/inspector/drawing/chart-graph.js";
import type { Layout } from "../src/inspector/drawing/layout.js";
import { readLayout } from "../src/inspector/drawing/read-layout.js";

// It is CommonJS that calls itself a module.
const engine = new elk.default();

const MANNERS: readonly Manner[] = ([2, null] as const).flatMap((abreast): Manner[] => [
  { outer: "RIGHT", inner: "DOWN", abreast },
  { outer: "DOWN", inner: "RIGHT", abreast },
  { outer: "DOWN", inner: "DOWN", abreast },
  { outer: "RIGHT", inner: "RIGHT", abreast },
]);

/** Where no state has states inside, only the way outside matters. */
const FLAT_MANNERS: readonly Manner[] = [
  { outer: "RIGHT", inner: "DOWN", abreast: null },
  { outer: "DOWN", inner: "RIGHT", abreast: null },
];

/** The space that a picture is to fit well: what a page of 1280 by 800 leaves for it. */
const SCREEN = { width: 880, height: 540 };

/** How a chart is laid out. */
export interface LayoutOptions {
  /** Leave room for the names of the events, and place them. Default true; without them the picture is half as large. */
  readonly labels?: boolean;
  /**
   * In which order states follow one another where the lines leave a choice: as they are written in the definition, or
   * as one reads them, from the first state along the transitions. Default `reading`: inspection messages have the
   * states sorted by name.
   */
  readonly order?: "written" | "reading";
}

/**
 * Lays out a machine's chart.
 * @throws Error (as a rejection) where the definition is none
 */
export async function layoutChart(definition: Definition, options: LayoutOptions = {}): Promise<Layout> {
  const { labels = true, order = "reading" } = options;
  const chart = chartOf(definition);
  const layouts: Layout[] = [];
  const isNested = chart.root.children.some((id) => (chart.states.get(id)?.children.length ?? 0) > 0);
  for (const manner of isNested ? MANNERS : FLAT_MANNERS) {
    const graph = chartGraph(chart, manner, { labels, order }) as ElkNode;
    layouts.push(readLayout(chart, await engine.layout(graph)));
  }
  const fits = layouts.map(({ width, height }) => Math.min(SCREEN.width / width, SCREEN.height / height));
  const best = layouts[fits.indexOf(Math.max(...fits))];
  if (best === undefined) throw new Error("invariant: there is a manner");
  return best;
}
