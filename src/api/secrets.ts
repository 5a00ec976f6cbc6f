// Random texts of a connection that nobody can guess: whoever may answer one request must not be able to answer another.
//
// A nuid is unique, but who has seen two can tell the next. These are drawn anew each time, many at once, since to ask
// for one takes longer than a request may. The bytes come from the world of the connection, so that a simulation has the
// same texts for the same seed. They have always the same length.

import { PAIRS, pairOf } from "./nuid.js";

/** How many characters a secret has. */
export const SECRET_LENGTH = 8;
/** How many pairs of characters the token of an inbox has: it is as long as a nuid. */
const TOKEN_PAIRS = 11;
/** How many numbers are drawn at once. */
const MANY = 1_024;
/** Below this, every pair is equally likely. */
const FAIR = Math.floor(0x1_0000 / PAIRS) * PAIRS;

/** The secrets of one connection. */
export class Secrets {
  readonly #fill: (bytes: Uint8Array) => void;
  /** Empty until the first is asked for. */
  #drawn = new Uint16Array(0);
  #left = 0;

  /** @param fill fills bytes at random */
  constructor(fill: (bytes: Uint8Array) => void) {
    this.#fill = fill;
  }

  /** A new secret, of 47 random bits: `0-9A-Za-z`, usable in a token of a subject. */
  next(): string {
    return this.#pair() + this.#pair() + this.#pair() + this.#pair();
  }

  /** The token of a new inbox: 22 characters, of 131 random bits. */
  inboxToken(): string {
    let token = "";
    for (let i = 0; i < TOKEN_PAIRS; i++) token += this.#pair();
    return token;
  }

  #pair(): string {
    let value: number;
    do {
      if (this.#left === 0) this.#draw();
      this.#left--;
      value = this.#drawn[this.#left] as number;
    } while (value >= FAIR);
    return pairOf(value % PAIRS);
  }

  #draw(): void {
    if (this.#drawn.length === 0) this.#drawn = new Uint16Array(MANY);
    this.#fill(new Uint8Array(this.#drawn.buffer));
    this.#left = MANY;
  }
}
