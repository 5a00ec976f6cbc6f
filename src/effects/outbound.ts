// The bytes that wait for the socket: batching, back pressure, and the buffer that survives a lost connection.
//
// Commands are encoded into chunks of memory. A chunk goes to the socket when it is full or when the current turn
// of the event loop is over, whichever comes first, so one write carries many messages. While the gate is shut
// (`hold`), chunks wait. No command lies across two chunks: what a lost socket was given ends with a whole command.

import { CHUNK_SIZE, Chunk, ChunkPool, type Segment, SegmentQueue } from "./chunks.js";
import { ConnectionLines, isOfConnection, voidBytes } from "./connection-lines.js";
import { isMessage, messagesIn, type WaitingMessage } from "./waiting-messages.js";
import { textLength } from "./wire/bytes.js";
import { Encoder, publishSize, roomFor, roomForText } from "./wire/encoder.js";
import { checkControlLine, DEFAULT_MAX_CONTROL_LINE } from "./wire/subject.js";

export { BadWireString } from "./wire/subject.js";

/** Where the bytes go: a socket. */
export interface Sink {
  /** False once it takes nothing more, which it may know before it can say so: what waits stays, for the next sink. */
  readonly isOpen: boolean;
  /**
   * Takes the chunk; must not throw. The bytes stay as they are until `written` is called, at once or later; a second
   * call does nothing.
   * @returns false when the sink is full: it gets no more until `Outbound.drained` is called
   */
  write(chunk: Uint8Array, written: () => void): boolean;
}

/** Options of an Outbound. */
export interface OutboundOptions {
  /** Calls `run` soon, when the current turn is over (`process.nextTick`). */
  readonly defer: (run: () => void) => void;
  /** Bytes of commands kept while the gate is shut; 0 refuses all, -1 is unlimited. */
  readonly reconnectBufferSize: number;
  /** Bytes of a line behind its verb that the server accepts. Default 4,096. */
  readonly maxControlLine?: number;
}

/** The message was refused: not connected, and no room in the reconnect buffer. It leaves no trace. */
export class OutboundFull extends Error {
  override readonly name = "OutboundFull";

  constructor(waiting: number, limit: number) {
    const state = limit === 0 ? "nothing is kept" : `${waiting} of ${limit} bytes are taken`;
    super(
      `not connected, and the reconnect buffer has no room for the message: ${state} (reconnectBufferSize)`,
    );
  }
}

/** The outbound stream is closed for good. */
export class OutboundClosed extends Error {
  override readonly name = "OutboundClosed";

  constructor() {
    super("the connection is closed");
  }
}

/** What a server accepts. */
export interface ServerLimits {
  /** Bytes of headers and payload of a message: `max_payload` of its INFO. */
  readonly maxPayload: number;
  /** Whether it knows HPUB. */
  readonly headers: boolean;
}

/** Whoever awaits `ready`. As many as there are awaiting callers. */
interface Waiter {
  readonly limit: number;
  readonly resolve: () => void;
  readonly reject: (reason: OutboundClosed) => void;
}

/** While chunks pile up, a message of this size gets a chunk of its own, so that the unused ends stay below 7 %. */
const ALONE = CHUNK_SIZE / 16;

/**
 * The outbound stream of a connection, over all its sockets. It begins with the gate shut.
 *
 * Bounds: while the gate is shut, `reconnectBufferSize` (PINGs are accepted beyond it). While it is open, none: a
 * publisher that is faster than the network fills memory, as with the reference client, unless it awaits `ready`.
 */
export class Outbound {
  readonly #defer: (run: () => void) => void;
  readonly #limit: number;
  readonly #maxControlLine: number;
  readonly #encoder: Encoder;
  readonly #pool = new ChunkPool();
  readonly #queue = new SegmentQueue();
  readonly #connectionLines = new ConnectionLines();
  /** The chunk that is encoded into; commands up to #start have been cut from it and queued. */
  #chunk: Chunk | null = null;
  #start = 0;
  /** Messages queued, and messages that a sink got, since the beginning. */
  #queuedMessages = 0;
  #handedMessages = 0;
  #handedOver = 0;
  #inFlight = 0;
  #inFlightMessages = 0;
  #waiters: Waiter[] = [];

