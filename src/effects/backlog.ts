// What was accepted and no sink was handed yet, in order: commands encoded into chunks, some withdrawn again, and what a sink
// was handed that is lost and goes out once more (unconfirmed.ts). When and where it goes, and how much may wait, is the
// business of outbound.ts.
//
// No command lies across two chunks. Each has its place in the stream, which stays its own: what is withdrawn leaves a gap, takes
// no room, and never goes out. That happens to messages, and to the SUB and UNSUB lines that wait when their connection is
// lost: the next one begins with all subscriptions as they are then. Sent there once more, an old SUB would come back without its
// subscription, and an old UNSUB would give back the messages that a `max` has counted already.

import type { Amount } from "../machine/units.js";
import { CHUNK_SIZE, Chunk, ChunkPool } from "./chunks.js";
import { bytesOf, compacted, endOf, piecesOf, type Segment, SegmentQueue, segmentOf } from "./segments.js";
import { isMessage, messagesIn, type NamedMessage, named } from "./waiting-messages.js";
import { Encoder } from "./wire/encoder.js";

/** What a server accepts. */
export interface ServerLimits {
  /** Bytes of headers and payload of a message: `max_payload` of its INFO. */
  readonly maxPayload: number;
  /** Whether it knows HPUB. */
  readonly headers: boolean;
}

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
  /** Where in the stream the commands end that were cut. */
  #cutAt = 0;
  /** Messages cut since the beginning. */
  #cutMessages = 0;
  /** Where in the stream began what waited when it was dropped; undefined before. */
  #clearedAt: number | undefined;
  /** The segment before that of the last withdrawal: most are withdrawn in the order in which they were accepted. */
  #beforeLast: Segment | null = null;

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
    return this.#queue.messages + this.#encoder.messages - this.#cutMessages;
  }

  /** What waits of it that a sink was handed which is lost. */
  get repeated(): Amount {
    let messages = 0;
    let bytes = 0;
    for (let one = this.#queue.first; one?.isRepeated === true; one = one.next) {
      messages += one.messages;
      bytes += bytesOf(one);
    }
    return { messages, bytes };
  }

  /** Where in the stream begins what waits. */
  get taken(): number {
    return this.#queue.first?.position ?? this.#clearedAt ?? this.#cutAt;
  }

  /** Where in the stream the next command begins. */
  get position(): number {
    return this.#cutAt + this.#encoder.at - this.#start;
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

  /**
   * Adds a line that is known to be valid, without its CRLF; there is room for it.
   * @param mayComeBack from there in the stream on, commands wait or may have to go out once more
   */
  line(text: string, isOfConnection: boolean, mayComeBack: number): void {
    const start = this.position;
    this.#encoder.line(text);
    if (isOfConnection) this.#connectionLines.add(start, this.position, mayComeBack);
  }

  /** A command from `start` to before `end` of the stream belongs to one connection, as SUB and UNSUB do. */
  bind(start: number, end: number, mayComeBack: number): void {
    this.#connectionLines.add(start, end, mayComeBack);
  }

  /** Queues what was encoded into the current chunk since the last cut. */
  cut(): void {
    const start = this.#start;
    const { at, messages: accepted } = this.#encoder;
    const chunk = this.#chunk;
    if (chunk === null || at === start) return;
    const messages = accepted - this.#cutMessages;
    const { last } = this.#queue;
    const goesOn = last?.chunk === chunk && endOf(last) === this.#cutAt;
    if (last !== null && goesOn && !last.isRepeated) {
      this.#queue.extend(last, at, messages);
    } else {
      const position = this.#cutAt;
      this.#queue.push(segmentOf(chunk, { start, end: at, position, messages, isRepeated: false }));
    }
    this.#start = at;
    this.#cutAt += at - start;
    this.#cutMessages = accepted;
  }

  /** Whether a command of that size takes a chunk of its own where the one in use is full. */
  standsAlone(room: number, pilesUp: boolean): boolean {
    return room > (pilesUp ? ALONE : CHUNK_SIZE);
  }

  /** Goes on at the beginning of a chunk of CHUNK_SIZE; all is cut. */
  openChunk(): void {
    const { last } = this.#queue;
    this.#open(this.#pool.take(this.#chunk), 0);
    // As long as it was encoded into, the chunk was kept whatever was withdrawn of it.
    if (last !== null && isMostlyGaps(last)) this.#tidy(this.#before(last), last);
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

  /** Takes out what goes next, of what was cut, without a gap; null where there is nothing. */
  take(): Segment | null {
    const segment = this.#queue.shift();
    if (segment === null) return null;
    if (segment === this.#beforeLast) this.#beforeLast = null;
    if (segment.gaps === null) return segment;
    const [first, ...others] = piecesOf(segment);
    segment.chunk.pending += others.length;
    this.#queue.putBefore(others);
    return first as Segment;
  }

  /** Puts back what was taken out and has to go out once more, before all that waits. */
  putBack(segments: readonly Segment[]): void {
    this.#queue.putBefore(segments);
  }

  /** Nobody reads a segment of that chunk any more. */
  giveBack(chunk: Chunk): void {
    chunk.pending -= 1;
    if (chunk.pending === 0 && chunk !== this.#chunk) this.#pool.giveBack(chunk);
  }

  /** Withdraws the commands that belong to one connection. */
  withdrawConnectionLines(): void {
    this.cut();
    this.#connectionLines.withdrawAll(this.#queue);
    this.#dropEmpty();
  }

  /** Withdraws a message that lies from `start` to before `end` of the stream, where it waits. */
  withdraw(start: number, end: number): void {
    this.#withdraw(start, (segment) => withdrawMessage(this.#queue, segment, start, end));
  }

  /** Withdraws a line that lies from `start` to before `end` of the stream, where it waits. To be called once for each. */
  withdrawLine(start: number, end: number): void {
    this.#withdraw(start, (segment) => {
      this.#queue.withdraw(segment, start, end, false);
      return true;
    });
  }

  /** Finds the segment that has that place in the stream. @param from returns false where nothing was withdrawn */
  #withdraw(start: number, from: (segment: Segment) => boolean): void {
    if (start < this.taken || start >= this.position) return;
    this.cut();
    const hint = this.#beforeLast;
    let before = hint !== null && endOf(hint) <= start ? hint : null;
    for (let one = before === null ? this.#queue.first : before.next; one !== null; one = one.next) {
      if (start < endOf(one)) {
        this.#beforeLast = before;
        if (start >= one.position && from(one)) this.#tidy(before, one);
        return;
      }
      before = one;
    }
  }

  /** Withdraws each message that waits and is beyond the limits. */
  withdrawBeyond(limits: ServerLimits): NamedMessage[] {
    const beyond: NamedMessage[] = [];
    if (limits.headers && this.#encoder.largest <= limits.maxPayload) return beyond;
    this.cut();
    for (let one = this.#queue.first; one !== null; one = one.next) {
      for (const message of messagesIn(one.chunk.bytes, one.start, one.end)) {
        if (message.size <= limits.maxPayload && (limits.headers || !message.hasHeaders)) continue;
        const shift = one.position - one.start;
        if (withdrawMessage(this.#queue, one, message.start + shift, message.end + shift))
          beyond.push(named(one.chunk.bytes, message));
      }
    }
    this.#dropEmpty();
    return beyond;
  }

  /** Drops what waits, and lets go of all memory. */
  clear(): void {
    this.#clearedAt = this.taken;
    this.#close();
    this.#cutMessages = this.#encoder.messages;
    this.#beforeLast = null;
    this.#pool.clear();
    this.#queue.clear();
  }

  /** A command of the segment was withdrawn: memory that few others need is let go. */
  #tidy(before: Segment | null, segment: Segment): void {
    const isEmpty = bytesOf(segment) === 0;
    const { chunk } = segment;
    if (!isEmpty && (chunk === this.#chunk || !isMostlyGaps(segment))) return;
    this.#queue.replace(before, segment, isEmpty ? [] : compacted(segment));
    this.giveBack(chunk);
  }

  #before(segment: Segment): Segment | null {
    let before: Segment | null = null;
    for (let one = this.#queue.first; one !== segment && one !== null; one = one.next) before = one;
    return before;
  }

  #dropEmpty(): void {
    this.#beforeLast = null;
    let before: Segment | null = null;
    let one = this.#queue.first;
    while (one !== null) {
      const { next } = one;
      if (bytesOf(one) === 0) this.#tidy(before, one);
      else before = one;
      one = next;
    }
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

function isMostlyGaps({ start, end, withdrawn }: Segment): boolean {
  return 2 * withdrawn > end - start;
}

function isMessageAt({ chunk, start, position }: Segment, place: number): boolean {
  return isMessage(chunk.bytes, start + place - position);
}

/** Withdraws the message of a segment that begins there in the stream. Returns false where it is none, or is withdrawn already. */
export function withdrawMessage(queue: SegmentQueue, segment: Segment, start: number, end: number): boolean {
  const { gaps } = segment;
  if (!isMessageAt(segment, start)) return false;
  for (let i = 0; gaps !== null && i < gaps.length; i += 2) if (gaps[i] === start) return false;
  queue.withdraw(segment, start, end, true);
  return true;
}

/** Where in the stream the commands lie that belong to one connection. As many as wait or may come back, and at most as many again that have gone out. */
class ConnectionLines {
  /** Start and end of each, in the order of the stream. */
  #places: number[] = [];
  /** Before this index none can come back. */
  #first = 0;

  /** A line from `start` to before `end` was accepted; all before `mayComeBack` is gone for good. */
  add(start: number, end: number, mayComeBack: number): void {
    const places = this.#places;
    while (this.#first < places.length && (places[this.#first] as number) < mayComeBack) this.#first += 2;
    if (this.#first * 2 >= places.length) {
      places.splice(0, this.#first);
      this.#first = 0;
    }
    places.push(start, end);
  }

  /** Withdraws those that wait in the queue. */
  withdrawAll(queue: SegmentQueue): void {
    const places = this.#places;
    let i = this.#first;
    // What a sink was handed may still come back: while the stream is between two sinks, the first one has it.
    const handedOver: number[] = [];
    this.#places = handedOver;
    this.#first = 0;
    for (let segment = queue.first; segment !== null; segment = segment.next) {
      const segmentEnd = endOf(segment);
      for (; i < places.length && (places[i] as number) < segmentEnd; i += 2) {
        const start = places[i] as number;
        const end = places[i + 1] as number;
        if (start < segment.position) {
          handedOver.push(start, end);
          continue;
        }
        if (isMessageAt(segment, start)) withdrawMessage(queue, segment, start, end);
        else queue.withdraw(segment, start, end, false);
      }
    }
    for (; i < places.length; i++) handedOver.push(places[i] as number);
  }
}
