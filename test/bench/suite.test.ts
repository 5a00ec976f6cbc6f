import { describe, expect, it } from "vitest";
import { selected, sizes, smokeTest, suite } from "../../bench/suite.js";
import { caseNames, contenderNames } from "../../bench/task.js";

const everything = { cases: caseNames, sizes, contenders: contenderNames };

describe("the suite", () => {
  it("has a scenario for each case, each with a name of its own", () => {
    // A case may have several.
    expect([...new Set(suite.map((one) => one.case))].sort()).toEqual([...caseNames].sort());
    expect(new Set(suite.map(({ id }) => id)).size).toBe(suite.length);
  });

  it("publishes and subscribes at all sizes, with and without headers", () => {
    for (const name of ["publish", "subscribe", "iterate"]) {
      const ids = suite.filter((one) => one.case === name).map(({ id }) => id);
      expect(ids).toEqual(
        sizes.flatMap((size) => [`${name}/${size}`]).concat(sizes.map((size) => `${name}/${size}/headers`)),
      );
    }
  });

  it("lets no burst make more copies, or less, than its messages", () => {
    const bursts = suite.filter(({ case: name }) => name === "fan-out");
    expect(bursts).toHaveLength(2);
    for (const one of bursts) {
      for (const deliveries of [one.warmup, one.operations, one.burst])
        expect(deliveries % one.count).toBe(0);
    }
  });
});

describe("a selection", () => {
  it("of sizes leaves cases without a payload in", () => {
    const cases = selected({ ...everything, sizes: [16] }).map((one) => one.case);
    expect(cases).toContain("connect");
    expect(cases).toContain("publish");
    expect(selected({ ...everything, sizes: [16] }).every(({ size }) => size === 0 || size === 16)).toBe(
      true,
    );
  });

  it("of contenders leaves out scenarios in which none of them takes part", () => {
    const raw = selected({ ...everything, contenders: ["raw"] });
    expect(raw.some((one) => one.case === "bundle")).toBe(false);
    expect(raw.every(({ contenders }) => contenders.length === 1)).toBe(true);
  });
});

describe("the smoke test", () => {
  it("runs each case once, with every contender that has it, for a moment", () => {
    const smoke = smokeTest(selected(everything));
    expect(smoke.map((one) => one.case).sort()).toEqual([...caseNames].sort());
    for (const one of smoke) {
      expect(one.operations).toBeLessThanOrEqual(2_000);
      expect(one.contenders).toEqual(suite.find(({ case: name }) => name === one.case)?.contenders);
    }
  });
});
