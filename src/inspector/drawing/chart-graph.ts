// A chart as a layout engine wants it: boxes in boxes, and each line in pieces, one in every state that it crosses.
// Pieces meet at ports on the borders. Pure data. The engines: place.ts, and scripts/elk-layout.ts for our own chart.

import type { Chart, State } from "./chart.js";
import { type ChartLine, drawnLines } from "./graph.js";
import type { GraphEdge, GraphNode } from "./layout-graph.js";
import { inReadingOrder } from "./reading-order.js";
import { eventTextSize, labelLines, STATE_LINE_HEIGHT, stateLines, stateTextWidth } from "./text-size.js";

type Direction = "RIGHT" | "DOWN";

/** So many states in one take little room either way. */
const FEW = 2;

/** How a picture runs. */
export interface Manner {
  /** Where the states at the top follow one another. */
  readonly outer: Direction;
  /** Where the states inside them do. */
  readonly inner: Direction;
  /** How many of these may stand beside one another; null leaves it to the engine. */
  readonly abreast: number | null;
}

/** How ids of the engine's graph tell what they are. */
export const ids = {
  /** The dot at which lines begin that lead on from whatever state the machine is in. */
  anywhere: "anywhere",
  start: (state: string) => `start ${state}`,
  isStart: (id: string) => /^start (?!edge )/.test(id),
  startOf: (edge: string) => /^start edge (.+)$/.exec(edge)?.[1],
  startEdge: (state: string) => `start edge ${state}`,
  piece: (number: number, line: string) => `piece ${number} ${line}`,
  pieceOf: (edge: string) => {
    const [, number, line] = /^piece (\d+) (.+)$/.exec(edge) ?? [];
    return line === undefined ? undefined : { number: Number(number), line };
  },
} as const;

/** The engine's graph of a chart. */
export function chartGraph(chart: Chart, manner: Manner, wishes: Wishes): GraphNode {
  return new GraphBuilder(chart, manner, wishes).root;
}

/** What of a picture is to be chosen. */
export interface Wishes {
  readonly labels: boolean;
  readonly order: "written" | "reading";
}

function inOrder(chart: Chart, state: State, order: Wishes["order"]): readonly State[] {
  if (order === "reading") return inReadingOrder(chart, state);
  return state.children.flatMap((id) => chart.states.get(id) ?? []);
}

function allInOrder(chart: Chart, state: State, order: Wishes["order"]): readonly State[] {
  return [state, ...inOrder(chart, state, order).flatMap((child) => allInOrder(chart, child, order))];
}

/** Room for the name of a state without states inside. */
function boxSize(name: string): { readonly width: number; readonly height: number } {
  const lines = stateLines(name);
  return {
    width: Math.max(48, ...lines.map((line) => stateTextWidth(line) + 8)),
    height: 11 + lines.length * STATE_LINE_HEIGHT,
  };
}

class GraphBuilder {
  readonly root: GraphNode;
  readonly #chart: Chart;
  readonly #manner: Manner;
  readonly #wishes: Wishes;
  readonly #nodes = new Map<string, GraphNode>();
  readonly #order: ReadonlyMap<string, number>;

  constructor(chart: Chart, manner: Manner, wishes: Wishes) {
    this.#chart = chart;
    this.#manner = manner;
    this.#wishes = wishes;
    this.#order = new Map(allInOrder(chart, chart.root, wishes.order).map(({ id }, index) => [id, index]));
    this.root = this.#node(chart.root);
    const { lines, bundles } = drawnLines(chart);
    if (lines.some(({ from }) => from === chart.root.id)) {
      this.root.children?.push({ id: ids.anywhere, width: 10, height: 10 });
    }
    const backwards = manner.inner === "DOWN" ? "↑ " : "← ";
    const at = (id: string) => this.#order.get(id) ?? 0;
    // The engine heeds the order of lines, and that must not come from how a serializer sorted the definition.
    const sorted = lines.toSorted((a, b) => at(a.from) - at(b.from) || at(a.to) - at(b.to));
    for (const line of wishes.order === "reading" ? sorted : lines)
      this.#add(line, [...line.events, ...line.back.map((event) => backwards + event)]);
    for (const { events, lines } of bundles) {
      const [first] = lines;
      for (const line of lines) this.#add(line, line === first ? events : [], first?.id);
    }
  }

