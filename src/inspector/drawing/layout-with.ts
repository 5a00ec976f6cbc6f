// Where everything in a chart's picture goes, by ELK's layered algorithm; the engine is handed in (elk-layout.ts loads it
// for Node, the page as a worker). Its graph is made in elk-graph.ts.
//
// Each state that has states is laid out by itself, and then is a box in the one around it; so a chart may run from left
// to right while the steps in its states run downwards. Which manner fits a screen best is tried out.

import type { ElkNode } from "elkjs/lib/elk-api.js";
import { type Chart, chartOf, type Definition } from "./chart.js";
import { elkGraph, ids, type Manner } from "./elk-graph.js";
import { withEndBelow } from "./end-below.js";
import { drawnLines } from "./graph.js";
import type { Box, Label, Layout, Line, Point, Start } from "./layout.js";

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

/** What of the engine is used. */
export interface LayoutEngine {
  layout(graph: ElkNode): Promise<ElkNode>;
}

/**
 * Lays out a machine's chart by an engine.
 * @throws Error (as a rejection) where the definition is none
 */
export async function layoutWith(
  engine: LayoutEngine,
  definition: Definition,
  options: LayoutOptions = {},
): Promise<Layout> {
  const { labels = true, order = "reading" } = options;
  const chart = chartOf(definition);
  const layouts: Layout[] = [];
  const isNested = chart.root.children.some((id) => (chart.states.get(id)?.children.length ?? 0) > 0);
  for (const manner of isNested ? MANNERS : FLAT_MANNERS) {
    const found = await engine.layout(elkGraph(chart, manner, { labels, order }));
    layouts.push(withEndBelow(readLayout(chart, found)));
  }
  const fits = layouts.map(({ width, height }) => Math.min(SCREEN.width / width, SCREEN.height / height));
  const best = layouts[fits.indexOf(Math.max(...fits))];
  if (best === undefined) throw new Error("invariant: there is a manner");
  return best;
}

/** What the engine found, in coordinates of the whole picture. */
function readLayout(chart: Chart, root: ElkNode): Layout {
  const boxes: Box[] = [];
  const starts: Start[] = [];
  let anywhere: Point | null = null;
  const pieces = new Map<string, Map<number, readonly Point[]>>();
  const labels = new Map<string, Label>();
  const read = (node: ElkNode, x: number, y: number) => {
    if (node.id === ids.anywhere) anywhere = { x: round(x + 5), y: round(y + 5) };
    const state = chart.states.get(node.id);
    if (state !== undefined && state.parent !== null) {
      const { id, key, type, description } = state;
      const parent = state.parent === chart.root.id ? null : state.parent;
      const [width, height] = [round(node.width ?? 0), round(node.height ?? 0)];
      boxes.push({ id, key, type, description, parent, x: round(x), y: round(y), width, height });
    }
    for (const edge of node.edges ?? []) {
      const points = (edge.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
        [startPoint, ...bendPoints, endPoint].map((point) => ({
          x: round(point.x + x),
          y: round(point.y + y),
        })),
      );
      const [first] = points;
      const end = points.at(-1);
      const to = ids.startOf(edge.id);
      if (to !== undefined && first !== undefined && end !== undefined) starts.push({ ...first, to, end });
      const piece = ids.pieceOf(edge.id);
      if (piece === undefined) continue;
      pieces.set(piece.line, (pieces.get(piece.line) ?? new Map()).set(piece.number, points));
      for (const { text = "", x: left = 0, y: top = 0, width = 0, height = 0 } of edge.labels ?? []) {
        labels.set(piece.line, {
          lines: text.split("\n"),
          x: round(left + x),
          y: round(top + y),
          width,
          height,
        });
      }
    }
    for (const child of node.children ?? []) read(child, x + (child.x ?? 0), y + (child.y ?? 0));
  };
  read(root, 0, 0);
  const { lines, bundles } = drawnLines(chart);
  const laid = [...lines, ...bundles.flatMap((bundle) => bundle.lines)].map((line): Line => {
    const inOrder = [...(pieces.get(line.id) ?? [])].sort(([a], [b]) => a - b);
    return {
      ...line,
      points: joined(inOrder.flatMap(([, points]) => points)),
      label: labels.get(line.id) ?? null,
    };
  });
  const [width, height] = [round(root.width ?? 0), round(root.height ?? 0)];
  return { id: chart.root.id, width, height, boxes, lines: laid, starts, anywhere };
}

/** Points that meet, as one run; without those that lie on a straight line between others. */
function joined(all: readonly Point[]): readonly Point[] {
  const points: Point[] = [];
  for (const point of all) {
    const [a, b] = points.slice(-2);
    const last = points.at(-1);
    if (last !== undefined && last.x === point.x && last.y === point.y) continue;
    const isStraight =
      a !== undefined &&
      b !== undefined &&
      ((a.x === b.x && b.x === point.x) || (a.y === b.y && b.y === point.y));
    if (isStraight) points.pop();
    points.push(point);
  }
  return points;
}

function round(number: number): number {
  return Math.round(number * 2) / 2;
}
