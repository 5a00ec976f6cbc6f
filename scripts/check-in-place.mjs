// Checks the packages that take the place of others (packages/*) as their users get them: packed, and installed from a registry by
// the line of package.json that the guide names. A gate of its own; it wants a dist that was built. Each check prints a line; one
// that fails makes the exit code 1. What programs do on them, against servers: test/in-place.

import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { assert, check, counts } from "./checks.mjs";
import { declaredNames } from "./declared-names.mjs";
import { compilerOptions, linkPackages } from "./docs-examples.mjs";
import { inPlace } from "./in-place.mjs";
import { serveTarballs } from "./local-registry.mjs";
import { inTemporaryFolder, pack, packed, QUICKLY, root } from "./packed.mjs";

const run = promisify(execFile);

/** What is in such a package. */
const EXPECTED =
  /^(package\.json|README\.md|LICENSE|index\.(js|d\.ts)|dist\/index\.js(\.map)?|lib\/.+\.(js|d\.ts))$/;

/** What the programs use besides: it must find the same copy of nats-core. */
const OFFICIAL = { "@nats-io/jetstream": "3.4.0", "@nats-io/kv": "3.4.0" };

/** Programs that were written for `nats`, and those that use what ours adds. */
const PROGRAMS = "test/in-place/programs";

const node = async (project, code, ...flags) =>
  (await run(process.execPath, [...flags, "-e", code], { cwd: project })).stdout.trim();
const tool = (name, args, cwd = root) =>
  run(process.execPath, [join(root, "node_modules", name), ...args], { cwd });

/** A package of somebody else, which depends on those whose place is taken. */
async function dependent(into) {
  const folder = join(into, "dependent");
  await mkdir(folder);
  const dependencies = { nats: "^2.29.3", "@nats-io/transport-node": "^3.4.0" };
  const manifest = { name: "somebody-elses", version: "1.0.0", main: "index.js", dependencies };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  await writeFile(
    join(folder, "index.js"),
    `exports.names = ${JSON.stringify(Object.keys(dependencies))}.map((name) => require(name + "/package.json").name);`,
  );
  return packed(folder, into);
}

/** TypeScript that compiles if ours declares every name of the reference, with the same types. */
async function comparison({ takesPlaceOf, reference }, project) {
  const file = createRequire(join(project, "index.js")).resolve(`${reference}/package.json`);
  const { types } = JSON.parse(await readFile(file, "utf8"));
  const declared = await declaredNames(join(file, "..", types));
  const lines = [
    `import * as ours from ${JSON.stringify(takesPlaceOf)};`,
    `import * as theirs from ${JSON.stringify(reference)};`,
    `export type { ${[...declared.types].join(", ")} } from ${JSON.stringify(takesPlaceOf)};`,
  ];
  for (const name of declared.values) {
    lines.push(`export const value${name}: typeof theirs.${name} = ours.${name};`);
  }
  for (const name of declared.types) {
    if (declared.generic.has(name)) continue;
    lines.push(`export const from${name} = (given: theirs.${name}): ours.${name} => given;`);
    lines.push(`export const to${name} = (given: ours.${name}): theirs.${name} => given;`);
  }
  return { code: lines.join("\n"), count: declared.values.size + declared.types.size };
}

/** Compiles these files in a folder of the project. */
async function compile(project, name, files, options = {}) {
  const folder = join(project, name);
  await mkdir(folder);
  for (const [file, code] of Object.entries(files)) await writeFile(join(folder, file), code);
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...compilerOptions, ...options }, include: ["*.ts"] }),
  );
  await tool("typescript/bin/tsc", ["-p", folder], folder);
}

