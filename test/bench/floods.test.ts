import { describe, expect, it } from "vitest";
import {
  alike,
  bytewise,
  different,
  infoLine,
  message,
  messageWithHeaders,
} from "../../bench/floods/lines.js";
import { floodOf, floods } from "../../bench/floods/list.js";
import { page } from "../../bench/floods/report.js";
import { checked, objection, type Sample } from "../../bench/floods/sample.js";
import { linesOf, type Row, remarksOf, table, verdict } from "../../bench/floods/table.js";

/** A sample in which all costs are the same number: milliseconds, and megabytes. */
function sample(cost: number, more: Partial<Sample> = {}): Sample {
  const time = { delayP99: cost, delayMax: cost, turn: cost, cpu: cost };
  return { ...time, rss: cost * 1e6, outcome: "end", seen: 0, ...more };
}

/** A row of a flood. A number stands for a sample, a text for one that there is not. */
function row(samples: Readonly<Record<string, readonly (number | string | Sample)[]>>, more = {}): Row {
  const all = Object.entries(samples).map(([name, values]) => [
    name,
    values.map((value) => (typeof value === "number" ? sample(value) : value)),
  ]);
  return { flood: { title: "1,000 PINGs", ...more }, samples: Object.fromEntries(all) };
}

const cpuOf = (one: Row) => linesOf(one).find(({ figure }) => figure === "cpu");
const text = (pieces: Iterable<Buffer>) => Buffer.concat([...pieces]).toString();

describe("the table of the floods", () => {
  it("compares the median of ours with that of the best", () => {
    const line = cpuOf(row({ ours: [900, 300, 100], nats2: [200, 200, 200], nats3: [400] }));
    expect(line).toEqual({
      figure: "cpu",
      medians: { ours: 300, nats2: 200, nats3: 400 },
      ratio: 1.5,
      isGood: false,
    });
  });

  it("is content where ours is the best, or within 20 in a hundred of it", () => {
    expect(cpuOf(row({ ours: [100], nats2: [200] }))).toMatchObject({ ratio: 1, isGood: true });
    expect(cpuOf(row({ ours: [240], nats2: [200] }))).toMatchObject({ ratio: 1.2, isGood: true });
    expect(cpuOf(row({ ours: [242], nats2: [200] }))).toMatchObject({ isGood: false });
  });

  it("does not hold a difference against ours that is noise, and shows its ratio", () => {
    expect(cpuOf(row({ ours: [14], nats2: [4] }))).toMatchObject({ ratio: 3.5, isGood: true });
    expect(cpuOf(row({ ours: [15], nats2: [4] }))).toMatchObject({ ratio: 3.75, isGood: false });
  });

  it("does not compare with a client that lost the connection, and says that it did", () => {
    const one = row({ ours: [100], nats2: [sample(1, { outcome: "closed: X" })], nats3: [200] });
    expect(cpuOf(one)).toMatchObject({ medians: { nats2: 1 }, ratio: 1, isGood: true });
    expect(remarksOf(one)).toEqual(["nats 2.29.3: closed: X"]);
  });

  it("is not content where ours has no figures, and says why", () => {
    const one = row({ ours: ["no end in 60 s"], nats2: [200] });
    expect(cpuOf(one)).toMatchObject({ ratio: undefined, isGood: false });
    expect(remarksOf(one)).toEqual(["nats-statechart: no end in 60 s"]);
    expect(verdict([one])).toContain("1,000 PINGs, CPU: no figure");
  });

  it("has nothing to compare where no other takes part, and says why none does", () => {
    const one = row({ ours: [100] }, { without: { nats2: "has no limit" } });
    expect(cpuOf(one)).toMatchObject({ ratio: undefined, isGood: true });
    expect(remarksOf(one)).toEqual(["nats 2.29.3 has no limit"]);
  });

  it("has a line for what is held only where that was measured", () => {
    const figures = (one: Row) => linesOf(one).map(({ figure }) => figure);
    expect(figures(row({ ours: [1] }))).toEqual(["delayP99", "delayMax", "turn", "cpu", "rss"]);
    expect(figures(row({ ours: [sample(1, { held: 5 })] }))).toContain("held");
  });

  it("is Markdown that names a flood once and marks what is not good", () => {
    const lines = table([row({ ours: [300], nats2: [200], nats3: [400] })]).split("\n");
    expect(lines).toHaveLength(7);
    expect(lines[2]).toBe("| 1,000 PINGs | delay, p99 | 300 ms | 200 ms | 400 ms | **1.50x** |");
    expect(lines[5]).toBe("|  | CPU | 300 ms | 200 ms | 400 ms | **1.50x** |");
  });

  it("is on a page that says when, where and how", () => {
    const setting = { date: "2026-01-02", machine: "2 cores", load: "0.1", node: "20.0.0", rounds: 3 };
    const text = page(setting, [row({ ours: [100], nats2: [200] })]);
    for (const part of ["2026-01-02", "2 cores", "0.1", "Node 20.0.0", "3 rounds", "5 of 5 lines are good"])
      expect(text).toContain(part);
  });
});

