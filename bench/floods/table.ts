// The table of the floods: from samples to medians, ratios and Markdown. Pure.

import { median } from "../statistics.js";
import { type ContenderName, contenderNames, type Flood } from "./flood.js";
import type { Cost, Sample } from "./sample.js";

/** All samples of one flood. A text stands for a sample that there is not, and says why. */
export interface Row {
  readonly flood: Pick<Flood, "title" | "without" | "closes">;
  readonly samples: { readonly [Name in ContenderName]?: readonly (Sample | string)[] };
}

/** One line of the table: a figure of all contenders. */
export interface Line {
  readonly figure: FigureName;
  /** Medians; undefined for a contender that has none. */
  readonly medians: { readonly [Name in ContenderName]?: number };
  /** Ours divided by the best; 1 where ours is the best, undefined where ours has none or no other has one. */
  readonly ratio: number | undefined;
  /** True if ours is the best, or so near to it that it makes no difference. */
  readonly isGood: boolean;
}

/** What is measured. */
export type FigureName = keyof Cost;

interface Figure {
  readonly title: string;
  readonly show: (value: number) => string;
  /** A difference below this is noise. */
  readonly noise: number;
}

/** Ours may cost this much of the best. */
export const TOLERANCE = 1.2;

const milliseconds = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const megabytes = (value: number) => `${(value / 1e6).toFixed(value < 1e7 ? 1 : 0)} MB`;

/** Each figure: its title, and what is too little to tell. */
export const figures: { readonly [Name in FigureName]-?: Figure } = {
  delayP99: { title: "delay, p99", show: milliseconds, noise: 3 },
  delayMax: { title: "delay, max", show: milliseconds, noise: 5 },
  turn: { title: "longest turn, CPU", show: milliseconds, noise: 5 },
  cpu: { title: "CPU", show: milliseconds, noise: 10 },
  rss: { title: "RSS, peak", show: megabytes, noise: 5e6 },
  held: { title: "held", show: megabytes, noise: 1e6 },
};

/** What each contender is called. */
export const contenderTitles: { readonly [Name in ContenderName]: string } = {
  ours: "nats-statechart",
  nats2: "nats 2.29.3",
  nats3: "@nats-io/transport-node 3.4.0",
};

const isSample = (one: Sample | string): one is Sample => typeof one !== "string";
const samplesOf = ({ samples }: Row, name: ContenderName) => (samples[name] ?? []).filter(isSample);
const hasSeenTheEnd = (row: Row, name: ContenderName) =>
  samplesOf(row, name).every(({ outcome }) => outcome === "end");

/** The lines of a flood. A contender that lost the connection is not what ours is compared with: it had less to do. */
export function linesOf(row: Row): readonly Line[] {
  const names = Object.keys(figures) as FigureName[];
  return names.flatMap((figure): Line[] => {
    const medians: { [Name in ContenderName]?: number } = {};
    for (const name of contenderNames) {
      const values = samplesOf(row, name).flatMap((sample) => sample[figure] ?? []);
      if (values.length > 0) medians[name] = median(values);
    }
    if (Object.keys(medians).length === 0) return [];
    return [{ figure, medians, ...compared(row, figure, medians) }];
  });
}

function compared(row: Row, figure: FigureName, medians: Line["medians"]): Pick<Line, "ratio" | "isGood"> {
  const { ours } = medians;
  if (ours === undefined) return { ratio: undefined, isGood: false };
  const rivals = contenderNames.filter((name) => name !== "ours" && hasSeenTheEnd(row, name));
  const theirs = rivals.flatMap((name) => medians[name] ?? []);
  if (theirs.length === 0) return { ratio: undefined, isGood: true };
  const best = Math.min(ours, ...theirs);
  const ratio = ours === best ? 1 : ours / best;
  return { ratio, isGood: ratio <= TOLERANCE || ours - best <= figures[figure].noise };
}

/** Why a contender has no figures or not those of the whole flood; empty where it has. */
export function remarksOf(row: Row): readonly string[] {
  return contenderNames.flatMap((name) => {
    const why = row.flood.without?.[name];
    if (why !== undefined) return [`${contenderTitles[name]} ${why}`];
    const outcomes = (row.samples[name] ?? []).map((one) => (isSample(one) ? one.outcome : one));
    const others = [...new Set(outcomes)].filter((outcome) => outcome !== "end");
    return others.map((outcome) => `${contenderTitles[name]}: ${outcome}`);
  });
}

function cells(row: Row, line: Line, isFirst: boolean): readonly string[] {
  const { title, show } = figures[line.figure];
  const remarks = remarksOf(row).join("; ");
  const flood = isFirst ? `${row.flood.title}${remarks === "" ? "" : ` (${remarks})`}` : "";
  const shown = contenderNames.map((name) => {
    const value = line.medians[name];
    return value === undefined ? "" : show(value);
  });
  return [flood, title, ...shown, line.isGood ? shownRatio(line) : `**${shownRatio(line)}**`];
}

function shownRatio({ medians, ratio }: Line): string {
  if (ratio !== undefined) return `${ratio.toFixed(2)}x`;
  return medians.ours === undefined ? "no figure" : "";
}

/** The table in Markdown. Ratios in bold are those that are not good. */
export function table(rows: readonly Row[]): string {
  const head = [
    "flood",
    "figure",
    ...contenderNames.map((name) => contenderTitles[name]),
    "nats-statechart : best",
  ];
  const rule = ["---", "---", ...contenderNames.map(() => "---:"), "---:"];
  const body = rows.flatMap((row) => linesOf(row).map((line, index) => cells(row, line, index === 0)));
  return [head, rule, ...body].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

/** How many lines are good, in words, and which are not. */
export function verdict(rows: readonly Row[]): readonly string[] {
  const all = rows.flatMap((row) => linesOf(row).map((line) => ({ row, line })));
  const bad = all.filter(({ line }) => !line.isGood);
  const named = bad.map(({ row, line }) => {
    return `${row.flood.title}, ${figures[line.figure].title}: ${shownRatio(line)}`;
  });
  return [`${all.length - bad.length} of ${all.length} lines are good`, ...named];
}
