// Builds the packages that take the place of others (packages/*): the code of `src` by esbuild, and, for each module of the
// package whose place is taken, a module that exports the same names. Used by build.mjs and by tests.
//
// The generated modules assign to `exports` name by name: Node then finds the names where the module is imported from ESM, and
// whoever replaces one of them, as tests and tracing do, can.

import { cp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { build } from "esbuild";
import { root } from "./packed.mjs";

/** The packages. `reference` is the name by which each finds the package whose place it takes, `main` the main module of that. */
export const inPlace = [
  {
    name: "nats-statechart-nats",
    takesPlaceOf: "nats",
    folder: "packages/nats",
    reference: "nats-reference",
    main: "lib/src/mod.js",
  },
  {
    name: "nats-statechart-transport-node",
    takesPlaceOf: "@nats-io/transport-node",
    folder: "packages/transport-node",
    reference: "transport-node-reference",
    main: "lib/mod.js",
  },
];

/**
 * Builds one of the packages.
 * @param target where it is built; default its own folder
 */
export async function buildInPlace({ folder, reference, main }, target = join(root, folder)) {
  const from = join(root, folder);
  const made = ["dist", "lib", "index.js", "LICENSE"];
  await Promise.all(made.map((name) => rm(join(target, name), { recursive: true, force: true })));
  await mkdir(target, { recursive: true });
  const { warnings } = await build({
    absWorkingDir: root,
    entryPoints: [join(folder, "src/index.ts")],
    outfile: join(target, "dist/index.js"),
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    packages: "external",
    // The sources of the main package are found by paths in tsconfig.json; here it is a package like any other.
    tsconfigRaw: {},
    sourcemap: true,
    logLevel: "warning",
  });
  if (warnings.length > 0) throw new Error(`esbuild warns of ${warnings.length} problems in ${folder}`);
  await cp(join(root, "LICENSE"), join(target, "LICENSE"));
  if (target !== from) {
    for (const name of ["package.json", "index.d.ts", "README.md"])
      await cp(join(from, name), join(target, name));
  }

  const require = createRequire(join(from, "package.json"));
  await writeFile(join(target, "index.js"), moduleLike(require, reference, "./dist/index.js"));
  const library = join(dirname(require.resolve(`${reference}/package.json`)), "lib");
  for (const name of await readdir(library, { recursive: true })) {
    if (!name.endsWith(".js")) continue;
    const path = `lib/${name.split(sep).join("/")}`;
    const file = join(target, path);
    const up = relative(dirname(file), target).split(sep).join("/");
    await mkdir(dirname(file), { recursive: true });
    const typed = path.replace(/\.js$/, "");
    await writeFile(
      file,
      path === main
        ? `"use strict";\nmodule.exports = require("${up}/index.js");\n`
        : moduleLike(require, `${reference}/${path}`, `${up}/dist/index.js`),
    );
    await writeFile(
      join(target, `${typed}.d.ts`),
      path === main ? `export * from "${up}/index";\n` : `export * from "${reference}/${typed}";\n`,
    );
  }
}

/** A module with the names of one of the reference. */
function moduleLike(require, reference, ours) {
  const names = Object.keys(require(reference));
  return [
    `"use strict";`,
    `Object.defineProperty(exports, "__esModule", { value: true });`,
    `const values = require("${ours}").inPlaceOf(require("${reference}"));`,
    ...names.map((name) => `exports.${name} = values.${name};`),
    "",
  ].join("\n");
}

/** Builds all of them, each in its own folder. */
export async function buildAllInPlace() {
  for (const one of inPlace) await buildInPlace(one);
}
