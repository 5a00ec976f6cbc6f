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

/** Packs the package into that folder; returns the file. @throws Error where nothing was built */
export async function pack(folder) {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const { stdout } = await run("npm", args, { cwd: root });
  // A list of packages up to npm 10, an object of them by name since.
  const [packed] = Object.values(JSON.parse(stdout));
  if (!packed.files.some(({ path }) => path === "dist/esm/index.js")) throw new Error("first: npm run build");
  return join(folder, packed.filename);
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
