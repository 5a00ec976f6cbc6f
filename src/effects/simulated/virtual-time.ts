// Time that passes only when told to. Events happen in the order of their time, each with all that follows from it
// (promises, microtasks, deferred calls) before the next: a week without events takes no time at all.
//
// Microtasks cannot be virtualised. After each event the real queue of them is left to run empty: on Node by
// `process.nextTick`, whose queue comes after that of the microtasks; elsewhere by a timer of 0 ms.

import type { Milliseconds } from "../../machine/units.js";
import type { Timer } from "../world.js";
import { type Check, check, milliseconds } from "./checks.js";

/** What was asked for and has not happened yet. */
interface Planned {
  readonly at: Milliseconds;
  /** Of two at the same time, the one that was planned first comes first. */
  readonly number: number;
  /** Null once it was stopped. */
  run: (() => void) | null;
}

interface Platform {
  readonly process?: { readonly nextTick?: (run: () => void) => void };
  readonly setImmediate?: (run: () => void) => unknown;
  readonly setTimeout: (run: () => void, ms: number) => unknown;
}

const platform = globalThis as unknown as Platform;
const nextTick = platform.process?.nextTick;
/** A turn of the event loop: all microtasks are done, and sockets, timers and signals of the real world had their say. */
const loop = platform.setImmediate ?? ((run: () => void) => platform.setTimeout(run, 0));
/** All microtasks are done. */
const afterMicrotasks = nextTick ?? loop;
/** After so many events the real world may have its say; else a long simulation would look hung. */
const LOOP_EVERY = 1_000;
/** So many events in one instant are a loop that time never leaves. */
const MAX_PER_INSTANT = 100_000;
const standstill = "time stands still: every event causes another at once";
/** 2020-01-01: a time as the real world could have it. */
const START: Milliseconds = 1_577_836_800_000;

const aPromise: Check = [
  (value) => typeof (value as Promise<unknown> | null | undefined)?.then === "function",
  "a promise",
];

/** A promise was waited for in vain. */
export class NotSettled extends Error {
  override readonly name = "NotSettled";
  /** How long it was waited for, in virtual time. */
  readonly limit: Milliseconds;

  constructor(limit: Milliseconds) {
    const why = "timers of the platform (setTimeout) do not run in virtual time: see world.sleep";
    super(`the promise was not settled within ${limit} ms of virtual time. The most likely reason: ${why}`);
    this.limit = limit;
  }
}

/** A virtual clock and everything that is planned on it. */
export class VirtualTime {
  #now = START;
  #count = 0;
  #heap: Planned[] = [];
  #stopped = 0;
  #deferred: (() => void)[] = [];
  #step: Promise<void> | undefined;
  #halted: Error | undefined;
  /** How many let time pass at once. */
  #drivers = 0;
  /** One of them has just come to its end. */
  #isLeft = false;
  #steps = 0;
  #inInstant = 0;

  /** Milliseconds since the epoch, with fractions. */
  now(): Milliseconds {
    return this.#now;
  }

  /** Milliseconds since the simulation began. */
  elapsed(): Milliseconds {
    return this.#now - START;
  }

  /** How many events have happened. */
  get steps(): number {
    return this.#steps;
  }

  /** How many events are planned. */
  get planned(): number {
    return this.#heap.length - this.#stopped;
  }

