// Runs other people's programs on the packages whose place ours take, and on ours: see test/programs. Real packages of the
// registry, a small program of each; the nats-server is killed in between. What a program prints is compared.
//
//   npm run programs                 all of them; `-- NAME...` some, `-- --short` those that CI runs
//   npm run programs -- --write      and writes the table of docs/programs.md
//
// It wants what `npm run build` builds. The exit code is 1 where a program does on the reference what it does not do on ours, and
// where it fails on the reference.

import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { scratchFolder, startServer } from "../test/harness/nats-server.ts";
import { PROGRAMS } from "../test/programs/list.mjs";
import { inPlace } from "./in-place.mjs";
import { serveTarballs } from "./local-registry.mjs";
import { natsServers } from "./nats-servers.mjs";
import { inTemporaryFolder, pack, packed, QUICKLY, root } from "./packed.mjs";

const run = promisify(execFile);
const programs = join(root, "test/programs");
const folder = join(root, ".cache/programs");
const page = join(root, "docs/programs.md");

/** The four steps of a program, as the table names them. */
const STEPS = ["starts", "exchanges", "after a kill", "at the end"];
/** What a program prints behind each of the first three. */
const MARKS = ["--- started", "--- exchanged", "--- outlived"];

/** How long a program may take, and how long the end of its process. */
const PATIENCE = 150_000;
const END = 20_000;
/** How long a server is down. */
const DOWN = 500;

const flags = process.argv.slice(2).filter((arg) => arg.startsWith("--"));
const names = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const chosen = PROGRAMS.filter(({ name, isShort }) =>
  names.length > 0 ? names.includes(name) : !flags.includes("--short") || isShort,
);
const unknown = names.filter((name) => !PROGRAMS.some((program) => program.name === name));
if (unknown.length > 0 || chosen.length === 0) {
  console.error(
    `no such program: ${unknown.join()}\nthere are ${PROGRAMS.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}

/** package.json of a program on ours: the one line, and where the program itself depends on such a package that dependency. */
function manifestOnOurs({ packages }, versions) {
  const dependencies = { ...packages };
  const overrides = {};
  for (const [name, version] of Object.entries(versions)) {
    if (name in packages) dependencies[name] = version;
    overrides[name] = name in packages ? `$${name}` : version;
  }
  return { dependencies, overrides };
}

/** Installs the packages of a program, unless they are there; returns the folder. */
async function install({ name }, side, manifest, key, args = []) {
  const project = join(folder, name, side);
  const done = join(project, ".installed");
  const wanted = JSON.stringify(
    { name: "program", private: true, type: "module", ...manifest },
    undefined,
    2,
  );
  const stamp = createHash("sha256").update(`${wanted}${key}`).digest("hex");
  if ((await readFile(done, "utf8").catch(() => "")) === stamp) return project;
  await rm(project, { recursive: true, force: true });
  await mkdir(project, { recursive: true });
  await writeFile(join(project, "package.json"), wanted);
  const options = { cwd: project, timeout: 300_000, maxBuffer: 2 ** 26 };
  await run("npm", ["install", "--ignore-scripts", "--no-package-lock", ...QUICKLY, ...args], options);
  await writeFile(done, stamp);
  return project;
}

/** Puts a program into the folder where its packages are. */
async function putInto(project, { file }) {
  await cp(join(programs, "steps.mjs"), join(project, "steps.mjs"));
  const source = await readFile(join(programs, file), "utf8");
  // Decorators as the compilers of their users take them.
  const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } };
  const { code } = await transform(source, { loader: "ts", format: "esm", target: "node20", tsconfigRaw });
  const program = join(project, file.replace(/\.ts$/, ".mjs"));
  await writeFile(program, code);
  return program;
}

/** Runs a program to its end. @returns how far it came, what it said, and what stood on stderr */
async function ran(project, program, side, path) {
  const store = join(scratchFolder(), `${program.name}-${side}`);
  const file = await putInto(project, program);
  const common = { PATH: process.env.PATH, HOME: store, NO_COLOR: "1", NATS_PACKAGE: program.on };
  const config = program.makesConfig
    ? JSON.parse((await run(process.execPath, [file, "config"], { cwd: project, env: common })).stdout)
    : { jetstream: { store_dir: store } };
  const server = await startServer({ path, config });
  const env = { ...common, NATS_URL: server.url };
  const child = spawn(process.execPath, ["--enable-source-maps", file], { cwd: project, env });
  const lines = [];
  let stdout = "";
  let stderr = "";
  let timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  // A program that died does not listen.
  child.stdin.on("error", () => {});
  child.stdout.setEncoding("utf8").on("data", (text) => {
    const parts = (stdout + text).split("\n");
    stdout = parts.pop();
    for (const line of parts) void onLine(line);
  });
  async function onLine(line) {
    lines.push(line);
    if (line === MARKS[1]) {
      await server.kill();
      await sleep(DOWN);
      child.stdin.write("down\n");
    }
    if (line === "--- waiting") {
      await server.start();
      child.stdin.write("up\n");
    }
    if (line === MARKS[2]) {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill("SIGKILL"), END);
    }
  }
  const [code, signal] = await new Promise((resolve) => child.once("close", (...ended) => resolve(ended)));
  clearTimeout(timer);
  await server.kill();
  if (stdout !== "") lines.push(stdout);
  const steps = [...MARKS.map((mark) => lines.includes(mark)), lines.includes(MARKS[2]) && code === 0];
  return { steps, lines, stderr, ended: code ?? signal };
}

/** Which steps of ours are as on the reference: done, and with the same lines up to there. */
function compared(reference, ours) {
  const upTo = (lines, mark) => (mark === undefined ? lines : lines.slice(0, lines.indexOf(mark) + 1));
  return ours.steps.map((isDone, step) => {
    const [theirs, own] = [reference, ours].map(({ lines }) => upTo(lines, MARKS[step]).join("\n"));
    return isDone && (!reference.steps[step] || theirs === own);
  });
}

function describe({ steps, lines, stderr, ended }) {
  const done = STEPS.filter((_, step) => steps[step]).join(", ") || "nothing";
  return `it did: ${done}; it ended with ${ended}\n${lines.join("\n")}\n${stderr.trim().slice(-3_000)}`;
}

/** Both runs of a program, side by side. */
async function bothRuns(program, ours, path) {
  const { packages } = program;
  const projects = await Promise.all([
    install(program, "reference", { dependencies: packages }, ""),
    install(program, "ours", manifestOnOurs(program, ours.versions), ours.key, ["--registry", ours.url]),
  ]);
  const [reference, own] = await Promise.all([
    ran(projects[0], program, "reference", path),
    ran(projects[1], program, "ours", path),
  ]);
  const steps = compared(reference, own);
  const isRed = steps.some((isDone, step) => !isDone && reference.steps[step]);
  const marks = (done) => done.map((isDone) => (isDone ? "ok" : "NO").padEnd(13)).join("");
  console.log(`${program.name.padEnd(30)}reference ${marks(reference.steps)}`);
  console.log(`${(isRed ? "  RED" : "").padEnd(30)}ours      ${marks(steps)}`);
  if (isRed || flags.includes("--verbose") || !reference.steps.every(Boolean)) {
    console.log(`-- reference: ${describe(reference)}\n-- ours: ${describe(own)}\n`);
  }
  return { program, reference: reference.steps, ours: steps, isRed };
}

/** The table of the page. */
function table(results) {
  const yes = (isDone) => (isDone ? "yes" : "no");
  const rows = results.map(({ program, reference, ours }) => {
    const packages = Object.entries(program.packages).map(([name, version]) => `${name} ${version}`);
    const cells = [packages.slice(0, program.shown ?? 1).join(", "), program.does, `\`${program.on}\``];
    return `| ${[...cells, yes(reference.every(Boolean)), ...ours.map(yes)].join(" | ")} |`;
  });
  const head = [
    "package",
    "the program",
    "in the place of",
    "on the reference",
    ...STEPS.map((step) => `ours ${step}`),
  ];
  return [`| ${head.join(" | ")} |`, `|${" --- |".repeat(head.length)}`, ...rows].join("\n");
}

