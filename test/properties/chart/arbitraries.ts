// Stories for the tests of the chart: drawn from what `nats-statechart/testing` draws recordings from, told of any chart
// (also of a sabotaged one), scene by scene, and always to the end. They shrink as recordings do: by leaving out moves and
// by making them more ordinary.

import * as fc from "fast-check";
import type { ConnectionInput } from "../../../src/machine/context.js";
import { inputs, type Mood, moves } from "../../../src/testing/chart/drawing.js";
import { type Chart, quickChart } from "./chart.js";
import { type Told, tell } from "./told.js";

/** How a story is made. */
export interface StoryConstraints {
  /** The chart that it is told of. Default: the real one. */
  readonly chart?: Chart;
  readonly input?: fc.Arbitrary<ConnectionInput>;
  /** Default `fair`. */
  readonly mood?: Mood;
  /** Default 3. */
  readonly minMoves?: number;
  /** Default 55. */
  readonly maxMoves?: number;
}

/** Stories of a connection, each from the first dial to `closed`. */
export function stories(constraints: StoryConstraints = {}): fc.Arbitrary<Told> {
  const { chart = quickChart, input = inputs(fc), mood = "fair", minMoves = 3, maxMoves = 55 } = constraints;
  return fc
    .tuple(input, fc.array(moves(fc, mood), { minLength: minMoves, maxLength: maxMoves, size: "max" }))
    .map(([from, played]) => tell(chart, from, played));
}
