import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { merged, readResults, writeResults } from "../../bench/results.js";
import { row } from "./samples.js";

describe("results", () => {
  it("are read as they were written, beside a table and a picture", () => {
    const folder = mkdtempSync(join(tmpdir(), "results-"));
    const circumstances = {
      date: "2026-01-01",
      machine: "2 cores",
      load: "0.1",
      node: "20.0.0",
      server: "2.9.10",
      notes: [],
    };
    const results = {
      circumstances,
      rows: [row("publish/16", { ours: [1, 2], nats2: [8, 9] }), row("flush", {})],
    };
    writeResults(folder, results);
    expect(readResults(folder)).toEqual(results);
    expect(readdirSync(folder).sort()).toEqual(["README.md", "benchmarks.svg", "results.json"]);
    rmSync(folder, { recursive: true });
  });

  it("of now replace earlier ones of the same scenario, in the order of the suite", () => {
    const earlier = [
      row("flush", { ours: [1] }),
      row("connect", { ours: [1] }),
      row("a case of old", { ours: [1] }),
    ];
    const now = [row("connect", { ours: [2] }), row("publish/16", { ours: [2] })];
    const [publish, connect] = [now[1], now[0]];
    expect(merged(earlier, now)).toEqual([publish, earlier[0], connect]);
  });
});
