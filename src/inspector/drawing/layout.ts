// The shape of a laid-out chart: where each state, transition and label is. Plain JSON. Who makes it: read-layout.ts;
// who paints it: svg.ts.

import type { ChartLine } from "./graph.js";

/** A point; x to the right, y down, in pixels at scale 1. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A box of a state. */
export interface Box extends Point {
  /** Id of the state, such as `connection.connecting.dialing`. */
  readonly id: string;
  readonly key: string;
  readonly type: "atomic" | "compound" | "parallel" | "final" | "history";
  readonly description: string | null;
  /** Id of the state around it; null for one at the top. */
  readonly parent: string | null;
  readonly width: number;
  readonly height: number;
}

/** Text beside a line. */
export interface Label extends Point {
  readonly lines: readonly string[];
  readonly width: number;
  readonly height: number;
}

/** A line between two states. */
export interface Line extends ChartLine {
  /** Its corners, from the first state to the second. */
  readonly points: readonly Point[];
  readonly label: Label | null;
}

/** The dot with an arrow to the state that is entered first. */
export interface Start extends Point {
  /** Id of the state it leads to. */
  readonly to: string;
  readonly end: Point;
}

/** A chart, laid out. */
export interface Layout {
  /** Id of the machine. */
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Parents before children. */
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  readonly starts: readonly Start[];
  /** Where lines begin that lead on from every state; null where there are none. */
  readonly anywhere: Point | null;
}
