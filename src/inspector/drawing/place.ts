// Lays out any chart from top to bottom, in no time and without an engine of others: for the page, which has the layout of our own chart
// ready, and is also sent charts that it never saw. Pure.
//
// Each state that has states is laid out by itself (rows.ts, tracks.ts), and then is a box in the one around it. The graph comes from
// chart-graph.ts; of its options only the room for names counts here.

import { chartOf, type Definition } from "./chart.js";
import { chartGraph, ids } from "./chart-graph.js";
import type { Layout, Point } from "./layout.js";
import type { GraphEdge, GraphNode } from "./layout-graph.js";
import { readLayout } from "./read-layout.js";
import { type Box, inRows, type Line } from "./rows.js";
import { tracked } from "./tracks.js";

/**
 * Lays out a machine's chart.
 * @param labels Leave room for the names of the events, and place them. Default true.
 * @throws Error where the definition is none
 */
export function placeChart(definition: Definition, { labels = true }: { labels?: boolean } = {}): Layout {
  const chart = chartOf(definition);
  const graph = chartGraph(
    chart,
    { outer: "DOWN", inner: "DOWN", abreast: null },
    { labels, order: "reading" },
  );
  place(graph, []);
  return readLayout(chart, graph);
}

/** A line that ends at the border of a box, or goes on inside by that port. */
interface End {
  readonly port: string;
  readonly side: "first" | "last";
}

/** Room around a line from a box to itself, at the right of the box. */
const LOOP = { width: 14, height: 12 };
/** Room for a line that crosses a border. */
const PORT = 8;

/**
 * Places what is in a box, and gives the box its size.
 * @param ends where lines cross its border
 * @returns where each of the ends is, from the left
 */
function place(node: GraphNode, ends: readonly End[]): readonly number[] {
  const children = inOrder(node);
  const owners = new Map(
    children.flatMap((child) =>
      [child.id, ...(child.ports ?? []).map(({ id }) => id)].map((id) => [id, child]),
    ),
  );
  const own = withInnerEnds(node, ends, owners);
  const first = own.filter(({ side }) => side === "first");
  const order: readonly (End | GraphNode)[] = [
    ...first,
    ...children,
    ...own.filter(({ side }) => side === "last"),
  ];
  const at = (id: string) => {
    const child = owners.get(id);
    return order.findIndex((one) => (child === undefined ? "port" in one && one.port === id : one === child));
  };
  const all = (node.edges ?? []).map((edge) => {
    const [source, target] = [at(edge.sources[0] ?? ""), at(edge.targets[0] ?? "")];
    return { edge, source, target, from: Math.min(source, target), to: Math.max(source, target) };
  });
  const loops = all.filter(({ from, to }) => from === to);
  const lines = all.filter(({ from, to }) => from !== to);

  // The boxes inside first: they say where lines cross their borders.
  const places = new Map<GraphEdge, { from?: number; to?: number }>();
  for (const [index, child] of order.entries()) {
    if ("port" in child || (child.children ?? []).length === 0) continue;
    const here = lines.filter(({ from, to }) => from === index || to === index);
    const inside = place(
      child,
      here.map(({ edge, source, from }) => ({
        port: (source === index ? edge.sources : edge.targets)[0] ?? "",
        side: from === index ? "last" : "first",
      })),
    );
    for (const [number, { edge, from }] of here.entries())
      places.set(edge, { ...places.get(edge), [from === index ? "from" : "to"]: inside[number] });
  }

  const boxes = order.map((one, index): Box => {
    if ("port" in one) return { width: PORT, height: 0, pin: one.side };
    const { width = 0, height = 0 } = one;
    const beside = loops.filter(({ from }) => from === index).map(({ edge }) => loopWidth(edge));
    return { width: width + Math.max(0, ...beside), height, reach: width };
  });
  const rows = inRows(
    boxes,
    lines.map(({ edge, from, to }): Line => {
      const { width = 0, height = 0 } = edge.labels?.[0] ?? {};
      const { from: fromAt = null, to: toAt = null } = places.get(edge) ?? {};
      return { from, to, fromAt, toAt, label: width > 0 ? { width, height } : null };
    }),
  );
  const { tops, height, corners } = tracked(rows);

  const content = rows.rows.flat().reduce((most, { x, width }) => Math.max(most, x + width), 0);
  const [above = 0, left = 0, below = 0, right = 0] = numbersIn(node.layoutOptions?.["elk.padding"]);
  const [least = 0, lowest = 0] = numbersIn(node.layoutOptions?.["elk.nodeSize.minimum"]);
  node.width = Math.max(least, left + content + right);
  node.height = Math.max(lowest, above + height + below);
  const shift = { x: left + (node.width - left - content - right) / 2, y: above };
  const bottom = node.height;

  for (const [index, one] of order.entries()) {
    const cell = rows.boxes[index];
    if ("port" in one || cell === undefined) continue;
    one.x = cell.x + shift.x;
    one.y = (tops[cell.row] ?? 0) + shift.y;
  }
  for (const [number, { edge, source, from, to }] of lines.entries()) {
    const points = (corners[number] ?? []).map(({ x, y }) => ({ x: x + shift.x, y: y + shift.y }));
    // Lines that cross the border do so on it, not where its content begins or ends.
    const [start, end] = [points[0], points.at(-1)];
    if (start !== undefined && boxes[from]?.pin === "first") points[0] = { ...start, y: 0 };
    if (end !== undefined && boxes[to]?.pin === "last") points[points.length - 1] = { ...end, y: bottom };
    edge.sections = sectionOf(source === from ? points : points.toReversed());
    const label = rows.ways[number]?.cells.find(({ isLabel }) => isLabel);
    for (const text of label === undefined ? [] : (edge.labels ?? [])) {
      text.x = (label?.x ?? 0) + shift.x;
      text.y = (tops[label?.row ?? 0] ?? 0) + shift.y;
    }
  }
  for (const { edge, from } of loops) placeLoop(edge, order[from] as GraphNode);
  return ends.map((end) => {
    const cell = rows.boxes[order.indexOf(end)];
    return (cell?.x ?? 0) + PORT / 2 + shift.x;
  });
}

