// How Node is started for the fuzzer. Its native part wants a C and a C++ library that are newer than those of Debian 12; there
// the ones of Debian's unstable are unpacked into .fuzz/libraries, and Node is started with them. The system stays as it is.

import { execFile } from "node:child_process";
import { access, chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { locked, unpackPackages } from "./debian-packages.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".fuzz");
const libraries = join(folder, "libraries");
const PACKAGES = ["libc6", "libstdc++6", "libgcc-s1"];

/**
 * The program that runs a script as Node does, and can load the fuzzer.
 * @returns {Promise<string>}
 * @throws {Error} that says what is missing
 */
export async function nodeForFuzzer() {
  const problem = await problemOf(process.execPath);
  if (problem === null) return process.execPath;
  // Another problem than old libraries is not mended by new ones.
  if (process.platform !== "linux" || !/GLIBC|CXXABI|ld-linux/.test(problem)) throw new Error(problem);
  const program = join(libraries, "node");
  if ((await exists(program)) && (await problemOf(program)) === null) return program;
  await locked(folder, () => unpackPackages(libraries, "unstable", PACKAGES, makeProgram)).catch((error) => {
    throw new Error(
      `the fuzzer needs newer libraries, and Debian's could not be had: ${error.stderr || error.message}`,
    );
  });
  const remaining = await problemOf(program);
  if (remaining !== null) throw new Error(remaining);
  return program;
}

/** Writes a program into the folder of the libraries that starts Node with them, wherever the folder is. */
async function makeProgram(unpacked) {
  const loader = await loaderIn(join(unpacked, "usr", "lib"));
  const program = join(unpacked, "node");
  const lines = [
    "#!/bin/sh",
    `loader="$(dirname "$0")/usr/lib/${loader}"`,
    `exec "$loader" --library-path "$(dirname "$loader")" "${process.execPath}" "$@"`,
  ];
  await writeFile(program, `${lines.join("\n")}\n`);
  await chmod(program, 0o755);
}

/** Where the dynamic loader is, beside the libraries: in a folder that is named for the processor. */
async function loaderIn(folder) {
  for (const name of await readdir(folder)) {
    const files = await readdir(join(folder, name)).catch(() => []);
    const loader = files.find((file) => /^ld-linux-.+\.so\.\d+$/.test(file));
    if (loader !== undefined) return `${name}/${loader}`;
  }
  throw new Error("there is no dynamic loader in the packages");
}

/** Why the fuzzer cannot be loaded there; null where it can. */
async function problemOf(program) {
  try {
    await run(program, ["-e", 'require("@jazzer.js/fuzzer")'], { cwd: root });
    return null;
  } catch (error) {
    return error.stderr || error.message;
  }
}

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );
