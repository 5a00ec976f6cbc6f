// Fuzzes what the client does with the bytes of a server, and with recordings: the targets are in fuzz/targets.
//
//   npm run fuzz                                  every target, a minute in all, as CI does
//   npm run fuzz -- parser --seconds 3600         one target, for an hour
//   npm run fuzz -- parser --runs 10000000        so many cases
//   npm run fuzz -- parser --replay FILE          one input again, without the fuzzer
//   npm run fuzz -- --store                       what was found so far becomes the corpus of the repository, minimised
//
// The fuzzer is Jazzer.js: it mutates inputs, and keeps those that reach something new, in .fuzz/corpus. The exit code is 1
// where a target failed, or had no case.

import { spawn } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { inputsOf, storeCorpus, targetNames, textOf, writeInputs } from "./fuzz-corpus.mjs";
import { nodeForFuzzer } from "./fuzz-libraries.mjs";
import { programOptions } from "./program.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".fuzz");
const scratch = join(root, ".cache", `fuzz-${process.pid}`);

/** Milliseconds after which one case counts as hanging. It takes a few, but a busy machine may not run the fuzzer for seconds. */
const HANGS = 60_000;
/** Of the whole process. A case that takes memory without a bound is found by it. */
const MEGABYTES = 1_024;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string" },
    runs: { type: "string" },
    seed: { type: "string" },
    replay: { type: "string" },
    store: { type: "boolean", default: false },
  },
});

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

async function main() {
  const known = await targetNames();
  const targets = positionals.length > 0 ? positionals : known;
  const strange = targets.find((name) => !known.includes(name));
  if (strange !== undefined) throw new Error(`there is no target ${strange}; there are ${known.join(", ")}`);
  for (const name of ["seconds", "runs", "seed"]) {
    if (values[name] !== undefined && !/^[1-9]\d*$/.test(values[name]))
      throw new Error(`--${name} must be a whole number from 1`);
  }
  await bundled(targets);
  if (values.replay !== undefined) return replay(targets);
  const node = await nodeForFuzzer();
  return values.store ? store(node, targets) : fuzz(node, targets);
}

/** Makes each target one file of JavaScript: what is in it counts as covered, or not. Packages are left out. */
async function bundled(targets) {
  await build({
    ...programOptions,
    entryPoints: targets.map((name) => join(root, "fuzz", "targets", `${name}.ts`)),
    outdir: scratch,
    outExtension: { ".js": ".mjs" },
  });
}

/** The file of a target. */
function bundle(target) {
  return join(scratch, `${target}.mjs`);
}

async function replay(targets) {
  const [target, ...others] = targets;
  if (positionals.length !== 1 || others.length > 0) throw new Error("--replay wants one target");
  const input = await readFile(values.replay);
  try {
    const { fuzz } = await import(pathToFileURL(bundle(target)).href);
    await fuzz(input);
  } catch (error) {
    console.error(error);
    return false;
  }
  console.log(`${target} is well with ${textOf(input)}`);
  return true;
}

async function fuzz(node, targets) {
  const seconds = values.seconds ?? (values.runs === undefined ? "60" : undefined);
  const limits = [
    ...(seconds === undefined ? [] : [`-max_total_time=${Math.ceil(Number(seconds) / targets.length)}`]),
    ...(values.runs === undefined ? [] : [`-runs=${values.runs}`]),
    ...(values.seed === undefined ? [] : [`-seed=${values.seed}`]),
  ];
  let all = 0;
  let failed = 0;
  for (const target of targets) {
    const { corpus, seeds, count } = await inputFolders(target);
    const options = [
      `-artifact_prefix=${join(folder, `found-${target}-`)}`,
      "-print_final_stats=1",
      "-len_control=20",
      ...limits,
    ];
    const { code, said } = await jazzer(node, target, [corpus, seeds], options);
    const cases = casesIn(said);
    all += cases;
    const isWell = code === 0 && cases > 0;
    if (!isWell) {
      failed++;
      await tell(target, code, said);
    }
    // Inputs that are there already come first, however long they take.
    const hint = isWell && cases <= count ? ", none of them new: it needs more seconds here" : "";
    console.log(`${isWell ? "ok      " : "NOT OK  "}${target}: ${cases} cases${hint}`);
  }
  console.log(`${all} cases of ${targets.length} targets, ${failed} failed`);
  return failed === 0;
}

/** Where new inputs go, and where those of the repository are. */
async function inputFolders(target) {
  const corpus = join(folder, "corpus", target);
  const seeds = join(scratch, "seeds", target);
  const inputs = [...(await inputsOf(target)).values()];
  await mkdir(corpus, { recursive: true });
  await writeInputs(seeds, inputs);
  return { corpus, seeds, count: inputs.length };
}

/** Runs the fuzzer, and gives the last lines that it said. */
async function jazzer(node, target, folders, options) {
  const { fuzz, LONGEST } = await import(pathToFileURL(bundle(target)).href);
  const isAsync = fuzz.constructor.name === "AsyncFunction";
  const args = ["--no-warnings", "--enable-source-maps", join(root, "fuzz", "jazzer.cjs"), bundle(target)];
  // Detectors of Jazzer.js look for injected commands, paths and code: there are none here.
  args.push(...folders, "--disableBugDetectors=.*", `--timeout=${HANGS}`, ...(isAsync ? [] : ["--sync"]));
  args.push("--", `-max_len=${LONGEST}`, `-rss_limit_mb=${MEGABYTES}`);
  args.push(`-dict=${join(root, "fuzz", "dictionary.txt")}`, ...options);
  const child = spawn(node, args, {
    cwd: root,
    env: { ...process.env, FUZZ_NODE: node },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => child.kill("SIGINT"));
  const said = [];
  const hear = async (stream) => {
    for await (const line of createInterface({ input: stream })) {
      said.push(line);
      if (said.length > 400) said.splice(0, 200);
      if (process.env.FUZZ_VERBOSE) console.error(line);
    }
  };
  const ended = new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [code] = await Promise.all([ended, hear(child.stdout), hear(child.stderr)]);
  return { code, said };
}

/** How many cases a run had, as it says itself. */
function casesIn(said) {
  const counts = said.map((line) => /^stat::number_of_executed_units:\s+(\d+)|^#(\d+)\s/.exec(line));
  return Math.max(0, ...counts.map((found) => Number(found?.[1] ?? found?.[2] ?? 0)));
}

/** What failed, and how to see it again. */
async function tell(target, code, said) {
  const lines = said.filter((line) => !/^(#\d+|INFO:|stat::|\s*NEW_FUNC)/.test(line));
  console.error([`${target} ended with ${code}:`, ...lines.slice(-40)].join("\n"));
  const path = said.map((line) => /Test unit written to (.+)$/.exec(line)?.[1]).findLast(Boolean);
  if (path === undefined) return;
  console.error(`the input: ${textOf(await readFile(path))}`);
  console.error(`again:     npm run fuzz -- ${target} --replay ${relative(process.cwd(), path)}`);
}

/** Makes the fewest inputs that cover all that is covered the corpus of the repository. */
async function store(node, targets) {
  for (const target of targets) {
    const { corpus, seeds } = await inputFolders(target);
    const merged = join(scratch, "merged", target);
    await mkdir(merged, { recursive: true });
    const { code, said } = await jazzer(node, target, [merged, seeds, corpus], ["-merge=1"]);
    if (code !== 0) {
      await tell(target, code, said);
      return false;
    }
    console.log(`${target}: ${await storeCorpus(target, merged)} inputs`);
  }
  return true;
}