  /** Calls `fired` once, after that time, unless stopped. */
  startTimer(ms: Milliseconds, fired: () => void): Timer {
    const at = this.#now + Math.max(0, ms);
    // It would be in nobody's order, and what is planned after it would be lost.
    if (Number.isNaN(at)) throw new RangeError("a timer of NaN milliseconds: what was that computed from?");
    const planned: Planned = { at, number: this.#count++, run: fired };
    this.#push(planned);
    return planned;
  }

  /** Stops a timer; no effect on one that fired. */
  stopTimer(timer: Timer): void {
    const planned = timer as Planned;
    if (planned.run === null) return;
    planned.run = null;
    this.#stopped++;
  }

  /** Calls `run` when the event that happens now is done with, at the same time. */
  defer(run: () => void): void {
    this.#deferred.push(run);
  }

  /** Whether something deferred has not run. */
  get hasDeferred(): boolean {
    return this.#deferred.length > 0;
  }

  /**
   * Lets that much time pass, with all that happens in it.
   * @throws what an event throws (as a rejection), the reason of `halt`, and where events come in a loop that time never
   * leaves; TypeError or RangeError for what is no number of milliseconds
   */
  async advance(ms: Milliseconds): Promise<void> {
    check("ms", ms, milliseconds);
    const end = this.#now + ms;
    await this.#drive(() => this.#nextAt() <= end);
    if (this.#now < end) this.#now = end;
  }

  /**
   * Lets time pass until the promise is settled, and gives its value or throws its error.
   * @param limit milliseconds of virtual time until it throws; default an hour
   */
  async until<T>(promise: Promise<T>, limit: Milliseconds = 3_600_000): Promise<T> {
    check("what is waited for", promise, aPromise);
    check("limit", limit, milliseconds);
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    const end = this.#now + limit;
    await this.#drive(() => !isSettled && this.#nextAt() <= end);
    if (!isSettled) throw new NotSettled(limit);
    return promise;
  }

  /** Lets no more time pass: whoever lets it pass gets this error. */
  halt(reason: Error): void {
    this.#halted ??= reason;
  }

  async #drive(goesOn: () => boolean): Promise<void> {
    this.#drivers++;
    try {
      await this.#settle();
      while (this.#halted === undefined && goesOn()) await this.#once();
      if (this.#halted !== undefined) throw this.#halted;
    } finally {
      this.#drivers--;
      this.#isLeft = true;
    }
  }

  /** One event, with all that follows from it. Several callers that let time pass share it. */
  #once(): Promise<void> {
    this.#step ??= this.#happen().finally(() => {
      this.#step = undefined;
    });
    return this.#step;
  }

  async #happen(): Promise<void> {
    // Another one may have what it waited for: it goes on before the next event.
    if (this.#drivers > 1 || this.#isLeft) await this.#settle();
    this.#isLeft = false;
    if (this.#nextAt() === Number.POSITIVE_INFINITY) return;
    const planned = this.#pop();
    if (planned?.run === undefined || planned.run === null) return;
    this.#inInstant = planned.at === this.#now ? this.#inInstant + 1 : 0;
    if (this.#inInstant > MAX_PER_INSTANT) throw new Error(standstill);
    this.#now = planned.at;
    this.#steps++;
    const { run } = planned;
    planned.run = null;
    run();
    await this.#settle();
    if (this.#steps % LOOP_EVERY === 0) await new Promise<void>((resolve) => loop(resolve));
  }

  /** Deferred calls, then microtasks, until there are no more: the order of Node. */
  async #settle(): Promise<void> {
    for (let rounds = 0; rounds === 0 || this.#deferred.length > 0; rounds++) {
      if (rounds > MAX_PER_INSTANT) throw new Error(standstill);
      const deferred = this.#deferred;
      this.#deferred = [];
      for (const run of deferred) run();
      await new Promise<void>((resolve) => afterMicrotasks(resolve));
    }
  }

  /** When the next event happens; never where none is planned. */
  #nextAt(): Milliseconds {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return Number.POSITIVE_INFINITY;
      if (first.run !== null) return first.at;
      this.#stopped--;
      this.#pop();
    }
  }

  // A binary heap: the parent of the one at `i` is at `(i - 1) >> 1`, and is never later.

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(planned);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Planned;
      if (!isEarlier(planned, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = planned;
  }

  #pop(): Planned | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      if (left >= heap.length) break;
      const isRight = right < heap.length && isEarlier(heap[right] as Planned, heap[left] as Planned);
      const child = isRight ? right : left;
      if (!isEarlier(heap[child] as Planned, last)) break;
      heap[at] = heap[child] as Planned;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isEarlier(one: Planned, other: Planned): boolean {
  return one.at < other.at || (one.at === other.at && one.number < other.number);
}
