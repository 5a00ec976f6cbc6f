// The NATS protocol as a server sends it: from chunks of bytes to calls of a sink. The hot path of receiving.
//
// Two ways through: `#walk` takes whole MSG lines with their payload straight out of a chunk, which is nearly all
// there ever is; everything else (other verbs, odd white space, what is split over chunks, what is wrong) goes
// through `#step`, which is slower and complete. What a line says is read in message-line.ts.

import { allocate, EMPTY, joined, Received, windowOf } from "./bytes.js";
import { argumentText, MessageLine, mayBecomeVerb, verbOf } from "./message-line.js";
import { ProtocolViolation } from "./protocol-violation.js";

export { ProtocolViolation } from "./protocol-violation.js";

/** What a parser finds. A callback may throw, and may call `reset` of its parser. */
export interface ParserSink {
  /**
   * MSG or HMSG, whole. The numbers after `sid` are offsets into the bytes of `received`, which are never overwritten and
   * may be kept. Without a reply `replyStart === replyEnd`; without headers `headersStart === payloadStart`.
   */
  message(
    received: Received,
    sid: number,
    subjectStart: number,
    subjectEnd: number,
    replyStart: number,
    replyEnd: number,
    headersStart: number,
    payloadStart: number,
    payloadEnd: number,
  ): void;
  /** INFO: the text behind it, not yet looked at. */
  info(json: string): void;
  /** PING */
  ping(): void;
  /** PONG */
  pong(): void;
  /** +OK */
  ok(): void;
  /** -ERR: its text without the quotes. */
  error(text: string): void;
}

/** Limits on what a server may send; past one of them the stream is a ProtocolViolation. All in bytes. */
export interface ParserLimits {
  /**
   * Payload and headers of one message. Default 65 MiB: nats-server accepts at most 64 MiB, and may add headers.
   * It guards the memory of the client; the server's own `max_payload` is smaller and may change while messages are under way.
   */
  readonly maxPayload?: number;
  /**
   * A line other than INFO, without its CRLF. Default 64 KiB: nats-server accepts lines of 4 KiB, and a line that it
   * sends may be longer, with a `sid` of this client and a reply subject that JetStream put there.
   */
  readonly maxControlLine?: number;
  /** An INFO line. Default 1 MiB. */
  readonly maxInfo?: number;
}

const MIB = 1 << 20;
const LF = 10;
const CR = 13;
/** The letters of PING, PONG and +OK. */
const [PLUS, P, I, O, N, G, K] = [43, 80, 73, 79, 78, 71, 75];
const CRLF_LENGTH = 2;
/** `I` and `i`: INFO has a limit of its own. */
const isInfo = (first: number | undefined): boolean => first === 73 || first === 105;
/**
 * Up to here memory for a message is taken when its line has come; a longer one must first send this much (which is
 * copied a second time then; all else is copied once at most).
 */
const TRUSTED = MIB + 65_536;
/** The memory for lines that are split over chunks is kept up to this size. */
const KEPT = 65_536;

/**
 * Parses what one server sends, chunk by chunk, wherever it is cut.
 *
 * Memory: the line under way (bounded by `maxControlLine` and `maxInfo`), and the message under way: at most 1 MiB and
 * 64 KiB before its bytes arrive, all of its announced size (bounded by `maxPayload`) once so much of it is there.
 */
export class Parser {
  readonly #sink: ParserSink;
  readonly #line = new MessageLine();
  readonly #maxControlLine: number;
  readonly #maxInfo: number;
  #maxPayload: number;
  /** The chunk being walked; null when none is, or when `reset` ended the walk. */
  #chunk: Uint8Array | null = null;
  /** Where in the chunk the next command begins, as a callback sees it. */
  #next = 0;
  /** Chunks to walk: the rest of one whose callback threw, and those pushed by a callback. */
  #waiting: Uint8Array[] = [];
  #isWalking = false;
  #isHeld = false;
  #violation: ProtocolViolation | null = null;
  #rest = EMPTY;
  /** A line that began in an earlier chunk: its bytes are carry[0..carried). */
  #carry = EMPTY;
  #carried = 0;
  /** A chunk that ends within a message, and where the line of that message begins in it. It is not copied yet. */
  #begun: Uint8Array | null = null;
  #begunAt = 0;
  /** A message that began in an earlier chunk, from its line to its CRLF: put together. */
  #message: Uint8Array | null = null;
  #filled = 0;
  #needed = 0;
  #lineLength = 0;

