// Boxes in rows from top to bottom, and the lines between them: each box below all that lead to it, in the order of the rows in
// which lines cross least that a few sweeps find (Sugiyama's method, without anything that a small chart does not need). Pure.
//
// It knows no states and no ports: place.ts makes boxes and lines of them. Where lines run between two rows: tracks.ts.

import { isotonic } from "./isotonic.js";

/** Something that stands in a row. */
export interface Box {
  readonly width: number;
  readonly height: number;
  /** How much of the width lines may end at. Default: all of it; more room may be needed beside a box. */
  readonly reach?: number;
  /** In the first row of all, or in the last, with nothing else. */
  readonly pin?: "first" | "last";
}

/** A line from a box to one that comes later in the list. */
export interface Line {
  readonly from: number;
  readonly to: number;
  /** Where it leaves the one, and where it ends at the other, from the left; null where any place will do. */
  readonly fromAt: number | null;
  readonly toAt: number | null;
  /** Room for its label; null where it has none. */
  readonly label: { readonly width: number; readonly height: number } | null;
}

/** What stands in a row: a box, the label of a line, or a place where a line passes. */
export interface Cell {
  readonly row: number;
  readonly width: number;
  readonly height: number;
  /** The left side. */
  x: number;
  /** Is it the label of its line? */
  readonly isLabel: boolean;
}

/** The way of a line through cells: from its box over one in each row between to its other box. */
export interface Way {
  readonly cells: readonly Cell[];
  /** Where it runs in each of them, from the left. */
  readonly at: number[];
}

/** Boxes and lines in rows. */
export interface Rows {
  readonly rows: readonly (readonly Cell[])[];
  /** Of each box, in their order. */
  readonly boxes: readonly Cell[];
  /** Of each line, in their order. */
  readonly ways: readonly Way[];
}

const GAP = 12;
const SWEEPS = 8;
const SHIFTS = 12;
/** Without lines, so many stand in one row; more stand in a square. */
const FEW = 4;

/** Puts boxes into rows, the rows into order, and gives each cell its place from left to right. */
export function inRows(boxes: readonly Box[], lines: readonly Line[]): Rows {
  const row = rowsOf(boxes, lines);
  const rows: Cell[][] = Array.from({ length: Math.max(-1, ...row) + 1 }, () => []);
  const put = (at: number, width: number, height: number, isLabel: boolean): Cell => {
    const cell = { row: at, width, height, x: 0, isLabel };
    rows[at]?.push(cell);
    return cell;
  };
  const placed = boxes.map(({ width, height }, index) => put(row[index] ?? 0, width, height, false));
  const ways = lines.map(({ from, to, fromAt, toAt, label }): Way => {
    const [first, last] = [placed[from] as Cell, placed[to] as Cell];
    const middle = Math.floor((first.row + last.row) / 2);
    const between: Cell[] = [];
    for (let at = first.row + 1; at < last.row; at++) {
      const isLabel = label !== null && at === Math.max(middle, first.row + 1);
      between.push(put(at, isLabel ? label.width : 0, isLabel ? label.height : 0, isLabel));
    }
    const middleOf = (index: number) => (boxes[index]?.reach ?? boxes[index]?.width ?? 0) / 2;
    const at = [fromAt ?? middleOf(from), ...between.map(({ width }) => width / 2), toAt ?? middleOf(to)];
    return { cells: [first, ...between, last], at };
  });
  const ends = neighbours(ways);
  sort(rows, ends);
  spread(boxes, lines, placed, ways);
  shift(rows, ends);
  return { rows, boxes: placed, ways };
}

/** The row of each box. */
function rowsOf(boxes: readonly Box[], lines: readonly Line[]): readonly number[] {
  const base: number = boxes.some(({ pin }) => pin === "first") ? 1 : 0;
  const row = boxes.map(({ pin }) => (pin === "first" ? 0 : base));
  const linked = new Set(lines.flatMap(({ from, to }) => [from, to]));
  const alone = boxes.flatMap(({ pin }, index) => (pin === undefined && !linked.has(index) ? [index] : []));
  const abreast = alone.length > FEW ? Math.ceil(Math.sqrt(alone.length)) : FEW;
  for (const [number, index] of alone.entries()) row[index] = base + Math.floor(number / abreast);
  // In the order of the boxes that they lead to, so that where each begins is known.
  for (const { from, to, label } of lines.toSorted((a, b) => a.to - b.to))
    row[to] = Math.max(row[to] ?? 0, (row[from] ?? 0) + (label === null ? 1 : 2));
  const last = Math.max(0, ...row);
  const isLast = boxes.some(({ pin }) => pin === "last");
  return isLast
    ? row.map((at, index) => (boxes[index]?.pin === "last" ? Math.max(last, base + 1) : at))
    : row;
}

