// The async iterator behind subscriptions, requestMany() and status(): an owner pushes, one consumer pulls.
//
// It is written for speed: no async generator, a ring buffer, one promise and one result object per value.
// It knows nothing of messages or connections; the owner decides what to do when the consumer leaves (`onDone`)
// or cannot keep up (`limit`). Order of events is that of nats@2.29.3, but nothing that was pushed is lost.

import type { Bytes } from "../machine/units.js";
import { ErrorCode, NatsError } from "./errors.js";

/** How a {@link QueuedIterator} treats its owner and its bound. */
export interface QueuedIteratorOptions<T> {
  /**
   * How many values may wait. Default: no bound, as in the reference; then the owner must bound the values
   * in another way or say why there is no need.
   */
  readonly limit?: number | undefined;
  /** How many bytes may wait; one value may, however large it is. Default: no bound. */
  readonly limitBytes?: Bytes | undefined;
  /** The bytes of a value, which must not change. Needed for `limitBytes` and `waitingBytes`. Default: none. */
  readonly sizeOf?: (value: T) => Bytes;
  /** Called with each value that has to wait: what it returns waits instead, of the same size. Default: the value. Must not throw. */
  readonly keep?: (value: T) => T;
  /** At a limit: drop the value that comes (`newest`, the default, as the Go client does) or those that wait longest. */
  readonly drop?: "newest" | "oldest";
  /** Called with each value dropped at a limit. Must not throw. */
  readonly onOverflow?: (dropped: T) => void;
  /** Gives the oldest value that is left a sign that so many before it were dropped. Default: it gets none. Must not throw. */
  readonly mark?: (value: T, dropped: number) => T;
  /**
   * Called once, when nobody consumes any more: the consumer left the loop, took the last value after `stop()`,
   * or got the error; or `stop()` found that nobody was iterating. Must not throw.
   */
  readonly onDone?: () => void;
}

/** What a loop reads by. Not AsyncIterableIterator, whose end has a type from TypeScript 5.6 on only. */
type Cursor<T> = AsyncIterator<T, undefined> & AsyncIterable<T>;

type Phase =
  /** Takes values. */
  | "open"
  /** Takes no more; the consumer reads what waits, then gets the end or the error. */
  | "ending"
  /** The same, but nobody had begun to read when it was stopped. So the owner has been told, though somebody may yet. */
  | "unread"
  /** Yields nothing more, and the owner has been told. */
  | "finished";

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/** The first size of the ring, and the one it returns to after it held many values: a power of two. */
const smallRing = 16;
const largeRing = 4096;

const end: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/**
 * A queue that one consumer reads with `for await`.
 *
 * - `stop()`: waiting values are still yielded, then the loop ends.
 * - `stop(error)`: waiting values are still yielded, then the error is thrown, once. (The reference drops the
 *   waiting values, and loses the error too when it comes while the consumer is busy.)
 * - `break`, `return` or a throw inside the loop: waiting values are discarded and the owner is told.
 * - A second loop over the same iterator throws a NatsError with {@link ErrorCode.ApiError}, as in the reference.
 */
export class QueuedIterator<T> implements AsyncIterable<T>, AsyncIterator<T, undefined> {
  readonly #limit: number;
  readonly #limitBytes: Bytes;
  readonly #sizeOf: ((value: T) => Bytes) | undefined;
  readonly #keep: ((value: T) => T) | undefined;
  readonly #dropOldest: boolean;
  readonly #onOverflow: ((dropped: T) => void) | undefined;
  readonly #mark: ((value: T, dropped: number) => T) | undefined;
  readonly #onDone: (() => void) | undefined;

  // Waiting values are #ring[#first], … #count of them, indices taken modulo the ring's length.
  #ring: (T | undefined)[] = new Array<T | undefined>(smallRing).fill(undefined);
  #first = 0;
  #count = 0;
  #bytes: Bytes = 0;
  /** Values dropped, of which the consumer was not told. */
  #dropped = 0;
  /** Calls of next() that wait for a value. One, unless somebody calls next() without awaiting it. */
  #waiters: Waiter<T>[] = [];
  /** Whoever calls next(): a cursor, or this object itself. Set at the first call. */
  #consumer: unknown;
  #inFlight = 0;
  #received = 0;
  #processed = 0;
  #phase: Phase = "open";
  #error: Error | undefined;
  #whenConsumed: (() => void)[] = [];
  #isLetGo = false;

