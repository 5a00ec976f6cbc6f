// Whole commands in a chunk, cut from it for the socket, and the queue of them. Each command has its place in the stream, which
// stays its own: where some are withdrawn, the places of the others do not change.
//
// A withdrawn command is a gap: its bytes count no more and go nowhere. A segment with gaps leaves the queue in pieces.

import { Chunk } from "./chunks.js";
import { messagesIn } from "./waiting-messages.js";

/** Whole commands in a chunk, ready for the sink. The byte at `start + n` of the chunk has the place `position + n` in the stream. */
export interface Segment {
  readonly chunk: Chunk;
  start: number;
  end: number;
  /** Where in the stream it begins. */
  position: number;
  /** How many of the commands are messages, without those withdrawn. */
  messages: number;
  /** True where a socket that was lost had it: its server may have read it. */
  readonly isRepeated: boolean;
  /** Places in the stream that were withdrawn: the start and the end of each, in any order. Null while there are none. */
  gaps: number[] | null;
  /** Bytes in the gaps. */
  withdrawn: number;
  next: Segment | null;
}

/** Bytes of it that are to go out. */
export function bytesOf({ start, end, withdrawn }: Segment): number {
  return end - start - withdrawn;
}

/** Where in the stream it ends. */
export function endOf({ position, start, end }: Segment): number {
  return position + end - start;
}

/** A segment without gaps. */
export function segmentOf(
  chunk: Chunk,
  { start, end, position, messages, isRepeated }: Omit<Segment, "chunk" | "gaps" | "withdrawn" | "next">,
): Segment {
  return { chunk, start, end, position, messages, isRepeated, gaps: null, withdrawn: 0, next: null };
}

/** How many messages of a segment without gaps lie between two places in the stream, where commands end. */
export function messagesBetween({ chunk, start, position }: Segment, from: number, to: number): number {
  let count = 0;
  const shift = start - position;
  for (const _ of messagesIn(chunk.bytes, from + shift, to + shift)) count += 1;
  return count;
}

/** A segment with gaps as segments without: what is to go out of it, in order, and nothing else. */
export function piecesOf(segment: Segment): Segment[] {
  const { chunk, start, position, gaps, isRepeated } = segment;
  if (gaps === null) return [segment];
  const pieces: Segment[] = [];
  let from = position;
  const add = (to: number) => {
    if (to === from) return;
    const piece = segmentOf(chunk, {
      start: start + from - position,
      end: start + to - position,
      position: from,
      messages: 0,
      isRepeated,
    });
    piece.messages = messagesBetween(piece, from, to);
    pieces.push(piece);
  };
  for (const [gap, end] of inOrder(gaps)) {
    add(gap);
    from = end;
  }
  add(endOf(segment));
  return pieces;
}

/** The same pieces in memory of their own, no more than they need. */
export function compacted(segment: Segment): Segment[] {
  const chunk = new Chunk(bytesOf(segment));
  let at = 0;
  return piecesOf(segment).map((piece) => {
    const start = at;
    chunk.bytes.set(piece.chunk.bytes.subarray(piece.start, piece.end), start);
    at += piece.end - piece.start;
    return { ...piece, chunk, start, end: at };
  });
}

function inOrder(gaps: readonly number[]): [start: number, end: number][] {
  const pairs: [start: number, end: number][] = [];
  for (let i = 0; i < gaps.length; i += 2) pairs.push([gaps[i] as number, gaps[i + 1] as number]);
  return pairs.sort(([a], [b]) => a - b);
}

/** Segments in the order in which they go out. Its bounds are those of Outbound. */
export class SegmentQueue {
  /** Bytes in all segments, without those withdrawn. */
  bytes = 0;
  /** Messages in all segments. */
  messages = 0;
  #first: Segment | null = null;
  #last: Segment | null = null;

  get first(): Segment | null {
    return this.#first;
  }

  get last(): Segment | null {
    return this.#last;
  }

  push(segment: Segment): void {
    segment.chunk.pending += 1;
    this.bytes += bytesOf(segment);
    this.messages += segment.messages;
    if (this.#last === null) this.#first = segment;
    else this.#last.next = segment;
    this.#last = segment;
  }

  /** The last segment goes on, up to there, with so many messages more. */
  extend(segment: Segment, end: number, messages: number): void {
    this.bytes += end - segment.end;
    this.messages += messages;
    segment.end = end;
    segment.messages += messages;
  }

  /** Takes out the first segment. Its chunk is still pending: whoever takes it lets it go. */
  shift(): Segment | null {
    const segment = this.#first;
    if (segment === null) return null;
    this.#first = segment.next;
    if (segment.next === null) this.#last = null;
    segment.next = null;
    this.bytes -= bytesOf(segment);
    this.messages -= segment.messages;
    return segment;
  }

  /** Puts others before all of it, in their order. Their chunks are pending already. */
  putBefore(segments: readonly Segment[]): void {
    for (const segment of segments.toReversed()) {
      segment.next = this.#first;
      this.#first = segment;
      this.#last ??= segment;
      this.bytes += bytesOf(segment);
      this.messages += segment.messages;
    }
  }

  /** Puts others, which may be none, in the place of the one behind `before` (null: of the first). Their chunks get pending. */
  replace(before: Segment | null, segment: Segment, others: readonly Segment[]): void {
    let last = before;
    let next: Segment | null = segment.next;
    const rest = next;
    this.bytes -= bytesOf(segment);
    this.messages -= segment.messages;
    for (const other of others) {
      other.chunk.pending += 1;
      this.bytes += bytesOf(other);
      this.messages += other.messages;
      if (last === null) this.#first = other;
      else last.next = other;
      last = other;
    }
    next = rest;
    if (last === null) this.#first = next;
    else last.next = next;
    if (next === null) this.#last = last;
    segment.next = null;
  }

  /** A command of a segment is withdrawn, from `start` to before `end` of the stream. */
  withdraw(segment: Segment, start: number, end: number, isMessage: boolean): void {
    segment.gaps ??= [];
    segment.gaps.push(start, end);
    segment.withdrawn += end - start;
    this.bytes -= end - start;
    if (!isMessage) return;
    segment.messages -= 1;
    this.messages -= 1;
  }

  clear(): void {
    this.bytes = 0;
    this.messages = 0;
    this.#first = null;
    this.#last = null;
  }
}
