// Lines between rows: down from a box, along a track of their own between two rows, down to the next. Pure.

import type { Point } from "./layout.js";
import type { Cell, Rows, Way } from "./rows.js";

/** Where everything is from top to bottom, and the corners of each line. */
export interface Tracked {
  /** The top of each row. */
  readonly tops: readonly number[];
  readonly height: number;
  /** Of each way, in their order, from top to bottom. */
  readonly corners: readonly (readonly Point[])[];
}

/** Before the first track, and behind the last: room for the head of an arrow. */
const BEFORE = 8;
const BEHIND = 12;
const APART = 6;

/** A line on its way from one row to the next. */
interface Crossing {
  readonly way: Way;
  readonly number: number;
  readonly from: number;
  readonly to: number;
}

/** Gives each line its tracks, and so each row its place. */
export function tracked({ rows, ways }: Rows): Tracked {
  const tops: number[] = [];
  const track = new Map<Way, number[]>();
  let top = 0;
  for (const [number, row] of rows.entries()) {
    tops.push(top);
    top += Math.max(0, ...row.map(({ height }) => height));
    if (number === rows.length - 1) break;
    const { crossings, count } = between(number, ways);
    for (const [{ way, number: at }, its] of crossings)
      track.set(way, Object.assign(track.get(way) ?? [], { [at]: top + BEFORE + its * APART }));
    top += BEFORE + Math.max(0, count - 1) * APART + BEHIND;
  }
  return { tops, height: top, corners: ways.map((way) => cornersOf(way, tops, track.get(way) ?? [])) };
}

/** The track of each line that does not run straight from this row to the next, and how many tracks there are. */
function between(row: number, ways: readonly Way[]): { crossings: Map<Crossing, number>; count: number } {
  const all = ways.flatMap((way): Crossing[] => {
    const number = way.cells.findIndex((cell) => cell.row === row);
    if (number < 0 || number === way.cells.length - 1) return [];
    const [from, to] = [xOf(way, number), xOf(way, number + 1)];
    return isStraight(from, to) ? [] : [{ way, number, from, to }];
  });
  const left = ({ from, to }: Crossing) => Math.min(from, to);
  // To the right and to the left apart, the outer ones so that they do not cross the inner ones.
  const sorted = all.toSorted((a, b) => left(a) - left(b));
  const ends: number[] = [];
  const crossings = new Map<Crossing, number>();
  for (const crossing of sorted) {
    const free = ends.findIndex((end) => end + APART < left(crossing));
    const its = free < 0 ? ends.length : free;
    ends[its] = Math.max(crossing.from, crossing.to);
    crossings.set(crossing, its);
  }
  return { crossings, count: ends.length };
}

function cornersOf(way: Way, tops: readonly number[], tracks: readonly number[]): readonly Point[] {
  const { cells } = way;
  const [first, last] = [cells[0] as Cell, cells.at(-1) as Cell];
  const corners: Point[] = [{ x: xOf(way, 0), y: (tops[first.row] ?? 0) + first.height }];
  for (const number of cells.keys()) {
    const y = tracks[number];
    if (y !== undefined) corners.push({ x: xOf(way, number), y }, { x: xOf(way, number + 1), y });
  }
  return [...corners, { x: xOf(way, cells.length - 1), y: tops[last.row] ?? 0 }];
}

function xOf({ cells, at }: Way, number: number): number {
  return (cells[number]?.x ?? 0) + (at[number] ?? 0);
}

/** What nobody sees is no corner. */
function isStraight(from: number, to: number): boolean {
  return Math.abs(from - to) < 1;
}
