// Who waits for which answer: a table from numbers to whoever waits, for many requests that come and go.
//
// A Map does the same, but leaves garbage that keeps more garbage alive: whenever it makes room it leaves a table behind
// that points to the next one, and once the collector has moved one of them to where it seldom looks, all requests that
// the later ones ever held stay with it. That was a third of what a request cost.

/** The first size, and the one it returns to when nobody waits: a power of two. */
const SMALL = 64;
/** Larger than this it is not kept when nobody waits. */
const LARGE = 4_096;
/** Numbers are below this, a power of two, then begin again: who waited for that number has given up long since. */
const NUMBERS = 2 ** 30;

/**
 * Each number has its place, `number modulo size`, to itself: a number whose place is taken is not given away. At most
 * half of the places are taken; a larger table keeps apart what was apart in a smaller one.
 */
export class AwaitingTable<T> {
  #waiting: (T | undefined)[] = new Array<T | undefined>(SMALL).fill(undefined);
  #numbers = new Int32Array(SMALL);
  #count = 0;
  #last = 0;

  /** How many wait. */
  get size(): number {
    return this.#count;
  }

  /** Returns a number that nobody else waits for, or has for the last many requests. */
  add(one: T): number {
    if (2 * this.#count >= this.#waiting.length) this.#resize(2 * this.#waiting.length);
    const mask = this.#waiting.length - 1;
    do this.#last = (this.#last + 1) % NUMBERS;
    while (this.#waiting[this.#last & mask] !== undefined);
    this.#waiting[this.#last & mask] = one;
    this.#numbers[this.#last & mask] = this.#last;
    this.#count++;
    return this.#last;
  }

  /** Who waits for that number; any number may be asked for, and NaN. */
  get(number: number): T | undefined {
    const place = number & (this.#waiting.length - 1);
    return this.#numbers[place] === number ? this.#waiting[place] : undefined;
  }

  /** It waits no more. No effect where nobody waits for that number. */
  delete(number: number): void {
    if (this.get(number) === undefined) return;
    this.#waiting[number & (this.#waiting.length - 1)] = undefined;
    if (--this.#count === 0 && this.#waiting.length > LARGE) this.#resize(SMALL);
  }

  /** All that wait, in no order. */
  values(): T[] {
    return this.#waiting.filter((one): one is T => one !== undefined);
  }

  #resize(size: number): void {
    const [waiting, numbers] = [this.#waiting, this.#numbers];
    this.#waiting = new Array<T | undefined>(size).fill(undefined);
    this.#numbers = new Int32Array(size);
    waiting.forEach((one, place) => {
      if (one === undefined) return;
      const number = numbers[place] as number;
      this.#waiting[number & (size - 1)] = one;
      this.#numbers[number & (size - 1)] = number;
    });
  }
}
