// Room for a picture that is wide: an end to which one state alone leads needs no column of its own, and stands below that
// state. The layout engine (elk-layout.ts) cannot do so, since it sets what follows beside what it follows. Pure.

import type { Box, Layout, Point } from "./layout.js";

/** Between two boxes one below the other. */
const GAP = 19;
/** Around the whole picture. */
const MARGIN = 6;

/** The layout with its end below the state that leads there, where there is room and the picture becomes narrower. */
export function withEndBelow(layout: Layout): Layout {
  for (const end of layout.boxes) {
    const narrower = end.type === "final" ? movedBelow(layout, end) : undefined;
    if (narrower !== undefined) return narrower;
  }
  return layout;
}

function movedBelow(layout: Layout, end: Box): Layout | undefined {
  const { boxes, lines } = layout;
  const [line, ...others] = lines.filter(({ to }) => to === end.id);
  const before = boxes.find(({ id }) => id === line?.from);
  // What is written on a line needs a long one.
  if (line === undefined || others.length > 0 || line.label !== null || before === undefined)
    return undefined;
  if (before.parent !== end.parent || boxes.some(({ parent }) => parent === before.id)) return undefined;
  const middle = before.x + before.width / 2;
  const moved = { ...end, x: middle - end.width / 2, y: before.y + before.height + GAP };
  const points = [
    { x: middle, y: before.y + before.height },
    { x: middle, y: moved.y },
  ];
  const newBoxes = boxes.map((box) => (box === end ? moved : box));
  const newLines = lines.map((one) => (one === line ? { ...one, points } : one));
  const bottom = moved.y + moved.height + MARGIN;
  const room = {
    ...moved,
    y: before.y + before.height + 1,
    height: moved.y + moved.height - before.y - before.height,
  };
  const isFree =
    bottom <= layout.height &&
    boxes.every((box) => box === end || box.id === end.parent || !touches(room, box)) &&
    newLines.every((one) => one.to === end.id || !crosses(room, one.points));
  if (!isFree) return undefined;
  const rights = [
    ...newBoxes.map(({ x, width }) => x + width),
    ...newLines.flatMap((one) => one.points.map(({ x }) => x)),
  ];
  const width = Math.max(...rights) + MARGIN;
  return width < layout.width ? { ...layout, width, boxes: newBoxes, lines: newLines } : undefined;
}

type Area = Pick<Box, "x" | "y" | "width" | "height">;

function touches(one: Area, other: Area): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** Whether a run of straight pieces, each along an axis, goes through an area. */
function crosses(area: Area, points: readonly Point[]): boolean {
  return points.slice(1).some((to, index) => {
    const from = points[index] ?? to;
    const x = Math.min(from.x, to.x);
    const y = Math.min(from.y, to.y);
    return touches(area, {
      x,
      y,
      width: Math.abs(from.x - to.x) + 0.1,
      height: Math.abs(from.y - to.y) + 0.1,
    });
  });
}
