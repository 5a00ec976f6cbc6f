// Where a label beside a line hides least: over as little of the states as can be, near the line's middle, and never over
// all of the line. Pure.

import type { Box, Layout, Line, Point } from "./layout.js";

/** How much of a line is to be seen beside its label. */
const SEEN = 24;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The middle of the place for a label of that size beside one of these lines. */
export function labelPlace(layout: Layout, lines: readonly Line[], size: Size): Point {
  const leaves = layout.boxes.filter(({ type }) => type !== "compound" && type !== "parallel");
  let best: { readonly point: Point; readonly cost: number } | undefined;
  for (const { points } of lines) {
    for (const [point, offCentre] of candidates(points, size)) {
      const within = inside(point, size, layout);
      const hidden = leaves.reduce((sum, box) => sum + overlap(within, size, box), 0);
      const unseen = Math.max(0, SEEN - lengthBeside(within, size, points));
      const moved = Math.abs(within.x - point.x) + Math.abs(within.y - point.y);
      const cost = hidden * 10 + unseen * 2 + offCentre + moved;
      if (best === undefined || cost < best.cost) best = { point: within, cost };
    }
  }
  return best?.point ?? { x: layout.width / 2, y: layout.height / 2 };
}

/** Places on and beside each straight part, with how far from ideal they are. */
function candidates(
  points: readonly Point[],
  { width, height }: Size,
): readonly (readonly [Point, number])[] {
  const found: [Point, number][] = [];
  const left = Math.min(...points.map(({ x }) => x));
  const right = Math.max(...points.map(({ x }) => x));
  for (const [index, to] of points.entries()) {
    const from = points[index - 1];
    if (from === undefined) continue;
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    const isUpright = from.x === to.x;
    const aside = isUpright ? { x: width / 2 + 6, y: 0 } : { x: 0, y: height / 2 + 5 };
    for (const part of [0.5, 0.25, 0.75]) {
      const on = { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
      // A short part is a poor place: little of it would be seen.
      const cost = Math.abs(part - 0.5) * 20 + Math.max(0, 80 - length);
      found.push([on, cost]);
      found.push([{ x: on.x + aside.x, y: on.y + aside.y }, cost + 10]);
      found.push([{ x: on.x - aside.x, y: on.y - aside.y }, cost + 12]);
      // Where a line winds between two states, beside all of it.
      found.push([{ x: right + width / 2 + 6, y: on.y }, cost + 14]);
      found.push([{ x: left - width / 2 - 6, y: on.y }, cost + 16]);
    }
  }
  return found;
}

function inside({ x, y }: Point, { width, height }: Size, layout: Layout): Point {
  const clamp = (at: number, half: number, whole: number) =>
    Math.min(Math.max(at, half + 4), whole - half - 4);
  return { x: clamp(x, width / 2, layout.width), y: clamp(y, height / 2, layout.height) };
}

/** The area that a label there hides of a box. */
function overlap({ x, y }: Point, { width, height }: Size, box: Box): number {
  const across = Math.min(x + width / 2, box.x + box.width) - Math.max(x - width / 2, box.x);
  const down = Math.min(y + height / 2, box.y + box.height) - Math.max(y - height / 2, box.y);
  return Math.max(0, across) * Math.max(0, down);
}

/** How much of a line lies beside a label there: its parts are level or upright. */
function lengthBeside({ x, y }: Point, { width, height }: Size, points: readonly Point[]): number {
  let beside = 0;
  for (const [index, to] of points.entries()) {
    const from = points[index - 1];
    if (from === undefined) continue;
    const within = (a: number, b: number, at: number, half: number) =>
      Math.min(Math.max(a, b), at + half) - Math.max(Math.min(a, b), at - half);
    const across = within(from.x, to.x, x, width / 2);
    const down = within(from.y, to.y, y, height / 2);
    beside += Math.hypot(to.x - from.x, to.y - from.y);
    if (across >= 0 && down >= 0) beside -= across + down;
  }
  return beside;
}