await inTemporaryFolder(async (into) => {
  const tarballs = [await pack(into)];
  const versions = {};
  for (const { name, takesPlaceOf, folder: from } of inPlace) {
    const { tarball, version } = await packed(join(root, from), into);
    tarballs.push(tarball);
    versions[takesPlaceOf] = `npm:${name}@^${version}`;
  }
  const contents = await Promise.all(tarballs.map((path) => readFile(path)));
  const key = createHash("sha256").update(Buffer.concat(contents)).digest("hex");
  const registry = await serveTarballs(tarballs);
  const newest = (await natsServers()).at(-1);
  console.log(
    `nats-server ${newest.version}\n${" ".repeat(40)}${STEPS.map((step) => step.padEnd(13)).join("")}`,
  );
  const results = [];
  for (const program of chosen) {
    results.push(await bothRuns(program, { versions, key, url: registry.url }, newest.path));
  }
  registry.close();
  const named = (some) => some.map(({ program }) => program.name).join(", ") || "none";
  const red = results.filter(({ isRed }) => isRed);
  // A program that fails there says nothing of ours.
  const wrong = results.filter(({ reference }) => !reference.every(Boolean));
  console.log(
    `${results.length} programs; red on ours: ${named(red)}; not whole on the reference: ${named(wrong)}`,
  );
  if (flags.includes("--write")) {
    const text = await readFile(page, "utf8");
    const written = text.replace(/(?<=<!-- table -->\n)[\s\S]*(?=\n<!-- end -->)/, () => table(results));
    await writeFile(page, written);
  }
  process.exitCode = red.length + wrong.length === 0 ? 0 : 1;
});
