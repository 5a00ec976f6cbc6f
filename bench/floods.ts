// What a flood of a hostile server costs: delay of the event loop, CPU time and memory, ours beside both reference clients.
//
// Run it with `npm run bench:floods`. It prints a table in Markdown.
//
//   --only pings,infos-small   only these floods (see floods/list.ts)
//   --contenders ours,nats2    only these
//   --rounds 5                 how often each contender is flooded by each flood
//   --limit 60                 seconds until a client counts as one that does not see the end
//   --write                    write docs/benchmarks/floods.md; only with all floods and contenders
//   --smoke                    every flood for a moment and ours only, to see that it runs
//
// It fails where ours does not see the end of a flood, or does not close the connection where it should.

import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { build } from "./build.js";
import { type ContenderName, contenderNames, type Flood } from "./floods/flood.js";
import { floodOf, floods } from "./floods/list.js";
import { play } from "./floods/play.js";
import { page } from "./floods/report.js";
import { objection, type Sample } from "./floods/sample.js";
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

/** One flood: in each round every contender has its turn, each time in another order. */
async function rowOf(flood: Flood): Promise<Row> {
  const count = given.smoke ? flood.smoke : flood.count;
  const samples: { [Name in ContenderName]?: (Sample | string)[] } = {};
  let taking = names.filter((name) => flood.without?.[name] === undefined);
  for (let round = 0; round < rounds; round += 1) {
    const first = round % taking.length;
    for (const name of [...taking.slice(first), ...taking.slice(0, first)]) {
      const sample = await play(flood, name, { folder, count, limit });
      samples[name] = [...(samples[name] ?? []), sample];
      // One that had no figure is not asked again: that may take as long as the limit each time.
      if (typeof sample === "string") taking = taking.filter((one) => one !== name);
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
if (!given.smoke) console.log(`${table(rows)}\n\n${verdict(rows).join("\n")}`);
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
const failures = rows.flatMap(({ flood, samples }) => {
  const wrong = (samples.ours ?? []).flatMap((sample) => objection(flood, sample) ?? []);
  return [...new Set(wrong)].map((what) => `FAILED ${flood.title}: ${what}`);
});
for (const failure of failures) console.error(failure);
console.log(`${rows.length - failures.length} of ${rows.length} floods ran to their end`);
process.exit(failures.length > 0 ? 1 : 0);
