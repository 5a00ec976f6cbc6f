// Charts as pictures: any machine's definition becomes a layout, an SVG, or Mermaid. Pure text in, text out.
//
// The layout of our own chart is made beforehand (connection-overview.ts, connection-chart.ts) by scripts/elk-layout.ts, whose
// engine the package does not have. Any other chart is laid out by `placeChart`, less beautifully.

export { activeIds, stateText } from "./active.js";
export { type Chart, chartOf, type Definition, type Named, type State, type Transition } from "./chart.js";
export type { Box, Label, Layout, Line, Point, Start } from "./layout.js";
export { mermaidOf } from "./mermaid.js";
export { placeChart } from "./place.js";
export { type SvgOptions, svgOf, type Theme } from "./svg.js";
