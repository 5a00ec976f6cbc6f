// Builds the code of the package into a folder, ESM and CommonJS, by esbuild. Entry points are the `exports` of
// package.json: `./dist/esm/machine/index.js` is built from `src/machine/index.ts`, and so on. Used by build.mjs, and by tests of
// what only a built package shows.
//
// ESM is bundled, the entries sharing chunks; each file costs time where the client is imported, so the command line tool,
// which uses other parts than the library's entries do, has chunks of its own. CommonJS cannot share chunks, so there each source file stays a file:
// the chart, NatsError and the rest exist once in a process, whichever entry they are required from, and an entry may
// use what another does not export. cjs has a package.json that says that its .js and .d.ts are CommonJS.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./packed.mjs";

const { exports, bin, imports, peerDependencies } = JSON.parse(
  await readFile(join(root, "package.json"), "utf8"),
);

const shared = {
  absWorkingDir: root,
  platform: "node",
  target: "node20",
  sourcemap: true,
  metafile: true,
  logLevel: "warning",
};

const entries = Object.values(exports).flatMap(({ browser, ...target }) => [
  browser?.import.default,
  target.import?.default,
]);

/** The entries in CommonJS, seen from the repository. */
const required = Object.values(exports).flatMap((target) => target.require?.default ?? []);

/** The files that npm makes programs of, seen from the repository. */
export const tools = Object.values(bin);

/**
 * Builds the code.
 * @param folder where `esm` and `cjs` are made; in the repository, so that packages are found
 * @param write false to learn only what would be there
 * @returns what is in it, as esbuild tells it: a metafile of each build
 */
export async function buildCode(folder, { write = true } = {}) {
  const esm = {
    write,
    format: "esm",
    bundle: true,
    packages: "external",
    // Which package that is, whoever runs or bundles ours decides: `imports` in package.json.
    external: Object.keys(imports),
    splitting: true,
    outdir: join(folder, "esm"),
  };
  const built = [
    await buildStrictly({ ...esm, entryPoints: entryPoints(entries), chunkNames: "chunks/[name]-[hash]" }),
    await buildStrictly({ ...esm, entryPoints: entryPoints(tools), chunkNames: "cli/chunks/[name]-[hash]" }),
    await buildStrictly({
      write,
      entryPoints: await sources("src"),
      format: "cjs",
      outbase: "src",
      outdir: join(folder, "cjs"),
      // `import()` becomes `require`: who runs CommonJS in a virtual machine, as Jest does, may have no modules there.
      supported: { "dynamic-import": false },
      // Where a module is: a URL in ESM, a path here (src/inspector/find-page.ts and late-parts.ts know both).
      define: { "import.meta.url": "__filename" },
    }),
  ];
  if (!write) return built;
  await writeFile(join(folder, "cjs/package.json"), '{ "type": "commonjs" }\n');
  await resolveImports(join(folder, "cjs"));
  await keepOptional(join(folder, "cjs/effects/node/late-parts.js"));
  for (const entry of required) await makeReplaceable(join(folder, entry.replace(/^\.\/dist\//, "")));
  return built;
}

/** Source files by their place in dist, such as { "machine/index": "src/machine/index.ts" }. */
function entryPoints(built) {
  const names = built.map((path) => /^(?:\.\/)?dist\/esm\/(.+)\.js$/.exec(path ?? "")?.[1]);
  return Object.fromEntries(names.filter(Boolean).map((name) => [name, `src/${name}.ts`]));
}

async function sources(folder) {
  const found = await readdir(join(root, folder), { recursive: true });
  // The inspector's page runs in browsers and is bundled apart. The command line tool is ESM only: nobody requires it.
  const isSource = (name) =>
    name.endsWith(".ts") && !name.startsWith(join("inspector", "page")) && !/^cli[\\/]/.test(name);
  return found.filter(isSource).map((name) => join(folder, name));
}

/** A warning of esbuild, such as import.meta in CommonJS, is something that will not work. */
async function buildStrictly(options) {
  const { warnings, metafile } = await build({ ...shared, ...options });
  if (warnings.length > 0)
    throw new Error(`esbuild warns of ${warnings.length} problems in ${options.format}`);
  return metafile;
}

/**
 * That package.json ends the reach of `imports` in the one above it: what CommonJS requires by such a name, it gets by the
 * package's own. Bundlers for browsers take the ESM.
 */
async function resolveImports(folder) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".js"));
  for (const path of names.map((name) => join(folder, name))) {
    const code = await readFile(path, "utf8");
    const resolved = code.replace(
      /require\("(#[^"]+)"\)/g,
      (_, name) => `require("${imports[name].default}")`,
    );
    if (resolved !== code) await writeFile(path, resolved);
  }
}

/**
 * A package that may be missing is loaded in a `try` (src/effects/node/late-parts.ts). What esbuild makes of `import()` is a function
 * of its own, and bundlers see no `try` around it: a package that the user has not installed would break their build.
 */
async function keepOptional(path) {
  const made = /await Promise\.resolve\(\)\.then\(\(\) => (__toESM\(require\("([^"]+)"\), 1\))\)/g;
  const code = await readFile(path, "utf8");
  const isPeer = (name) => peerDependencies[name] !== undefined;
  const kept = code.replace(made, (whole, load, name) => (isPeer(name) ? load : whole));
  const left = [...kept.matchAll(made)].filter(([, , name]) => isPeer(name));
  if (kept === code || left.length > 0) throw new Error(`esbuild writes import() otherwise: ${path}`);
  await writeFile(path, kept);
}

/**
 * Whoever tests or traces a program puts a function of their own in the place of one that a package exports. esbuild exports by
 * getters that cannot be redefined: an entry gets an object with plain values. What ESM reads of the names is in the last lines.
 */
async function makeReplaceable(path) {
  const names = "// Annotate the CommonJS export names for ESM import in node:";
  const plain =
    'module.exports = Object.defineProperty({ ...module.exports }, "__esModule", { value: true });';
  const code = await readFile(path, "utf8");
  if (code.split(names).length !== 2) throw new Error(`esbuild writes names of exports otherwise: ${path}`);
  await writeFile(path, code.replace(names, `${plain}\n${names}`));
}
