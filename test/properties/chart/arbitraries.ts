// Stories for the tests of the chart: drawn from what `nats-statechart/testing` draws recordings from, told of any chart
// (also of a sabotaged one), scene by scene, and always to the end. They shrink as recordings do: by leaving out moves and
// by making them more ordinary.

import * as fc from "fast-check";
import type { ConnectionInput } from "../../../src/machine/context.js";
import { inputs, type Mood, moves } from "../../../src/testing/chart/drawing.js";
import { type Chart, quickChart } from "./chart.js";
import { none, openings } from "./openings.js";
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
  /** Default 50. */
  readonly maxMoves?: number;
}

/** How many stories have an opening, of a hundred; and how many moves there are behind one, at most. */
const WITH_OPENING = 40;
const MOVES_BEHIND = 20;

/** Stories of a connection, each from the first dial to `closed`. */
export function stories(constraints: StoryConstraints = {}): fc.Arbitrary<Told> {
  const { chart = quickChart, input = inputs(fc), mood = "fair", minMoves = 3, maxMoves = 50 } = constraints;
  const upTo = (maxLength: number) =>
    fc.array(moves(fc, mood), { minLength: minMoves, maxLength, size: "max" });
  return fc
    .oneof(
      { weight: 100 - WITH_OPENING, arbitrary: fc.tuple(input, upTo(maxMoves), fc.constant(none)) },
      {
        weight: WITH_OPENING,
        arbitrary: fc.tuple(input, upTo(Math.min(maxMoves, MOVES_BEHIND)), fc.constantFrom(...openings)),
      },
    )
    .map(([{ policy, ...from }, played, { policy: wanted, way }]) =>
      tell(chart, { ...from, policy: { ...policy, ...wanted } }, played, way),
    );
}
