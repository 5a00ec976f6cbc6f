// A program in TypeScript as one file that Node runs. Packages stay outside.

import { basename, join } from "node:path";
import { type BuildOptions, build } from "esbuild";

/** Builds that file into the folder, which lies where the packages are found. Resolves with the path of the result. */
export async function bundled(file: string, folder: string, options: BuildOptions = {}): Promise<string> {
  const outfile = join(folder, `${basename(file, ".ts")}.mjs`);
  await build({
    entryPoints: [file],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
    ...options,
  });
  return outfile;
}
