// The arithmetic of the report: from samples to medians, spreads and ratios. Pure.

import type { Metric } from "./suite.js";
import type { ContenderName, Sample } from "./task.js";

/** What the samples of one contender in one scenario say. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** All samples of a scenario, as the JSON file keeps them. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly metric: Metric;
  readonly unit: string;
  readonly operations: number;
  readonly samples: { readonly [Name in ContenderName]?: readonly Sample[] };
}

/** The middle value; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("there is no median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** One number of a sample, for one operation: nanoseconds or bytes; undefined where it was not measured. */
export function numberOf(sample: Sample, metric: Metric): number | undefined {
  switch (metric) {
    case "cpu":
      return (sample.cpuMicros * 1000) / sample.operations;
    case "wall":
      return (sample.wallMicros * 1000) / sample.operations;
    case "memory":
      return sample.rssBytes === undefined ? undefined : sample.rssBytes / sample.operations;
    case "heap":
      return sample.heapBytes === undefined ? undefined : sample.heapBytes / sample.operations;
    case "size":
      return sample.sizeBytes;
    default:
      return metric satisfies never;
  }
}

/** The figure of a contender; undefined where it did not take part, failed, or has no such number. */
export function figure(row: Row, contender: ContenderName, metric: Metric): Figure | undefined {
  const values = (row.samples[contender] ?? []).map((sample) => numberOf(sample, metric));
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return undefined;
  return { median: median(known), min: Math.min(...known), max: Math.max(...known) };
}

/** Median of ours over median of theirs: below 1, ours is cheaper. Undefined where one of them is not known. */
export function ratio(row: Row, against: ContenderName, metric: Metric): number | undefined {
  const ours = figure(row, "ours", metric);
  const theirs = figure(row, against, metric);
  return ours === undefined || theirs === undefined || theirs.median <= 0
    ? undefined
    : ours.median / theirs.median;
}
