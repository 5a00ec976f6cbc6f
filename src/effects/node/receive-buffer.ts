// The memory that a socket reads into. Without it Node takes 64 KiB from the system for every read, however little comes,
// and a large message is put together from its pieces; with it what is read lies one behind the other, and the parser
// finds most large messages whole.
//
// It is never overwritten, since payloads are windows onto it, which the user may keep. A payload that is kept keeps its piece. So
// how large a piece is goes by how fast it fills, since a quiet connection should hold little, and by how long the messages are: only
// where they are long does a larger piece save copies.

import type { Bytes, Milliseconds } from "../../machine/units.js";
import { allocate, windowOf } from "../wire/bytes.js";
import type { Reader } from "../world.js";

/** Bytes of the first piece: a handshake fits, and a connection on which little happens holds no more. */
export const SMALLEST_PIECE = 4_096;
/** Bytes of a large one: as much as Node takes for a read. All of it is kept by a payload that is. Four times as much is hardly faster. */
export const LARGE_PIECE = 65_536;
/** Bytes of the largest, where messages are long. Four times as much is no faster. */
export const LARGEST_PIECE = 262_144;
/** Bytes of a message that is long: of smaller ones hardly any ends in another piece than it began in. */
export const LONG_MESSAGE = 16_384;
/** By how much pieces grow and shrink. */
const STEP = 4;
/** Milliseconds in which a piece that is too small is full. */
const FAST = 100;
/** Milliseconds after which one that fills only then is too large. */
const SLOW = 1_000;
/** Bytes that a piece must have left for another read. */
const WORTH_A_READ = 16_384;

/** Where the next bytes of one socket go. */
export class ReceiveBuffer implements Reader {
  readonly #now: () => number;
  #piece: Uint8Array;
  /** What is read lies in front of it. */
  #at = 0;
  #since: number;
  /** Bytes of the longest message that was announced since the piece was begun. */
  #longest = 0;

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

  expect(bytes: Bytes): void {
    if (bytes > this.#longest) this.#longest = bytes;
  }

  #renew(): void {
    const now = this.#now();
    const size = this.#piece.length * this.#growth(now - this.#since);
    const largest = this.#longest < LONG_MESSAGE ? LARGE_PIECE : LARGEST_PIECE;
    this.#piece = allocate(Math.max(SMALLEST_PIECE, Math.min(largest, size)));
    this.#since = now;
    this.#at = 0;
    this.#longest = 0;
  }

  /** @param lasted until the piece was full */
  #growth(lasted: Milliseconds): number {
    if (lasted < FAST) return STEP;
    return lasted > SLOW ? 1 / STEP : 1;
  }
}
