// Mutation testing: `npm run mutation` runs all sets of scripts/mutation-sets.mjs, `npm run mutation -- api cli` some. What
// begins with a dash, and all that follows, goes to Stryker: `npm run mutation -- api --mutate src/api/msg.ts`. Ours are:
//
//   --since REV   mutates the lines alone that were changed since REV, in the sets that have any
//   --lines 30    after --since: at most so many of them, from all over. What few lines show is no score: where there are ten mutants of
//                 a set or more, half of them must be noticed
//   --part 2/5    mutates a fifth of the lines, the second one: ten lines of every fifty
//   --survivors   runs nothing: lists what survived the last run of each set
//
// Prints the table of docs/mutation.md, which says what came of it.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { mutationSets } from "./mutation-sets.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const given = process.argv.slice(2);
const firstOption = given.findIndex((word) => word.startsWith("-"));
const names = firstOption < 0 ? given : given.slice(0, firstOption);
const options = firstOption < 0 ? [] : given.slice(firstOption);

for (const name of names) {
  if (!(name in mutationSets)) {
    console.error(`There is no set "${name}": they are ${Object.keys(mutationSets).join(", ")}.`);
    process.exit(2);
  }
}
const chosen = names.length === 0 ? Object.keys(mutationSets) : names;

if (options[0] === "--survivors") {
  for (const set of chosen) console.log(survivors(set).join("\n"));
} else {
  const { lines, rest } = wanted(options);
  for (const set of chosen) {
    const ranges = lines?.filter(({ file }) => isIn(file, set)).map(({ range }) => range);
    if (ranges?.length === 0) continue;
    runSet(set, ranges === undefined ? rest : ["--mutate", ranges.join(","), ...rest]);
  }
}

/** Which lines are asked for, all where it is undefined, and what is left for Stryker. */
function wanted([first, value, ...rest]) {
  if (first === "--part") return { lines: part(value), rest };
  if (first !== "--since") return { lines: undefined, rest: options };
  const changed = changedSince(value ?? "HEAD~1").filter(({ file }) => chosen.some((set) => isIn(file, set)));
  console.log(`${changed.length} lines of ${chosen.join(", ")} were changed since ${value}`);
  if (rest[0] !== "--lines") return { lines: changed, rest };
  const most = Number(rest[1]);
  process.env.MUTATION_LEAST = "0";
  const step = Math.max(1, changed.length / most);
  const some = Array.from(
    { length: Math.min(most, changed.length) },
    (_, n) => changed[Math.floor(n * step)],
  );
  return { lines: some, rest: rest.slice(2) };
}

/** Runs Stryker for a set. The exit code of this process is 1 where a set stays below its target. */
function runSet(set, args) {
  console.log(`\n=== ${set}: ${mutationSets[set].mutate.join(" ")} ${args.join(" ")}`);
  const stryker = spawnSync(
    process.execPath,
    ["node_modules/@stryker-mutator/core/bin/stryker.js", "run", ...args],
    {
      cwd: root,
      env: { ...process.env, MUTATION: set, INCREMENTAL: args.includes("--mutate") ? "0" : "1" },
      stdio: "inherit",
    },
  );
  if (stryker.status !== 0) process.exitCode = 1;
  if (args.includes("--dryRunOnly")) return;
  console.log(table(set));
  const { noticed, tried } = sumsOf(allOf(set));
  if (tried >= 10 && noticed < tried / 2) process.exitCode = 1;
}

/** The lines of `src` that were changed or added since a revision, each as Stryker takes it. */
function changedSince(revision) {
  const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" });
  if (spawnSync("git", ["rev-parse", "--verify", "--quiet", revision], { cwd: root }).status !== 0) {
    console.error(`There is no revision "${revision}" here: fetch it, or name another one.`);
    process.exit(2);
  }
  const found = [];
  let file;
  for (const line of git("diff", "--unified=0", revision, "--", "src").split("\n")) {
    if (line.startsWith("+++ ")) file = line.startsWith("+++ b/") ? line.slice(6) : undefined;
    const hunk = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk === null || file === undefined) continue;
    for (let n = 0; n < Number(hunk[2] ?? 1); n++) {
      const at = Number(hunk[1]) + n;
      found.push({ file, range: `${file}:${at}-${at}` });
    }
  }
  return found;
}

