// The JavaScript runtimes that the client is checked on, and how to get them: their binaries come as npm packages, into
// .runtimes/, beside the project's own packages and never among them. What is checked: check-runtimes.mjs.
//
// The versions are exact, so that a new release is looked at before it can fail anybody's CI: raise them here, then run
// `npm run runtimes`, which writes docs/runtimes.md anew.

import { execFile } from "node:child_process";
import { access, chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { QUICKLY, root } from "./packed.mjs";

/** @typedef {{ name: string, label: string, path: string, version: string, run: string[], isNode: boolean }} Runtime */

const run = promisify(execFile);
const { platform, arch } = process;
const folder = join(root, ".runtimes");

const node = (version) => ({
  name: `node-${version.split(".")[0]}`,
  label: "Node",
  version,
  package: `node-${platform}-${arch}`,
  file: "bin/node",
  run: [],
  isNode: true,
});

const KNOWN = [
  node("20.20.2"),
  node("22.23.3"),
  node("24.21.0"),
  node("26.10.0"),
  {
    name: "bun",
    label: "Bun",
    version: "1.4.5",
    package: `@oven/bun-${platform}-${arch === "arm64" ? "aarch64" : arch}`,
    file: "bin/bun",
    run: ["run"],
    isNode: false,
  },
  {
    name: "deno",
    label: "Deno",
    version: "2.9.6",
    package: `@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`,
    file: "deno",
    // With the packages that npm has installed, and none of its own; all rights, as Node has them.
    run: ["run", "--allow-all", "--node-modules-dir=manual", "--no-lock", "--cached-only"],
    isNode: false,
  },
];

export const names = KNOWN.map(({ name }) => name);

/**
 * That runtime, downloaded if it is not there yet. The Node that runs this is taken as it is for its own major version.
 * @returns {Promise<Runtime>}
 */
export async function runtime(name) {
  const known = KNOWN.find((one) => one.name === name);
  if (known === undefined) throw new Error(`no runtime is called ${name}; there are ${names.join(", ")}`);
  const [major] = process.versions.node.split(".");
  if (name === `node-${major}`) return { ...known, path: process.execPath, version: process.versions.node };
  return { ...known, path: await download(known) };
}

const isThere = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Installs it beside, then moves it into place: what is in place is whole, whoever else does the same. */
async function download({ name, version, package: from, file }) {
  const place = join(folder, `${name}-${version}`);
  const path = join(place, "node_modules", ...from.split("/"), ...file.split("/"));
  if (await isThere(path)) return path;
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, `new-${name}-`));
  try {
    const args = ["install", "--prefix", scratch, "--no-save", "--ignore-scripts", ...QUICKLY];
    await run("npm", [...args, `${from}@${version}`], { cwd: scratch });
    await chmod(join(scratch, "node_modules", ...from.split("/"), ...file.split("/")), 0o755);
    await rename(scratch, place).catch(async (error) => {
      if (!(await isThere(path))) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return path;
}
