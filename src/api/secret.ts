// Short texts that nobody can guess: whoever may answer one request must not be able to answer another.
//
// A nuid is unique, but who has seen two can tell the next. These are drawn anew each time, many at once, since to ask
// for one takes longer than a request may. Always of the same length, so that a simulation is the same each time.

import { PAIRS, pairOf } from "./nuid.js";

/** How many characters a secret has. */
export const SECRET_LENGTH = 8;
/** Below this, every pair is equally likely. */
const FAIR = Math.floor(0x1_0000 / PAIRS) * PAIRS;

const drawn = new Uint16Array(1_024);
let left = 0;

/** A new secret, of 47 random bits: `0-9A-Za-z`, usable in a token of a subject. */
export function secret(): string {
  return pair() + pair() + pair() + pair();
}

function pair(): string {
  let value: number;
  do {
    if (left === 0) left = globalThis.crypto.getRandomValues(drawn).length;
    left--;
    value = drawn[left] as number;
  } while (value >= FAIR);
  return pairOf(value % PAIRS);
}
