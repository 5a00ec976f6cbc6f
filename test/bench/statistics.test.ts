import { describe, expect, it } from "vitest";
import { figure, median, numberOf, ratio } from "../../bench/statistics.js";
import { row, sample } from "./samples.js";

describe("the median", () => {
  it("is the value in the middle, in whatever order they come", () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it("is the mean of the two in the middle where the number of values is even", () => {
    expect(median([4, 1, 2, 100])).toBe(3);
  });

  it("orders numbers by size, not by their digits", () => {
    expect(median([10, 9, 100])).toBe(10);
  });

  it("leaves the values as they are", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it("does not exist for no values", () => {
    expect(() => median([])).toThrow();
  });
});

describe("the number of a sample", () => {
  it("is the time of one operation, in nanoseconds", () => {
    const measured = sample(500, { operations: 1_000, wallMicros: 2_000 });
    expect(numberOf(measured, "cpu")).toBe(500);
    expect(numberOf(measured, "wall")).toBe(2_000);
  });

  it("is the memory of one operation, in bytes", () => {
    const measured = sample(1, { operations: 4, rssBytes: 4_096, heapBytes: 400 });
    expect(numberOf(measured, "memory")).toBe(1_024);
    expect(numberOf(measured, "heap")).toBe(100);
  });

  it("is a size as it is", () => {
    expect(numberOf(sample(0, { sizeBytes: 110_000 }), "size")).toBe(110_000);
  });

  it("is unknown where it was not measured", () => {
    expect(numberOf(sample(1), "memory")).toBeUndefined();
    expect(numberOf(sample(1), "heap")).toBeUndefined();
    expect(numberOf(sample(1), "size")).toBeUndefined();
  });
});

describe("a figure", () => {
  it("has median and spread of all rounds", () => {
    expect(figure(row("publish/16", { ours: [3, 1, 2] }), "ours", "cpu")).toEqual({
      median: 2_000,
      min: 1_000,
      max: 3_000,
    });
  });

  it("is unknown for a contender that took no part or failed each time", () => {
    const one = row("publish/16", { ours: [1], nats2: [] });
    expect(figure(one, "nats2", "cpu")).toBeUndefined();
    expect(figure(one, "c", "cpu")).toBeUndefined();
  });
});

describe("a ratio", () => {
  it("is our median over theirs", () => {
    expect(ratio(row("publish/16", { ours: [1, 2, 30], nats2: [8, 10, 9] }), "nats2", "cpu")).toBeCloseTo(
      2 / 9,
    );
  });

  it("is unknown where one side is", () => {
    expect(ratio(row("publish/16", { nats2: [1] }), "nats2", "cpu")).toBeUndefined();
    expect(ratio(row("publish/16", { ours: [1] }), "nats2", "cpu")).toBeUndefined();
  });

  it("is unknown where theirs is nothing", () => {
    expect(ratio(row("publish/16", { ours: [1], c: [0] }), "c", "cpu")).toBeUndefined();
  });
});
