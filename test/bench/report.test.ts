import { describe, expect, it } from "vitest";
import { bytes, duration, markdown, type Results } from "../../bench/report.js";
import { row, sample } from "./samples.js";

const circumstances = {
  date: "2026-01-01",
  machine: "2 cores",
  load: "0.1",
  node: "20.0.0",
  server: "2.9.10",
  notes: ["the C client is not installed"],
};
const report = (...rows: Results["rows"]) => markdown({ circumstances, rows });

describe("a time", () => {
  it("is said in the unit that suits it, to three digits", () => {
    expect(duration(0.5)).toBe("0.50 ns");
    expect(duration(85.46)).toBe("85.5 ns");
    expect(duration(1_345)).toBe("1.34 µs");
    expect(duration(123_456_789)).toBe("123 ms");
    expect(duration(2.5e9)).toBe("2.50 s");
  });
});

describe("a number of bytes", () => {
  it("is said in thousands, as bundlers and shops do", () => {
    expect(bytes(465)).toBe("465 B");
    expect(bytes(110_000)).toBe("110 kB");
    expect(bytes(1_126_400_000)).toBe("1126 MB");
    expect(bytes(-45_100)).toBe("-45.1 kB");
  });
});

describe("the report", () => {
  it("has CPU time first, wall time beside it, and what others cost in terms of ours", () => {
    const text = report(row("publish/16", { ours: [0.1, 0.1, 0.1], nats2: [0.8, 0.9, 0.7] }));
    expect(text).toContain("| title of publish/16 | 100 ns · 200 ns | 800 ns · 1.60 µs · 8.00x |  |  |  |");
  });

  it("has the least and the most of all rounds", () => {
    expect(report(row("publish/16", { ours: [3, 1, 2] }))).toContain("| 1.00 µs – 3.00 µs |");
  });

  it("says which goals are met, and how many", () => {
    const text = report(row("publish/16", { ours: [1], nats2: [9], c: [0.5] }));
    expect(text).toContain("1 of 3 are met.");
    expect(text).toContain("| CPU: 8.00x cheaper than nats 2.29.3 | 9.00x cheaper | met |");
    expect(text).toContain("| CPU: at most 1.50x of C client | 2.00x | **missed** |");
    expect(text).toContain("| CPU: at most 6.00x of raw socket | not measured | not measured |");
  });

  it("puts memory first where the row is about memory", () => {
    const memory = [sample(1, { rssBytes: 58_600, heapBytes: 20_000 })];
    expect(report(row("connection-memory", {}, { metric: "memory", samples: { ours: memory } }))).toContain(
      "| 58.6 kB (heap 20.0 kB) |",
    );
  });

  it("says of how many rounds its medians are, also where rows differ", () => {
    const three = row("publish/16", { ours: [1, 2, 3], nats2: [1, 2, 3] });
    expect(report(three)).toContain("medians of 3 rounds");
    expect(report(three, row("flush", { ours: [1] }))).toContain("medians of 1 to 3 rounds");
  });

  it("says what could not be measured", () => {
    expect(report()).toContain("- the C client is not installed\n");
  });
});
