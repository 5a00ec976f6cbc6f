// Lays out a chart in this process. The only file that loads the engine, elkjs: a development dependency.

import type { Definition } from "./chart.js";
import type { Layout } from "./layout.js";
import { type LayoutOptions, layoutWith } from "./layout-with.js";

/**
 * Lays out a machine's chart.
 * @throws Error (as a rejection) where the definition is none
 */
export async function layoutChart(definition: Definition, options: LayoutOptions = {}): Promise<Layout> {
  const engine = await import("elkjs/lib/elk.bundled.js");
  // It is CommonJS that calls itself a module: its export is in the default of the default.
  return layoutWith(new engine.default.default(), definition, options);
}
