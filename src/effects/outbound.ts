// The bytes that wait for the socket: batching, back pressure, and the buffer that survives a lost connection.
//
// Commands are encoded into chunks of memory (backlog.ts). A chunk goes to the socket when it is full or when the
// current turn of the event loop is over, whichever comes first, so one write carries many messages. No command lies
// across two chunks: what a lost socket was given ends with a whole command.
//
// Who may add to the stream and where it goes is one value, the `Gate`. What a sink was handed and has not written is another,
// the `Flight`; what it was handed and no server has confirmed is in unconfirmed.ts. The chart decides when the gate moves; it
// asks by way of interpreter.ts.

import type { Amount } from "../machine/units.js";
import { Backlog, isOfConnection, type ServerLimits } from "./backlog.js";
import type { Chunk } from "./chunks.js";
import { Confirming } from "./confirming.js";
import { type PlacedPing, type StreamPing, type Unanswered, WaitingPings } from "./pings.js";
import { OutboundClosed, OutboundFinishing, OutboundFull } from "./refusals.js";
import { endOf, type Segment } from "./segments.js";
import type { Sink, Wire } from "./sink.js";
import {
  between,
  type Losses,
  type Mark,
  NOTHING,
  plus,
  Unconfirmed,
  type UnconfirmedPolicy,
} from "./unconfirmed.js";
import type { NamedMessage } from "./waiting-messages.js";
import { textLength } from "./wire/bytes.js";
import { publishSize, roomFor, roomForText } from "./wire/encoder.js";
import { checkControlLine, DEFAULT_MAX_CONTROL_LINE } from "./wire/subject.js";

/** Options of an Outbound. */
export interface OutboundOptions {
  /** Calls `run` soon, when the current turn is over (`process.nextTick`). */
  readonly defer: (run: () => void) => void;
  /** Bytes of commands kept while the gate is shut; 0 refuses all, -1 is unlimited. */
  readonly reconnectBufferSize: number;
  /** Bytes of a line behind its verb that the server accepts. Default 4,096. */
  readonly maxControlLine?: number;
  /**
   * What becomes of what is not confirmed when its sink is lost. With `resend` a sink has at most `reconnectBufferSize` of it; more
   * waits. Default `report`.
   */
  readonly unconfirmed?: UnconfirmedPolicy;
  /** The way to the server's PONGs. Default: there is none, and nothing is ever confirmed. */
  readonly wire?: Wire;
}

const noWire: Wire = { pinged: () => {}, ping: () => {}, startTimer: () => ({}), stopTimer: () => {} };

/** What a sink had when it was lost. */
export interface Loss {
  /** Where in the stream the part begins and ends that it was handed. */
  readonly from: number;
  readonly to: number;
  /** What of it was not confirmed. */
  readonly unconfirmed: Amount;
}

/** `PING` and CRLF. */
const PING_SIZE = 6;

/** Who may add to the stream, and where it goes. */
type Gate =
  /** There is no sink. Messages are buffered, up to `reconnectBufferSize`. */
  | { readonly type: "shut"; readonly sink?: undefined }
  /** All that is accepted goes to the sink. */
  | { readonly type: "open"; readonly sink: Sink }
  /** The stream is between two sinks. Messages are buffered without a limit, and the sink goes on with what it has. */
  | { readonly type: "paused"; readonly sink: Sink }
  /** The last phase of a drain. What was accepted goes to the sink; no message is accepted, but a PING is. */
  | { readonly type: "finishing"; readonly sink: Sink }
  /** The end. Nothing is accepted and nothing is handed over; a sink may still report what it has. */
  | { readonly type: "closed"; readonly sink?: undefined };

/** What a sink was handed and has not reported as written. It is replaced as a whole when the sink is lost. */
interface Flight {
  bytes: number;
  /** The sink gets no more until `drained`. */
  isFull: boolean;
}

