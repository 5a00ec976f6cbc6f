// How much of what a server sends is looked at in one turn of the event loop. Messages pass without a limit, as far as a read
// goes: the user has subscribed to them. What a server may send unasked, the control lines, has a budget: past it the socket is
// not read, and the rest waits for the next turn, so that timers, other sockets and the user's own work come in between.

import type { World } from "./world.js";

/** What a turn may cost, in units of a line that asks for nothing (`+OK`): about a millisecond. */
export const BUDGET = 10_000;
/** What a line costs of which somebody is told. */
export const TOLD = 100;
/** So many characters of a line that are read as text cost one unit. */
export const CHARACTERS_PER_UNIT = 4;
/** From here on the next turn is awaited: less than that is not worth it, whatever the number of turns. */
const WORTH_IT = BUDGET / 10;

/** What stops and goes on. */
export interface Flow {
  /** The budget is used up: nothing more is looked at, and nothing more read. */
  hold(): void;
  /** The next turn: what was held goes on. */
  goOn(): void;
}

/** The budget of one socket. */
export class Intake {
  readonly #world: Pick<World, "nextTurn">;
  readonly #flow: Flow;
  #spent = 0;
  #isHeld = false;
  #isOver = false;
  #isAwaited = false;

  constructor(world: Pick<World, "nextTurn">, flow: Flow) {
    this.#world = world;
    this.#flow = flow;
  }

  /** True while the rest waits for the next turn. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** A line was looked at that costs so much. */
  spend(cost: number): void {
    this.#spent += cost;
    if (this.#spent < WORTH_IT || this.#isOver) return;
    if (!this.#isAwaited) this.#world.nextTurn(() => this.#renew());
    this.#isAwaited = true;
    if (this.#spent < BUDGET || this.#isHeld) return;
    this.#isHeld = true;
    this.#flow.hold();
  }

  /** Nothing is looked at any more, and nothing goes on. */
  stop(): void {
    this.#isHeld = false;
    this.#isOver = true;
  }

  #renew(): void {
    this.#isAwaited = false;
    this.#spent = 0;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#flow.goOn();
  }
}
