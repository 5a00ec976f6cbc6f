// What was accepted and no sink was handed yet, in order: commands encoded into chunks, and some taken back again.
// When and where it goes, and how much may wait, is the business of outbound.ts.
//
// No command lies across two chunks. Each has its place in the stream, which stays its own: what is taken back is
// overwritten with lines that mean nothing. That happens to messages, and to the SUB and UNSUB lines that wait when their
// connection is lost: the next one begins with all subscriptions as they are then. Sent there once more, an old SUB would
// come back without its subscription, and an old UNSUB would give back the messages that a `max` has counted already.

import { CHUNK_SIZE, Chunk, ChunkPool, type Segment, SegmentQueue } from "./chunks.js";
import { isMessage, messagesIn, type WaitingMessage } from "./waiting-messages.js";
import { Encoder } from "./wire/encoder.js";

/** What a server accepts. */
export interface ServerLimits {
  /** Bytes of headers and payload of a message: `max_payload` of its INFO. */
  readonly maxPayload: number;
  /** Whether it knows HPUB. */
  readonly headers: boolean;
}

/** No subscription has the number 0, and a server says nothing to an UNSUB of a number that it does not know. */
const NOTHING = [..."UNSUB 0"].map((character) => character.charCodeAt(0));
const SPACE = 32;
const CR = 13;
const LF = 10;
/** The least bytes that mean nothing, and as many as every server takes in a line. */
const SHORTEST = NOTHING.length + 2;
const LONGEST = 512;

/** While chunks pile up, a message of this size gets a chunk of its own, so that the unused ends stay below 7 %. */
const ALONE = CHUNK_SIZE / 16;

/** Whether the line belongs to one connection: SUB and UNSUB. */
export function isOfConnection(line: string): boolean {
  return /^(UN)?SUB /.test(line);
}

/** Commands that wait for a sink. Its bounds are those of Outbound. */
export class Backlog {
  readonly #encoder: Encoder;
  readonly #pool = new ChunkPool();
  readonly #queue = new SegmentQueue();
  readonly #connectionLines = new ConnectionLines();
  /** The chunk that is encoded into; commands up to #start have been cut from it and queued. */
  #chunk: Chunk | null = null;
  #start = 0;
  /** Messages queued, and messages taken out or back, since the beginning. */
  #queuedMessages = 0;
  #takenMessages = 0;
  #taken = 0;

  /** @param maxControlLine bytes of a line behind its verb that the server accepts */
  constructor(maxControlLine: number) {
    this.#encoder = new Encoder(maxControlLine);
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#queue.bytes + this.#encoder.at - this.#start;
  }

  /** PUB and HPUB that wait. */
  get messages(): number {
    return this.#encoder.messages - this.#takenMessages;
  }

  /** Bytes taken out since the beginning: where in the stream begins what waits. */
  get taken(): number {
    return this.#taken;
  }

  /** Where in the stream the next command begins. */
  get position(): number {
    return this.#taken + this.bytes;
  }

  /** PUB and HPUB accepted since the beginning. */
  get acceptedMessages(): number {
    return this.#encoder.messages;
  }

  /** Bytes of headers and payload in them. */
  get acceptedBytes(): number {
    return this.#encoder.messageBytes;
  }

  /** Bytes of room in the chunk that is encoded into. */
  get room(): number {
    return this.#encoder.end - this.#encoder.at;
  }

  /**
   * Adds a message; there is room for it.
   * @throws BadWireString where it cannot be sent; nothing is added then
   */
  publish(
    subject: string,
    payload: Uint8Array | string | undefined,
    reply: string | undefined,
    headers: Uint8Array | undefined,
  ): void {
    this.#encoder.publish(subject, payload, reply, headers);
  }

  /** Adds a line that is known to be valid, without its CRLF; there is room for it. */
  line(text: string, isOfConnection: boolean): void {
    const start = this.position;
    this.#encoder.line(text);
    if (isOfConnection) this.#connectionLines.add(start, this.position, this.#taken);
  }

