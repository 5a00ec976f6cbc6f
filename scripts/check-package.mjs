// Checks the package as its users get it: packed, installed in an empty project, imported and required there, with the
// examples of docs/testing.md (docs-examples.mjs). Run it by `npm run check`, which builds first. Each check prints a line;
// one that fails makes the exit code 1.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { browserChecks } from "./check-browser.mjs";
import { buildChecks } from "./check-build.mjs";
import { guideChecks } from "./check-guides.mjs";
import { natsCoreChecks } from "./check-nats-core.mjs";
import { toolChecks } from "./check-tool.mjs";
import { assert, check, counts } from "./checks.mjs";
import { compileExamples, linkPackages, runExamples, TOOLS, writeExamples } from "./docs-examples.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const entries = Object.entries(manifest.exports)
  .filter(([, target]) => target.import !== undefined)
  .map(([path]) => join(manifest.name, path));

const REQUIRED = [
  "package.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "dist/cjs/package.json",
  "dist/sbom.cdx.json",
];

/** Files of dist that are not code: the page of the inspector. */
const PAGE = /^dist\/inspector\/[\w-]+\.(html|css|svg)$/;

/** What the README leads to. */
const DOCS = /^(docs\/(guide\/|benchmarks\/)?[\w-]+\.(md|svg)|CONTRIBUTING\.md)$/;

/** Optional peers that an entry cannot do without: whoever imports it has them. */
const NEEDED_PEERS = ["@nats-io/nats-core"].filter((name) => manifest.peerDependencies[name] !== undefined);

/** What opens a socket or a file or reads chance: a pure entry loads none of them. */
const IMPURE = ["net", "tls", "dns", "dgram", "http", "https", "crypto", "child_process", "fs/promises"];
const PURE_ENTRY = `${manifest.name}/machine`;

/** What only tests need: the client itself loads none of these sources. */
const FOR_TESTS = /\/src\/(testing|effects\/simulated)\/|embedded-server/;
const TESTING_ENTRY = `${manifest.name}/testing`;

/** Pages whose examples are compiled and run. */
const PAGES = ["docs/testing.md"];

/** Prints which of IMPURE the given entries load, one line each. Bare Node has loaded none: it says so first. */
const probe = (load) => `
const impure = ${JSON.stringify(IMPURE)};
const loaded = () => impure.filter((name) => process.moduleLoadList.includes("NativeModule " + name));
const lines = [loaded()];
for (const entry of ["${PURE_ENTRY}", "${manifest.name}"]) { ${load}; lines.push(loaded()); }
console.log(JSON.stringify(lines));`;

/** Uses a type, a value and something that is not there: types that are missing or \`any\` make it fail. */
const TYPED = `
import { connect, type NatsConnection } from "${manifest.name}";
import { connectionMachine, type ServerAddress } from "${manifest.name}/machine";
import { type Disturbance, Simulation } from "${manifest.name}/testing";
export const connected: (port: number) => Promise<NatsConnection> = (port) => connect({ port });
export const id: string = connectionMachine.id;
export const portOf = (address: ServerAddress): number => address.port;
export const world: Simulation = new Simulation({ seed: 1 });
export const timed: Disturbance = { at: 1_000, fault: { type: "crash", node: 0, ms: 1_000 } };
// @ts-expect-error: a port is a number
export const wrong = connect({ port: "4222" });
// @ts-expect-error: a machine has no such thing
export const missing = connectionMachine.noSuchThing;
// @ts-expect-error: what is internal is not declared
export const internal = world.network;
`;

/** The same with fast-check, which is an optional peer: TYPED is compiled without it. */
const TYPED_WITH_PEER = `
import * as fc from "fast-check";
import { type Disturbance, disturbances, plans } from "${manifest.name}/testing";
export const lists: fc.Arbitrary<Disturbance[]> = disturbances(fc, { servers: 2 });
export const property = fc.property(lists, plans(fc), (list, plan) => list.length < 3 || plan.seed > 0);
// @ts-expect-error: a disturbance has a time
export const timeless: fc.Arbitrary<string[]> = disturbances(fc);
`;

