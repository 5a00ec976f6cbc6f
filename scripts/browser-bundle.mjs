// Bundles code for a browser, from the sources, and tells what is in the bundle: for tests and examples. Nothing is
// replaced or left out: what a bundler finds here, it finds in the package.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Bundles a script for a page.
 * @param alias packages that are to be taken from somewhere else, by name
 * @returns the code, and all files that are in it as esbuild names them
 */
export async function bundleForBrowser(entryPoint, alias = {}) {
  const { outputFiles, metafile, warnings } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    absWorkingDir: root,
    alias,
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  if (warnings.length > 0) throw new Error(`esbuild warns: ${warnings[0].text}`);
  return { code: outputFiles[0].text, inputs: metafile.inputs };
}