  constructor(options: QueuedIteratorOptions<T> = {}) {
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#limitBytes = options.limitBytes ?? Number.POSITIVE_INFINITY;
    this.#sizeOf = options.sizeOf;
    this.#keep = options.keep;
    this.#dropOldest = options.drop === "oldest";
    this.#onOverflow = options.onOverflow;
    this.#mark = options.mark;
    this.#onDone = options.onDone;
  }

  /**
   * Gives the consumer a value, at once if it waits, else when it comes back.
   * @returns false where the value was not taken: after `stop()` or `break`, or at the limit.
   */
  push(value: T): boolean {
    if (this.#phase !== "open") return false;
    this.#received++;
    if (this.#waiters.length > 0) {
      this.#deliver(value);
      return true;
    }
    const size = this.#sizeOf === undefined ? 0 : this.#sizeOf(value);
    if (this.#isFull(size) && !this.#makeRoom(size)) {
      this.#onOverflow?.(value);
      return false;
    }
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#count) & (this.#ring.length - 1)] =
      this.#keep === undefined ? value : this.#keep(value);
    this.#count++;
    this.#bytes += size;
    return true;
  }

  #isFull(size: Bytes): boolean {
    return this.#count >= this.#limit || (this.#count > 0 && this.#bytes + size > this.#limitBytes);
  }

  /** Drops the oldest values until another one fits; false where that is not to be done. */
  #makeRoom(size: Bytes): boolean {
    if (!this.#dropOldest || this.#limit === 0) return false;
    while (this.#isFull(size)) {
      const dropped = this.#take();
      this.#dropped++;
      this.#onOverflow?.(dropped);
    }
    return true;
  }

  /**
   * Takes no more values. Those that wait are still yielded; then the loop ends, or throws `error`.
   * Only the first call counts.
   */
  stop(error?: Error): void {
    if (this.#phase !== "open") return;
    this.#error = error;
    if (this.#consumer === undefined) {
      this.#phase = "unread";
      this.#onDone?.();
      return;
    }
    this.#phase = "ending";
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) this.#finish(waiter);
  }

  /** True after `stop()`, or after the consumer left: `push` takes nothing any more. */
  get stopped(): boolean {
    return this.#phase !== "open";
  }

  /** True while somebody iterates: `next()` was called, and the end, the error or `break` has not come yet. */
  get consuming(): boolean {
    return this.#consumer !== undefined && this.#phase !== "finished";
  }

  /** How many values were pushed before `stop()`, those dropped at the limit included. */
  getReceived(): number {
    return this.#received;
  }

  /** How many values the consumer was given. */
  getProcessed(): number {
    return this.#processed;
  }

  /** How many values wait, and the one that the consumer is working on. Zero after `break`: nobody will get the rest. */
  getPending(): number {
    return this.#count + this.#inFlight;
  }

  /** How many values wait, without the one that the consumer is working on. */
  get waiting(): number {
    return this.#count;
  }

  /** True while the consumer waits: it gets the next value at once. */
  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  /** The bytes of the values that wait. */
  get waitingBytes(): Bytes {
    return this.#bytes;
  }

  /**
   * True while the consumer has a value and has not come back for the next one. Nobody can tell whether it works on the value, as a
   * loop does, or took it by `next()` and left without a word.
   */
  get isHeld(): boolean {
    return this.consuming && this.#waiters.length === 0 && !this.#isLetGo;
  }