/** Ten lines of every so many, of all files of `src`. */
function part(which) {
  const [, number, parts] = /^(\d+)\/(\d+)$/.exec(which ?? "") ?? [];
  if (number === undefined || Number(number) < 1 || Number(number) > Number(parts)) {
    console.error("Say which part of how many: --part 2/5.");
    process.exit(2);
  }
  const files = execFileSync("git", ["ls-files", "src"], { cwd: root, encoding: "utf8" }).split("\n");
  return files
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const count = readFileSync(`${root}/${file}`, "utf8").split("\n").length;
      const blocks = Array.from({ length: Math.ceil(count / 10) }, (_, block) => block);
      return blocks
        .filter((block) => block % Number(parts) === Number(number) - 1)
        .map((block) => ({ file, range: `${file}:${block * 10 + 1}-${Math.min(count, block * 10 + 10)}` }));
    });
}

function isIn(file, set) {
  const { mutate } = mutationSets[set];
  const within = (glob) => matchesGlob(file, glob);
  return (
    mutate.some((glob) => !glob.startsWith("!") && within(glob)) &&
    !mutate.some((glob) => glob.startsWith("!") && within(glob.slice(1)))
  );
}

/** What the last run of a set found: the mutants of each file. */
function found(set) {
  const report = `${root}/reports/mutation/${set}.json`;
  if (!existsSync(report)) return [];
  return Object.entries(JSON.parse(readFileSync(report, "utf8")).files);
}

/** A line for each mutant that no test noticed: where it is, and what stands there instead. */
function survivors(set) {
  return found(set).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    return mutants
      .filter(({ status }) => status === "Survived" || status === "NoCoverage")
      .sort((one, other) => one.location.start.line - other.location.start.line)
      .map(({ status, mutatorName, replacement, location: { start, end } }) => {
        const was =
          start.line === end.line
            ? lines[start.line - 1].slice(start.column - 1, end.column - 1)
            : `${lines[start.line - 1].slice(start.column - 1)} ...`;
        const where = `${file}:${start.line}:${start.column}`;
        return `${where} ${status === "Survived" ? "" : "(not covered) "}${mutatorName}: ${was} -> ${replacement?.split("\n")[0]}`;
      });
  });
}

/** The figures of the last run of a set: a line for each file. A mutant that hangs is noticed: it counts as killed. */
function table(set) {
  return [
    "| File | Killed | Timed out | Survived | Not covered | Not tried | Killed of 100 |",
    "| --- | --: | --: | --: | --: | --: | --: |",
    ...found(set).map(([file, { mutants }]) => row(`\`${file}\``, countsOf(mutants))),
    row(`All of \`${set}\``, allOf(set)),
  ].join("\n");
}

function countsOf(mutants) {
  const counts = { Killed: 0, Timeout: 0, Survived: 0, NoCoverage: 0, Ignored: 0 };
  for (const { status } of mutants) if (status in counts) counts[status]++;
  return counts;
}

function sumsOf({ Killed, Timeout, Survived, NoCoverage }) {
  const noticed = Killed + Timeout;
  return { noticed, tried: noticed + Survived + NoCoverage };
}

function allOf(set) {
  return countsOf(found(set).flatMap(([, { mutants }]) => mutants));
}

function row(name, counts) {
  const { noticed, tried } = sumsOf(counts);
  const score = tried === 0 ? "-" : ((100 * noticed) / tried).toFixed(1);
  return `| ${[name, ...Object.values(counts), score].join(" | ")} |`;
}
