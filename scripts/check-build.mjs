// Checks that the package is one that tools like: types for each way to import each entry, source maps that lead to the
// source, a bundle that holds only what is used, a bill of materials. Used by check-package.mjs. What the API is, and that
// a change to it is seen: api-report.mjs.

import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { buildCode } from "./build-code.mjs";
import { licenceProblems, packagesIn } from "./bundled-packages.mjs";
import { buildInspectorPage } from "./inspector-page.mjs";

const run = promisify(execFile);

/** Bytes of a minified bundle that uses `headers` alone. It had 8,935 when this was written; the whole client has 174,000. */
const MOST_FOR_HEADERS = 12_000;
/** Fewer would mean that the check no longer sees what the client consists of. */
const LEAST_FOR_CONNECT = 100_000;

function assert(isSo, otherwise) {
  if (!isSo) throw new Error(otherwise);
}

/** Minified as an application's bundler does it, in the project that has the package installed. */
async function bundled(project, code) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: project },
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    // Optional peers.
    external: ["ws"],
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const [{ imports, inputs, bytes }] = Object.values(metafile.outputs);
  const used = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const text = outputFiles[0].text;
  return { bytes, text, imports: imports.map(({ path }) => path), files: used.map(([file]) => file) };
}

/** A require of the bundle's own, which those who bundle ESM for Node put on top of it. */
const OWN_REQUIRE =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** The client as one file for Node, made without a warning although the optional peers are missing, and loaded from elsewhere. */
async function checkOneFile(project, { name }, format) {
  const outfile = join(project, `one-file.${format === "esm" ? "mjs" : "cjs"}`);
  const { warnings } = await build({
    stdin: {
      contents: `import { connect } from "${name}"; console.log(typeof connect);`,
      resolveDir: project,
    },
    bundle: true,
    platform: "node",
    format,
    outfile,
    logLevel: "silent",
    ...(format === "esm" ? { banner: { js: OWN_REQUIRE } } : {}),
  });
  // Of packages that are missing esbuild tells, and leaves them to be imported.
  const others = warnings.filter(({ id }) => id !== "ignored-dynamic-import");
  assert(others.length === 0, `esbuild warns: ${others[0]?.text}`);
  const { stdout } = await run(process.execPath, [outfile], { cwd: project });
  assert(stdout === "function\n", `it says ${stdout}`);
}

/** The places in our source that a stack trace names: { name, file, line }. */
function placesIn(stack) {
  const frames = stack.matchAll(/at (?:async )?(\S+) \((?:file:\/\/)?(\S+?)\/src\/(\S+\.ts):(\d+):\d+\)/g);
  return [...frames].map(([, name, , file, line]) => ({ name, file: `src/${file}`, line: Number(line) }));
}

/** Where an error is made in the installed package, by a stack trace with source maps. */
async function checkTrace(project, root, { name }, kind) {
  const load = {
    mjs: `const { headers } = await import("${name}");`,
    cjs: `const { headers } = require("${name}");`,
  };
  const file = `trace.${kind}`;
  const report = "console.log(JSON.stringify([error.message, error.stack]));";
  await writeFile(join(project, file), `${load[kind]}\ntry { headers(1); } catch (error) { ${report} }\n`);
  const { stdout } = await run(process.execPath, ["--enable-source-maps", file], { cwd: project });
  const [message, stack] = JSON.parse(stdout);
  const place = placesIn(stack).find((one) => one.name === "headers");
  assert(place !== undefined, `the trace names no source:\n${stack}`);
  const line = (await readFile(join(root, place.file), "utf8")).split("\n")[place.line - 1] ?? "";
  assert(line.includes(message), `${place.file}:${place.line} does not throw that error: ${line}`);
}