  #sink: Sink | null = null;
  /** Number of the sink: what one of the past still reports is ignored. */
  #generation = 0;
  #isFull = false;
  /** While the gate is shut for a moment, with a sink on either side: the one before. The limit of the buffer does not count. */
  #paused: Sink | null = null;
  #isScheduled = false;
  #isClosed = false;
  /** Nobody will hand over what is accepted now, but could. One flag for all the above: `publish` looks at it. */
  #isIdle = false;

  constructor(options: OutboundOptions) {
    this.#defer = options.defer;
    this.#limit = options.reconnectBufferSize;
    this.#maxControlLine = options.maxControlLine ?? DEFAULT_MAX_CONTROL_LINE;
    this.#encoder = new Encoder(this.#maxControlLine);
  }

  /** Bytes accepted and not yet reported as written. What a lost sink had is not counted any more. */
  get pendingBytes(): number {
    return this.#waitingBytes() + this.#inFlight;
  }

  /** PUB and HPUB accepted and not yet handed to a sink. */
  get pendingMessages(): number {
    return this.#encoder.messages - this.#handedMessages;
  }

  /** PUB and HPUB accepted and not yet reported as written. */
  get unsentMessages(): number {
    return this.pendingMessages + this.#inFlightMessages;
  }

  /** Bytes accepted so far, over all sinks: where in the stream the next command begins. */
  get position(): number {
    return this.#handedOver + this.#waitingBytes();
  }

  /** Bytes handed to a sink so far, over all sinks. When a sink is lost, what lies before is written or lost. */
  get handedOver(): number {
    return this.#handedOver;
  }

