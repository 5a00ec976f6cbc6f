// Unique identifiers of 22 base-62 characters, for users and for `createInbox`: the NUID algorithm of NATS. The inboxes of a
// connection are not made of these: secrets.ts.
//
// Twelve characters are random and stay; ten are a sequence that starts at random and grows by a random step.
// When the sequence is used up, everything is drawn anew. Randomness is cryptographic and drawn at first use.

import { brand } from "../machine/brand.js";

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const prefixLength = 12;
const minimumStep = 33;
const maximumStep = 333;

/** 62 ** 2: what the last two characters count. `pairs` holds their texts, from the first use on. */
export const PAIRS = 3844;
const pairs: string[] = [];

function fillPairs(): void {
  for (const first of digits) {
    for (const second of digits) pairs.push(first + second);
  }
}

/** Two characters: the text of a number below `PAIRS`. */
export function pairOf(value: number): string {
  if (pairs.length === 0) fillPairs();
  return pairs[value] as string;
}

/** 62 ** 4: what the first four, and the middle four, characters of the sequence count. */
const quarterSize = 14_776_336;

/** A number as base-62 text of a given length. */
function text(value: number, length: number): string {
  let rest = value;
  let result = "";
  for (let i = 0; i < length; i++) {
    result = digits.charAt(rest % 62) + result;
    rest = Math.floor(rest / 62);
  }
  return result;
}

/** A random integer from 0 below `limit` (at most 2 ** 32); every value is equally likely. */
function randomBelow(limit: number): number {
  const fair = Math.floor(0x1_0000_0000 / limit) * limit;
  const drawn = new Uint32Array(1);
  do globalThis.crypto.getRandomValues(drawn);
  while ((drawn[0] ?? 0) >= fair);
  return (drawn[0] ?? 0) % limit;
}

/**
 * A generator of unique identifiers (source: the NUID specification, as in the Go client: base 62; the
 * reference uses base 36 in the same layout). Not a secret: the next identifier can be guessed from two others.
 */
export class Nuid {
  // The sequence has 62 ** 10 values, more than a double holds exactly: it is kept as 4 + 4 + 2 characters.
  #high = quarterSize;
  #middle = 0;
  #low = 0;
  #step = 0;
  #prefix = "";
  /** Prefix, high and middle as text: they change once in about twenty calls, the rest is one look-up. */
  #head = "";

  /** The next identifier: 22 characters of `0-9A-Za-z`, usable as a token of a subject. */
  next(): string {
    this.#low += this.#step;
    if (this.#low >= PAIRS) this.#carry();
    else if (this.#high === quarterSize) this.reset();
    return this.#head + pairs[this.#low];
  }

  /** Draws a new prefix, start and step. Nobody needs to: it happens at first use and when the sequence ends. */
  reset(): void {
    if (pairs.length === 0) fillPairs();
    this.#prefix = Array.from({ length: prefixLength }, () => digits.charAt(randomBelow(62))).join("");
    this.#high = randomBelow(quarterSize);
    this.#middle = randomBelow(quarterSize);
    this.#low = randomBelow(PAIRS);
    this.#step = minimumStep + randomBelow(maximumStep - minimumStep);
    this.#head = this.#prefix + text(this.#high, 4) + text(this.#middle, 4);
  }

  #carry(): void {
    this.#low -= PAIRS;
    this.#middle += 1;
    if (this.#middle === quarterSize) {
      this.#middle = 0;
      this.#high += 1;
    }
    if (this.#high === quarterSize) this.reset();
    else this.#head = this.#prefix + text(this.#high, 4) + text(this.#middle, 4);
  }
}

brand(Nuid, "Nuid");

/** The generator of `createInbox`. The inboxes of a connection come from its world: secrets.ts. */
export const nuid: Nuid = new Nuid();
