// Room for a picture: an end to which one state alone leads needs no column or row of its own. It stands below that state where
// the picture is narrower then, or beside it where the picture is lower. The layout engines (chart-graph.ts names them) cannot do so, since
// what follows comes in the next column or row. Pure.

import type { Box, Layout, Point } from "./layout.js";

/** Between two boxes one below the other. */
const GAP = 19;
/** Around the whole picture. */
const MARGIN = 6;

/** Where an end is moved to: the way from the state that leads there. */
type Way = "below" | "beside";

/** The layout with its end next to the state that leads there, where there is room and the picture becomes smaller. */
export function withEndBelow(layout: Layout): Layout {
  for (const end of layout.boxes) {
    if (end.type !== "final") continue;
    for (const way of ["below", "beside"] as const) {
      const smaller = moved(layout, end, way);
      if (smaller !== undefined) return smaller;
    }
  }
  return layout;
}

function moved(layout: Layout, end: Box, way: Way): Layout | undefined {
  const { boxes, lines } = layout;
  const [line, ...others] = lines.filter(({ to }) => to === end.id);
  const before = boxes.find(({ id }) => id === line?.from);
  // What is written on a line needs a long one.
  if (line === undefined || others.length > 0 || line.label !== null || before === undefined)
    return undefined;
  if (before.parent !== end.parent || boxes.some(({ parent }) => parent === before.id)) return undefined;
  const isBelow = end.y >= before.y + before.height;
  if (isBelow === (way === "below")) return undefined;
  const place = placeNext(before, end, way);
  const newBoxes = boxes.map((box) => (box === end ? place.box : box));
  const newLines = lines.map((one) => (one === line ? { ...one, points: place.points } : one));
  const isFree =
    boxes.every((box) => box === end || box.id === end.parent || !touches(place.room, box)) &&
    newLines.every((one) => one.to === end.id || !crosses(place.room, one.points));
  if (!isFree) return undefined;
  const corners = newLines.flatMap((one) => one.points);
  const width = Math.max(...newBoxes.map((box) => box.x + box.width), ...corners.map(({ x }) => x)) + MARGIN;
  const height =
    Math.max(...newBoxes.map((box) => box.y + box.height), ...corners.map(({ y }) => y)) + MARGIN;
  const isSmaller =
    way === "below"
      ? width < layout.width && height <= layout.height
      : height < layout.height && width <= layout.width;
  if (!isSmaller) return undefined;
  return {
    ...layout,
    width: Math.min(width, layout.width),
    height: way === "below" ? layout.height : height,
    boxes: newBoxes,
    lines: newLines,
  };
}

/** An end next to the state that leads there: its box, its line, and what must be free for both. */
function placeNext(before: Box, end: Box, way: Way): { box: Box; points: readonly Point[]; room: Area } {
  if (way === "below") {
    const middle = before.x + before.width / 2;
    const from = before.y + before.height;
    const box = { ...end, x: middle - end.width / 2, y: from + GAP };
    const points = [
      { x: middle, y: from },
      { x: middle, y: box.y },
    ];
    return { box, points, room: { ...box, y: from + 1, height: GAP + end.height } };
  }
  const middle = before.y + before.height / 2;
  const from = before.x + before.width;
  const box = { ...end, x: from + GAP, y: middle - end.height / 2 };
  const points = [
    { x: from, y: middle },
    { x: box.x, y: middle },
  ];
  return { box, points, room: { ...box, x: from + 1, width: GAP + end.width } };
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
