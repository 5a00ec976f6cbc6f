// The layout of a chart, read from the graph (chart-graph.ts) in which an engine has placed everything.

import type { Chart } from "./chart.js";
import { ids } from "./chart-graph.js";
import { withEndBelow } from "./end-below.js";
import { drawnLines } from "./graph.js";
import type { Box, Label, Layout, Line, Point, Start } from "./layout.js";
import type { GraphNode } from "./layout-graph.js";

/** What an engine found, in coordinates of the whole picture. */
export function readLayout(chart: Chart, root: GraphNode): Layout {
  const boxes: Box[] = [];
  const starts: Start[] = [];
  let anywhere: Point | null = null;
  const pieces = new Map<string, Map<number, readonly Point[]>>();
  const labels = new Map<string, Label>();
  const read = (node: GraphNode, x: number, y: number) => {
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
  return withEndBelow({ id: chart.root.id, width, height, boxes, lines: laid, starts, anywhere });
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