describe("a sample", () => {
  it("is none if the client saw the end, but not all messages", () => {
    const short = sample(1, { seen: 9 });
    expect(checked({ delivers: true }, 10, short)).toBe("9 of 10 messages seen");
    expect(checked({ delivers: true }, 9, short)).toBe(short);
    expect(checked({}, 10, short)).toBe(short);
    const closed = sample(1, { seen: 9, outcome: "closed: X" });
    expect(checked({ delivers: true }, 10, closed)).toBe(closed);
  });

  it("of ours sees the end, or the connection closed where that is right", () => {
    const closed = sample(1, { outcome: "closed: X" });
    expect(objection({}, sample(1))).toBeUndefined();
    expect(objection({}, closed)).toBe("closed: X instead of end");
    expect(objection({ closes: "X" }, closed)).toBeUndefined();
    expect(objection({ closes: "X" }, sample(1))).toBe("end instead of closed: X");
    expect(objection({}, "no end in 60 s")).toBe("no end in 60 s");
  });
});

describe("what a flood sends", () => {
  it("is as many lines as it says, alike or each by its number, whatever the pieces", () => {
    for (const count of [1, 7, 20_000]) expect(text(alike(count, "PING\r\n"))).toBe("PING\r\n".repeat(count));
    const numbered = text(different(20_000, (number) => `${number}\r\n`)).split("\r\n");
    expect(numbered).toHaveLength(20_001);
    expect(numbered[19_999]).toBe("19999");
  });

  it("is every byte for itself, where it is sent bytewise", () => {
    expect([...bytewise(Buffer.from("+OK"))].map(String)).toEqual(["+", "O", "K"]);
  });

  it("has the sizes that it says", () => {
    expect(message("a", "1", 3)).toBe("MSG a 1 3\r\nxxx\r\n");
    const withHeaders = messageWithHeaders("a", "1", 1_000, 16);
    const [line = "", ...rest] = withHeaders.split("\r\n");
    expect(line).toBe(`HMSG a 1 ${16_000 + 12} ${16_000 + 12}`);
    expect(rest.join("\r\n")).toHaveLength(16_000 + 12 + 2);
    expect(rest.filter((one) => one.startsWith("k"))).toHaveLength(1_000);
  });

  it("is an INFO that can be read", () => {
    const [, json = ""] = /^INFO (.*)\r\n$/.exec(infoLine({ client_id: 9 })) ?? [];
    expect(JSON.parse(json)).toMatchObject({ client_id: 9, server_id: "FLOODS" });
  });
});

describe("the floods", () => {
  it("have names and titles of their own, and can be asked for by name", () => {
    expect(new Set(floods.map(({ id }) => id)).size).toBe(floods.length);
    expect(new Set(floods.map(({ title }) => title)).size).toBe(floods.length);
    for (const flood of floods) expect(floodOf(flood.id)).toBe(flood);
    expect(() => floodOf("pinks")).toThrow("there is no flood pinks; there are pings, ");
  });

  it("send something, and less for a moment than in earnest", () => {
    for (const { count, smoke, pieces } of floods) {
      expect(text(pieces(smoke, "1", "2")).endsWith("\r\n")).toBe(true);
      expect(smoke).toBeLessThanOrEqual(count);
    }
  });
});