  /**
   * Resolves when nothing waits and the consumer has come back for more, so that it is done with every value
   * pushed so far; or when it has left, or was let go. Resolves at once where nobody iterates. A consumer that stays in its
   * loop body forever delays it forever: a caller that must not wait that long brings its own timeout.
   */
  whenConsumed(): Promise<void> {
    if (!this.isHeld) return Promise.resolve();
    return new Promise((resolve) => this.#whenConsumed.push(resolve));
  }

  /** From here on nobody waits for the consumer, which can read on. */
  letGo(): void {
    this.#isLetGo = true;
    this.#tellConsumed();
  }

  /** The iterator for a loop. Only the first that is used gets values; see the class. */
  [Symbol.asyncIterator](): Cursor<T> {
    const cursor: Cursor<T> = {
      next: () => this.#pull(cursor),
      return: () => this.#leave(cursor),
      [Symbol.asyncIterator]: () => cursor,
    };
    return cursor;
  }

  /**
   * The next value, without a loop: `{ done: true }` after the end; rejects with the error of `stop(error)`.
   * Use either this or a loop: whichever comes first is the only consumer.
   */
  next(): Promise<IteratorResult<T, undefined>> {
    return this.#pull(this);
  }

  /** Leaves, as `break` does: discards what waits, and tells the owner. */
  return(): Promise<IteratorReturnResult<undefined>> {
    return this.#leave(this);
  }

  #pull(consumer: unknown): Promise<IteratorResult<T, undefined>> {
    if (this.#consumer !== consumer) {
      if (this.#consumer !== undefined) return Promise.reject(alreadyConsumed());
      this.#consumer = consumer;
    }
    this.#inFlight = 0;
    if (this.#count > 0) {
      this.#inFlight = 1;
      this.#processed++;
      return Promise.resolve({ done: false, value: this.#marked(this.#take()) });
    }
    if (this.#phase === "finished") return Promise.resolve(end);
    return new Promise((resolve, reject) => {
      if (this.#phase === "open") {
        this.#waiters.push({ resolve, reject });
        this.#tellConsumed();
      } else {
        this.#finish({ resolve, reject });
      }
    });
  }

  #marked(value: T): T {
    const dropped = this.#dropped;
    if (dropped === 0) return value;
    this.#dropped = 0;
    return this.#mark === undefined ? value : this.#mark(value, dropped);
  }

  #deliver(value: T): void {
    const waiter = this.#waiters.shift() as Waiter<T>;
    this.#processed++;
    // With another call of next() waiting, the consumer has come back already.
    this.#inFlight = this.#waiters.length > 0 ? 0 : 1;
    waiter.resolve({ done: false, value });
  }

  #leave(consumer: unknown): Promise<IteratorReturnResult<undefined>> {
    if (this.#consumer !== undefined && this.#consumer !== consumer) return Promise.resolve(end);
    this.#consumer = consumer;
    this.#error = undefined;
    this.#first = 0;
    this.#count = 0;
    this.#bytes = 0;
    this.#ring = [];
    this.#finish(undefined);
    return Promise.resolve(end);
  }

  /** Nothing more will be yielded: one waiting call gets the error, if there is one; the others get the end. */
  #finish(waiter: Waiter<T> | undefined): void {
    const before = this.#phase;
    this.#phase = "finished";
    this.#inFlight = 0;
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) waiter?.resolve(end);
    else waiter?.reject(error);
    for (const other of this.#waiters.splice(0)) other.resolve(end);
    this.#tellConsumed();
    if (before === "open" || before === "ending") this.#onDone?.();
  }

  #tellConsumed(): void {
    if (this.#whenConsumed.length === 0) return;
    for (const resolve of this.#whenConsumed.splice(0)) resolve();
  }

  #take(): T {
    const value = this.#ring[this.#first] as T;
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    this.#count--;
    if (this.#sizeOf !== undefined) this.#bytes -= this.#sizeOf(value);
    if (this.#count === 0 && this.#ring.length > largeRing) {
      this.#ring = new Array<T | undefined>(smallRing).fill(undefined);
      this.#first = 0;
    }
    return value;
  }

  #grow(): void {
    const size = this.#ring.length;
    const ring = new Array<T | undefined>(size * 2).fill(undefined);
    for (let i = 0; i < size; i++) ring[i] = this.#ring[(this.#first + i) & (size - 1)];
    this.#ring = ring;
    this.#first = 0;
  }
}

function alreadyConsumed(): NatsError {
  return new NatsError(
    "This iterator already has a consumer: only one loop can read it, and only once",
    ErrorCode.ApiError,
  );
}
