// One direction of a virtual TCP connection: bytes go in on one side and come out on the other, in order, later, in
// other pieces, or never. Who is at its ends: virtual-network.ts.
//
// As on a real machine there are two places where bytes wait: the queue of the process that writes, and the window,
// which is what the kernels and the wire hold between them. `write` says false when the queue is long.

import type { Bytes, Milliseconds } from "../../machine/units.js";
import type { Random } from "./random.js";
import type { Route } from "./route.js";
import type { VirtualTime } from "./virtual-time.js";

/** What comes out of a pipe. After `ended` or `reset` nothing does. */
export interface Receiver {
  data(bytes: Uint8Array): void;
  /** The other side begins TLS, or answers that. Stands for all of the handshake's bytes. */
  hello(): void;
  /** The other side has closed in good order. */
  ended(): void;
  /** The other side is gone, without good order. */
  reset(): void;
}

/** How a pipe behaves. */
export interface PipeOptions {
  /** Bytes that kernels and wire hold. */
  readonly window: Bytes;
  /** Bytes in the writer's queue from which on `write` returns false. */
  readonly highWater: Bytes;
  /** Into how many pieces a write falls at most. */
  readonly pieces: number;
}

interface Chunk {
  readonly bytes: Uint8Array;
  sent: Bytes;
  readonly written: (() => void) | undefined;
}

type Packet = Uint8Array | "hello" | "fin" | "rst";

/** One direction of a connection. */
export class Pipe {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #route: Route;
  readonly #receiver: Receiver;
  readonly #drained: () => void;
  readonly #options: PipeOptions;
  #queue: Chunk[] = [];
  #queued: Bytes = 0;
  #inWindow: Bytes = 0;
  #mustDrain = false;
  #isEnding = false;
  #isShut = false;
  #isGone = false;
  #isHeld = false;
  #lastArrival: Milliseconds = 0;
  /** What has arrived but does not get through: the route is cut, or the receiver does not read. */
  #stuck: Packet[] = [];
  #isComingLoose = false;
  #awaitsHealing = false;

  constructor(
    time: VirtualTime,
    random: Random,
    route: Route,
    options: PipeOptions,
    receiver: Receiver,
    drained: () => void = () => {},
  ) {
    this.#time = time;
    this.#random = random;
    this.#route = route;
    this.#options = options;
    this.#receiver = receiver;
    this.#drained = drained;
  }

  /** Bytes that wait in the writer's queue. */
  get queued(): Bytes {
    return this.#queued;
  }