  #node(state: State): GraphNode {
    const children = inOrder(this.#chart, state, this.#wishes.order);
    const isLeaf = children.length === 0;
    const node: GraphNode = {
      id: state.id,
      ...(isLeaf ? boxSize(state.key) : { layoutOptions: this.#options(state) }),
      ports: [],
      edges: [],
      children: children.map((child) => this.#node(child)),
    };
    if (state.initial !== null) {
      const layoutOptions = { "elk.layered.layering.layerConstraint": "FIRST" };
      node.children?.push({ id: ids.start(state.id), width: 10, height: 10, layoutOptions });
      node.edges?.push({
        id: ids.startEdge(state.initial),
        sources: [ids.start(state.id)],
        targets: [
          this.#isCompound(state.initial) ? this.#port(state.initial, "start", false) : state.initial,
        ],
      });
    }
    // The ports that were asked for while it was not there yet.
    node.ports?.push(...(this.#nodes.get(state.id)?.ports ?? []));
    this.#nodes.set(state.id, node);
    return node;
  }

  #add(line: ChartLine, label: readonly string[], bundle?: string): void {
    const { from, to } = line;
    // There is no box of the machine itself that a line could lead to.
    if (to === this.root.id) return;
    const around = this.#around(from);
    const aroundEnd = this.#around(to);
    // The state within which the line runs: the innermost around both. Where one is inside the other, that is the
    // outer one, and the line runs from or to its border.
    const isInwards = aroundEnd.includes(from);
    const isOutwards = around.includes(to);
    const within = isInwards
      ? from
      : isOutwards
        ? to
        : (around.find((id) => aroundEnd.includes(id)) ?? this.root.id);
    const isForward = (this.#order.get(from) ?? 0) <= (this.#order.get(to) ?? 0);
    const name = `${from} ${to}`;
    let number = 0;
    const border = this.#isCompound(from) ? this.#port(from, name, isForward) : from;
    let at = from === this.root.id ? ids.anywhere : border;
    for (const border of isInwards ? [] : around.slice(0, around.indexOf(within))) {
      const port = this.#port(border, name, isForward);
      this.#piece(border, line, number++, at, port, []);
      at = port;
    }
    const entered = isOutwards ? [to] : aroundEnd.slice(0, aroundEnd.indexOf(within)).reverse();
    let inside = within;
    for (const border of entered) {
      const port = this.#port(border, name, isOutwards ? isForward : !isForward);
      this.#piece(inside, line, number++, at, port, inside === within ? label : []);
      at = port;
      inside = border;
    }
    if (isOutwards) return;
    const end =
      bundle !== undefined
        ? this.#port(to, bundle)
        : this.#isCompound(to)
          ? this.#port(to, `${name} end`, !isForward)
          : to;
    this.#piece(inside, line, number, at, end, inside === within ? label : []);
  }

  #piece(
    inside: string,
    { id }: ChartLine,
    number: number,
    from: string,
    to: string,
    events: readonly string[],
  ): void {
    const lines = this.#wishes.labels ? labelLines(events) : [];
    const edge: GraphEdge = { id: ids.piece(number, id), sources: [from], targets: [to] };
    if (lines.length > 0) {
      const layoutOptions = { "elk.edgeLabels.inline": "true" };
      edge.labels = [{ text: lines.join("\n"), ...eventTextSize(lines), layoutOptions }];
    }
    this.#nodes.get(inside)?.edges?.push(edge);
  }

  #isCompound(id: string): boolean {
    return (this.#chart.states.get(id)?.children.length ?? 0) > 0;
  }

  /** The states around one, the nearest first. */
  #around(id: string): readonly string[] {
    const parent = this.#chart.states.get(id)?.parent ?? null;
    return parent === null ? [] : [parent, ...this.#around(parent)];
  }

  /** A port on the border of a state, at the side where the picture goes on, or where it comes from. */
  #port(state: string, name: string, isAhead?: boolean): string {
    const id = `port ${state} ${name}`;
    if (state === this.#chart.root.id) return id;
    const node = this.#nodes.get(state) ?? { id: state, ports: [] };
    this.#nodes.set(state, node);
    if (node.ports?.some((port) => port.id === id)) return id;
    const [ahead, behind] = this.#manner.outer === "RIGHT" ? ["EAST", "WEST"] : ["SOUTH", "NORTH"];
    const side = isAhead ? ahead : behind;
    const layoutOptions = isAhead === undefined || side === undefined ? {} : { "elk.port.side": side };
    node.ports?.push({ id, width: 0, height: 0, layoutOptions });
    return id;
  }

  /** A state with two steps, beside others that have many, is as good as square if they stand the other way round. */
  #directionIn({ children }: State): Direction {
    const { inner } = this.#manner;
    if (children.length > FEW) return inner;
    return inner === "DOWN" ? "RIGHT" : "DOWN";
  }

  #options(state: State): Record<string, string> {
    const isRoot = state.parent === null;
    const { outer, abreast } = this.#manner;
    return {
      "elk.algorithm": "layered",
      "elk.direction": isRoot ? outer : this.#directionIn(state),
      "elk.edgeRouting": "ORTHOGONAL",
      "elk.padding": isRoot ? "[top=6,left=6,bottom=6,right=6]" : "[top=24,left=8,bottom=8,right=8]",
      "elk.portConstraints": isRoot ? "FREE" : "FIXED_SIDE",
      "elk.nodeSize.constraints": "MINIMUM_SIZE",
      "elk.nodeSize.minimum": `(${stateTextWidth(state.key) + 26},40)`,
      "elk.spacing.nodeNode": "10",
      "elk.spacing.edgeEdge": "6",
      "elk.spacing.edgeNode": "6",
      "elk.spacing.edgeLabel": "2",
      "elk.spacing.portPort": "6",
      // Between a few there is room for a label on the line, and some of the line.
      "elk.layered.spacing.nodeNodeBetweenLayers": isRoot || state.children.length > FEW ? "16" : "36",
      "elk.layered.spacing.edgeNodeBetweenLayers": "6",
      "elk.layered.spacing.edgeEdgeBetweenLayers": "5",
      // The order of the nodes is that in which one reads them.
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
      "elk.layered.cycleBreaking.strategy": "MODEL_ORDER",
      "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
      "elk.layered.thoroughness": "7",
      ...(isRoot || abreast === null
        ? {}
        : {
            "elk.layered.layering.strategy": "COFFMAN_GRAHAM",
            "elk.layered.layering.coffmanGraham.layerBound": `${abreast}`,
          }),
    };
  }
}
