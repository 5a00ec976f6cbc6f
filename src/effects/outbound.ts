// The bytes that wait for the socket: batching, back pressure, and the buffer that survives a lost connection.
//
// Commands are encoded into chunks of memory (backlog.ts). A chunk goes to the socket when it is full or when the
// current turn of the event loop is over, whichever comes first, so one write carries many messages. While the gate is
// shut (`hold`), chunks wait. No command lies across two chunks: what a lost socket was given ends with a whole command.

import { Backlog, type ServerLimits } from "./backlog.js";
import type { Chunk } from "./chunks.js";
import { isOfConnection } from "./connection-lines.js";
import type { WaitingMessage } from "./waiting-messages.js";
import { textLength } from "./wire/bytes.js";
import { publishSize, roomFor, roomForText } from "./wire/encoder.js";
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

/** Whoever awaits `ready`. As many as there are awaiting callers. */
interface Waiter {
  readonly limit: number;
  readonly resolve: () => void;
  readonly reject: (reason: OutboundClosed) => void;
}

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
  readonly #backlog: Backlog;
  /** What the sink was handed and has not reported as written. */
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
    this.#backlog = new Backlog(this.#maxControlLine);
  }

  /** Bytes accepted and not yet reported as written. What a lost sink had is not counted any more. */
  get pendingBytes(): number {
    return this.#backlog.bytes + this.#inFlight;
  }

  /** PUB and HPUB accepted and not yet handed to a sink. */
  get pendingMessages(): number {
    return this.#backlog.messages;
  }

  /** PUB and HPUB accepted and not yet reported as written. */
  get unsentMessages(): number {
    return this.pendingMessages + this.#inFlightMessages;
  }

  /** Bytes accepted so far, over all sinks: where in the stream the next command begins. */
  get position(): number {
    return this.#backlog.position;
  }

  /** Bytes handed to a sink so far, over all sinks. When a sink is lost, what lies before is written or lost. */
  get handedOver(): number {
    return this.#backlog.taken;
  }

  /** Messages accepted, and bytes of headers and payload in them, as `stats()` of `nats` 2.29.3 counts them. */
  get stats(): { readonly outMsgs: number; readonly outBytes: number } {
    return { outMsgs: this.#backlog.acceptedMessages, outBytes: this.#backlog.acceptedBytes };
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
    const backlog = this.#backlog;
    const room = roomFor(subject, payload, reply, headers);
    if (this.#sink === null) this.#admit(publishSize(subject, payload, reply, headers));
    if (room <= backlog.room || this.#makeRoom(room)) backlog.publish(subject, payload, reply, headers);
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
    const backlog = this.#backlog;
    const room = roomForText(line);
    if (room <= backlog.room || this.#makeRoom(room)) backlog.line(line, ofConnection);
    else this.#alone(room, () => backlog.line(line, ofConnection));
    if (this.#isIdle) this.#schedule();
  }

  /**
   * Takes a message back that lies from `start` to before `end` of the stream: where no sink was handed it, none will be.
   * Its place stays taken, so that no position changes.
   */
  withdraw(start: number, end: number): void {
    this.#backlog.withdraw(start, end);
  }

  /**
   * Takes back each message that waits and that a server would close the connection for: what is written behind it would be
   * lost as well. Such messages were accepted under the limits of another server.
   * @returns those taken back
   */
  withdrawBeyond(limits: ServerLimits): WaitingMessage[] {
    return this.#backlog.withdrawBeyond(limits);
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
    this.#backlog.voidConnectionLines();
  }

  get sink(): Sink | null {
    return this.#sink;
  }

  finish(): void {}

  dispose(): void {}

  /** The sink has room again. Not to be called from inside its `write`. */
  drained(sink: Sink): void {
    if (sink !== this.#sink) return;
    this.#isFull = false;
    this.flush();
  }

  /**
   * Hands over now what waits, as far as the sink has room.
   * @param force all of it, room or not: for the end of a connection
   */
  flush(force = false): void {
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
    this.#backlog.clear();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(new OutboundClosed());
  }

  /** The gate is shut: is there room in the buffer? */
  #admit(size: number): void {
    if (this.#isClosed) throw new OutboundClosed();
    if (this.#paused !== null) return;
    const waiting = this.#backlog.bytes;
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

  /** Nothing goes out now. */
  get #pilesUp(): boolean {
    return this.#sink === null || this.#isFull;
  }

  /** Makes room in a chunk, when the one in use is full; false where it takes a chunk of its own. */
  #makeRoom(room: number): boolean {
    if (this.#backlog.standsAlone(room, this.#pilesUp)) return false;
    this.#handOver(false);
    this.#backlog.openChunk();
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
    this.#alone(room, () => this.#backlog.publish(subject, payload, reply, headers));
  }

  /** Accepts one command in a chunk of its own. */
  #alone(room: number, add: () => void): void {
    this.#backlog.alone(room, this.#pilesUp, add);
    this.#handOver(false);
  }

  #handOver(force: boolean): void {
    this.#backlog.cut();
    while (this.#sink?.isOpen === true && (force || !this.#isFull)) {
      const segment = this.#backlog.take();
      if (segment === null) return;
      const { chunk, start, end, messages } = segment;
      // All is counted before the sink has its say: it may report at once, or shut the gate.
      this.#inFlight += end - start;
      this.#inFlightMessages += messages;
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
      this.#backlog.giveBack(chunk);
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
