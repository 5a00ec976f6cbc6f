// What a flood of a hostile server costs: delay of the event loop, CPU time and memory, ours beside both reference clients.
//
// Run it with `npm run bench:floods`. It prints a table in Markdown.
//
//   --only pings,infos-small   only these floods (see floods/list.ts)
//   --contenders ours,nats2    only these
//   --rounds 5                 how often each contender is flooded by each flood
//   --limit 60                 seconds until a client counts as one that does not see the end
//   --write                    write docs/benchmarks/floods.md; only with all floods and contenders
//   --smoke                    every flood for a moment and ours only, to see that it runs; fails where ours does not see the end

import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { build } from "./build.js";
import { type ContenderName, contenderNames, type Flood } from "./floods/flood.js";
import { floodOf, floods } from "./floods/list.js";
import { play } from "./floods/play.js";
import { page } from "./floods/report.js";
import type { Sample } from "./floods/sample.js";
import { linesOf, type Row, remarksOf, table, verdict } from "./floods/table.js";

const { values: given } = parseArgs({
  options: {
    only: { type: "string" },
    contenders: { type: "string" },
    rounds: { type: "string", default: "5" },
    limit: { type: "string", default: "60" },
    write: { type: "boolean", default: false },
    smoke: { type: "boolean", default: false },
  },
});

function positive(option: "rounds" | "limit"): number {
  const value = Number(given[option]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option}: a whole number, 1 or more`);
  return value;
}

function contenders(): readonly ContenderName[] {
  if (given.smoke) return ["ours"];
  if (given.contenders === undefined) return contenderNames;
  return given.contenders.split(",").map((text) => {
    const name = contenderNames.find((one) => one === text);
    if (name === undefined)
      throw new Error(`--contenders: there is no ${text}; there are ${contenderNames.join(", ")}`);
    return name;
  });
}

const wanted = given.only?.split(",").map(floodOf) ?? floods;
const rounds = given.smoke ? 1 : positive("rounds");
const limit = positive("limit") * 1_000;
const names = contenders();
if (given.write && (given.smoke || given.only !== undefined || given.contenders !== undefined))
  throw new Error("--write: only with all floods and contenders");
const { folder } = await build(process.cwd());
const load = (loadavg()[0] ?? 0).toFixed(1);

/** What speaks against a sample as one of the whole flood; undefined where nothing does. */
function objection(flood: Flood, count: number, sample: Sample | string): string | undefined {
  if (typeof sample === "string") return sample;
  if (sample.outcome !== "end") return sample.outcome;
  return flood.delivers && sample.seen !== count ? `${sample.seen} of ${count} messages seen` : undefined;
}

/** One flood: in each round every contender has its turn, each time in another order. */
async function rowOf(flood: Flood): Promise<Row> {
  const count = given.smoke ? flood.smoke : flood.count;
  const taking = names.filter((name) => flood.without?.[name] === undefined);
  const samples: { [Name in ContenderName]?: (Sample | string)[] } = {};
  const dropped = new Set<ContenderName>();
  for (let round = 0; round < rounds; round += 1) {
    const first = round % taking.length;
    for (const name of [...taking.slice(first), ...taking.slice(0, first)]) {
      if (dropped.has(name)) continue;
      const sample = await play(flood, name, { folder, count, limit });
      const against = objection(flood, count, sample);
      // Lost messages are no figure. A client that had no figure once is not asked again: it takes as long as the limit.
      if (typeof sample === "string") dropped.add(name);
      const isWrong = typeof sample !== "string" && sample.outcome === "end" && against !== undefined;
      samples[name] = [...(samples[name] ?? []), isWrong ? against : sample];
    }
  }
  return { flood, samples };
}

/** Floods that are not measured may share the machine. */
async function rowsOf(all: readonly Flood[], log: (row: Row) => void): Promise<readonly Row[]> {
  const waiting = [...all];
  const rows = new Map<Flood, Row>();
  const work = async () => {
    for (let flood = waiting.shift(); flood !== undefined; flood = waiting.shift()) {
      const row = await rowOf(flood);
      rows.set(flood, row);
      log(row);
    }
  };
  await Promise.all(given.smoke ? [work(), work()] : [work()]);
  return all.flatMap((flood) => rows.get(flood) ?? []);
}

function progress(row: Row): string {
  const shares = linesOf(row).map(({ figure, ratio, isGood }) => {
    return `${figure} ${ratio === undefined ? "-" : ratio.toFixed(2)}${isGood ? "" : "!"}`;
  });
  return [row.flood.title, shares.join(", "), ...remarksOf(row)].join("; ");
}

const rows = await rowsOf(wanted, (row) => console.error(progress(row)));
if (given.smoke) {
  const failures = rows.flatMap((row) =>
    remarksOf(row)
      .filter((remark) => remark.startsWith("nats-statechart"))
      .map((remark) => `FAILED ${row.flood.title}: ${remark}`),
  );
  for (const failure of failures) console.error(failure);
  console.log(`${rows.length - failures.length} of ${rows.length} floods run`);
  process.exit(failures.length > 0 ? 1 : 0);
}
console.log(`${table(rows)}\n`);
console.log(verdict(rows).join("\n"));
if (given.write) {
  const setting = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores of ${cpus()[0]?.model.trim()}`,
    load,
    node: process.versions.node,
    rounds,
  };
  writeFileSync("docs/benchmarks/floods.md", page(setting, rows));
}
process.exit(0);
