// The package as its users get it: packed, and a folder for a project that installs it. Used by check-stranger.mjs and
// check-runtimes.mjs, which need a dist that was built; check-package.mjs looks into the package itself.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The folder of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** What npm is told where it installs: from its cache where it can, and nothing that the check does not need. */
export const QUICKLY = ["--prefer-offline", "--no-audit", "--no-fund"];

/** Packs the package in a folder into another; returns the tarball, its version, and the names of its files. */
export async function packed(folder, into) {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", into];
  const { stdout } = await run("npm", args, { cwd: folder });
  // A list of packages up to npm 10, an object of them by name since.
  const [{ filename, version, files }] = Object.values(JSON.parse(stdout));
  return { tarball: join(into, filename), version, files: files.map(({ path }) => path) };
}

/** Packs the package of this repository into that folder; returns the file. @throws Error where nothing was built */
export async function pack(folder) {
  const { tarball, files } = await packed(root, folder);
  if (!files.includes("dist/esm/index.js")) throw new Error("first: npm run build");
  return tarball;
}

/** Does the work in a new temporary folder, which is removed afterwards. */
export async function inTemporaryFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), "nats-statechart-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
