// Where a Chromium is. The tests that need a browser use it; `node scripts/chromium.mjs` prints its path.
//
// It is Debian's headless one, which is downloaded by apt into .servers/ with all that it needs, and unpacked there: nothing is
// installed, root is not needed, and a browser that the machine has is not used. CHROMIUM=/path names one to use instead.

import { execFile } from "node:child_process";
import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isExecutable, locked, stableSuite, unpackPackages } from "./debian-packages.mjs";

const run = promisify(execFile);
const programs = fileURLToPath(new URL("../.servers", import.meta.url));
const folder = join(programs, "chromium");
const HELP = `
What to do: get a Chromium, and name it:   CHROMIUM=/path/to/chromium npm test
On Debian, with apt-get and dpkg, this is done for you.`;

/** What it depends on and does not need without a screen; the C library is the one of the machine. */
const LEFT_OUT = /^(libc6|libllvm\d+|libgl1-mesa-dri|libz3-4|x11-utils|xdg-utils)_/;

/** The path of a Chromium; downloads it where it is missing. @throws Error that says what to do, where none can be had */
export async function chromiumPath() {
  const named = process.env.CHROMIUM;
  if (named !== undefined && named.trim() !== "") return checked(named.trim());
  const path = launcher(folder);
  if (!(await isExecutable(path)))
    await locked(programs, async () => {
      // Another process may have brought it in the meantime.
      if (!(await isExecutable(path))) await unpack();
    });
  return path;
}

async function unpack() {
  try {
    await unpackPackages(
      folder,
      await stableSuite(),
      ["chromium-headless-shell", "fonts-dejavu-core"],
      async (unpacked) => {
        await writeLauncher(unpacked);
        await checked(launcher(unpacked));
      },
      LEFT_OUT,
    );
  } catch (error) {
    throw new Error(`Debian's Chromium could not be had: ${error.stderr || error.message}\n${HELP}`);
  }
}

/** The path, where what it says of itself is that it is one. */
async function checked(path) {
  try {
    const { stdout } = await run(path, ["--version"]);
    if (/Chrom/.test(stdout)) return path;
    throw new Error(`it says ${JSON.stringify(stdout)}`);
  } catch (error) {
    throw new Error(`${path} is not a Chromium that runs here: ${error.message}\n${HELP}`);
  }
}

const launcher = (unpacked) => join(unpacked, "chromium");

/** A program that runs it with its own libraries and fonts, wherever the folder is. */
async function writeLauncher(unpacked) {
  const [triplet = ""] = (await readdir(join(unpacked, "usr/lib"))).filter((name) =>
    name.endsWith("-linux-gnu"),
  );
  const libraries = [
    `usr/lib/${triplet}`,
    `lib/${triplet}`,
    `usr/lib/${triplet}/nss`,
    `usr/lib/${triplet}/pulseaudio`,
  ];
  await writeFile(
    join(unpacked, "fonts.conf"),
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`,
  );
  await writeFile(
    launcher(unpacked),
    `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
LD_LIBRARY_PATH=${libraries.map((path) => `$here/${path}`).join(":")} FONTCONFIG_FILE=$here/fonts.conf \\
  exec "$here/usr/lib/chromium/chromium-headless-shell" "$@"
`,
  );
  await chmod(launcher(unpacked), 0o755);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(await chromiumPath());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
