// Charts as pictures: any machine's definition becomes a layout, an SVG, or Mermaid. Pure text in, text out.
//
// The layout engine (elkjs, a development dependency) is loaded by `layoutChart` alone; the layout of our own chart is
// made beforehand (connection-overview.ts, connection-chart.ts), so that nobody who only shows it needs the engine.

export { activeIds, stateText } from "./active.js";
export { type Chart, chartOf, type Definition, type Named, type State, type Transition } from "./chart.js";
export { layoutChart } from "./elk-layout.js";
export type { Box, Label, Layout, Line, Point, Start } from "./layout.js";
export type { LayoutOptions } from "./layout-with.js";
export { mermaidOf } from "./mermaid.js";
export { type SvgOptions, svgOf, type Theme } from "./svg.js";
