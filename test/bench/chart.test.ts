import { describe, expect, it } from "vitest";
import { chart } from "../../bench/chart.js";
import { row, sample } from "./samples.js";

const dots = (svg: string) => [
  ...svg.matchAll(/<circle cx="([\d.]+)" cy="(\d+)" r="5" fill="(#\w+)"><title>([^<]+)/g),
];

describe("the chart", () => {
  it("has a dot for each contender that has a figure", () => {
    const titles = dots(chart([row("publish/16", { ours: [0.1], nats2: [0.8] })])).map((dot) => dot[4]);
    expect(titles.sort()).toEqual(["nats 2.29.3: 800 ns", "nats-statechart: 100 ns"]);
  });

  it("puts what costs ten times as much the same step further to the right, wherever it begins", () => {
    const at = (micros: number) =>
      Number(dots(chart([row("a", { ours: [micros], c: [0.01], raw: [1_000] })])).at(-1)?.[1]);
    expect(at(10) - at(1)).toBeCloseTo(at(100) - at(10), 0);
    expect(at(10)).toBeGreaterThan(at(1));
  });

  it("leaves out what is no time", () => {
    const size = row("bundle", {}, { metric: "size", samples: { ours: [sample(0, { sizeBytes: 1 })] } });
    expect(dots(chart([size]))).toEqual([]);
  });

  it("stays valid XML, whatever a title says", () => {
    expect(chart([row("a", { ours: [1] }, { title: "a < b & c" })])).toContain("a &lt; b &amp; c");
  });
});
