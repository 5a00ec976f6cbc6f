// Makes what the workers run: the workers themselves, our client as the package has it, the C program.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build as bundle } from "esbuild";
import type { ContenderName } from "./task.js";

/** What was made. */
export interface Built {
  /** Where the workers are. */
  readonly folder: string;
  /** The C program, or why there is none. */
  readonly c: { readonly path: string } | { readonly missing: string };
}

const common: BuildOptions = { platform: "node", format: "esm", target: "node20", logLevel: "warning" };

/** Makes everything; `root` is the root of the repository. */
export async function build(root: string): Promise<Built> {
  // In the repository, so that packages are found; of this process, so that no other run changes what is measured.
  const folder = join(root, ".cache/bench", `${process.pid}`);
  mkdirSync(folder, { recursive: true });
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const workers = [".", "cases", "contenders", "floods"]
    .map((name) => join(root, "bench", name))
    .flatMap((from) => readdirSync(from).map((file) => join(from, file)))
    .filter((file) => file.endsWith(".ts"));
  await bundle({ ...common, entryPoints: workers, outbase: join(root, "bench"), outdir: folder });
  // As scripts/build.mjs builds the package: all of its entries, since which there are says which files one of them loads.
  const entries = ["index", "browser", "machine/index", "testing/index", "nats-core/index"];
  await bundle({
    ...common,
    entryPoints: entries.map((name) => join(root, "src", `${name}.ts`)),
    outbase: join(root, "src"),
    outdir: join(folder, "nats-statechart"),
    bundle: true,
    splitting: true,
    packages: "external",
  });
  return { folder, c: buildC(root, join(folder, "c-bench")) };
}

function buildC(root: string, path: string): Built["c"] {
  if (!existsSync("/usr/include/nats/nats.h"))
    return { missing: "the C client is not installed: apt-get install libnats-dev" };
  execFileSync("cc", [
    "-O2",
    "-Wall",
    "-o",
    path,
    join(root, "bench/contenders/c/bench.c"),
    "-lnats",
    "-lpthread",
  ]);
  return { path };
}

/** Bytes of a library, with all it depends on, as a bundler delivers it. */
export async function bundleSize(root: string, contender: ContenderName): Promise<number> {
  const modules: { readonly [Name in ContenderName]?: string } = {
    ours: "./src/index.ts",
    nats2: "nats",
    nats3: "@nats-io/transport-node",
  };
  const entry = { contents: `export * from "${modules[contender]}"`, resolveDir: root };
  // An optional peer is no dependency; here it is installed, so that the bundler would find it.
  const external = ["ws"];
  const options = { ...common, stdin: entry, bundle: true, minify: true, write: false, external };
  const { outputFiles } = await bundle(options);
  return outputFiles?.[0]?.contents.length ?? 0;
}