/** The sources that a file of the ESM build and all that it imports from the package were made from. */
async function sourcesBehind(file, seen = new Set()) {
  if (seen.has(file)) return [];
  seen.add(file);
  const { sources } = JSON.parse(await readFile(`${file}.map`, "utf8"));
  const code = await readFile(file, "utf8");
  const imported = [...code.matchAll(/\b(?:from|import) ?\(?"(\.{1,2}\/[^"]+)"/g)].map(([, to]) =>
    join(file, "..", to),
  );
  const behind = await Promise.all(imported.map((one) => sourcesBehind(one, seen)));
  return [...sources, ...behind.flat()];
}

const tool = (name, args) =>
  run(process.execPath, [join(root, "node_modules", ...name.split("/")), ...args], { cwd: root });
const tsc = (args) => tool("typescript/bin/tsc", args);

const folder = await mkdtemp(join(tmpdir(), "package-"));
const project = join(folder, "project");
try {
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root });
  const packed = [JSON.parse(stdout)].flatMap((answer) =>
    Array.isArray(answer) ? answer : Object.values(answer),
  );
  const tarball = join(folder, packed[0].filename);
  const files = packed[0].files.map(({ path }) => path);

  await check("it holds what was built, the texts, and nothing else", async () => {
    const strange = files.filter(
      (file) =>
        !REQUIRED.includes(file) &&
        !/^dist\/.+\.(js|d\.ts|js\.map)$/.test(file) &&
        !PAGE.test(file) &&
        !DOCS.test(file),
    );
    assert(strange.length === 0, `not expected: ${strange.join(", ")}`);
    const missing = REQUIRED.filter((file) => !files.includes(file));
    assert(missing.length === 0, `missing: ${missing.join(", ")}`);
  });

  await check("what its README leads to is in it, or says where it is", async () => {
    const readme = await readFile(join(root, "README.md"), "utf8");
    const links = [...readme.matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"]+)"/g)].map(
      ([, a, b]) => a ?? b,
    );
    const relative = links.filter((link) => !/^(https?:|#)/.test(link));
    assert(relative.length > 0, "no link is seen");
    const missing = relative.filter((link) => !files.includes(link.replace(/^\.\//, "").replace(/#.*/, "")));
    assert(missing.length === 0, `not in the package: ${missing.join(", ")}`);
  });

  await check("publint has nothing to say", async () => {
    await tool("publint/src/cli.js", [tarball, "--strict"]);
  });

  await mkdir(project);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "user", private: true }));
  await check("it installs in an empty project, with its dependencies alone", async () => {
    await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], { cwd: project });
    const { stdout } = await run("npm", ["ls", "--json", "--all"], { cwd: project });
    const installed = JSON.parse(stdout).dependencies[manifest.name];
    // An optional peer that is not there is listed too, without a version.
    const there = Object.entries(installed.dependencies ?? {}).filter(
      ([, { version }]) => version !== undefined,
    );
    const names = there.map(([name]) => name).sort();
    const expected = Object.keys(manifest.dependencies).sort();
    assert(names.join() === expected.join(), `dependencies are ${names}, expected ${expected}`);
  });

  for (const [what, work] of buildChecks(tarball, project, root, manifest)) await check(what, work);
  for (const [what, work] of toolChecks(project, manifest)) await check(what, work);

  await linkPackages(NEEDED_PEERS, project, root);
  await check("an import and a require of each entry give the same names", async () => {
    const names = "const names = (entry) => Object.keys(entry).filter((name) => name !== 'default').sort();";
    const list = JSON.stringify(entries);
    await writeFile(
      join(project, "names.mjs"),
      `${names} for (const entry of ${list}) console.log(entry, names(await import(entry)).join());`,
    );
    await writeFile(
      join(project, "names.cjs"),
      `${names} for (const entry of ${list}) console.log(entry, names(require(entry)).join());`,
    );
    const esm = (await run(process.execPath, ["names.mjs"], { cwd: project })).stdout;
    const cjs = (await run(process.execPath, ["names.cjs"], { cwd: project })).stdout;
    assert(esm === cjs, `imported:\n${esm}\nrequired:\n${cjs}`);
    for (const line of esm.trim().split("\n")) assert(/ \w/.test(line), `exports nothing: ${line}`);
    assert(esm.trim().split("\n").length === entries.length, esm);
  });

  for (const [kind, load] of [
    ["mjs", "await import(entry)"],
    ["cjs", "require(entry)"],
  ]) {
    await check(`${PURE_ENTRY} loads no module of Node that does I/O (${kind})`, async () => {
      await writeFile(join(project, `pure.${kind}`), probe(load));
      const { stdout } = await run(process.execPath, [`pure.${kind}`], { cwd: project });
      const [bare, pure, whole] = JSON.parse(stdout);
      assert(pure.length === bare.length, `it loads ${pure.join(", ")}`);
      // The client does load them: if that were not seen, nothing would be.
      for (const name of ["net", "crypto"]) {
        assert(!bare.includes(name) && whole.includes(name), `the check does not see that ${name} is loaded`);
      }
      // These come with the first connection that needs them: an import is not to wait for them.
      const early = ["tls", "dns", "fs/promises"].filter((name) => whole.includes(name));
      assert(early.length === 0, `${manifest.name} loads ${early.join(", ")} before it dials`);
    });
  }

  await check(`${manifest.name} loads nothing that only ${TESTING_ENTRY} needs`, async () => {
    // Each source file stays a file in CommonJS; in ESM the source maps tell what a chunk was made from.
    const probe = `require(process.argv[2]); console.log(Object.keys(require.cache).join("\\n"));`;
    await writeFile(join(project, "loaded.cjs"), probe);
    const installed = join(project, "node_modules", manifest.name);
    for (const [entry, isForTests] of [
      [manifest.name, false],
      [TESTING_ENTRY, true],
    ]) {
      const { stdout } = await run(process.execPath, ["loaded.cjs", entry], { cwd: project });
      const required = stdout.split("\n").map((file) => file.replace("/dist/cjs/", "/src/"));
      const { default: file } = manifest.exports[entry.replace(manifest.name, ".")].import;
      const imported = await sourcesBehind(join(installed, file));
      for (const loaded of [required, imported]) {
        const found = loaded.filter((source) => FOR_TESTS.test(source));
        // The entry for tests does load them: if that were not seen, nothing would be.
        assert(found.length > 0 === isForTests, `${entry} loads ${found.join(", ") || "none of them"}`);
      }
    }
  });

  const kinds = [
    ["mts", "nodenext", "nodenext"],
    ["cts", "nodenext", "nodenext"],
    ["ts", "esnext", "bundler"],
  ];
  async function compile(name, [kind, module, resolution], source) {
    await writeFile(join(project, `${name}.${kind}`), source);
    const compilerOptions = {
      module,
      moduleResolution: resolution,
      target: "es2022",
      lib: ["es2022", "esnext.disposable"],
      strict: true,
      noEmit: true,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
    };
    const config = join(project, `tsconfig.${name}.${kind}.json`);
    await writeFile(config, JSON.stringify({ compilerOptions, files: [`${name}.${kind}`] }));
    await tsc(["-p", config]);
  }

  await check("fast-check, an optional peer, is not installed, and none of this needs it", async () => {
    await writeFile(join(project, "peer.mjs"), 'import "fast-check";');
    const missing = await run(process.execPath, ["peer.mjs"], { cwd: project }).catch((error) => error);
    assert(
      `${missing.stderr}`.includes("ERR_MODULE_NOT_FOUND"),
      "fast-check is there: the check proves nothing",
    );
  });
  for (const kind of kinds) {
    await check(`TypeScript sees its types (.${kind[0]}, module resolution ${kind[2]})`, () =>
      compile("typed", kind, TYPED),
    );
  }
  await linkPackages(TOOLS, project, root);
  for (const kind of kinds) {
    await check(`TypeScript sees the types of its arbitraries (.${kind[0]}, with fast-check)`, () =>
      compile("arbitraries", kind, TYPED_WITH_PEER),
    );
  }

  for (const [what, work] of browserChecks(project, manifest)) await check(what, work);

  for (const [what, work] of natsCoreChecks(project, root, manifest, kinds, compile)) await check(what, work);
  for (const [what, work] of await guideChecks(project, root)) await check(what, work);

  for (const page of PAGES) {
    let examples;
    await check(`each block of ${page} is a file that can be run`, async () => {
      examples = await writeExamples(page, project, root);
    });
    if (examples === undefined) continue;
    await check(`the examples of ${page} compile against the package`, () => compileExamples(examples, root));
    await check(`the examples of ${page} run with the package`, () => runExamples(examples, root));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

const { passed, failed } = counts;
console.log(`${passed} of ${passed + failed} package checks passed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
