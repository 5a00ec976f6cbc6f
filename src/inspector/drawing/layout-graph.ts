// The graph that is handed to a layout engine, and that the engine gives back with everything in its place: boxes in boxes, ports
// on their borders, edges. In the shape and the words of ELK's JSON, which scripts/elk-layout.ts hands it to as well. Who makes
// it: chart-graph.ts; who places it in a page: place.ts; who reads it: read-layout.ts.

import type { Point } from "./layout.js";

/** Something with a place: relative to the box around it. */
interface Placed {
  x?: number;
  y?: number;
  width?: number;
  height?: number;
}

/** A box, with what is in it. */
export interface GraphNode extends Placed {
  id: string;
  /** Options of ELK, by their names there. */
  layoutOptions?: Record<string, string>;
  ports?: GraphPort[];
  edges?: GraphEdge[];
  children?: GraphNode[];
}

/** A place on the border of a box where edges begin or end. */
export interface GraphPort extends Placed {
  id: string;
  layoutOptions?: Record<string, string>;
}

/** An edge, in the box in which it runs: between its children, their ports, and its own. */
export interface GraphEdge {
  id: string;
  sources: string[];
  targets: string[];
  labels?: GraphLabel[];
  /** Where it runs; none before it is placed. */
  sections?: GraphSection[];
}

/** Text on an edge. */
export interface GraphLabel extends Placed {
  text?: string;
  layoutOptions?: Record<string, string>;
}

/** The corners of an edge. */
export interface GraphSection {
  startPoint: Point;
  bendPoints?: Point[];
  endPoint: Point;
}
