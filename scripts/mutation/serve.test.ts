// The part of the mutation testing that runs tests: in the worker of Vitest, as its last test, which goes on as long as
// Stryker has mutants. served-runner.mjs asks, this answers.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { BroadcastChannel } from "node:worker_threads";
import { inject, type RunnerTestCase, test } from "vitest";
import { loaded } from "./loaded.js";
import { putBack, runTest } from "./served-test.js";

/** What the instrumented code reads and counts. */
interface Instrumentation {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitLimit?: number | undefined;
  hitCount?: number | undefined;
  mutantCoverage?: { readonly perTest: Readonly<Record<string, object>> };
}

type Question =
  | { readonly ask: "dryRun" }
  | { readonly ask: "end" }
  | {
      readonly ask: "mutant";
      readonly id: string;
      readonly tests?: readonly string[];
      readonly hitLimit?: number;
    };

/** How long a test may take with a mutant: so many times as long as without, and never less than this, in milliseconds. */
const PATIENCE = { times: 3, least: 1_500 };

const { setTimeout, clearTimeout, setImmediate } = globalThis;
const given = inject("mutation" as never) as { channel: string; namespace: string };
const globals = globalThis as Record<string, unknown>;
globals[given.namespace] ??= {};
const instrumentation = globals[given.namespace] as Instrumentation;

/** The names of a test and of its suites, as Stryker's own runner has them. */
function nameOf(task: {
  readonly name: string;
  readonly suite?: { readonly name: string } | undefined;
}): string {
  return [...(task.suite === undefined ? [] : [nameOf(task.suite)]), task.name].join(" ").trim();
}
const idOf = (test: RunnerTestCase) => `${relative(process.cwd(), test.file.filepath)}#${nameOf(test)}`;

const tests = new Map(loaded.map((test) => [idOf(test), test]));
/** What the dry run found, kept for the processes that come after one that a mutant has ended. */
const found = "dry-run.json";
const kept: { readonly took?: [string, number][]; readonly meets?: [string, number][] } = existsSync(found)
  ? JSON.parse(readFileSync(found, "utf8"))
  : {};
const took = new Map(kept.took);
/** How many mutants a test meets: one that meets few is a test of those. */
const meets = new Map(kept.meets);
/** So many tests at most run with a mutant, those that meet the fewest mutants first: what only another would notice survives. */
const MOST_TESTS = 300;
/** And tests of so many milliseconds, as long as they took without a mutant: the tests of a simulation take a second each. */
const MOST_TIME = 10_000;
/** Tests that have killed, the last one first: what killed the last mutant often kills the next. */
const killers: string[] = [];

/** An error that no test awaits, as Vitest would count it against the run. */
let stray: unknown;
process.on("unhandledRejection", (reason) => {
  stray ??= reason ?? new Error("an unhandled rejection of nothing");
});
process.on("uncaughtException", (error) => {
  stray ??= error ?? new Error("an exception of nothing");
});

class OutOfTime extends Error {}

/** Why the test fails, or undefined. */
async function failureOf(id: string): Promise<unknown> {
  const test = tests.get(id);
  if (test === undefined) throw new Error(`there is no test ${id}`);
  stray = undefined;
  let timer: NodeJS.Timeout | undefined;
  const patience = Math.max(PATIENCE.least, PATIENCE.times * (took.get(id) ?? Number.POSITIVE_INFINITY));
  const outOfTime = new Promise<never>((_, reject) => {
    if (Number.isFinite(patience)) {
      timer = setTimeout(
        () => reject(new OutOfTime(`it takes more than ${Math.round(patience)} ms`)),
        patience,
      );
    }
  });
  try {
    await Promise.race([runTest(test), outOfTime]);
    await new Promise((resolve) => setImmediate(resolve));
    return stray;
  } catch (error) {
    // A test that waits for what does not come puts nothing back.
    if (error instanceof OutOfTime) putBack();
    return error;
  } finally {
    clearTimeout(timer);
  }
}

async function dryRun() {
  const results = [];
  for (const [id, test] of tests) {
    const begun = performance.now();
    instrumentation.currentTestId = id;
    const failure = await failureOf(id);
    instrumentation.currentTestId = undefined;
    took.set(id, performance.now() - begun);
    results.push({
      id,
      name: nameOf(test),
      file: test.file.filepath,
      took: took.get(id),
      ...(failure === undefined ? {} : { failure: String(failure) }),
    });
  }
  const coverage = instrumentation.mutantCoverage;
  for (const [id, met] of Object.entries(coverage?.perTest ?? {})) meets.set(id, Object.keys(met).length);
  writeFileSync(found, JSON.stringify({ took: [...took], meets: [...meets] }));
  return { results, coverage };
}

async function mutant({ id, tests: wanted, hitLimit }: Extract<Question, { ask: "mutant" }>) {
  const ids = chosen([...(wanted ?? tests.keys())]);
  let ran = 0;
  for (const test of ids) {
    Object.assign(instrumentation, { activeMutant: id, hitCount: 0, hitLimit });
    const failure = await failureOf(test);
    ran++;
    if (failure === undefined) continue;
    Object.assign(instrumentation, { activeMutant: undefined, hitLimit: undefined });
    const spoiled = (await failureOf(test)) !== undefined;
    if (!spoiled) note(test);
    return { status: "killed", killedBy: test, failure: String(failure), ran, spoiled };
  }
  Object.assign(instrumentation, { activeMutant: undefined, hitLimit: undefined });
  return { status: "survived", ran, spoiled: false };
}

/** The tests that run with a mutant. One does, whatever it takes. */
function chosen(ids: readonly string[]): readonly string[] {
  let time = 0;
  return ids
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, MOST_TESTS)
    .filter((id, place) => {
      time += took.get(id) ?? 0;
      return place === 0 || time <= MOST_TIME;
    });
}

/** The tests of few mutants first, but before them what has just killed. */
function rank(id: string): number {
  const place = killers.indexOf(id);
  return place < 0 ? (meets.get(id) ?? 0) : place - killers.length;
}

function note(id: string): void {
  const place = killers.indexOf(id);
  if (place >= 0) killers.splice(place, 1);
  killers.unshift(id);
  killers.length = Math.min(killers.length, 20);
}

test("serves the mutants", { timeout: 0 }, async () => {
  const channel = new BroadcastChannel(given.channel);
  await new Promise<void>((resolve) => {
    channel.onmessage = async (message) => {
      const question = (message as { data: Question }).data;
      if (question.ask === "end") return resolve();
      channel.postMessage(question.ask === "dryRun" ? await dryRun() : await mutant(question));
    };
    channel.postMessage({});
  });
  channel.close();
});