const nothingInFlight = (): Flight => ({ bytes: 0, isFull: false });

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
  readonly #unconfirmed: Unconfirmed;
  readonly #confirming: Confirming;
  readonly #wire: Wire;
  readonly #pings = new WaitingPings();
  readonly #waiters = new Set<Waiter>();

  #gate: Gate = { type: "shut" };
  #flight = nothingInFlight();
  /** Where in the stream the part begins that the sink in use was handed. */
  #since = 0;
  /** What was withdrawn since the next server does not accept it, and nobody who asked was told. */
  #refused: Losses = { unsent: NOTHING, unconfirmed: NOTHING };
  #loss: Loss = { from: 0, to: 0, unconfirmed: NOTHING };
  /** A call of `flush` is due at the end of this turn. */
  #isScheduled = false;

  // `publish` looks at these instead. `#refresh` writes them, and nothing else does.
  /** The gate is open: a message is accepted without a question. */
  #isOpen = false;
  /** Nobody will hand over what is accepted now, but the sink would take it: `flush` is to be scheduled. */
  #isIdle = false;

  constructor(options: OutboundOptions) {
    this.#defer = options.defer;
    this.#limit = options.reconnectBufferSize;
    this.#maxControlLine = options.maxControlLine ?? DEFAULT_MAX_CONTROL_LINE;
    const backlog = new Backlog(this.#maxControlLine);
    this.#backlog = backlog;
    this.#unconfirmed = new Unconfirmed(options.unconfirmed ?? "report", ({ chunk }) =>
      backlog.giveBack(chunk),
    );
    const wire = options.wire ?? noWire;
    this.#wire = wire;
    this.#confirming = new Confirming(wire, () => this.#unconfirmed.bytes === 0);
  }

  /** Bytes accepted and not yet reported as written. What a lost sink had is not counted any more. */
  get pendingBytes(): number {
    return this.#backlog.bytes + this.#flight.bytes;
  }

  /** PUB and HPUB accepted and not yet handed to a sink. */
  get pendingMessages(): number {
    return this.#backlog.messages;
  }

  /** What no sink was ever handed. */
  get waiting(): Amount {
    const { messages, bytes, repeated } = this.#backlog;
    return between(repeated, { messages, bytes });
  }

  /** What a sink was handed that is lost, and is to go out once more. */
  get repeated(): Amount {
    return this.#backlog.repeated;
  }

  /** What a sink was handed and no server has confirmed, without what was lost. */
  get unconfirmed(): Amount {
    return plus(this.#unconfirmed.amount, this.repeated);
  }

  /** Here in the stream ends what the sink has. */
  get here(): Mark {
    return this.#unconfirmed.here;
  }

  /** What servers have confirmed. */
  get confirmed(): Amount {
    return this.#unconfirmed.confirmed;
  }

  /** What the last sink had that was lost. */
  get loss(): Loss {
    return this.#loss;
  }

  /** The sink that gets what is handed over now; null where there is none. */
  get sink(): Sink | null {
    const gate = this.#gate;
    return gate.type === "open" || gate.type === "finishing" ? gate.sink : null;
  }

  /** Bytes accepted so far, over all sinks: where in the stream the next command begins. */
  get position(): number {
    return this.#backlog.position;
  }

  /** Where in the stream begins what waits. What lies before was handed to a sink, or withdrawn. */
  get handedOver(): number {
    return this.#backlog.taken;
  }

  /** From here on all that was handed over went to the sink that is in use, or was last. */
  get since(): number {
    return this.#since;
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
   * @throws OutboundFinishing after `finish`
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
    if (!this.#isOpen) this.#admit(publishSize(subject, payload, reply, headers));
    if (room <= backlog.room || this.#makeRoom(room)) backlog.publish(subject, payload, reply, headers);
    else this.#publishAlone(room, subject, payload, reply, headers);
    if (this.#isIdle) this.#schedule();
  }

  /**
   * Checks, before a message is looked at, that one may be accepted at all.
   * @throws OutboundFinishing after `finish`
   * @throws OutboundClosed after `close`
   */
  checkAccepting(): void {
    if (!this.#isOpen) this.#refuse();
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
   * those that wait when it shuts are withdrawn, since a new connection begins with all subscriptions anyway.
   */
  command(line: string): void {
    const ofConnection = isOfConnection(line);
    if (this.#gate.type === "closed" || (ofConnection && this.sink === null)) return;
    const backlog = this.#backlog;
    const room = roomForText(line);
    const add = () => backlog.line(line, ofConnection, this.#mayComeBack);
    if (room <= backlog.room || this.#makeRoom(room)) add();
    else this.#alone(room, add);
    if (this.#isIdle) this.#schedule();
  }

  /**
   * The message from `start` to before `end` of the stream belongs to the connection in use: no other one gets it. Where it is lost,
   * it is withdrawn, as SUB and UNSUB are.
   */
  bind(start: number, end: number): void {
    if (start < end) this.#backlog.bind(start, end, this.#mayComeBack);
  }

  /** From there in the stream on, commands wait, or may have to go out once more. */
  get #mayComeBack(): number {
    return this.#unconfirmed.keeps ? this.#unconfirmed.settled : this.handedOver;
  }

  /** Accepts a PING, behind all that was accepted before. */
  ping(ping: StreamPing): void {
    if (this.#gate.type === "closed") return ping.failed?.("closed");
    this.command("PING");
    this.#pings.add(ping, this.position);
  }

  /** Nobody waits for its PONG any more: while it waits for a sink, it is withdrawn. */
  withdrawPing(ping: StreamPing): void {
    const end = this.#pings.remove(ping);
    if (end !== undefined) this.#backlog.withdrawLine(end - PING_SIZE, end);
  }

  /** A PONG was for the PING with that mark. */
  confirm(mark: Mark): void {
    this.#unconfirmed.confirm(mark);
    if (this.#unconfirmed.keeps) this.flush();
  }

  /**
   * What was not confirmed when its sink was lost, and what was withdrawn since the next server does not accept it, since the last
   * call: whoever calls it tells the user. What goes out once more is not among it.
   */
  takeLost(): Losses {
    const { unsent, unconfirmed } = this.#refused;
    this.#refused = { unsent: NOTHING, unconfirmed: NOTHING };
    return { unsent, unconfirmed: plus(unconfirmed, this.#unconfirmed.takeLost()) };
  }

  /**
   * Withdraws a message that lies from `start` to before `end` of the stream. If it waits, no sink gets it, and it takes no room
   * any more. If it was handed over, it does not go out once more.
   */
  withdraw(start: number, end: number): void {
    this.#unconfirmed.withdraw(start, end);
    this.#backlog.withdraw(start, end);
    this.#settle();
  }

  /**
   * Withdraws each message that waits and that a server would close the connection for: what is written behind it would be
   * lost as well. Such messages were accepted under the limits of another server.
   * @returns those withdrawn
   */
  withdrawBeyond(limits: ServerLimits): NamedMessage[] {
    const { waiting, repeated } = this;
    const beyond = this.#backlog.withdrawBeyond(limits);
    const { unsent, unconfirmed } = this.#refused;
    // What a lost sink was handed may have arrived there.
    this.#refused = {
      unsent: plus(unsent, between(this.waiting, waiting)),
      unconfirmed: plus(unconfirmed, between(this.repeated, repeated)),
    };
    return beyond;
  }

  /**
   * Shuts the gate: the sink is lost. What it was not handed stays, in order; what it was handed and is not confirmed is counted
   * (`loss`, `takeLost`), or goes out once more. After `finish` the stream is closed: it accepts nothing that another sink could
   * get.
   */
  hold(): void {
    const { type } = this.#gate;
    if (type === "shut" || type === "closed") return;
    this.#flight = nothingInFlight();
    if (type === "finishing") return this.close();
    this.#set({ type: "shut" });
    this.#lose();
    this.#backlog.withdrawConnectionLines();
    this.#settle();
  }

  /** The sink is lost: what becomes of what it had. */
  #lose(): void {
    const unconfirmed = this.#unconfirmed;
    // What was to go out once more was handed over before, also where this sink was not handed it.
    const to = unconfirmed.keeps ? Math.max(this.handedOver, this.#loss.to) : this.handedOver;
    this.#loss = { from: this.#since, to, unconfirmed: this.unconfirmed };
    if (unconfirmed.keeps) {
      this.#backlog.putBack(unconfirmed.takeBack());
      this.#pings.putBack();
    } else {
      unconfirmed.lose();
      this.#pings.lose();
    }
  }

  /**
   * Shuts the gate between two sinks: what is accepted meanwhile is not limited, and the sink goes on with what it was
   * handed. It may be released again; where another one is, it is lost. Where the gate is not open, nothing changes.
   */
  pause(): void {
    if (this.#gate.type !== "open") return;
    this.#set({ type: "paused", sink: this.#gate.sink });
    this.#backlog.withdrawConnectionLines();
  }

  /**
   * Opens the gate: what waits goes out now, in order, then all that is accepted. A sink before is lost. After `finish` or
   * `close` nothing changes.
   */
  release(sink: Sink): void {
    const gate = this.#gate;
    if (gate.type === "finishing" || gate.type === "closed") return;
    if (gate.sink !== sink) {
      this.hold();
      this.#since = this.handedOver;
    }
    this.#set({ type: "open", sink });
    this.flush();
  }

  /**
   * From here on `publish` is refused, for good; the sink still gets what was accepted, and PINGs. Without a sink there is
   * nobody to finish with: the stream is closed.
   */
  finish(): void {
    const gate = this.#gate;
    if (gate.type === "shut" || gate.type === "closed") return this.close();
    this.#set({ type: "finishing", sink: gate.sink });
    this.flush();
  }

  /**
   * Ends the stream: nothing is accepted and nothing is handed over any more, and `ready` rejects. What waits stays
   * counted, and what the sink was handed counts until the sink reports it: it may do so later. See `dispose`.
   */
  close(): void {
    this.#set({ type: "closed" });
    this.#pings.close();
    for (const { reject } of this.#waiters) reject(new OutboundClosed());
    this.#waiters.clear();
  }

  /** Closes the stream, lets go of all memory, and counts nothing any more: ask what is pending before. */
  dispose(): void {
    this.close();
    this.#flight = nothingInFlight();
    this.#backlog.clear();
    this.#unconfirmed.clear();
  }

  /** The sink has room again. Ignored of one that is not in use. Not to be called from inside its `write`. */
  drained(sink: Sink): void {
    // A paused sink may be released again, and says only once that it has room.
    if (this.#gate.sink !== sink) return;
    this.#flight.isFull = false;
    this.flush();
  }

  /**
   * Hands over now what waits, as far as the sink has room.
   * @param force all of it, room or not: for the end of a connection
   */
  flush(force = false): void {
    this.#handOver(force);
    this.#refresh();
  }

  /**
   * Resolves when `pendingBytes` is `limit` or less. Through an outage it waits.
   * @throws OutboundClosed where the stream is closed before
   */
  ready(limit: number): Promise<void> {
    if (this.#gate.type === "closed") return Promise.reject(new OutboundClosed());
    if (this.pendingBytes <= limit) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.add({ limit, resolve, reject }));
  }

  /** The only way on which the gate moves. */
  #set(gate: Gate): void {
    this.#gate = gate;
    if (gate.type === "shut" || gate.type === "closed") this.#confirming.stop();
    this.#refresh();
  }

  /** Writes what `publish` looks at, after each change of the gate, of the flight's fullness and of the schedule. */
  #refresh(): void {
    this.#isOpen = this.#gate.type === "open";
    this.#isIdle = !this.#pilesUp && !this.#isScheduled;
  }

  /** The gate is not open: is a message accepted, of that size? */
  #admit(size: number): void {
    this.#refuse();
    if (this.#gate.type !== "shut" || this.#limit < 0) return;
    const waiting = this.#backlog.bytes;
    if (waiting + size > this.#limit) throw new OutboundFull(waiting, this.#limit);
  }

  /** Throws where no message is accepted, whatever its size. */
  #refuse(): void {
    switch (this.#gate.type) {
      case "shut":
      case "open":
      case "paused":
        return;
      case "finishing":
        throw new OutboundFinishing();
      case "closed":
        throw new OutboundClosed();
      default:
        this.#gate satisfies never;
    }
  }

  #schedule(): void {
    this.#isScheduled = true;
    this.#refresh();
    this.#defer(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Nothing goes out now. */
  get #pilesUp(): boolean {
    return this.sink === null || this.#flight.isFull || this.#hasEnough;
  }

  /** The sink gets no more before some of what it has is confirmed, since all of it is kept. */
  get #hasEnough(): boolean {
    return this.#unconfirmed.keeps && this.#limit >= 0 && this.#unconfirmed.bytes >= Math.max(this.#limit, 1);
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
    // Looked up each time: a sink that is written to may report at once, and the gate may move.
    for (let sink = this.sink; sink?.isOpen === true; sink = this.sink) {
      const segment = force || !(this.#flight.isFull || this.#hasEnough) ? this.#backlog.take() : null;
      if (segment === null) break;
      this.#write(sink, segment);
    }
    if (this.#hasEnough) this.#confirming.hurry();
  }

  #write(sink: Sink, segment: Segment): void {
    const { chunk, start, end } = segment;
    const flight = this.#flight;
    const size = end - start;
    // All is counted before the sink has its say.
    flight.bytes += size;
    const pings = this.#pings.takeUpTo(endOf(segment));
    if (pings.length > 0) this.#ping(sink, segment, pings);
    this.#unconfirmed.add(segment);
    if (!sink.write(chunk.bytes.subarray(start, end), this.#receipt(flight, chunk, size))) {
      flight.isFull = true;
      this.#refresh();
    }
    if (this.sink === sink) this.#confirming.handedOver(size);
  }

  /** The sink is handed a segment with PINGs in it. */
  #ping(sink: Sink, segment: Segment, pings: readonly PlacedPing[]): void {
    const marks = this.#unconfirmed.marksWithin(
      segment,
      pings.map(({ position }) => position),
    );
    for (const [i, placed] of pings.entries()) {
      const { answered } = placed.ping;
      this.#wire.pinged(sink, { answered, failed: (why) => this.#unanswered(placed, why) }, marks[i] as Mark);
    }
  }

  /** The sink is gone that had the PING. What becomes of it is known once it is known what becomes of what the sink had. */
  #unanswered(placed: PlacedPing, why: Unanswered): void {
    if (this.#gate.type === "closed") placed.ping.failed?.(why);
    else this.#pings.returned(placed, why);
  }

  /** Takes what the sink reports off its flight. Once the sink is lost, nobody asks for that flight any more. */
  #receipt(flight: Flight, chunk: Chunk, size: number): () => void {
    let isReported = false;
    return () => {
      if (isReported || flight !== this.#flight) return;
      isReported = true;
      flight.bytes -= size;
      this.#backlog.giveBack(chunk);
      this.#settle();
    };
  }

  #settle(): void {
    const pending = this.pendingBytes;
    for (const waiter of this.#waiters) {
      if (pending > waiter.limit) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}