  /** Takes bytes; they must not change until `written`. Returns false where the writer should wait for `drained`. */
  write(bytes: Uint8Array, written?: () => void): boolean {
    if (this.#isShut || this.#isEnding) return true;
    this.#queue.push({ bytes, sent: 0, written });
    this.#queued += bytes.length;
    const hasRoom = this.#queued < this.#options.highWater;
    this.#mustDrain ||= !hasRoom;
    this.#pump();
    return hasRoom;
  }

  /** The TLS handshake, as one packet. */
  hello(): void {
    this.#send("hello", 0);
  }

  /** Nothing follows what was written. */
  end(): void {
    this.#isEnding = true;
    this.#pump();
  }

  /** Closes at once: what waits in the queue is dropped; what the kernel has is still sent, or not where `rudely`. */
  abort(rudely: boolean): void {
    this.#queue = [];
    this.#queued = 0;
    this.#shut(rudely ? "rst" : "fin");
  }

  /** From here on, everything vanishes, and nobody is told. */
  vanish(): void {
    this.#isGone = true;
    this.#stuck = [];
  }

  /** Nothing arrives before that time. */
  notBefore(at: Milliseconds): void {
    this.#lastArrival = Math.max(this.#lastArrival, at);
  }

  /** The receiver does not read: what arrives waits. */
  hold(): void {
    this.#isHeld = true;
  }

  /** The receiver reads again. */
  read(): void {
    this.#isHeld = false;
    this.#comeLoose(0);
  }

  #pump(): void {
    const { window } = this.#options;
    for (let chunk = this.#queue[0]; chunk !== undefined; chunk = this.#queue[0]) {
      const room = window - this.#inWindow;
      const rest = chunk.bytes.length - chunk.sent;
      // As kernels do, it waits until sending is worth it: else a full window would be refilled byte by byte.
      if (room < Math.min(rest, window / 2)) return;
      const size = Math.min(room, rest);
      // Copied as late as the writer allows, so that one who changes bytes too early is found out.
      // (`slice` would be no copy where the bytes are a Buffer.)
      const taken = new Uint8Array(chunk.bytes.subarray(chunk.sent, chunk.sent + size));
      chunk.sent += size;
      this.#queued -= size;
      this.#inWindow += size;
      this.#sendPieces(taken);
      if (chunk.sent < chunk.bytes.length) return;
      this.#queue.shift();
      if (chunk.written !== undefined) this.#time.defer(chunk.written);
    }
    if (this.#isEnding) this.#shut("fin");
    else if (this.#mustDrain) this.#time.defer(() => this.#tellDrained());
  }

  /** There is room, unless the writer has filled it again in the meantime. */
  #tellDrained(): void {
    if (!this.#mustDrain || this.#queued > 0) return;
    this.#mustDrain = false;
    this.#drained();
  }

  #sendPieces(bytes: Uint8Array): void {
    const pieces = bytes.length < 2 ? 1 : this.#random.between(1, this.#options.pieces);
    let start = 0;
    for (let piece = 1; piece < pieces && start < bytes.length - 1; piece++) {
      const end = start + this.#random.between(1, bytes.length - start - 1);
      this.#send(bytes.subarray(start, end), end - start);
      start = end;
    }
    this.#send(start === 0 ? bytes : bytes.subarray(start), bytes.length - start);
  }

  #shut(how: "fin" | "rst"): void {
    if (this.#isShut) return;
    this.#isShut = true;
    this.#send(how, 0);
  }

  #send(packet: Packet, size: Bytes): void {
    const now = this.#time.now();
    const arrival =
      Math.max(this.#lastArrival, now + this.#route.delay(this.#random)) + size / this.#route.bandwidth;
    this.#lastArrival = arrival;
    this.#time.startTimer(arrival - now, () => this.#arrived(packet));
  }

  #arrived(packet: Packet): void {
    if (this.#isGone) return;
    if (!this.#route.isCut && !this.#isHeld && this.#stuck.length === 0) return this.#deliver(packet);
    this.#stuck.push(packet);
    if (this.#route.isCut) this.#awaitHealing();
  }

  #deliver(packet: Packet): void {
    if (packet === "fin") this.#receiver.ended();
    else if (packet === "rst") this.#receiver.reset();
    else if (packet === "hello") this.#receiver.hello();
    else {
      this.#inWindow -= packet.length;
      this.#receiver.data(packet);
      this.#pump();
    }
  }

  /** Lets what is stuck through, one packet after the other, some of them joined. */
  #comeLoose(ms: Milliseconds): void {
    if (this.#isComingLoose || this.#stuck.length === 0) return;
    this.#isComingLoose = true;
    this.#time.startTimer(ms, () => {
      this.#isComingLoose = false;
      if (this.#route.isCut) return this.#awaitHealing();
      if (this.#isHeld) return;
      const packet = this.#nextStuck();
      if (packet === undefined) return;
      this.#deliver(packet);
      this.#comeLoose(0);
    });
  }

  #awaitHealing(): void {
    if (this.#awaitsHealing) return;
    this.#awaitsHealing = true;
    this.#route.whenHealed(() => {
      this.#awaitsHealing = false;
      this.#comeLoose(this.#route.delay(this.#random));
    });
  }

  #nextStuck(): Packet | undefined {
    const packet = this.#stuck.shift();
    if (!(packet instanceof Uint8Array)) return packet;
    const following = this.#stuck[0];
    if (!(following instanceof Uint8Array) || this.#random.chance(0.5)) return packet;
    this.#stuck.shift();
    const joined = new Uint8Array(packet.length + following.length);
    joined.set(packet);
    joined.set(following, packet.length);
    return joined;
  }
}
