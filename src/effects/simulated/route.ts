// The network between a client and a host: how slow it is, and whether anything gets through at all.

import type { Milliseconds } from "../../machine/units.js";
import type { Random } from "./random.js";

/** The way between a client and a server. Its fields may be set at any time; packets look at them when they are sent. */
export class Route {
  /** Milliseconds that a packet takes, at least and at most. Default: those of the simulation. */
  latency: readonly [least: Milliseconds, most: Milliseconds];
  /** Bytes a millisecond. Default: infinite. */
  bandwidth = Number.POSITIVE_INFINITY;
  #isCut = false;
  #waiting: (() => void)[] = [];

  /** @internal */
  constructor(latency: readonly [least: Milliseconds, most: Milliseconds]) {
    this.latency = latency;
  }

  /** True while no packet gets through. They wait: TCP sends them again and again. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** No packet gets through from here on, in either direction. */
  cut(): void {
    this.#isCut = true;
  }

  /** Packets get through again, also those that waited. */
  heal(): void {
    this.#isCut = false;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /**
   * Calls `wake` when the route is healed.
   * @internal
   */
  whenHealed(wake: () => void): void {
    this.#waiting.push(wake);
  }

  /**
   * How long the next packet takes.
   * @internal
   */
  delay(random: Random): Milliseconds {
    const [least, most] = this.latency;
    return least + (most - least) * random.next();
  }
}
