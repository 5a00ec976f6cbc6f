// Builds the page of the local inspector: one html, one css, one script. Used by scripts/build.mjs and by the tests.

import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./packed.mjs";

const source = join(root, "src/inspector/page");

/**
 * Builds the page into a folder; makes the folder where it is missing.
 * @param write false to learn only what would be there
 * @returns what is in it, as esbuild tells it: a metafile of each build
 */
export async function buildInspectorPage(folder, { write = true } = {}) {
  const shared = {
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    metafile: true,
    write,
    logLevel: "warning",
    absWorkingDir: root,
    legalComments: "none",
  };
  const built = await Promise.all([
    build({ ...shared, entryPoints: [join(source, "main.ts")], outfile: join(folder, "inspector.js") }),
    build({
      ...shared,
      entryPoints: [join(source, "inspector.css")],
      outfile: join(folder, "inspector.css"),
    }),
  ]);
  if (write) await mkdir(folder, { recursive: true });
  for (const name of write ? ["index.html", "icon.svg"] : [])
    await cp(join(source, name), join(folder, name));
  if (built.some(({ warnings }) => warnings.length > 0))
    throw new Error("esbuild warns of problems in the inspector's page");
  return built.map(({ metafile }) => metafile);
}