await inTemporaryFolder(async (folder) => {
  const main = await pack(folder);
  const packages = [];
  for (const one of inPlace) packages.push({ ...one, ...(await packed(join(root, one.folder), folder)) });
  const registry = await serveTarballs([
    main,
    ...packages.map(({ tarball }) => tarball),
    (await dependent(folder)).tarball,
  ]);

  for (const { name, files, tarball } of packages) {
    await check(`${name} holds what was built, and nothing else`, async () => {
      const strange = files.filter((file) => !EXPECTED.test(file));
      assert(strange.length === 0, `not expected: ${strange.join(", ")}`);
      assert(files.includes("dist/index.js") && files.includes("index.js"), "first: npm run build");
    });
    await check(`publint has nothing to say of ${name}`, () =>
      tool("publint/src/cli.js", [tarball, "--strict"]),
    );
    await check(`the types of ${name} are right for every way of resolving them (attw)`, () =>
      tool("@arethetypeswrong/cli/dist/index.js", [
        tarball,
        "--profile",
        "strict",
        "--format",
        "ascii",
        "--entrypoints",
        ".",
      ]),
    );
  }

  const versions = Object.fromEntries(
    packages.map(({ name, tarball, takesPlaceOf }) => [
      takesPlaceOf,
      `npm:${name}@^${/-(\d[\d.]*)\.tgz$/.exec(tarball)[1]}`,
    ]),
  );
  const install = async (project, manifest) => {
    await mkdir(project);
    await writeFile(
      join(project, "package.json"),
      JSON.stringify({ name: "user", private: true, ...manifest }),
    );
    await run("npm", ["install", "--registry", registry.url, ...QUICKLY], { cwd: project });
  };

  const above = join(folder, "above");
  await check("an override puts them below a package of somebody else", async () => {
    await install(above, { dependencies: { "somebody-elses": "1.0.0" }, overrides: versions });
    const names = await node(above, `console.log(require("somebody-elses").names.join())`);
    assert(names === packages.map(({ name }) => name).join(), `it found ${names}`);
  });

  const project = join(folder, "project");
  await check("a dependency by an alias puts them below a program", () =>
    install(project, { dependencies: { ...versions, ...OFFICIAL } }),
  );
  await linkPackages(["@types/node", "@types/ws", "ws"], project, root);

  for (const one of packages) {
    const { name, takesPlaceOf, reference, main } = one;
    await check(
      `${name} exports what ${takesPlaceOf} does, in its modules too, and each can be replaced`,
      async () => {
        const library = join(project, "node_modules", ...reference.split("/"), "lib");
        const modules = (await readdir(library, { recursive: true })).filter((file) => file.endsWith(".js"));
        assert(modules.includes(main.replace("lib/", "")), `${main} is not there`);
        const told = await node(
          project,
          `const paths = ${JSON.stringify(["", ...modules.map((path) => `/lib/${path}`)])};
        for (const path of paths) {
          const ours = require("${takesPlaceOf}" + path), theirs = require("${reference}" + path);
          const missing = Object.keys(theirs).filter((name) => !(name in ours));
          const fixed = Object.keys(ours).filter((name) => !Object.getOwnPropertyDescriptor(ours, name).configurable);
          if (missing.length + fixed.length > 0) console.log(path, "missing:", missing.join(), "fixed:", fixed.join());
          const renamed = Object.keys(ours).filter((name) => typeof theirs[name] === "function" && ours[name].name !== theirs[name].name);
          if (renamed.length > 0) console.log(path, "renamed:", renamed.join());
          const strange = Object.keys(ours).filter((name) => !(name in theirs));
          if (path === "" && strange.length > 0) console.log("it adds", strange.join());
        }
        console.log(paths.length > 5 ? "compared" : "nothing to compare");`,
        );
        assert(told === "compared", told);
      },
    );
    await check(`${name} gives the same names where it is imported`, async () => {
      const told = await node(
        project,
        `const names = (all) => Object.keys(all).filter((name) => !["default", "module.exports"].includes(name)).sort().join();
        Promise.all([import("${takesPlaceOf}"), import("${reference}")]).then(([ours, theirs]) =>
          console.log(names(ours) === names(theirs) && names(ours) !== "" ? "same" : names(ours)));`,
      );
      assert(told === "same", told);
    });
    await check(`${name} declares what ${takesPlaceOf} does`, async () => {
      const { code, count } = await comparison(one, project);
      assert(count > 80, `only ${count} names were found`);
      await compile(project, `declared-${name}`, { "declared.ts": code });
      console.log(`        ${count} names`);
    });
  }

  await check(
    "an error of the reference's code is a NatsError, and one of a subclass only where it is",
    async () => {
      const told = await node(
        project,
        `const { NatsError } = require("nats"), core = require("nats-reference/lib/nats-base-client/core");
      class Special extends NatsError {}
      const theirs = core.NatsError.errorForCode("TIMEOUT"), special = new Special("special", "SPECIAL");
      console.log([theirs instanceof NatsError, theirs instanceof Special, special instanceof Special, new Error() instanceof NatsError].join());`,
      );
      assert(told === "true,false,true,false", told);
    },
  );

  await check("programs that were written for nats compile, and one that uses what ours adds", async () => {
    const names = (await readdir(join(root, PROGRAMS))).filter((name) => name.endsWith(".ts"));
    const files = {};
    for (const name of names) {
      const code = await readFile(join(root, PROGRAMS, name), "utf8");
      files[name] = code.replaceAll('"nats-statechart-nats"', '"nats"');
    }
    await compile(project, "programs", files, { noPropertyAccessFromIndexSignature: true });
    await compile(project, "wrong", {
      "wrong.ts": `import { connect, type NatsConnection } from "nats";
// @ts-expect-error: a port is a number
export const wrong = connect({ port: "4222" });
// @ts-expect-error: it has no such member
export const missing = (await connect()).noSuchThing;
export const waiting: number = (await connect({ onStatus: ({ type }) => void type.length })).outboundStats().waiting.bytes;
export const plain: NatsConnection = await connect();
export const imitated: ReturnType<typeof connect> = Promise.resolve(plain);
`,
    });
  });

  registry.close();
});
process.exitCode = counts.failed === 0 ? 0 : 1;
