// A laid-out chart as SVG text. Pure. In a page the colours come from its style sheet (classes, no styles of its own);
// as a file it carries the colours of a theme.

import { activeIds } from "./active.js";
import type { Box, Layout, Line, Point } from "./layout.js";
import {
  EVENT_FONT_SIZE,
  EVENT_LINE_HEIGHT,
  STATE_FONT_SIZE,
  STATE_LINE_HEIGHT,
  stateLines,
} from "./text-size.js";

/** `page` leaves the colours to the page's own style sheet. */
export type Theme = "light" | "dark" | "page";

/** How a chart is painted. */
export interface SvgOptions {
  /** Default `light`. */
  readonly theme?: Theme;
  /** The states to light: the value of a snapshot, such as `{ connecting: "dialing" }`. */
  readonly current?: unknown;
  /** What the picture shows, for those who do not see it. Default: the machine's name. */
  readonly title?: string;
}

interface Colours {
  readonly ground: string;
  readonly box: string;
  readonly inner: string;
  readonly border: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly lit: string;
  readonly litBorder: string;
  readonly litText: string;
}

const COLOURS: Readonly<Record<"light" | "dark", Colours>> = {
  light: {
    ground: "#ffffff",
    box: "#f6f7f9",
    inner: "#ffffff",
    border: "#8a94a3",
    text: "#1c2430",
    quiet: "#4d5866",
    line: "#8a94a3",
    lit: "#d7ebff",
    litBorder: "#0b62c4",
    litText: "#07386f",
  },
  dark: {
    ground: "#12161c",
    box: "#1a2029",
    inner: "#222a35",
    border: "#66717f",
    text: "#e6ebf2",
    quiet: "#aab4c1",
    line: "#7b8695",
    lit: "#123a66",
    litBorder: "#6cb2ff",
    litText: "#e3f1ff",
  },
};

/** The chart as an SVG document. */
export function svgOf(layout: Layout, options: SvgOptions = {}): string {
  const { theme = "light", current, title = layout.id } = options;
  const lit = activeIds(layout.id, current);
  const { width, height } = layout;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" class="chart" role="img" aria-label="${escaped(title)}">`,
    theme === "page"
      ? ""
      : `<style>${styles(COLOURS[theme])}</style><rect class="ground" width="100%" height="100%"/>`,
    `<defs>${["", "walked", "taken"].map(arrowHead).join("")}</defs>`,
    ...layout.boxes.map((box) => paintBox(box, lit.has(box.id))),
    ...layout.starts.map(
      ({ x, y, end }) =>
        `<circle class="start" cx="${x}" cy="${y}" r="4"/><path class="line" d="${path([{ x, y }, end])}" marker-end="url(#arrow)"/>`,
    ),
    layout.anywhere === null
      ? ""
      : `<circle class="anywhere" cx="${layout.anywhere.x}" cy="${layout.anywhere.y}" r="5"><title>From every state</title></circle>`,
    '<g class="lines">',
    ...layout.lines.map(paintLine),
    "</g>",
    ...layout.lines.map((line) => paintLabel(line, layout.boxes)),
    "</svg>",
  ]
    .filter((line) => line !== "")
    .join("\n");
}

/** An arrow's head; SVG cannot give it the colour of its line, so that there is one for each. */
function arrowHead(kind: string): string {
  const [id, name] = kind === "" ? ["arrow", "head"] : [`arrow-${kind}`, `head ${kind}`];
  const marker = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"';
  return (
    `<marker id="${id}" ${marker} markerUnits="userSpaceOnUse" orient="auto-start-reverse">` +
    `<path class="${name}" d="M0.5 0.5 7.5 4 0.5 7.5z"/></marker>`
  );
}

function paintBox(box: Box, isLit: boolean): string {
  const { id, key, type, description, x, y, width, height } = box;
  const isRegion = type === "compound" || type === "parallel";
  const classes = ["state", isRegion ? "region" : "leaf", type, ...(isLit ? ["lit"] : [])].join(" ");
  const shape = `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${isRegion ? 8 : 6}"/>`;
  const second =
    type === "final"
      ? `<rect class="second" x="${x + 3}" y="${y + 3}" width="${width - 6}" height="${height - 6}" rx="4"/>`
      : "";
  const name = isRegion
    ? `<text x="${x + 12}" y="${y + 20}">${escaped(key)}</text>`
    : paintName(key, x + width / 2, y + height / 2);
  const told = description === null ? "" : `<title>${escaped(description)}</title>`;
  return `<g class="${classes}" data-state="${escaped(id)}">${told}${shape}${second}${name}</g>`;
}

