// The memory that a socket reads into. Without it Node takes 64 KiB from the system for every read, however little comes,
// and a large message is put together from its pieces; with it what is read lies one behind the other, and the parser
// finds most large messages whole.
//
// It is never overwritten, since payloads are windows onto it, which the user may keep. How large a piece is goes by how
// fast it fills: a payload that is kept keeps its piece, and a quiet connection should hold little.

import { allocate, windowOf } from "../wire/bytes.js";

/** Bytes of the first piece: a handshake fits, and a connection on which little happens holds no more. */
export const SMALLEST_PIECE = 4_096;
/** Bytes of the largest. Four times as much is no faster, and all of it is kept by a payload that is. */
export const LARGEST_PIECE = 262_144;
/** By how much pieces grow and shrink. */
const STEP = 4;
/** Milliseconds in which a piece that is too small is full. */
const FAST = 100;
/** Milliseconds after which one that fills only then is too large. */
const SLOW = 1_000;
/** Bytes that a piece must have left for another read. */
const WORTH_A_READ = 16_384;

/** Where the next bytes of one socket go. */
export class ReceiveBuffer {
  readonly #now: () => number;
  #piece: Uint8Array;
  /** What is read lies in front of it. */
  #at = 0;
  #since: number;

  /** @param now a clock that does not run backwards, in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
    this.#piece = allocate(SMALLEST_PIECE);
  }

  /** The room for the next read. */
  room(): Uint8Array {
    const { length } = this.#piece;
    if (length - this.#at < Math.min(WORTH_A_READ, length / 4)) this.#renew();
    return windowOf(this.#piece.buffer, this.#piece.byteOffset + this.#at, this.#piece.length - this.#at);
  }

  /** So many bytes were read into the room: here they are. */
  taken(bytes: number): Uint8Array {
    const start = this.#at;
    this.#at += bytes;
    return windowOf(this.#piece.buffer, this.#piece.byteOffset + start, bytes);
  }

  #renew(): void {
    const now = this.#now();
    const lasted = now - this.#since;
    const { length } = this.#piece;
    this.#since = now;
    this.#at = 0;
    if (lasted < FAST) this.#piece = allocate(Math.min(LARGEST_PIECE, length * STEP));
    else if (lasted > SLOW) this.#piece = allocate(Math.max(SMALLEST_PIECE, length / STEP));
    else this.#piece = allocate(length);
  }
}
