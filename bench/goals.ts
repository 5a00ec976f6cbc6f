// What we promise, as bounds on ratios, and whether the figures keep it. Pure.

import { figure, type Row, ratio } from "./statistics.js";
import type { Metric } from "./suite.js";
import type { ContenderName } from "./task.js";

/** A bound: on ours divided by theirs, or on ours alone. */
type Bound =
  | { readonly against: ContenderName; readonly atMost: number }
  | { readonly against: null; readonly atMost: number; readonly what: string };

/** A goal: rows by their id, a metric, a bound. */
export interface Goal {
  readonly rows: readonly string[];
  readonly metric: Metric;
  readonly bound: Bound;
}

/** How a goal stands in one row. */
export interface Verdict {
  readonly row: string;
  readonly title: string;
  readonly goal: string;
  /** What was measured, in the terms of the goal. */
  readonly measured: string;
  /** Undefined where a contender is missing. */
  readonly isMet: boolean | undefined;
}

const sized = (name: string, ...sizes: readonly number[]) => sizes.map((size) => `${name}/${size}`);
const goal = (rows: readonly string[], metric: Metric, bound: Bound): Goal => ({ rows, metric, bound });
const cheaper = (factor: number, against: ContenderName): Bound => ({ against, atMost: 1 / factor });
const atMost = (factor: number, against: ContenderName): Bound => ({ against, atMost: factor });

const small = [16, 128] as const;
const large = [1_024, 65_536] as const;

/** All goals. */
export const goals: readonly Goal[] = [
  goal(sized("publish", ...small), "cpu", cheaper(8, "nats2")),
  goal(sized("publish", ...small), "cpu", atMost(1.5, "c")),
  goal(sized("publish", ...small), "cpu", atMost(6, "raw")),
  goal(sized("subscribe", ...small), "cpu", cheaper(5, "nats2")),
  goal(sized("subscribe", ...small), "cpu", cheaper(1, "c")),
  goal(sized("subscribe", ...small), "cpu", atMost(2, "raw")),
  goal(sized("iterate", 16), "cpu", cheaper(2.5, "nats2")),
  goal([...sized("publish", ...large), ...sized("subscribe", ...large)], "cpu", cheaper(2, "nats2")),
  goal([...sized("publish", ...large), ...sized("subscribe", ...large)], "cpu", atMost(1.5, "raw")),
  goal(["requests/100/128"], "cpu", cheaper(2.5, "nats2")),
  goal(["request/128"], "wall", atMost(1.15, "raw")),
  goal(["publish-unawaited/1024"], "memory", {
    against: null,
    atMost: 1.1 * 1_024,
    what: "1.1 times the bytes published",
  }),
  goal(["connect", "reconnect/10000"], "cpu", cheaper(1, "nats2")),
  goal(["connect", "reconnect/10000"], "cpu", cheaper(1, "nats3")),
  goal(["import"], "wall", atMost(1, "nats2")),
  goal(["bundle"], "size", { against: null, atMost: 110_000, what: "110 kB" }),
];

/** What a contender is called in the report. */
export const contenderTitles: { readonly [Name in ContenderName]: string } = {
  ours: "nats-statechart",
  nats2: "nats 2.29.3",
  nats3: "@nats-io/transport-node 3.4.0",
  raw: "raw socket",
  c: "C client",
};

const metricTitles: { readonly [Name in Metric]: string } = {
  cpu: "CPU",
  wall: "wall",
  memory: "memory",
  heap: "heap",
  size: "size",
};

const times = (factor: number) => `${factor.toFixed(factor < 10 ? 2 : 1)}x`;

/** How the goals stand. Rows that were not measured at all are left out. */
export function verdicts(rows: readonly Row[]): readonly Verdict[] {
  return goals.flatMap((one) =>
    one.rows.flatMap((id) => {
      const row = rows.find((candidate) => candidate.id === id);
      return row === undefined ? [] : [verdict(one, row)];
    }),
  );
}

function verdict({ metric, bound }: Goal, row: Row): Verdict {
  const { id, title } = row;
  const what = metricTitles[metric];
  if (bound.against === null) {
    const ours = figure(row, "ours", metric)?.median;
    const measured = ours === undefined ? "not measured" : `${times(ours / bound.atMost)} of that`;
    const isMet = ours === undefined ? undefined : ours <= bound.atMost;
    return { row: id, title, goal: `${what}: at most ${bound.what}`, measured, isMet };
  }
  const known = ratio(row, bound.against, metric);
  const isMet = known === undefined ? undefined : known <= bound.atMost;
  const theirs = contenderTitles[bound.against];
  // A bound below 1 reads better the other way round.
  const isCheaper = bound.atMost < 1;
  const wanted = isCheaper
    ? `${times(1 / bound.atMost)} cheaper than ${theirs}`
    : bound.atMost === 1
      ? `no more than ${theirs}`
      : `at most ${times(bound.atMost)} of ${theirs}`;
  const measured =
    known === undefined ? "not measured" : isCheaper ? `${times(1 / known)} cheaper` : `${times(known)}`;
  return { row: id, title, goal: `${what}: ${wanted}`, measured, isMet };
}