/** A cell in the row above or below, where the line to it runs there, and where it runs here. */
interface Neighbour {
  readonly cell: Cell;
  readonly way: Way;
  /** The number of that cell in the way. */
  readonly there: number;
  readonly here: number;
}

type Neighbours = ReadonlyMap<Cell, readonly Neighbour[]>;

function neighbours(ways: readonly Way[]): { readonly above: Neighbours; readonly below: Neighbours } {
  const above = new Map<Cell, Neighbour[]>();
  const below = new Map<Cell, Neighbour[]>();
  const add = (to: Map<Cell, Neighbour[]>, cell: Cell, neighbour: Neighbour) =>
    to.set(cell, [...(to.get(cell) ?? []), neighbour]);
  for (const way of ways) {
    for (const [number, cell] of way.cells.entries()) {
      const next = way.cells[number + 1];
      if (next === undefined) continue;
      add(below, cell, { cell: next, way, there: number + 1, here: number });
      add(above, next, { cell, way, there: number, here: number + 1 });
    }
  }
  return { above, below };
}

type Ends = ReturnType<typeof neighbours>;

/** Orders each row by where its neighbours stand, downwards and upwards in turns. */
function sort(rows: Cell[][], { above, below }: Ends): void {
  const number = () => {
    for (const row of rows) for (const [index, cell] of row.entries()) cell.x = index;
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    number();
    const isDown = sweep % 2 === 0;
    for (const row of isDown ? rows : rows.toReversed()) {
      const wanted = new Map(row.map((cell) => [cell, meanOf((isDown ? above : below).get(cell), cell.x)]));
      row.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
      for (const [index, cell] of row.entries()) cell.x = index;
    }
  }
}

function meanOf(all: readonly Neighbour[] | undefined, otherwise: number): number {
  if (all === undefined || all.length === 0) return otherwise;
  return all.reduce((sum, { cell, way, there }) => sum + cell.x + inside(cell, way, there), 0) / all.length;
}

/** How far along a cell a line ends: less than from one to the next. */
function inside({ width }: Cell, { at }: Way, number: number): number {
  return width === 0 ? 0 : ((at[number] ?? 0) / width) * 0.9;
}

/** Lines that may end anywhere at a box end beside one another, in the order of what they lead to. */
function spread(
  boxes: readonly Box[],
  lines: readonly Line[],
  placed: readonly Cell[],
  ways: readonly Way[],
): void {
  for (const index of placed.keys()) {
    const { width = 0, reach = width } = boxes[index] ?? {};
    for (const side of ["from", "to"] as const) {
      const here = ways.filter((_, number) => lines[number]?.[side] === index && isFree(lines[number], side));
      const other = (way: Way) => (side === "from" ? way.cells[1] : way.cells.at(-2))?.x ?? 0;
      const sorted = here.toSorted((a, b) => other(a) - other(b));
      for (const [number, way] of sorted.entries())
        way.at[side === "from" ? 0 : way.at.length - 1] = (reach * (number + 1)) / (sorted.length + 1);
    }
  }
}

function isFree(line: Line | undefined, side: "from" | "to"): boolean {
  return (side === "from" ? line?.fromAt : line?.toAt) === null;
}

/** Moves each cell to where its lines are straight, as far as its row has room, again and again. */
function shift(rows: readonly Cell[][], { above, below }: Ends): void {
  for (const row of rows)
    settle(
      row,
      row.map(() => 0),
    );
  for (let time = 0; time < SHIFTS; time++) {
    const isDown = time % 2 === 0;
    for (const row of isDown ? rows : rows.toReversed()) {
      const wanted = row.map((cell) => {
        const looked = (isDown ? above : below).get(cell) ?? (isDown ? below : above).get(cell) ?? [];
        const places = looked.map(
          ({ cell: other, way, there, here }) => other.x + (way.at[there] ?? 0) - (way.at[here] ?? 0),
        );
        return places.length === 0 ? cell.x : places.reduce((sum, x) => sum + x, 0) / places.length;
      });
      settle(row, wanted);
    }
  }
  const left = rows.flat().reduce((least, { x }) => Math.min(least, x), Number.POSITIVE_INFINITY);
  for (const row of rows) for (const cell of row) cell.x -= left;
}

/** As near to the wanted places as cells that do not overlap can be. */
function settle(row: readonly Cell[], wanted: readonly number[]): void {
  let taken = 0;
  const before = row.map(({ width }) => {
    const here = taken;
    taken += width + GAP;
    return here;
  });
  const places = isotonic(wanted.map((x, index) => x - (before[index] ?? 0)));
  for (const [index, cell] of row.entries()) cell.x = (places[index] ?? 0) + (before[index] ?? 0);
}
