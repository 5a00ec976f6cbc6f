// A PATH with nothing on it but what every Debian has, Node.js and npm. The tests run with it in CI, so that none can need a
// program that the machine happens to have: what they need beyond it is brought by scripts of this project.
//
// `node scripts/bare-path.mjs` makes a folder of links and prints it, for `PATH=$(node scripts/bare-path.mjs) npm test`.

import { execFileSync } from "node:child_process";
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const cache = fileURLToPath(new URL("../.cache", import.meta.url));

/** The packages that Debian installs on every machine; apt and dpkg bring what is missing. */
function bundledPackages() {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a template of dpkg-query
  const query = ["-W", "-f", "${Essential} ${Package}\n"];
  const packages = execFileSync("dpkg-query", query, { encoding: "utf8" }).split("\n");
  const essential = packages.flatMap((line) => (line.startsWith("yes ") ? [line.slice(4)] : []));
  return [...essential, "apt", "gpgv"];
}

/** The programs of those packages, and those that are made when they are installed (`awk`). */
function programs() {
  const files = execFileSync("dpkg-query", ["-L", ...bundledPackages()], { encoding: "utf8" }).split("\n");
  const inBin = files.filter((file) => /^(\/usr)?\/s?bin\/[^/]+$/.test(file));
  return [...new Set([...inBin, "/bin/sh"])].filter(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

mkdirSync(cache, { recursive: true });
for (const name of readdirSync(cache))
  if (name.startsWith("bare-path-")) rmSync(join(cache, name), { recursive: true });
const folder = mkdtempSync(join(cache, "bare-path-"));
const ours = ["node", "npm", "npx"].map((name) => join(dirname(process.execPath), name));
const links = new Map([...programs(), ...ours].map((path) => [basename(path), path]));
for (const [name, path] of links) symlinkSync(path, join(folder, name));
console.log(folder);