/** Each file of code has a map, and each map holds the sources as they are. */
async function checkMaps(project, root, { name }) {
  const dist = join(project, "node_modules", name, "dist");
  const files = (await readdir(dist, { recursive: true })).filter((file) => /^(esm|cjs)\b.*\.js$/.test(file));
  assert(files.length > 0, "there is no code");
  let sources = 0;
  for (const file of files) {
    const code = await readFile(join(dist, file), "utf8");
    assert(/(?:^|\n)\/\/# sourceMappingURL=\S+\.js\.map\s*$/.test(code), `${file} does not name its map`);
    const map = JSON.parse(await readFile(join(dist, `${file}.map`), "utf8"));
    for (const [index, source] of map.sources.entries()) {
      const path = relative(dirname(dist), join(dist, dirname(file), source));
      const there = await readFile(join(root, path), "utf8");
      assert(map.sourcesContent?.[index] === there, `the map of ${file} does not hold ${path} as it is`);
      sources++;
    }
  }
  assert(sources > 0, "no map has a source");
}

/** attw says that the types are right, and it has looked at each entry. The oldest way knows no exports: it is left out. */
async function checkTypes(tarball, root, { name, exports }) {
  const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const args = [attw, tarball, "--profile", "node16", "--format", "ascii", "--no-color"];
  const { stdout } = await run(process.execPath, args);
  const seen = [...stdout.matchAll(/^"(.+)"$/gm)].map(([, entry]) => entry).sort();
  const expected = Object.keys(exports)
    .map((path) => path.replace(".", name))
    .sort();
  assert(seen.join() === expected.join(), `it saw ${seen}, the package has ${expected}`);
}

/** What types import that is no file of the package, behind a file of types. */
async function typesImportedBy(file, seen = new Set()) {
  if (seen.has(file)) return [];
  seen.add(file);
  const text = await readFile(file, "utf8");
  const imported = [...text.matchAll(/(?:\bfrom|\bimport\()\s*"([^"]+)"/g)].map(([, name]) => name);
  const isOwn = (name) => name.startsWith(".");
  const own = imported.filter(isOwn).map((name) => join(dirname(file), name.replace(/\.js$/, ".d.ts")));
  const behind = await Promise.all(own.map((one) => typesImportedBy(one, seen)));
  return [...imported.filter((name) => !isOwn(name)), ...behind.flat()];
}

/** Who uses the client checks its types with their program, and those of other packages are large, and stricter in what they ask. */
async function checkTypesAlone(folder) {
  for (const entry of ["esm/index", "esm/browser", "cjs/index", "cjs/browser"]) {
    const imported = await typesImportedBy(join(folder, "dist", `${entry}.d.ts`));
    const foreign = imported.filter((name) => !isBuiltin(name));
    assert(foreign.length === 0, `the types of ${entry} import ${[...new Set(foreign)].join(", ")}`);
    assert(imported.includes("node:tls"), `what the types of ${entry} import is not seen`);
  }
  // Those of the chart do.
  const chart = await typesImportedBy(join(folder, "dist/esm/machine/index.d.ts"));
  assert(chart.includes("xstate"), "xstate is not seen");
}

/** The packages of which there is code in dist. What is built anew has the same files, and esbuild tells what is in them. */
async function packagesInside(dist) {
  const built = [
    ...(await buildCode("dist", { write: false })),
    ...(await buildInspectorPage("dist/inspector", { write: false })),
  ];
  const isCode = (file) => file.endsWith(".js");
  const made = built.flatMap(({ outputs }) => Object.keys(outputs)).filter(isCode);
  const shipped = (await readdir(dist, { recursive: true })).filter(isCode).map((file) => join("dist", file));
  const unknown = shipped.filter((file) => !made.includes(file));
  assert(unknown.length === 0, `these are not what the sources give (npm run build?): ${unknown.join(", ")}`);
  return packagesIn(built);
}

/**
 * The checks, as pairs of what is checked and how.
 * @param tarball the packed package
 * @param project has it installed, without its optional peers
 */
export function buildChecks(tarball, project, root, manifest) {
  const { name } = manifest;
  return [
    [
      "the types of each entry are right for every way of resolving them (attw)",
      () => checkTypes(tarball, root, manifest),
    ],
    [
      "the types of the client need those of no other package",
      () => checkTypesAlone(join(project, "node_modules", name)),
    ],
    ["each map holds its sources as they are", () => checkMaps(project, root, manifest)],
    ...["mjs", "cjs"].map((kind) => [
      `a stack trace names the line of the source (${kind})`,
      () => checkTrace(project, root, manifest, kind),
    ]),
    [
      "a bundle that uses headers alone holds no chart and no sockets",
      async () => {
        const small = await bundled(project, `import { headers } from "${name}"; console.log(headers());`);
        const foreign = small.files.filter(
          (file) => file.includes("node_modules/") && !file.includes(`/${name}/`),
        );
        assert(foreign.length === 0, `it holds ${foreign.join(", ")}`);
        assert(small.imports.length === 0, `it imports ${small.imports.join(", ")}`);
        assert(small.bytes < MOST_FOR_HEADERS, `it has ${small.bytes} bytes`);
        const nothing = await bundled(project, `import "${name}";`);
        assert(nothing.bytes === 0, `an import that uses nothing leaves ${nothing.text.slice(0, 200)}`);
        // The client does hold them: if that were not seen, nothing would be.
        const whole = await bundled(project, `import { connect } from "${name}"; console.log(connect);`);
        assert(
          whole.files.some((file) => file.includes("node_modules/xstate/")),
          "xstate is not seen",
        );
        assert(whole.imports.includes("node:net"), `the client imports ${whole.imports.join(", ")}`);
        assert(whole.bytes > LEAST_FOR_CONNECT, `the client has ${whole.bytes} bytes`);
      },
    ],
    ...["esm", "cjs"].map((format) => [
      `a bundler makes one file for Node of it, without its optional peers (${format})`,
      () => checkOneFile(project, manifest, format),
    ]),
    [
      "its bill of materials lists what is installed with it and what is in it, with licences that nobody has to look at",
      async () => {
        const folder = join(project, "node_modules", name);
        const bom = JSON.parse(await readFile(join(folder, "dist/sbom.cdx.json"), "utf8"));
        const { component } = bom.metadata;
        assert(component.name === name && component.version === manifest.version, JSON.stringify(component));
        const listed = bom.components.map((one) => one.name).sort();
        const lock = JSON.parse(await readFile(join(project, "package-lock.json"), "utf8"));
        const installed = Object.keys(lock.packages)
          .filter((path) => path.startsWith("node_modules/") && path !== `node_modules/${name}`)
          .map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
        const inside = await packagesInside(join(folder, "dist"));
        const there = [...new Set([...installed, ...inside.map((one) => one.name)])].sort();
        assert(listed.join() === there.join(), `it lists ${listed}, there are ${there}`);
        const readme = await readFile(join(folder, "README.md"), "utf8");
        const problems = licenceProblems({ components: bom.components, bundled: inside, readme });
        assert(problems.length === 0, problems.join("\n"));
      },
    ],
  ];
}