/** The dots where lines begin come before the states. */
function inOrder({ children = [] }: GraphNode): readonly GraphNode[] {
  const isDot = ({ id }: GraphNode) => id === ids.anywhere || ids.isStart(id);
  return [...children.filter(isDot), ...children.filter((child) => !isDot(child))];
}

/** The ends at the border, with those of lines that lead from the box itself to what is in it, or back. */
function withInnerEnds(
  { edges = [] }: GraphNode,
  ends: readonly End[],
  inside: ReadonlyMap<string, unknown>,
): readonly End[] {
  const known = new Set(ends.map(({ port }) => port));
  const used = edges.flatMap(({ sources, targets }) => [...sources, ...targets]);
  const others = new Set(used.filter((id) => !inside.has(id) && !known.has(id)));
  return [...ends, ...[...others].map((port): End => ({ port, side: "first" }))];
}

function sectionOf(points: readonly Point[]): NonNullable<GraphEdge["sections"]> {
  const [startPoint, ...bendPoints] = points;
  const endPoint = bendPoints.pop();
  return startPoint === undefined || endPoint === undefined ? [] : [{ startPoint, bendPoints, endPoint }];
}

function loopWidth({ labels }: GraphEdge): number {
  return LOOP.width + Math.max(0, ...(labels ?? []).map(({ width = 0 }) => width + 4));
}

/** A line from a box to itself, at its right. */
function placeLoop(edge: GraphEdge, { x = 0, y = 0, width = 0, height = 0 }: GraphNode): void {
  const [left, right] = [x + width, x + width + LOOP.width];
  const [top, bottom] = [y + (height - LOOP.height) / 2, y + (height + LOOP.height) / 2];
  edge.sections = sectionOf([
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ]);
  for (const label of edge.labels ?? []) {
    label.x = right + 2;
    label.y = y + (height - (label.height ?? 0)) / 2;
  }
}

/** `[top=24,left=8,bottom=8,right=8]` or `(120,40)`: the numbers, in their order. */
function numbersIn(text = ""): readonly number[] {
  return [...text.matchAll(/\d+(?:\.\d+)?/g)].map(([number]) => Number(number));
}
