// Checks the client on each JavaScript runtime: `node scripts/check-runtimes.mjs [NAME...] [--suites]`. Which there are and
// how they are had: runtimes.mjs.
//
// Always: the packed package does the steps of smoke.mjs. With `--suites` the unit tests and the main integration tests run
// too, on each Node (vitest needs Node), and the table of docs/runtimes.md is written: `npm run runtimes`.

import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { natsServers } from "./nats-servers.mjs";
import { inTemporaryFolder, pack, QUICKLY, root } from "./packed.mjs";
import { names, runtime } from "./runtimes.mjs";

const PAGE = join(root, "docs/runtimes.md");
const MARKS = ["<!-- what was run: written by npm run runtimes -->", "<!-- end of what was run -->"];
const PATIENCE = 120_000;
const SUITE_PATIENCE = 20 * 60_000;

/**
 * Steps that a runtime cannot do yet, with the reason. One that can after all fails the check too: the list is to be true.
 * @type {Record<string, Record<string, string>>}
 */
const CANNOT = {};

/** What of the integration tests a runtime could change: sockets, TLS, keys, timers, signals. */
const SUITES = [
  "life",
  "pubsub",
  "request",
  "outage",
  "failover",
  "lame-duck",
  "authentication",
  "operator",
  "tls",
  "tls-failures",
  "late-parts",
  "silent-network",
  "hostile-server",
  "embedded-server",
  "recording",
  "signals",
  "nats-core-packages",
].map((name) => `test/integration/${name}.test.ts`);

/** Runs a program; resolves however it ends. */
function ran(path, args, { timeout, ...options }) {
  return new Promise((resolve) => {
    const settings = { timeout, killSignal: "SIGKILL", maxBuffer: 64 * 1024 * 1024, ...options };
    execFile(path, args, settings, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
  });
}

/** A project with the package, and the program in it. */
async function projectIn(folder) {
  const project = join(folder, "project");
  const tarball = await pack(folder);
  await mkdir(project);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "user", private: true }));
  const installed = await ran("npm", ["install", ...QUICKLY, tarball], { cwd: project, timeout: PATIENCE });
  if (installed.error !== null) throw new Error(installed.stderr || installed.error.message);
  await build({
    entryPoints: [join(root, "scripts/smoke.mjs")],
    outfile: join(project, "smoke.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "warning",
  });
  return project;
}

/** The steps of smoke.mjs on that runtime; the last of them is that it ends. */
async function smoke({ path, run }, project, server) {
  const env = {
    ...process.env,
    NATS_SERVER: server.path,
    DENO_DIR: join(project, ".deno"),
    DENO_NO_UPDATE_CHECK: "1",
  };
  const { error, stdout, stderr } = await ran(path, [...run, "smoke.mjs"], {
    cwd: project,
    env,
    timeout: PATIENCE,
  });
  const lines = stdout.split("\n").map((line) => line.split("\t"));
  const steps = lines
    .filter(([word]) => word === "ok" || word === "no")
    .map(([word, name, reason]) => ({ name, reason: word === "ok" ? undefined : reason }));
  const isWhole = lines.some(([word, count]) => word === "of" && Number(count) === steps.length);
  const how = error?.killed ? "it does not end" : stderr.trim().split("\n").slice(0, 5).join(" ");
  const reason = error === null ? undefined : how || error.message;
  return [
    ...steps,
    { name: "it ends by itself", reason: reason ?? (isWhole ? undefined : "it ends before it is done") },
  ];
}

/** The suites on that Node, as vitest counts them. */
async function suites({ name, path }) {
  const report = join(root, ".cache", `suites-${name}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const env = { ...process.env, NO_COLOR: "1" };
  const unit = ["run", "--project", "unit", ...reporters];
  const integration = ["run", "--project", "integration", ...SUITES, ...reporters];
  const counted = [];
  await mkdir(join(root, ".cache"), { recursive: true });
  for (const args of [unit, integration]) {
    // What an earlier run has left must not be taken for this one's.
    await writeFile(report, "{}");
    const { error, stdout, stderr } = await ran(path, [vitest, ...args], {
      cwd: root,
      env,
      timeout: SUITE_PATIENCE,
    });
    const result = JSON.parse(await readFile(report, "utf8"));
    if (result.numTotalTests === undefined) throw new Error(`no test ran on ${name}: ${stdout}${stderr}`);
    const failures = result.testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status === "failed").map(({ fullName }) => fullName),
    );
    if (error !== null && failures.length === 0) failures.push(`vitest ended with ${error.code}`);
    counted.push({ passed: result.numPassedTests, total: result.numTotalTests, failures });
  }
  return counted;
}

/** The table of docs/runtimes.md. */
function table(results) {
  const rows = results.map(({ label, version, steps, counted }) => {
    const failed = steps.filter(({ reason }) => reason !== undefined);
    const problems = [
      ...failed.map(({ name, reason }) => `${name}: ${reason}`),
      ...(counted ?? []).flatMap(({ failures }) => failures),
    ];
    const cells = [
      `${label} ${version}`,
      `${steps.length - failed.length} of ${steps.length}`,
      ...(counted?.map(({ passed, total }) => `${passed} of ${total}`) ?? ["not run", "not run"]),
      problems.join("; ").replaceAll("|", "\\|") || "nothing",
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "| runtime | steps of the smoke program | unit tests | integration tests | what does not work |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

async function writePage(results) {
  const page = await readFile(PAGE, "utf8");
  const [start, end] = MARKS.map((mark) => page.indexOf(mark));
  if (start === -1 || end === -1) throw new Error(`${PAGE} has no marks for the table`);
  await writeFile(PAGE, `${page.slice(0, start)}${MARKS[0]}\n${table(results)}\n${page.slice(end)}`);
}

const withSuites = process.argv.includes("--suites");
const asked = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const results = [];
let failed = 0;

await inTemporaryFolder(async (folder) => {
  const runtimes = await Promise.all((asked.length > 0 ? asked : names).map(runtime));
  const project = await projectIn(folder);
  const server = (await natsServers()).at(-1);
  for (const one of runtimes) {
    const began = Date.now();
    const steps = await smoke(one, project, server);
    const cannot = CANNOT[one.name] ?? {};
    const wrong = steps.filter(({ name, reason }) => (reason === undefined) === name in cannot);
    failed += wrong.length;
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    const done = steps.filter(({ reason }) => reason === undefined).length;
    const word = wrong.length === 0 ? "ok    " : "NOT OK";
    console.log(`${word}  ${one.label} ${one.version}: ${done} of ${steps.length} steps (${seconds} s)`);
    for (const { name, reason } of steps) {
      if (reason !== undefined) console.log(`        ${name}: ${reason}`);
      else if (name in cannot) console.log(`        ${name}: works now; take it from CANNOT`);
    }
    results.push({ ...one, steps });
  }
  if (!withSuites) return;
  for (const result of results.filter(({ isNode }) => isNode)) {
    result.counted = await suites(result);
    for (const [index, { passed, total, failures }] of result.counted.entries()) {
      failed += failures.length;
      const suite = ["unit", "integration"][index];
      const word = failures.length === 0 ? "ok    " : "NOT OK";
      console.log(`${word}  ${result.label} ${result.version}: ${passed} of ${total} ${suite} tests`);
      for (const failure of failures) console.log(`        ${failure}`);
    }
  }
  if (asked.length === 0) await writePage(results);
});
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1;
