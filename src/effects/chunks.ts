// The memory of an outbound stream: chunks to encode into, and the queue of what was cut from them for the socket.

import { allocate } from "./wire/bytes.js";

/** Size of a pooled chunk, in bytes. From 32 to 512 KiB it makes little difference; half of a core's cache holds this. */
export const CHUNK_SIZE = 65_536;
/** Chunks kept for reuse. Bounds the idle memory of a connection: 256 KiB, and the chunk in use. */
const POOL_LIMIT = 4;

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

/** Chunks of CHUNK_SIZE that nobody reads any more. */
export class ChunkPool {
  readonly #free: Chunk[] = [];

  /** A chunk to be written from its beginning: the current one, if all of it is out. */
  take(current: Chunk | null): Chunk {
    if (current !== null && current.pending === 0) return current;
    return this.#free.pop() ?? new Chunk(CHUNK_SIZE);
  }

  /** Takes back a chunk that is neither current nor pending. One of another size, or one too many, is let go. */
  giveBack(chunk: Chunk): void {
    if (chunk.bytes.length === CHUNK_SIZE && this.#free.length < POOL_LIMIT) this.#free.push(chunk);
  }

  clear(): void {
    this.#free.length = 0;
  }
}

/** Whole commands in a chunk, ready for the sink. */
export interface Segment {
  readonly chunk: Chunk;
  readonly start: number;
  readonly end: number;
  /** How many of the commands are messages. */
  readonly messages: number;
  next: Segment | null;
}

/** Segments in the order in which they go out. Its bounds are those of Outbound. */
export class SegmentQueue {
  /** Bytes in all segments. */
  bytes = 0;
  #first: Segment | null = null;
  #last: Segment | null = null;

  get first(): Segment | null {
    return this.#first;
  }

  push(chunk: Chunk, start: number, end: number, messages: number): void {
    const segment: Segment = { chunk, start, end, messages, next: null };
    chunk.pending += 1;
    this.bytes += end - start;
    if (this.#last === null) this.#first = segment;
    else this.#last.next = segment;
    this.#last = segment;
  }

  shift(): Segment | null {
    const segment = this.#first;
    if (segment === null) return null;
    this.#first = segment.next;
    if (segment.next === null) this.#last = null;
    this.bytes -= segment.end - segment.start;
    return segment;
  }

  clear(): void {
    this.bytes = 0;
    this.#first = null;
    this.#last = null;
  }
}
