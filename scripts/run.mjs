// Runs a TypeScript file, such as a demo or a benchmark: `node scripts/run.mjs FILE [arguments]`.
// esbuild bundles it first, packages left out. Signals and the exit code pass through.

import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { constants } from "node:os";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { programOptions } from "./program.mjs";

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node scripts/run.mjs FILE [arguments]");
  process.exit(2);
}
// In the repository, so that packages are found; with the process id, so that two runs do not meet.
const cache = fileURLToPath(new URL("../.cache", import.meta.url));
const outfile = `${cache}/${basename(file, ".ts")}-${process.pid}.mjs`;
try {
  await build({ ...programOptions, entryPoints: [file], outfile });
} catch {
  // esbuild has said what is wrong.
  process.exit(1);
}
process.once("exit", () => rmSync(outfile, { force: true }));

const child = spawn(process.execPath, ["--enable-source-maps", outfile, ...args], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
