// `npm run bench`: runs the suite and writes docs/benchmarks. Run it in the root of the repository.
//
//   --cases publish,subscribe   only these cases (see task.ts)
//   --sizes 16,1024             only these payloads; cases without a payload are always in
//   --contenders ours,nats2     only these
//   --rounds 5                  how often each contender plays each scenario (three times as often what is short)
//   --out docs/benchmarks       where to write; without it only a run of everything writes, there
//   --update                    keep what the results there have on scenarios that are not run now, and write after
//                               each scenario: for measuring a piece at a time
//   --render                    run nothing: write the report anew from the results there
//   --profile folder            CPU profiles of the workers, for `node --cpu-prof`
//   --smoke                     every case for a moment, to see that it runs: writes nothing
//
// A contender that fails fails the run, at its end.

import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { build } from "./build.js";
import { verdicts } from "./goals.js";
import type { Circumstances } from "./report.js";
import { merged, readResults, writeResults } from "./results.js";
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
if (given.update && out === undefined) throw new Error("--update: say by --out where the results are");

/** Plays all that was selected; `played` gets each row as it comes. Returns what went wrong. */
async function measure(played: (row: Row, circumstances: Circumstances) => void): Promise<readonly string[]> {
  const built = await build(root);
  const failures: string[] = [];
  const selection = {
    cases: chosen("cases", caseNames),
    sizes: chosen<number>("sizes", sizes),
    contenders: chosen("contenders", contenderNames).filter((name) => name !== "c" || "path" in built.c),
  };
  const scenarios = [...(given.smoke ? smokeTest(selected(selection)) : selected(selection))];
  const perform = async () => {
    const stage = await Stage.set(root, built, {
      timeLimit: given.smoke ? 10_000 : 120_000,
      profiles: given.profile,
    });
    const interrupt = () => void stage.strike().then(() => process.exit(1));
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, interrupt);
    const circumstances: Circumstances = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus().length} cores of ${cpus()[0]?.model.trim()}`,
      load: (loadavg()[0] ?? 0).toFixed(1),
      node: process.versions.node,
      server: stage.serverVersion,
      notes: [
        ...("missing" in built.c ? [built.c.missing] : []),
        ...(given.update
          ? ["Measured in pieces, at different times and loads: date and load are those of the last."]
          : []),
      ],
    };
    try {
      for (let next = scenarios.shift(); next !== undefined; next = scenarios.shift()) {
        played(await play(stage, next, failures), circumstances);
      }
    } finally {
      await stage.strike();
    }
  };
  // A smoke test measures nothing: it may do two things at a time.
  await Promise.all(given.smoke ? [perform(), perform()] : [perform()]);
  return failures;
}

/** One scenario: in each round every contender has its turn, each time in another order. */
async function play(stage: Stage, scenario: Scenario, failures: string[]): Promise<Row> {
  const { id, title, metric, unit, operations, contenders, plays } = scenario;
  const samples: { [Name in ContenderName]?: Sample[] } = {};
  const turn = async (contender: ContenderName) => {
    try {
      const sample = await stage.play(contender, scenario);
      samples[contender] = [...(samples[contender] ?? []), sample];
    } catch (error) {
      failures.push(`${id}, ${contender}: ${(error as Error).message}`);
    }
  };
  for (let round = 0; round < rounds * plays; round += 1) {
    const first = round % contenders.length;
    const turns = [...contenders.slice(first), ...contenders.slice(0, first)];
    for (const contender of turns) await turn(contender);
  }
  return { id, title, metric, unit, operations, samples };
}

/** Measures, and writes what is to be written. */
async function run(): Promise<void> {
  const before = given.update && out !== undefined ? readResults(out).rows : [];
  const rows: Row[] = [];
  let under: Circumstances | undefined;
  const save = () => {
    if (out !== undefined && under !== undefined) {
      writeResults(out, { circumstances: under, rows: merged(before, rows) });
    }
  };
  const failures = await measure((row, circumstances) => {
    rows.push(row);
    under = circumstances;
    process.stderr.write(`${progress(row)}\n`);
    if (given.update) save();
  });
  save();
  for (const { title, goal, measured, isMet } of given.smoke ? [] : verdicts(rows)) {
    const mark = isMet === undefined ? "?     " : isMet ? "met   " : "MISSED";
    process.stderr.write(`${mark} ${title}: ${goal}: ${measured}\n`);
  }
  for (const failure of failures) process.stderr.write(`FAILED ${failure}\n`);
  if (failures.length > 0) process.exitCode = 1;
}

const folder = out ?? "docs/benchmarks";
if (given.render) writeResults(folder, readResults(folder));
else await run();