  /** Messages accepted, and bytes of headers and payload in them, as `stats()` of `nats` 2.29.3 counts them. */
  get stats(): { readonly outMsgs: number; readonly outBytes: number } {
    return { outMsgs: this.#encoder.messages, outBytes: this.#encoder.messageBytes };
  }

  /**
   * Accepts a message: PUB, or HPUB with `headers`, a whole header block. All bytes are copied.
   * @throws BadWireString where `subject` or `reply` could not stand on the line, or make it too long; its message
   *   says which
   * @throws OutboundFull where the gate is shut and the buffer has no room
   * @throws OutboundClosed after `close`
   * @throws TypeError where the payload is nothing that can be sent
   */
  publish(
    subject: string,
    payload: Uint8Array | string | undefined,
    reply: string | undefined,
    headers: Uint8Array | undefined,
  ): void {
    const encoder = this.#encoder;
    const room = roomFor(subject, payload, reply, headers);
    if (this.#sink === null) this.#admit(publishSize(subject, payload, reply, headers));
    if (room <= encoder.end - encoder.at || this.#makeRoom(room))
      encoder.publish(subject, payload, reply, headers);
    else this.#publishAlone(room, subject, payload, reply, headers);
    if (this.#isIdle) this.#schedule();
  }

  /**
   * Looks at a SUB line before it is accepted here, and again after each reconnect.
   * @throws BadWireString where it is too long for a server
   */
  checkLine(line: string): void {
    checkControlLine(textLength(line) - "SUB ".length, this.#maxControlLine);
  }

  /**
   * Accepts a line without its CRLF: SUB, UNSUB or PING, known to be valid. Never refused; ignored after `close`.
   *
   * PING waits through an outage as messages do. SUB and UNSUB do not: while the gate is shut they are ignored, and
   * those that wait when it shuts are voided, since a new connection begins with all subscriptions anyway.
   */
  command(line: string): void {
    const ofConnection = isOfConnection(line);
    if (this.#isClosed || (ofConnection && this.#sink === null)) return;
    const start = this.position;
    const encoder = this.#encoder;
    const room = roomForText(line);
    if (room <= encoder.end - encoder.at || this.#makeRoom(room)) encoder.line(line);
    else this.#alone(room, () => encoder.line(line));
    if (ofConnection) this.#connectionLines.add(start, this.position, this.#handedOver);
    if (this.#isIdle) this.#schedule();
  }

  /**
   * Takes a message back that lies from `start` to before `end` of the stream: where no sink was handed it, none will be.
   * Its place stays taken, so that no position changes.
   */
  withdraw(start: number, end: number): void {
    if (start < this.#handedOver || start === end || this.#isClosed) return;
    this.#cut();
    let position = this.#handedOver;
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

  /**
   * Takes back each message that waits and that a server would close the connection for: what is written behind it would be
   * lost as well. Such messages were accepted under the limits of another server.
   * @returns those taken back
   */
  withdrawBeyond(limits: ServerLimits): WaitingMessage[] {
    const beyond: WaitingMessage[] = [];
    if (limits.headers && this.#encoder.largest <= limits.maxPayload) return beyond;
    this.#cut();
    for (let segment = this.#queue.first; segment !== null; segment = segment.next) {
      for (const message of messagesIn(segment.chunk.bytes, segment.start, segment.end)) {
        if (message.size <= limits.maxPayload && (limits.headers || !message.hasHeaders)) continue;
        beyond.push(message);
        this.#takeBack(segment, message.start, message.end);
      }
    }
    return beyond;
  }

  /** Overwrites a message of a segment that waits, if it is still there. */
  #takeBack(segment: Segment, start: number, end: number): void {
    const { bytes } = segment.chunk;
    if (!isMessage(bytes, start)) return;
    voidBytes(bytes, start, end);
    this.#encoder.forget();
    segment.messages -= 1;
    this.#handedMessages += 1;
  }

  /** Shuts the gate: the sink is lost, with all it was handed. What it was not handed stays, in order. */
  hold(): void {
    if (this.#sink === null && this.#paused === null) return;
    this.#shut();
    this.#paused = null;
    this.#generation += 1;
    this.#inFlight = 0;
    this.#inFlightMessages = 0;
    this.#isFull = false;
    this.#settle();
  }

  /**
   * Shuts the gate between two sinks: what is accepted meanwhile is not limited, and the sink goes on with what it was
   * handed. It may be released again; where another one is, it is lost. Where the gate is shut, nothing changes.
   */
  pause(): void {
    const sink = this.#sink;
    if (sink === null) return;
    this.#shut();
    this.#paused = sink;
  }

  /** Opens the gate: what waits goes out now, in order, then all that is accepted. A sink before is lost. */
  release(sink: Sink): void {
    if (this.#isClosed) return;
    if (sink !== this.#paused) this.hold();
    this.#paused = null;
    this.#sink = sink;
    this.flush();
  }

  #shut(): void {
    this.#sink = null;
    this.#isIdle = false;
    this.#cut();
    this.#connectionLines.voidAll(this.#queue, this.#handedOver);
  }

  /** The sink has room again. Not to be called from inside its `write`. */
  drained(): void {
    this.#isFull = false;
    this.flush();
  }

  /**
   * Hands over now what waits, as far as the sink has room.
   * @param force all of it, room or not: for the end of a connection
   */
  flush(force = false): void {
    this.#cut();
    this.#handOver(force);
    this.#isIdle = this.#sink !== null && !this.#isFull && !this.#isScheduled;
  }

  /**
   * Resolves when `pendingBytes` is `limit` or less. Through an outage it waits.
   * @throws OutboundClosed where the stream is closed before
   */
  ready(limit: number): Promise<void> {
    if (this.#isClosed) return Promise.reject(new OutboundClosed());
    if (this.pendingBytes <= limit) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ limit, resolve, reject }));
  }

  /** Ends the stream. What still waits is dropped: ask `pendingMessages` before. Lets go of all memory. */
  close(): void {
    if (this.#isClosed) return;
    this.hold();
    this.#isClosed = true;
    this.#encoder.close();
    this.#chunk = null;
    this.#start = 0;
    this.#pool.clear();
    this.#queue.clear();
    this.#handedMessages = this.#encoder.messages;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(new OutboundClosed());
  }

  #waitingBytes(): number {
    return this.#queue.bytes + this.#encoder.at - this.#start;
  }

  /** The gate is shut: is there room in the buffer? */
  #admit(size: number): void {
    if (this.#isClosed) throw new OutboundClosed();
    if (this.#paused !== null) return;
    const waiting = this.#waitingBytes();
    if (this.#limit >= 0 && waiting + size > this.#limit) throw new OutboundFull(waiting, this.#limit);
  }

  #schedule(): void {
    this.#isIdle = false;
    this.#isScheduled = true;
    this.#defer(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Makes room in a pooled chunk; false where it takes a chunk of its own. */
  #makeRoom(room: number): boolean {
    const pilesUp = this.#sink === null || this.#isFull;
    if (room > (pilesUp ? ALONE : CHUNK_SIZE)) return false;
    this.#cut();
    this.#handOver(false);
    this.#chunk = this.#pool.take(this.#chunk);
    this.#start = 0;
    this.#encoder.open(this.#chunk.bytes, this.#chunk.view, 0);
    return true;
  }

  // Apart from `publish`, since a function that makes a closure pays for it in every call.
  #publishAlone(
    room: number,
    subject: string,
    payload: Uint8Array | string | undefined,
    reply: string | undefined,
    headers: Uint8Array | undefined,
  ): void {
    this.#alone(room, () => this.#encoder.publish(subject, payload, reply, headers));
  }

  /** Encodes one command into a chunk of its own, then goes on in the one that was in use. */
  #alone(room: number, encode: () => void): void {
    this.#cut();
    const encoder = this.#encoder;
    const { at } = encoder;
    const pilesUp = this.#sink === null || this.#isFull;
    const own = pilesUp || room <= CHUNK_SIZE ? new Chunk(room) : this.#pool.takeLarge(room);
    encoder.open(own.bytes, own.view, 0);
    try {
      encode();
      this.#enqueue(own, 0, encoder.at);
    } finally {
      if (this.#chunk === null) encoder.close();
      else encoder.open(this.#chunk.bytes, this.#chunk.view, at);
    }
    this.#handOver(false);
  }

  /** Queues what was encoded into the current chunk since the last cut. */
  #cut(): void {
    const start = this.#start;
    const { at } = this.#encoder;
    if (this.#chunk === null || at === start) return;
    this.#start = at;
    this.#enqueue(this.#chunk, start, at);
  }

  #enqueue(chunk: Chunk, start: number, end: number): void {
    const { messages } = this.#encoder;
    this.#queue.push(chunk, start, end, messages - this.#queuedMessages);
    this.#queuedMessages = messages;
  }

  #handOver(force: boolean): void {
    while (this.#sink?.isOpen === true && (force || !this.#isFull)) {
      const segment = this.#queue.shift();
      if (segment === null) return;
      const { chunk, start, end, messages } = segment;
      // All is counted before the sink has its say: it may report at once, or shut the gate.
      this.#inFlight += end - start;
      this.#inFlightMessages += messages;
      this.#handedOver += end - start;
      this.#handedMessages += messages;
      const generation = this.#generation;
      const receipt = this.#receipt(chunk, end - start, messages);
      const hasRoom = this.#sink.write(chunk.bytes.subarray(start, end), receipt);
      if (hasRoom || generation !== this.#generation) continue;
      this.#isFull = true;
      this.#isIdle = false;
    }
  }

  #receipt(chunk: Chunk, size: number, messages: number): () => void {
    const generation = this.#generation;
    let isReported = false;
    return () => {
      if (isReported || generation !== this.#generation) return;
      isReported = true;
      this.#inFlight -= size;
      this.#inFlightMessages -= messages;
      chunk.pending -= 1;
      if (chunk.pending === 0 && chunk !== this.#chunk) this.#pool.giveBack(chunk);
      this.#settle();
    };
  }

  #settle(): void {
    if (this.#waiters.length === 0) return;
    const pending = this.pendingBytes;
    const ready = this.#waiters.filter(({ limit }) => pending <= limit);
    this.#waiters = this.#waiters.filter(({ limit }) => pending > limit);
    for (const { resolve } of ready) resolve();
  }
}
