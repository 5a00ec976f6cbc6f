// Random numbers from a seed: the same seed gives the same numbers, so that what a simulation does can be repeated.
// The generator is that of the chart (reconnect-policy.ts); here it keeps its own state.

import { nextRandom } from "../../machine/reconnect-policy.js";

/** A seeded generator. Not for secrets. */
export class Random {
  #state: number;

  /** @param seed any number; its lower 32 bits count */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 to below 1. */
  next(): number {
    const [value, state] = nextRandom(this.#state);
    this.#state = state;
    return value;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** A whole number from `least` to `most`, both possible. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** A number from `least` to below `most`, small ones as likely as large ones: each decade is. */
  scaled(least: number, most: number): number {
    return least * (most / least) ** this.next();
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of the items; throws where there is none. */
  pick<T>(items: readonly T[]): T {
    const at = this.below(items.length);
    if (at >= items.length) throw new RangeError("nothing to pick from");
    return items[at] as T;
  }

  /** A generator of its own, so that one part of a simulation can change without shifting the numbers of another. */
  fork(): Random {
    return new Random(this.below(0x1_0000_0000));
  }
}
