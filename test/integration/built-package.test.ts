// The package as it is built, in a project that has its dependencies and none of its optional peers: what bundlers, test runners
// and tracing make of it. More of that, on demand: scripts/check-bundlers.mjs.

import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCode } from "../../scripts/build-code.mjs";
import { root } from "../../scripts/packed.mjs";

const run = promisify(execFile);
const entries = [
  "nats-statechart",
  ...["browser", "machine", "testing"].map((name) => `nats-statechart/${name}`),
];

let project: string;

beforeAll(async () => {
  // Not in the repository, which has the optional peers.
  project = await realpath(await mkdtemp(join(tmpdir(), "built-package-")));
  const own = join(project, "node_modules/nats-statechart");
  await mkdir(own, { recursive: true });
  for (const name of ["xstate", "nkeys.js", "@nats-io/nkeys"]) {
    const link = join(project, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, "node_modules", name), link);
  }
  await copyFile(join(root, "package.json"), join(own, "package.json"));
  await buildCode(join(own, "dist"));
});
afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

/** What a program of the project prints, line by line. */
async function printed(code: string, file = "program.cjs", flags: readonly string[] = []): Promise<string[]> {
  const path = join(project, file);
  await writeFile(path, code);
  const { stdout } = await run(process.execPath, [...flags, path], { cwd: project });
  return stdout.trim().split("\n");
}

describe("what is required", () => {
  it.each(entries)("can be put in the place of, as test doubles and tracing do: %s", (entry) => {
    const exported = createRequire(join(project, "program.cjs"))(entry) as Record<string, unknown>;
    const descriptors = Object.entries(Object.getOwnPropertyDescriptors(exported));
    const fixed = descriptors.filter(([name, { value, writable, enumerable, configurable }]) => {
      const isPlain =
        value !== undefined && writable === true && enumerable === true && configurable === true;
      return name !== "__esModule" && !isPlain;
    });
    expect([descriptors.length > 1, fixed]).toEqual([true, []]);
  });

  it("is put in the place of by assignment, by a property and by a getter, and given back", async () => {
    const code = `
      const nats = require("nats-statechart");
      const { connect } = nats;
      const fake = () => "fake";
      nats.connect = fake;
      console.log(nats.connect(), require("nats-statechart").connect === fake);
      Object.defineProperty(nats, "connect", { configurable: true, enumerable: true, writable: true, value: connect });
      Object.defineProperty(nats, "connect", { configurable: true, enumerable: true, get: () => fake });
      console.log(nats.connect());
      Object.defineProperty(nats, "connect", { configurable: true, enumerable: true, writable: true, value: connect });
      console.log(nats.connect === connect, nats.__esModule, Object.keys(nats).includes("__esModule"));`;
    expect(await printed(`"use strict";${code}`)).toEqual(["fake true", "fake", "true true false"]);
  });

  it.each(entries)("has the names that an import of the same file finds: %s", async (entry) => {
    const code = `
      import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      const path = require.resolve(${JSON.stringify(entry)});
      const names = (one) => Object.keys(one).filter((name) => !["default", "module.exports"].includes(name)).sort().join();
      console.log(path.includes("cjs"), names(require(path)).length > 0, names(require(path)) === names(await import(path)));`;
    expect(await printed(code, "program.mjs")).toEqual(["true true true"]);
  });

  it("and what is imported know each other's instances", async () => {
    const code = `
      import { createRequire } from "node:module";
      import * as own from "nats-statechart";
      const other = createRequire(import.meta.url)("nats-statechart");
      const error = await other.connect({ timeout: -1 }).catch((error) => error);
      console.log(own.NatsError === other.NatsError, error instanceof own.NatsError, other.headers() instanceof own.MsgHdrsImpl);`;
    expect(await printed(code, "program.mjs")).toEqual(["false true true"]);
  });

  it("is that for browsers where a test runner says so, as jest does for jsdom", async () => {
    const code = `
      const nats = require("nats-statechart");
      console.log(require.resolve("nats-statechart").replaceAll("\\\\", "/").split("/dist/")[1], typeof nats.connect);
      nats.connect({ servers: "nats://a" }).catch(({ message }) => console.log(message.includes("a browser has no TCP")));`;
    expect(await printed(code, "program.cjs", ["--conditions=browser"])).toEqual([
      "cjs/browser.js function",
      "true",
    ]);
  });
});

describe("a bundle", () => {
  const required = 'const { connect } = require("nats-statechart"); console.log(typeof connect);';
  const imported = 'import { connect } from "nats-statechart"; console.log(typeof connect);';

  it.each([
    ["node", "CommonJS", required],
    ["node", "ESM", imported],
    ["browser", "CommonJS", required],
    ["browser", "ESM", imported],
  ] as const)(
    "for %s of a %s app is made without the optional peers, and runs",
    async (platform, _kind, code) => {
      const { outputFiles, warnings, errors } = await build({
        stdin: { contents: code, resolveDir: project },
        bundle: true,
        platform,
        format: "cjs",
        write: false,
        metafile: true,
        // What it is left to import is for whoever runs it.
        logLevel: "silent",
        define: { "import.meta.url": "import_meta_url" },
        banner: { js: "const import_meta_url = require('node:url').pathToFileURL(__filename).href;" },
      });
      expect([errors, warnings.map(({ text }) => text)]).toEqual([[], []]);
      expect(await printed(outputFiles[0]?.text ?? "", "bundle.cjs")).toEqual(["function"]);
    },
  );

  it("for browsers holds the entry for browsers as ESM, also where it is required: once, and nothing of Node", async () => {
    const { metafile } = await build({
      stdin: {
        contents: `${imported}\n${required.replace("{ connect }", "{ connect: other }")}`,
        resolveDir: project,
      },
      bundle: true,
      platform: "browser",
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    const own = Object.keys(metafile.inputs).flatMap((file) => file.split("nats-statechart/dist/")[1] ?? []);
    expect(own).toContain("esm/browser.js");
    expect(own.filter((file) => !file.startsWith("esm/") || file === "esm/index.js")).toEqual([]);
  });
});
