// The memory of an outbound stream: chunks to encode into. What is cut from them for the socket: segments.ts.

import { allocate } from "./wire/bytes.js";

/** Size of a pooled chunk, in bytes. From 32 to 512 KiB it makes little difference; half of a core's cache holds this. */
export const CHUNK_SIZE = 65_536;
/** Chunks kept for reuse. With LARGE_LIMIT it bounds the idle memory of a connection: 256 KiB, and the chunk in use. */
const POOL_LIMIT = 4;
/** Bytes of chunks kept for messages that need one larger than usual: fresh memory costs more than copying into it. */
const LARGE_LIMIT = 1_048_576;

/** A piece of memory to encode into. */
export class Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Segments of it that wait or are not reported as written. Those a lost sink had never are: it is not used again. */
  pending = 0;

  constructor(size: number) {
    this.bytes = allocate(size);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
  }
}

/** Chunks that nobody reads any more: of CHUNK_SIZE, and some larger ones. */
export class ChunkPool {
  readonly #free: Chunk[] = [];
  readonly #large: Chunk[] = [];
  #largeBytes = 0;

  /** A chunk to be written from its beginning: the current one, if all of it is out. */
  take(current: Chunk | null): Chunk {
    if (current !== null && current.pending === 0) return current;
    return this.#free.pop() ?? new Chunk(CHUNK_SIZE);
  }

  /** A chunk for one message that needs more than CHUNK_SIZE. */
  takeLarge(size: number): Chunk {
    // Not one much larger: while it waits for the socket, all of it is held.
    const place = this.#large.findIndex(({ bytes }) => bytes.length >= size && bytes.length <= 2 * size);
    const [kept] = place < 0 ? [] : this.#large.splice(place, 1);
    if (kept === undefined) return new Chunk(Math.ceil(size / CHUNK_SIZE) * CHUNK_SIZE);
    this.#largeBytes -= kept.bytes.length;
    return kept;
  }

  /** Takes back a chunk that is neither current nor pending. One too many, or of an unusual size, is let go. */
  giveBack(chunk: Chunk): void {
    const { length } = chunk.bytes;
    if (length === CHUNK_SIZE) {
      if (this.#free.length < POOL_LIMIT) this.#free.push(chunk);
    } else if (length % CHUNK_SIZE === 0 && this.#largeBytes + length <= LARGE_LIMIT) {
      this.#largeBytes += length;
      this.#large.push(chunk);
    }
  }

  clear(): void {
    this.#free.length = 0;
    this.#large.length = 0;
    this.#largeBytes = 0;
  }
}
