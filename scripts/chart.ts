// Draws the chart from the machine itself: `npm run chart` writes the pictures, docs/chart.md and the layouts that the
// page and the command line tool show; `npm run chart -- --check` fails where one of them is stale.

import { readFile, writeFile } from "node:fs/promises";
import { type Layout, svgOf } from "../src/inspector/drawing/index.js";
import { connectionMachine } from "../src/machine/index.js";
import { chartPage } from "./chart-page.js";
import { layoutChart } from "./elk-layout.js";

/** A layout as a source file: one string, which neither a formatter nor a compiler spends time on. */
function layoutSource(name: string, what: string, layout: Layout): string {
  return [
    `// ${what} Made by \`npm run chart\` from src/machine/connection-machine.ts; do not edit.`,
    "// How: scripts/elk-layout.ts. What the fields are: layout.ts.",
    "",
    'import type { Layout } from "./layout.js";',
    "",
    `/** ${what} */`,
    "// biome-ignore format: data.",
    `export const ${name}: Layout = /* @__PURE__ */ JSON.parse(`,
    `  ${JSON.stringify(JSON.stringify(layout))},`,
    ");",
    "",
  ].join("\n");
}

const definition = connectionMachine.config as object;
const overview = await layoutChart(definition, { labels: false, order: "written" });
const detailed = await layoutChart(definition, { order: "written" });
const title = "The chart of a NATS connection";

const files: Readonly<Record<string, string>> = {
  "src/inspector/drawing/connection-overview.ts": layoutSource(
    "connectionOverview",
    "The chart of a connection, laid out without the names of events.",
    overview,
  ),
  "src/inspector/drawing/connection-chart.ts": layoutSource(
    "connectionChart",
    "The chart of a connection, laid out with the names of events.",
    detailed,
  ),
  "docs/chart.svg": `${svgOf(overview, { title })}\n`,
  "docs/chart-dark.svg": `${svgOf(overview, { title, theme: "dark" })}\n`,
  "docs/chart-events.svg": `${svgOf(detailed, { title })}\n`,
  "docs/chart-events-dark.svg": `${svgOf(detailed, { title, theme: "dark" })}\n`,
  "docs/chart.md": await chartPage(),
};

const stale: string[] = [];
for (const [file, text] of Object.entries(files)) {
  const before = await readFile(file, "utf8").catch(() => undefined);
  if (before === text) continue;
  stale.push(file);
  if (!process.argv.includes("--check")) await writeFile(file, text);
}
if (process.argv.includes("--check")) {
  for (const file of stale) console.error(`${file} is stale: npm run chart`);
  console.log(
    `${Object.keys(files).length - stale.length} of ${Object.keys(files).length} files are as the machine says`,
  );
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  console.log(stale.length === 0 ? "nothing changed" : `written: ${stale.join(", ")}`);
}
