// SUB and UNSUB lines that wait in the outbound stream. They belong to one connection: the next one begins with all
// subscriptions as they are then. Sent there once more, an old SUB would come back without its subscription, and an
// old UNSUB would give back the messages that a `max` has counted already.

import type { SegmentQueue } from "./chunks.js";

/** No subscription has the number 0, and a server says nothing to an UNSUB of a number that it does not know. */
const NOTHING = [..."UNSUB 0"].map((character) => character.charCodeAt(0));
const SPACE = 32;
const CR = 13;
const LF = 10;
/** The least bytes that mean nothing, and as many as every server takes in a line. */
const SHORTEST = NOTHING.length + 2;
const LONGEST = 512;

/** Overwrites the bytes from `start` to before `end`, at least 9 of them, with lines that mean nothing. */
export function voidBytes(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const left = end - at;
    // What would be left over must be a line as well.
    const length = left <= LONGEST ? left : left - LONGEST < SHORTEST ? LONGEST - SHORTEST : LONGEST;
    bytes.fill(SPACE, at, at + length - 2);
    bytes.set(NOTHING, at);
    at += length;
    bytes[at - 2] = CR;
    bytes[at - 1] = LF;
  }
}

/** Whether the line belongs to one connection. */
export function isOfConnection(line: string): boolean {
  return /^(UN)?SUB /.test(line);
}

/** Where in the stream such lines lie. As many as wait, and at most as many again that have gone out. */
export class ConnectionLines {
  /** Start and end of each, in the order of the stream. */
  #places: number[] = [];
  /** Before this index all have gone out. */
  #first = 0;

  /** A line from `start` to before `end` was accepted; the sink has all before `handedOver`. */
  add(start: number, end: number, handedOver: number): void {
    const places = this.#places;
    while (this.#first < places.length && (places[this.#first] as number) < handedOver) this.#first += 2;
    if (this.#first * 2 >= places.length) {
      places.splice(0, this.#first);
      this.#first = 0;
    }
    places.push(start, end);
  }

  /**
   * Overwrites those that wait in the queue, which begins at `position` of the stream, with lines of the same length
   * that mean nothing. So no position in the stream changes, nor the bytes that wait.
   */
  voidAll(queue: SegmentQueue, position: number): void {
    const places = this.#places;
    let i = this.#first;
    this.#places = [];
    this.#first = 0;
    let segmentStart = position;
    for (let segment = queue.first; segment !== null; segment = segment.next) {
      const shift = segment.start - segmentStart;
      const segmentEnd = segmentStart + segment.end - segment.start;
      for (; i < places.length && (places[i] as number) < segmentEnd; i += 2) {
        const start = places[i] as number;
        const end = places[i + 1] as number;
        if (start < segmentStart) continue;
        voidBytes(segment.chunk.bytes, start + shift, end + shift);
      }
      segmentStart = segmentEnd;
    }
  }
}
