// A pace: so many at once, and then one after another. Pure: all that is remembered is one number. The chart keeps a pace with
// the servers that it dials, and a process with the dials of all its connections.

import type { Milliseconds } from "./units.js";

/** How fast something may be begun. In any time T, at most `atOnce + T / interval` are. */
export interface Pace {
  /** How many may be begun at once after a rest. */
  readonly atOnce: number;
  /** How long each one counts; 0 is no limit. */
  readonly interval: Milliseconds;
}

/**
 * When the next one may be begun.
 * @param busyUntil what `begun` returned for the one before; anything in the past before the first
 */
export function nextAt(busyUntil: Milliseconds, { atOnce, interval }: Pace): Milliseconds {
  return interval <= 0 ? Number.NEGATIVE_INFINITY : busyUntil - (atOnce - 1) * interval;
}

/** Until when all that were begun count, with the one that is begun now. */
export function begun(busyUntil: Milliseconds, now: Milliseconds, { interval }: Pace): Milliseconds {
  return Math.max(busyUntil, now) + interval;
}
