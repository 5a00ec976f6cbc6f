import { describe, expect, it } from "vitest";
import { goals, verdicts } from "../../bench/goals.js";
import type { Row } from "../../bench/statistics.js";
import { suite } from "../../bench/suite.js";
import { row, sample } from "./samples.js";

const against = (rows: readonly Row[], theirs: string) =>
  verdicts(rows).find(({ goal }) => goal.includes(theirs));

describe("a goal", () => {
  it("to be eight times cheaper is met at exactly eight times", () => {
    const verdict = against([row("publish/16", { ours: [1], nats2: [8] })], "nats 2.29.3");
    expect(verdict).toMatchObject({
      isMet: true,
      goal: "CPU: 8.00x cheaper than nats 2.29.3",
      measured: "8.00x cheaper",
    });
  });

  it("to be eight times cheaper is missed just below", () => {
    const verdict = against([row("publish/16", { ours: [1], nats2: [7.99] })], "nats 2.29.3");
    expect(verdict).toMatchObject({ isMet: false, measured: "7.99x cheaper" });
  });

  it("to take at most half as much again as the C client is met and missed by the medians, not by one round", () => {
    const met = row("publish/16", { ours: [1.5, 9, 1.4], c: [1, 1, 1] });
    const missed = row("publish/16", { ours: [1.6, 0.1, 1.7], c: [1, 1, 1] });
    expect(against([met], "C client")).toMatchObject({ isMet: true, measured: "1.50x" });
    expect(against([missed], "C client")).toMatchObject({ isMet: false, measured: "1.60x" });
  });

  it("of wall time looks at the wall time", () => {
    const request = row(
      "request/128",
      {},
      {
        metric: "wall",
        samples: { ours: [sample(9, { wallMicros: 115 })], raw: [sample(1, { wallMicros: 100 })] },
      },
    );
    expect(against([request], "raw socket")).toMatchObject({
      isMet: true,
      goal: "wall: at most 1.15x of raw socket",
    });
  });

  it("without an opponent is a bound on what we take", () => {
    const bundle = (sizeBytes: number) =>
      row("bundle", {}, { metric: "size", samples: { ours: [sample(0, { sizeBytes })] } });
    expect(verdicts([bundle(110_000)])).toMatchObject([{ isMet: true, goal: "size: at most 110 kB" }]);
    expect(verdicts([bundle(121_000)])).toMatchObject([{ isMet: false, measured: "1.10x of that" }]);
  });

  it("on memory counts the bytes that were published", () => {
    const million = (rssBytes: number) =>
      row(
        "publish-unawaited/1024",
        {},
        { samples: { ours: [sample(1, { operations: 1_000_000, rssBytes })] } },
      );
    expect(verdicts([million(1.1 * 1_024_000_000)])).toMatchObject([{ isMet: true }]);
    expect(verdicts([million(1.2 * 1_024_000_000)])).toMatchObject([{ isMet: false }]);
  });

  it("whose contender is missing is neither met nor missed", () => {
    expect(against([row("publish/16", { ours: [1] })], "C client")).toMatchObject({
      isMet: undefined,
      measured: "not measured",
    });
    expect(against([row("publish/16", { c: [1] })], "C client")).toMatchObject({ isMet: undefined });
  });

  it("about a row that was not run is left out", () => {
    expect(verdicts([])).toEqual([]);
  });

  it("is about scenarios that exist, and about contenders that take part in them", () => {
    const unknown = goals.flatMap(({ rows, bound }) =>
      rows.filter((id) => {
        const scenario = suite.find((one) => one.id === id);
        return (
          scenario === undefined || (bound.against !== null && !scenario.contenders.includes(bound.against))
        );
      }),
    );
    expect(goals.flatMap(({ rows }) => rows).length).toBeGreaterThan(10);
    expect(unknown).toEqual([]);
  });
});
