// Builds the page of the local inspector: one html, one css, one script, and the layout engine apart, which the page
// loads only for a chart that is not ours. Used by scripts/build.mjs and by the tests.

import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "src/inspector/page");

/** The licence of the layout engine asks those who hand it on to say where its source is. */
const NOTICE =
  "/* Contains elkjs (https://github.com/kieler/elkjs), Eclipse Public License 2.0: https://www.eclipse.org/legal/epl-2.0. */";

/** Builds the page into a folder. */
export async function buildInspectorPage(folder) {
  await mkdir(folder, { recursive: true });
  const shared = {
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    logLevel: "warning",
    absWorkingDir: root,
    legalComments: "none",
  };
  const [script, style] = await Promise.all([
    build({
      ...shared,
      entryPoints: [join(source, "main.ts")],
      banner: { js: NOTICE },
      outfile: join(folder, "inspector.js"),
    }),
    build({
      ...shared,
      entryPoints: [join(source, "inspector.css")],
      outfile: join(folder, "inspector.css"),
    }),
    ...["index.html", "icon.svg"].map((name) => cp(join(source, name), join(folder, name))),
  ]);
  if (script.warnings.length + style.warnings.length > 0)
    throw new Error("esbuild warns of problems in the inspector's page");
  // As elkjs gives it: a worker of its own.
  const engine = await readFile(join(root, "node_modules/elkjs/lib/elk-worker.min.js"), "utf8");
  await writeFile(join(folder, "layout.js"), `${NOTICE}\n${engine}`);
}

/** Makes the notice of what the page contains, beside it. */
export async function writeNotices(folder) {
  const licence = await readFile(join(root, "node_modules/elkjs/LICENSE.md"), "utf8");
  await writeFile(join(folder, "elkjs-LICENSE.md"), licence);
}