/** The name of a state, around a point. */
function paintName(name: string, x: number, y: number): string {
  const lines = stateLines(name);
  const first = y + STATE_FONT_SIZE * 0.35 - ((lines.length - 1) * STATE_LINE_HEIGHT) / 2;
  const [only = "", ...rest] = lines.map(escaped);
  const under = rest.map((line) => `<tspan x="${x}" dy="${STATE_LINE_HEIGHT}">${line}</tspan>`).join("");
  return `<text x="${x}" y="${first}" text-anchor="middle">${only}${under}</text>`;
}

function paintLine({ id, points, back }: Line): string {
  const start = back.length > 0 ? ' marker-start="url(#arrow)"' : "";
  return `<path class="line" data-line="${escaped(id)}" d="${path(points)}"${start} marker-end="url(#arrow)"/>`;
}

function paintLabel({ id, label, events }: Line, boxes: readonly Box[]): string {
  if (label === null) return "";
  const isIn = (box: Box) =>
    label.x >= box.x && label.x <= box.x + box.width && label.y >= box.y && label.y <= box.y + box.height;
  const ground = boxes.some(isIn) ? "label inner" : "label";
  const { x, y, width, height, lines } = label;
  const middle = x + width / 2;
  const rows = lines.map(
    (line, index) =>
      `<tspan x="${middle}" y="${y + 1 + EVENT_LINE_HEIGHT * (index + 0.77)}">${escaped(line)}</tspan>`,
  );
  return (
    `<g class="${ground}" data-line="${escaped(id)}"><title>${escaped(events.join(", "))}</title>` +
    `<rect class="plate" x="${x}" y="${y}" width="${width}" height="${height}"/>` +
    `<text class="event-name" text-anchor="middle">${rows.join("")}</text></g>`
  );
}

/** A path with rounded corners. */
function path(points: readonly Point[]): string {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return "";
  const steps = [`M${first.x} ${first.y}`];
  for (const [index, corner] of points.entries()) {
    const before = points[index - 1];
    const after = points[index + 1];
    if (before === undefined || after === undefined) continue;
    const from = towards(corner, before);
    const to = towards(corner, after);
    steps.push(`L${from.x} ${from.y}Q${corner.x} ${corner.y} ${to.x} ${to.y}`);
  }
  steps.push(`L${last.x} ${last.y}`);
  return steps.join("");
}

function towards(corner: Point, other: Point): Point {
  const length = Math.hypot(other.x - corner.x, other.y - corner.y);
  const part = length === 0 ? 0 : Math.min(5, length / 2) / length;
  return { x: half(corner.x + (other.x - corner.x) * part), y: half(corner.y + (other.y - corner.y) * part) };
}

function half(number: number): number {
  return Math.round(number * 2) / 2;
}

function styles(of: Colours): string {
  return [
    `.ground{fill:${of.ground}}`,
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}",
    `.state rect{fill:${of.inner};stroke:${of.border};stroke-width:1.2}`,
    `.region>rect{fill:${of.box}}`,
    `.state text{fill:${of.text};font-size:${STATE_FONT_SIZE}px;font-weight:600}`,
    `.leaf text{font-weight:500}`,
    `.state .second{fill:none}`,
    `.line{fill:none;stroke:${of.line};stroke-width:1.2}`,
    `.anywhere{fill:none;stroke:${of.line};stroke-width:2}`,
    `.head,.start{fill:${of.line}}`,
    `.plate{fill:${of.ground}}`,
    `.inner>.plate{fill:${of.box}}`,
    `.event-name{fill:${of.quiet};font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:${EVENT_FONT_SIZE}px}`,
    `.lit>rect{fill:${of.lit};stroke:${of.litBorder};stroke-width:2}`,
    `.lit.region>rect{fill:${of.box}}`,
    `.lit>text{fill:${of.litText}}`,
  ].join("");
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
