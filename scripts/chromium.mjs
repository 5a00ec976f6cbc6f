// Where a Chromium is: the one on PATH, or Debian's, which is installed where that can be done without asking (as root,
// with apt-get). The tests that need a browser use it; `node scripts/chromium.mjs` prints its path.

import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const HELP = "no Chromium on PATH: apt-get install --no-install-recommends chromium";

/** The path of a Chromium; undefined where none is on PATH. */
async function found() {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      const path = join(folder, name);
      const isThere = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isThere) return path;
    }
  }
  return undefined;
}

/** The path of a Chromium. @throws Error that says what to install, where none is there and none can be installed */
export async function chromiumPath() {
  const path = await found();
  if (path !== undefined) return path;
  if (process.getuid?.() !== 0) throw new Error(HELP);
  try {
    await run("apt-get", ["-q", "update"]);
    await run("apt-get", ["install", "-y", "-q", "--no-install-recommends", "chromium"]);
  } catch (error) {
    throw new Error(`Chromium could not be installed: ${error.stderr || error.message}\n${HELP}`);
  }
  const installed = await found();
  if (installed === undefined) throw new Error(HELP);
  return installed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await chromiumPath());