  constructor(sink: ParserSink, limits: ParserLimits = {}) {
    this.#sink = sink;
    this.#maxPayload = limits.maxPayload ?? 65 * MIB;
    this.#maxControlLine = limits.maxControlLine ?? 65_536;
    this.#maxInfo = limits.maxInfo ?? MIB;
  }

  /**
   * Parses a chunk and calls the sink for all that it completes. The parser and its sink keep the chunk: it must
   * not be overwritten. A push from inside a callback is parsed after what is before it.
   * @throws ProtocolViolation where the bytes are not the NATS protocol; every later push throws it again
   * @throws what a callback of the sink throws: what the callback was for counts as done, the rest of the chunk is
   *   parsed by the next push (an empty chunk will do)
   */
  push(chunk: Uint8Array): void {
    if (this.#violation !== null) throw this.#violation;
    this.#waiting.push(chunk);
    this.#walkWaiting();
  }

  /**
   * From inside a callback: what follows, in this chunk and in those pushed later, waits until `goOn`. Bound: what the caller
   * pushes.
   */
  hold(): void {
    const chunk = this.#chunk;
    if (chunk !== null && this.#next < chunk.length) this.#waiting.unshift(chunk.subarray(this.#next));
    this.#chunk = null;
    this.#isHeld = true;
  }

  /**
   * Parses what `hold` kept.
   * @throws as `push` does
   */
  goOn(): void {
    if (this.#violation !== null) throw this.#violation;
    this.#isHeld = false;
    this.#walkWaiting();
  }

  #walkWaiting(): void {
    if (this.#isWalking) return;
    this.#isWalking = true;
    try {
      while (!this.#isHeld) {
        const next = this.#waiting.shift();
        if (next === undefined) break;
        this.#walk(this.#begun === null ? next : this.#goOn(this.#begun, next));
        this.#chunk = null;
      }
    } catch (error) {
      // A callback that resets before it throws has left nothing to keep.
      const chunk = this.#chunk;
      this.#chunk = null;
      if (chunk !== null && error instanceof ProtocolViolation) this.#violation = error;
      else if (chunk !== null) this.#waiting.unshift(chunk.subarray(this.#next));
      throw error;
    } finally {
      this.#isWalking = false;
    }
  }

  /**
   * Forgets everything: the next push begins a new stream. From inside a callback, what follows in the chunk is not
   * parsed and can be had from `rest`.
   */
  reset(): void {
    const rest = this.#chunk === null ? [] : [this.#chunk.subarray(this.#next)];
    this.#rest = joined([...rest, ...this.#waiting]);
    this.#chunk = null;
    this.#waiting = [];
    this.#isHeld = false;
    this.#violation = null;
    this.#carry = EMPTY;
    this.#carried = 0;
    this.#begun = null;
    this.#message = null;
  }

  /** The bytes that the last `reset` kept from being parsed. */
  rest(): Uint8Array {
    return this.#rest;
  }

  /** Bytes of the message that has begun and is not whole, with its line; 0 where there is none. */
  get underWay(): number {
    return this.#begun === null && this.#message === null ? 0 : this.#needed;
  }

  /** Changes the limit of payload and headers, in bytes; see ParserLimits. */
  setMaxPayload(bytes: number): void {
    this.#maxPayload = bytes;
  }

  /**
   * A chunk after one that ends within a message. Where it lies right behind that one in memory, both are one chunk from
   * the message on; where not, what there is of the message is copied, for the rest to be added.
   */
  #goOn(begun: Uint8Array, chunk: Uint8Array): Uint8Array {
    const at = this.#begunAt;
    const length = begun.length - at;
    const start = begun.byteOffset + at;
    this.#begun = null;
    if (begun.buffer === chunk.buffer && start + length === chunk.byteOffset)
      return windowOf(begun.buffer, start, length + chunk.length);
    this.#putTogether(begun, at, begun.length);
    return chunk;
  }

  /** Begins to put a message together: `bytes[start..end)` is what there is of it, from its line on. */
  #putTogether(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const length = end - start;
    const message = allocate(Math.min(this.#needed, Math.max(length, this.#lineLength + TRUSTED)));
    message.set(bytes.subarray(start, end));
    this.#filled = length;
    this.#line.move(-start);
    this.#message = message;
    return message;
  }

  #walk(chunk: Uint8Array): void {
    const sink = this.#sink;
    const line = this.#line;
    const end = chunk.length;
    const longest = this.#maxControlLine + CRLF_LENGTH;
    this.#chunk = chunk;
    this.#next = 0;
    let received: Received | undefined;
    if (this.#message !== null || this.#carried > 0) this.#step(chunk, 0);
    let i = this.#next;
    while (i < end && this.#chunk === chunk) {
      if (line.readPlain(chunk, i)) {
        const { end: headersStart, headerSize, size } = line;
        const payloadEnd = headersStart + size;
        const isWhole = payloadEnd + 1 < end && chunk[payloadEnd] === CR && chunk[payloadEnd + 1] === LF;
        const isWithin = size <= this.#maxPayload && headersStart - i <= longest;
        if (isWhole && isWithin && headerSize <= size) {
          i = payloadEnd + 2;
          this.#next = i;
          const { sid, subjectStart, subjectEnd, replyStart, replyEnd } = line;
          const payloadStart = headersStart + headerSize;
          received ??= new Received(chunk);
          sink.message(
            received,
            sid,
            subjectStart,
            subjectEnd,
            replyStart,
            replyEnd,
            headersStart,
            payloadStart,
            payloadEnd,
          );
          continue;
        }
      }
      this.#step(chunk, i);
      i = this.#next;
    }
    line.forget();
  }

  /** One step through the chunk from `start` on, whatever there is. Says in #next how far it got. */
  #step(chunk: Uint8Array, start: number): void {
    if (this.#message !== null) {
      this.#continueMessage(chunk, start, this.#message);
      return;
    }
    if (this.#carried === 0 && this.#takeShortLine(chunk, start)) return;
    const newline = chunk.indexOf(LF, start);
    const end = newline < 0 ? chunk.length : newline + 1;
    this.#next = end;
    if (this.#carried === 0 && newline >= 0) {
      this.#checkLength(chunk, start, end - start);
      this.#lineFound(chunk, start, end, chunk);
      return;
    }
    this.#carryOver(chunk, start, end);
    if (newline < 0) return;
    const line = this.#carry;
    const length = this.#carried;
    this.#carried = 0;
    if (line.length > KEPT) this.#carry = EMPTY;
    this.#lineFound(line, 0, length, chunk);
  }

  /** PING, PONG and +OK as servers write them: whole, in capitals, and with nothing else on the line. False where it is none. */
  #takeShortLine(chunk: Uint8Array, start: number): boolean {
    const sink = this.#sink;
    if (chunk[start] === PLUS) {
      const isOk =
        chunk[start + 1] === O &&
        chunk[start + 2] === K &&
        chunk[start + 3] === CR &&
        chunk[start + 4] === LF;
      if (!isOk) return false;
      this.#next = start + 5;
      sink.ok();
      return true;
    }
    const isOther =
      chunk[start] === P &&
      chunk[start + 2] === N &&
      chunk[start + 3] === G &&
      chunk[start + 4] === CR &&
      chunk[start + 5] === LF;
    const vowel = chunk[start + 1];
    if (!isOther || (vowel !== I && vowel !== O)) return false;
    this.#next = start + 6;
    if (vowel === I) sink.ping();
    else sink.pong();
    return true;
  }

  /** Adds a piece of a line to what earlier chunks had of it. */
  #carryOver(chunk: Uint8Array, start: number, end: number): void {
    const before = this.#carried;
    const longest = this.#longestLine(before === 0 ? chunk[start] : this.#carry[0]);
    const length = before + end - start;
    // One byte too many says that the line is too long.
    const carried = Math.min(length, longest + 1);
    if (carried > this.#carry.length) {
      const longer = allocate(Math.min(longest + 1, Math.max(256, 2 * carried)));
      longer.set(this.#carry.subarray(0, before));
      this.#carry = longer;
    }
    this.#carry.set(chunk.subarray(start, start + carried - before), before);
    this.#carried = carried;
    // What can never become a command is refused at once: a server that speaks first, but not NATS, may send no more.
    if (!mayBecomeVerb(this.#carry, 0, carried))
      throw ProtocolViolation.at("unknown command", this.#carry, 0, carried);
    this.#checkLength(this.#carry, 0, length);
  }

  /** Bytes of the longest line that begins with that one, with its CRLF. */
  #longestLine(first: number | undefined): number {
    return (isInfo(first) ? this.#maxInfo : this.#maxControlLine) + CRLF_LENGTH;
  }

  /** `length` bytes of the line that begins at `start` are there, maybe all of it. How they were cut makes no difference. */
  #checkLength(bytes: Uint8Array, start: number, length: number): void {
    const longest = this.#longestLine(bytes[start]);
    if (length <= longest) return;
    const end = start + longest + 1;
    if (!mayBecomeVerb(bytes, start, end)) throw ProtocolViolation.at("unknown command", bytes, start, end);
    throw ProtocolViolation.at(`line of more than ${longest - CRLF_LENGTH} bytes`, bytes, start, end);
  }

  /** `bytes[start..end)` is a line with its line feed; the chunk goes on at #next. A CR before the LF may be missing. */
  #lineFound(bytes: Uint8Array, start: number, end: number, chunk: Uint8Array): void {
    const last = end - 1 > start && bytes[end - 2] === CR ? end - 2 : end - 1;
    const verb = verbOf(bytes, start, last);
    switch (verb) {
      case "MSG":
        this.#line.read(bytes, start + 3, last, false, this.#maxPayload);
        this.#messageFound(bytes, start, end, chunk);
        return;
      case "HMSG":
        this.#line.read(bytes, start + 4, last, true, this.#maxPayload);
        this.#messageFound(bytes, start, end, chunk);
        return;
      case "INFO":
        this.#sink.info(argumentText(bytes, start + 4, last));
        return;
      case "PING":
        this.#sink.ping();
        return;
      case "PONG":
        this.#sink.pong();
        return;
      case "+OK":
        this.#sink.ok();
        return;
      case "-ERR":
        this.#sink.error(unquoted(argumentText(bytes, start + 4, last)));
        return;
      case null:
        throw ProtocolViolation.at("unknown command", bytes, start, last);
      default:
        verb satisfies never;
    }
  }

  /** A MSG or HMSG line was read. Its message is taken out of the chunk, or put together if it is not whole in there. */
  #messageFound(bytes: Uint8Array, start: number, end: number, chunk: Uint8Array): void {
    const line = this.#line;
    const payloadEnd = end + line.size;
    if (bytes === chunk && payloadEnd + 2 <= chunk.length) {
      this.#next = payloadEnd + 2;
      this.#deliver(chunk, end);
      return;
    }
    const length = end - start;
    this.#needed = length + line.size + 2;
    this.#lineLength = length;
    if (bytes === chunk) {
      this.#begun = chunk;
      this.#begunAt = start;
      this.#next = chunk.length;
      return;
    }
    this.#continueMessage(chunk, this.#next, this.#putTogether(bytes, start, end));
  }

  /** Adds what the chunk has from `start` on to the message that is put together. */
  #continueMessage(chunk: Uint8Array, start: number, message: Uint8Array): void {
    let whole = message;
    const end = Math.min(chunk.length, start + this.#needed - this.#filled);
    if (this.#filled + end - start > message.length) {
      whole = allocate(this.#needed);
      whole.set(message.subarray(0, this.#filled));
      this.#message = whole;
    }
    whole.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), this.#filled);
    this.#filled += end - start;
    this.#next = end;
    if (this.#filled < this.#needed) return;
    this.#message = null;
    this.#deliver(whole, this.#lineLength);
  }

  /** Hands over the message whose line ends at `headersStart`, once its CRLF is there. */
  #deliver(bytes: Uint8Array, headersStart: number): void {
    const { sid, subjectStart, subjectEnd, replyStart, replyEnd, headerSize, size } = this.#line;
    const end = headersStart + size;
    if (bytes[end] !== CR || bytes[end + 1] !== LF) {
      throw ProtocolViolation.at(`no CRLF after the ${size} bytes of a message, but`, bytes, end, end + 2);
    }
    const payloadStart = headersStart + headerSize;
    this.#sink.message(
      new Received(bytes),
      sid,
      subjectStart,
      subjectEnd,
      replyStart,
      replyEnd,
      headersStart,
      payloadStart,
      end,
    );
  }
}

/** The text of -ERR, which servers put between quotes. */
function unquoted(text: string): string {
  return text.length > 1 && text.startsWith("'") && text.endsWith("'") ? text.slice(1, -1) : text;
}
