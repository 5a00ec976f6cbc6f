// Checks the package as its users get it: packed, installed in an empty project, imported and required there.
// Run it by `npm run check`, which builds first. Each check prints a line; one that fails makes the exit code 1.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const entries = Object.entries(manifest.exports)
  .filter(([, target]) => target.import !== undefined)
  .map(([path]) => join(manifest.name, path));

const REQUIRED = ["package.json", "README.md", "LICENSE", "CHANGELOG.md", "dist/cjs/package.json"];

/** What opens a socket or a file or reads chance: a pure entry loads none of them. */
const IMPURE = ["net", "tls", "dns", "dgram", "http", "https", "crypto", "child_process", "fs/promises"];
const PURE_ENTRY = `${manifest.name}/machine`;

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
export const connected: (port: number) => Promise<NatsConnection> = (port) => connect({ port });
export const id: string = connectionMachine.id;
export const portOf = (address: ServerAddress): number => address.port;
// @ts-expect-error: a port is a number
export const wrong = connect({ port: "4222" });
// @ts-expect-error: a machine has no such thing
export const missing = connectionMachine.noSuchThing;
`;

let passed = 0;
let failed = 0;

async function check(what, work) {
  try {
    await work();
    passed++;
    console.log(`ok      ${what}`);
  } catch (error) {
    failed++;
    const said = [error.message, error.stdout, error.stderr].filter(Boolean).join("\n");
    console.log(`NOT OK  ${what}\n${said.replace(/^/gm, "        ")}`);
  }
}

function assert(isSo, otherwise) {
  if (!isSo) throw new Error(otherwise);
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
      (file) => !REQUIRED.includes(file) && !/^dist\/.+\.(js|d\.ts|js\.map)$/.test(file),
    );
    assert(strange.length === 0, `not expected: ${strange.join(", ")}`);
    const missing = REQUIRED.filter((file) => !files.includes(file));
    assert(missing.length === 0, `missing: ${missing.join(", ")}`);
  });

  await check("publint has nothing to say", async () => {
    await tool("publint/src/cli.js", [tarball, "--strict"]);
  });

  await check("the types are right for every way of resolving them (attw)", async () => {
    await tool("@arethetypeswrong/cli/dist/index.js", [tarball, "--profile", "node16"]);
  });

  await mkdir(project);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "user", private: true }));
  await check("it installs in an empty project, with its dependencies alone", async () => {
    await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], { cwd: project });
    const { stdout } = await run("npm", ["ls", "--json", "--all"], { cwd: project });
    const installed = JSON.parse(stdout).dependencies[manifest.name];
    const names = Object.keys(installed.dependencies ?? {}).sort();
    const expected = Object.keys(manifest.dependencies).sort();
    assert(names.join() === expected.join(), `dependencies are ${names}, expected ${expected}`);
  });

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
      for (const name of ["net", "tls"]) {
        assert(!bare.includes(name) && whole.includes(name), `the check does not see that ${name} is loaded`);
      }
    });
  }

  for (const [kind, module, resolution] of [
    ["mts", "nodenext", "nodenext"],
    ["cts", "nodenext", "nodenext"],
    ["ts", "esnext", "bundler"],
  ]) {
    await check(`TypeScript sees its types (.${kind}, module resolution ${resolution})`, async () => {
      await writeFile(join(project, `typed.${kind}`), TYPED);
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
      const config = join(project, `tsconfig.${kind}.json`);
      await writeFile(config, JSON.stringify({ compilerOptions, files: [`typed.${kind}`] }));
      await tsc(["-p", config]);
    });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

console.log(`${passed} of ${passed + failed} package checks passed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
