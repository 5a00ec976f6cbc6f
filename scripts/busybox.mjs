// Where a busybox is: `ip` and `mount` of the networks of the tests (test/harness/network.ts), which a bare machine may have
// not. It is Debian's, downloaded by apt into .servers/ and unpacked there.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isExecutable, locked, stableSuite, unpackPackages } from "./debian-packages.mjs";

const run = promisify(execFile);
const programs = fileURLToPath(new URL("../.servers", import.meta.url));
const folder = join(programs, "busybox");
const path = join(folder, "bin/busybox");

/** The path of busybox, whose first argument is to be the program; downloads it where it is missing. @throws Error where it cannot be had */
export async function busyboxPath() {
  if (!(await isExecutable(path))) await locked(programs, async () => (await isExecutable(path)) || unpack());
  return path;
}

async function unpack() {
  try {
    await unpackPackages(folder, await stableSuite(), ["busybox-static"], (unpacked) =>
      run(join(unpacked, "bin/busybox"), ["ip", "link"]),
    );
  } catch (error) {
    throw new Error(`Debian's busybox could not be had: ${error.stderr || error.message}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await busyboxPath());
