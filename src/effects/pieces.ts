// The pieces of long secrets, and where in a text they stand: eight characters in a row betray a secret that has at least
// twice as many. What is done about it: offered.ts.
//
// A text is mostly skipped, six characters at a time: a piece of eight has six groups of three, and if the last group of a
// window is in no secret, no piece begins before it.

/** So many characters in a row betray a secret that has at least twice as many. */
export const PIECE = 8;
const GROUP = 3;
/** Bits of the table of groups. The groups of a JWT fill a tenth of it. */
const BITS = 16;

/** True for a secret of which a piece says something. */
export const isLong = (secret: string) => secret.length >= 2 * PIECE;

/** All pieces of some secrets. */
export class Pieces {
  readonly #pieces = new Set<string>();
  /** A bit for each hash of a group of three characters that is in a piece. Empty where there are none. */
  #groups = new Uint8Array(0);

  /** Adds the pieces of a long secret. */
  add(secret: string): void {
    if (this.#groups.length === 0) this.#groups = new Uint8Array(2 ** BITS / 8);
    for (let i = 0; i + PIECE <= secret.length; i++) this.#pieces.add(secret.slice(i, i + PIECE));
    for (let i = 0; i + GROUP <= secret.length; i++) {
      const hash = hashAt(secret, i);
      this.#groups[hash >> 3] = (this.#groups[hash >> 3] ?? 0) | (1 << (hash & 7));
    }
  }

  /** Where there are pieces in the text, in order: those that overlap or touch as one. */
  in(text: string): [start: number, end: number][] {
    const found: [start: number, end: number][] = [];
    if (this.#groups.length === 0) return found;
    let last: [start: number, end: number] | undefined;
    for (let i = 0; i + PIECE <= text.length; ) {
      const end = i + PIECE;
      const hash = hashAt(text, end - GROUP);
      if ((((this.#groups[hash >> 3] ?? 0) >> (hash & 7)) & 1) === 0) {
        i = end - GROUP + 1;
        continue;
      }
      if (this.#pieces.has(text.slice(i, end))) {
        if (last !== undefined && i <= last[1]) last[1] = end;
        else {
          last = [i, end];
          found.push(last);
        }
      }
      i++;
    }
    return found;
  }
}

/** A number below 2 ** BITS for the group of three characters at `i`. */
function hashAt(text: string, i: number): number {
  const group = (text.charCodeAt(i) * 31 + text.charCodeAt(i + 1)) * 31 + text.charCodeAt(i + 2);
  return group & (2 ** BITS - 1);
}