  /** Queues what was encoded into the current chunk since the last cut. */
  cut(): void {
    const start = this.#start;
    const { at, messages } = this.#encoder;
    if (this.#chunk === null || at === start) return;
    this.#start = at;
    this.#queue.push(this.#chunk, start, at, messages - this.#queuedMessages);
    this.#queuedMessages = messages;
  }

  /** Whether a command of that size takes a chunk of its own where the one in use is full. */
  standsAlone(room: number, pilesUp: boolean): boolean {
    return room > (pilesUp ? ALONE : CHUNK_SIZE);
  }

  /** Goes on at the beginning of a chunk of CHUNK_SIZE; all is cut. */
  openChunk(): void {
    this.#open(this.#pool.take(this.#chunk), 0);
  }

  /** Adds what `add` adds, of that size, in a chunk of its own, then goes on in the one that was in use. */
  alone(room: number, pilesUp: boolean, add: () => void): void {
    this.cut();
    const chunk = this.#chunk;
    const { at } = this.#encoder;
    this.#open(pilesUp || room <= CHUNK_SIZE ? new Chunk(room) : this.#pool.takeLarge(room), 0);
    try {
      add();
      this.cut();
    } finally {
      if (chunk === null) this.#close();
      else this.#open(chunk, at);
    }
  }

  /** Takes out what goes next, of what was cut; null where there is nothing. */
  take(): Segment | null {
    const segment = this.#queue.shift();
    if (segment === null) return null;
    this.#taken += segment.end - segment.start;
    this.#takenMessages += segment.messages;
    return segment;
  }

  /** A segment of that chunk is written: nobody reads it any more. */
  giveBack(chunk: Chunk): void {
    chunk.pending -= 1;
    if (chunk.pending === 0 && chunk !== this.#chunk) this.#pool.giveBack(chunk);
  }

  /** Takes back the lines that belong to one connection. */
  voidConnectionLines(): void {
    this.cut();
    this.#connectionLines.voidAll(this.#queue, this.#taken);
  }

  /** Takes back a message that lies from `start` to before `end` of the stream, where it waits. */
  withdraw(start: number, end: number): void {
    if (start < this.#taken || start === end) return;
    this.cut();
    let position = this.#taken;
    for (let segment = this.#queue.first; segment !== null; segment = segment.next) {
      const next = position + segment.end - segment.start;
      if (start < next) {
        const shift = segment.start - position;
        this.#takeBack(segment, start + shift, end + shift);
        return;
      }
      position = next;
    }
  }

  /** Takes back each message that waits and is beyond the limits. */
  withdrawBeyond(limits: ServerLimits): WaitingMessage[] {
    const beyond: WaitingMessage[] = [];
    if (limits.headers && this.#encoder.largest <= limits.maxPayload) return beyond;
    this.cut();
    for (let segment = this.#queue.first; segment !== null; segment = segment.next) {
      for (const message of messagesIn(segment.chunk.bytes, segment.start, segment.end)) {
        if (message.size <= limits.maxPayload && (limits.headers || !message.hasHeaders)) continue;
        beyond.push(message);
        this.#takeBack(segment, message.start, message.end);
      }
    }
    return beyond;
  }

  /** Drops what waits, and lets go of all memory. */
  clear(): void {
    this.#close();
    this.#pool.clear();
    this.#queue.clear();
    this.#takenMessages = this.#encoder.messages;
  }

  /** Overwrites a message of a segment, if it is still there. */
  #takeBack(segment: Segment, start: number, end: number): void {
    const { bytes } = segment.chunk;
    if (!isMessage(bytes, start)) return;
    voidBytes(bytes, start, end);
    this.#encoder.forget();
    segment.messages -= 1;
    this.#takenMessages += 1;
  }

  #open(chunk: Chunk, at: number): void {
    this.#chunk = chunk;
    this.#start = at;
    this.#encoder.open(chunk.bytes, chunk.view, at);
  }

  #close(): void {
    this.#chunk = null;
    this.#start = 0;
    this.#encoder.close();
  }
}

/** Where in the stream such lines lie. As many as wait, and at most as many again that have gone out. */
class ConnectionLines {
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

/** Overwrites the bytes from `start` to before `end`, at least 9 of them, with lines that mean nothing. */
function voidBytes(bytes: Uint8Array, start: number, end: number): void {
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
