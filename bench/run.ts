// `npm run bench`: runs the suite and writes docs/benchmarks. Run it in the root of the repository.
//
//   --cases publish,subscribe   only these cases (see task.ts)
//   --sizes 16,1024             only these payloads; cases without a payload are always in
//   --contenders ours,nats2     only these
//   --rounds 5                  how often each contender plays each scenario
//   --out docs/benchmarks       where to write; without it only a run of everything writes, there
//   --update                    keep what the results there have on scenarios that are not run now
//   --render                    run nothing: write the report anew from the results there
//   --profile folder            CPU profiles of the workers, for `node --cpu-prof`
//   --smoke                     every case for a moment, to see that it runs: writes nothing
//
// A contender that fails fails the run, at its end.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.js";
import { chart } from "./chart.js";
import { verdicts } from "./goals.js";
import { type Circumstances, markdown, type Results } from "./report.js";
import { progress, Stage } from "./stage.js";
import type { Row } from "./statistics.js";
import { type Scenario, selected, sizes, smokeTest } from "./suite.js";
import { type ContenderName, caseNames, contenderNames, type Sample } from "./task.js";

const { values: given } = parseArgs({
  options: {
    cases: { type: "string" },
    sizes: { type: "string" },
    contenders: { type: "string" },
    rounds: { type: "string" },
    out: { type: "string" },
    update: { type: "boolean", default: false },
    render: { type: "boolean", default: false },
    profile: { type: "string" },
    smoke: { type: "boolean", default: false },
  },
});

/** The items of a comma-separated option; all of them where it is absent. */
function chosen<Item extends string | number>(
  option: "cases" | "sizes" | "contenders",
  all: readonly Item[],
): readonly Item[] {
  const wanted = given[option]?.split(",");
  if (wanted === undefined) return all;
  return wanted.map((text) => {
    const item = all.find((candidate) => `${candidate}` === text);
    if (item === undefined) throw new Error(`--${option}: there is no ${text}; there are ${all.join(", ")}`);
    return item;
  });
}

const root = process.cwd();
const isWhole = given.cases === undefined && given.sizes === undefined && given.contenders === undefined;
const out = given.out ?? (isWhole && !given.smoke ? "docs/benchmarks" : undefined);
const rounds = given.smoke ? 1 : Number(given.rounds ?? 5);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds: a whole number, 1 or more");

async function measure(): Promise<Results & { readonly failures: readonly string[] }> {
  const built = await build(root);
  const failures: string[] = [];
  const rows: Row[] = [];
  const selection = {
    cases: chosen("cases", caseNames),
    sizes: chosen<number>("sizes", sizes),
    contenders: chosen("contenders", contenderNames).filter((name) => name !== "c" || "path" in built.c),
  };
  const scenarios = [...(given.smoke ? smokeTest(selected(selection)) : selected(selection))];
  let server = "";
  const perform = async () => {
    const stage = await Stage.set(root, built, {
      timeLimit: given.smoke ? 10_000 : 120_000,
      profiles: given.profile,
    });
    server = stage.serverVersion;
    try {
      for (let next = scenarios.shift(); next !== undefined; next = scenarios.shift()) {
        rows.push(await play(stage, next, failures));
      }
    } finally {
      await stage.strike();
    }
  };
  // A smoke test measures nothing: it may do two things at a time.
  await Promise.all(given.smoke ? [perform(), perform()] : [perform()]);
  const circumstances: Circumstances = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores of ${cpus()[0]?.model.trim()}`,
    node: process.versions.node,
    server,
    rounds,
    notes: "missing" in built.c ? [built.c.missing] : [],
  };
  return { circumstances, rows, failures };
}

/** One scenario: in each round every contender has its turn, each time in another order. */
async function play(stage: Stage, scenario: Scenario, failures: string[]): Promise<Row> {
  const { id, title, metric, unit, operations, contenders } = scenario;
  const samples: { [Name in ContenderName]?: Sample[] } = {};
  const turn = async (contender: ContenderName) => {
    try {
      const sample = await stage.play(contender, scenario);
      samples[contender] = [...(samples[contender] ?? []), sample];
    } catch (error) {
      failures.push(`${id}, ${contender}: ${(error as Error).message}`);
    }
  };
  for (let round = 0; round < rounds; round += 1) {
    const first = round % contenders.length;
    const turns = [...contenders.slice(first), ...contenders.slice(0, first)];
    for (const contender of turns) await turn(contender);
  }
  const row: Row = { id, title, metric, unit, operations, samples };
  process.stderr.write(`${progress(row)}\n`);
  return row;
}

function read(folder: string): Results {
  return JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as Results;
}

/** One sample a line: a diff of two runs can be read. */
function json({ circumstances, rows }: Results): string {
  const text = rows.map(({ samples, ...row }) => {
    const lines = Object.entries(samples).map(
      ([name, all]) =>
        `"${name}": [\n        ${all.map((sample) => JSON.stringify(sample)).join(",\n        ")}\n      ]`,
    );
    return `    ${JSON.stringify(row).slice(0, -1)}, "samples": {\n      ${lines.join(",\n      ")}\n    }}`;
  });
  return `{\n  "circumstances": ${JSON.stringify(circumstances)},\n  "rows": [\n${text.join(",\n")}\n  ]\n}\n`;
}

function write(folder: string, results: Results): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "results.json"), json(results));
  writeFileSync(join(folder, "README.md"), markdown(results));
  writeFileSync(join(folder, "benchmarks.svg"), chart(results.rows));
  process.stderr.write(`written: ${folder}\n`);
}

/** The rows of now, and those that only the earlier results have, in the order of the suite. */
function merged(earlier: readonly Row[], now: readonly Row[]): readonly Row[] {
  const order = selected({ cases: caseNames, sizes, contenders: contenderNames }).map(({ id }) => id);
  const kept = earlier.filter(({ id }) => order.includes(id) && !now.some((row) => row.id === id));
  return [...kept, ...now].sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
}

const folder = out ?? "docs/benchmarks";
if (given.render) {
  write(folder, read(folder));
} else {
  const { failures, ...results } = await measure();
  const rows = given.update ? merged(read(folder).rows, results.rows) : results.rows;
  if (out !== undefined) write(out, { ...results, rows });
  for (const { title, goal, measured, isMet } of given.smoke ? [] : verdicts(results.rows)) {
    process.stderr.write(
      `${isMet === true ? "met   " : isMet === false ? "MISSED" : "  ?   "} ${title}: ${goal}: ${measured}\n`,
    );
  }
  for (const failure of failures) process.stderr.write(`FAILED ${failure}\n`);
  if (failures.length > 0) process.exitCode = 1;
}
