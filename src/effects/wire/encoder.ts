// PUB, HPUB and plain command lines as bytes, written straight into a chunk. The hot path of sending.
//
// The encoder knows one chunk and a position in it. It moves the position only when a whole, valid command stands
// there, so a refused one leaves no trace. Which chunk is the business of backlog.ts, and when it goes out that of
// outbound.ts.

import { EMPTY, isBytes, textLength, writeText } from "./bytes.js";
import {
  BadWireString,
  checkControlLine,
  DEFAULT_MAX_CONTROL_LINE,
  type NameRole,
  subjectProblem,
} from "./subject.js";

const CR = 13;
const LF = 10;
const SPACE = 32;
const DOT = 46;
const ZERO = 48;
const H = 72;
const DEL = 127;
/** `PUB ` as a little-endian 32-bit number. */
const PUB_ = 0x20425550;
/** Room for what is neither name, headers nor payload: verb, spaces, two sizes, CRLFs, and a copy's last word. */
const FRAME = 64;
/** Up to here a loop over the characters is faster than a call into the engine. Measured on Node 20. */
const SHORT_TEXT = 24;
/** Up to here a loop over words is faster than a call into the engine. Measured on Node 20. */
const SHORT_COPY = 64;
/** Up to here room for a text is taken as if each character took three bytes, which saves looking at it. */
const SMALL_TEXT = 2048;
const NO_VIEW = new DataView(EMPTY.buffer);

/**
 * Bytes of room that a publish needs at most.
 * @throws BadWireString where `subject` or `reply` is no string
 * @throws TypeError where the payload is nothing that can be sent
 */
export function roomFor(
  subject: string,
  payload: Uint8Array | string | undefined,
  reply: string | undefined,
  headers: Uint8Array | undefined,
): number {
  // A caller in JavaScript may pass anything; without this, what is no string would ask for NaN bytes.
  if (typeof subject !== "string") throw refusal(subject, "subject");
  let room = FRAME + 3 * subject.length;
  if (reply !== undefined) {
    if (typeof reply !== "string") throw refusal(reply, "reply subject");
    room += 3 * reply.length;
  }
  if (headers !== undefined) room += headers.length;
  if (payload === undefined) return room;
  if (typeof payload === "string") return room + roomForText(payload);
  if (!isBytes(payload)) throw new TypeError("the payload must be a string, a Uint8Array or undefined");
  return room + payload.length;
}

/** Bytes of room that a text needs at most. */
export function roomForText(text: string): number {
  return text.length <= SMALL_TEXT ? 3 * text.length + FRAME : textLength(text) + FRAME;
}

/** Bytes that a publish takes on the wire, exactly. For where it matters and time does not. */
export function publishSize(
  subject: string,
  payload: Uint8Array | string | undefined,
  reply: string | undefined,
  headers: Uint8Array | undefined,
): number {
  const payloadSize =
    payload === undefined ? 0 : typeof payload === "string" ? textLength(payload) : payload.length;
  const headerSize = headers?.length ?? 0;
  const size = headerSize + payloadSize;
  const sizes = headers === undefined ? `${size}` : `${headerSize} ${size}`;
  const names = textLength(subject) + (reply === undefined ? 0 : 1 + textLength(reply));
  return (headers === undefined ? 4 : 5) + names + 1 + sizes.length + 2 + size + 2;
}

function refusal(name: unknown, role: NameRole): BadWireString {
  return new BadWireString(subjectProblem(name, role) ?? `${role} cannot be sent`);
}

/** Writes commands into a chunk, one behind the other. The caller sees to the room: `roomFor`. */
export class Encoder {
  /** Where the next command will begin. */
  at = 0;
  /** Length of the chunk. */
  end = 0;
  /** PUB and HPUB written so far, into all chunks. */
  messages = 0;
  /** Bytes of headers and payload in them. */
  messageBytes = 0;
  /** The most bytes of headers and payload that one of them had. */
  largest = 0;

  readonly #maxControlLine: number;
  #bytes = EMPTY;
  #view = NO_VIEW;
  /** The subject of the last message in this chunk, and where its bytes are: most messages go where the last one went. */
  #subject: string | null = null;
  #subjectAt = 0;
  #subjectEnd = 0;

  /** @param maxControlLine bytes of a line behind its verb that the server accepts */
  constructor(maxControlLine = DEFAULT_MAX_CONTROL_LINE) {
    this.#maxControlLine = maxControlLine;
  }

  /** Goes on in another chunk (made by `allocate`). */
  open(bytes: Uint8Array, view: DataView, at: number): void {
    this.#bytes = bytes;
    this.#view = view;
    this.at = at;
    this.end = bytes.length;
    this.#subject = null;
  }

  /** Lets go of the chunk: there is no room. */
  close(): void {
    this.open(EMPTY, NO_VIEW, 0);
  }

  /**
   * Writes PUB, or HPUB where there are headers.
   * @throws BadWireString where `subject` or `reply` could not stand on the line, or make it too long; nothing is
   *   written then
   */
  publish(
    subject: string,
    payload: Uint8Array | string | undefined,
    reply: string | undefined,
    headers: Uint8Array | undefined,
  ): void {
    const bytes = this.#bytes;
    let at = this.at;
    if (headers !== undefined) bytes[at++] = H;
    this.#view.setInt32(at, PUB_, true);
    at += 4;
    const subjectAt = at;
    at = subject === this.#subject ? this.#copySubject(at) : this.#writeName(subject, at, "subject");
    const subjectEnd = at;
    bytes[at++] = SPACE;
    if (reply !== undefined) {
      at = this.#writeName(reply, at, "reply subject");
      bytes[at++] = SPACE;
    }
    const headerSize = headers === undefined ? 0 : headers.length;
    let size = headerSize;
    let payloadAt: number;
    if (payload === undefined) {
      payloadAt = this.#writeSizes(at, headers, size);
      at = payloadAt;
    } else if (typeof payload === "string") {
      // Nearly every text is ASCII, as long in bytes as in characters. Where it is not, its true length shows when
      // it is written, and it is written again behind that.
      const sizesAt = at;
      payloadAt = this.#writeSizes(sizesAt, headers, headerSize + payload.length);
      const length = this.#writeString(payload, payloadAt);
      if (length !== payload.length) {
        payloadAt = this.#writeSizes(sizesAt, headers, headerSize + length);
        this.#writeString(payload, payloadAt);
      }
      size += length;
      at = payloadAt + length;
    } else {
      size += payload.length;
      payloadAt = this.#writeSizes(at, headers, size);
      bytes.set(payload, payloadAt);
      at = payloadAt + payload.length;
    }
    checkControlLine(payloadAt - headerSize - 2 - subjectAt, this.#maxControlLine);
    bytes[at] = CR;
    bytes[at + 1] = LF;
    this.at = at + 2;
    this.#subject = subject;
    this.#subjectAt = subjectAt;
    this.#subjectEnd = subjectEnd;
    this.messages += 1;
    this.messageBytes += size;
    if (size > this.largest) this.largest = size;
  }

  /** Writes a line that is known to be valid, and its CRLF. */
  line(text: string): void {
    const at = this.at + this.#writeString(text, this.at);
    this.#bytes[at] = CR;
    this.#bytes[at + 1] = LF;
    this.at = at + 2;
  }

  #copySubject(to: number): number {
    const from = this.#subjectAt;
    const length = this.#subjectEnd - from;
    if (length > SHORT_COPY) {
      this.#bytes.copyWithin(to, from, from + length);
    } else {
      // Whole words: what they carry too much is overwritten by what follows.
      const view = this.#view;
      for (let k = 0; k < length; k += 4) view.setInt32(to + k, view.getInt32(from + k));
    }
    return to + length;
  }

  /** Writes a subject, looks at every byte of it, and returns where it ends. */
  #writeName(name: string, at: number, role: NameRole): number {
    if (name.length <= SHORT_TEXT) {
      const end = this.#writePlainName(name, at);
      if (end > 0) return end;
    }
    const bytes = this.#bytes;
    const length = this.#writeString(name, at);
    const end = at + length;
    let before = DOT;
    for (let k = at; k < end; k += 1) {
      const byte = bytes[k] as number;
      if (byte <= SPACE || byte === DEL || (byte === DOT && before === DOT)) throw refusal(name, role);
      before = byte;
    }
    if (before === DOT) throw refusal(name, role);
    // Beyond ASCII there is one more thing to look for, which UTF-8 no longer shows.
    if (length !== name.length && subjectProblem(name, role) !== null) throw refusal(name, role);
    return end;
  }

  /** Writes and checks a valid ASCII name in one go, and returns where it ends; 0 for any other name. */
  #writePlainName(name: string, at: number): number {
    const bytes = this.#bytes;
    let before = DOT;
    for (let k = 0; k < name.length; k += 1) {
      const unit = name.charCodeAt(k);
      if (unit <= SPACE || unit >= DEL || (unit === DOT && before === DOT)) return 0;
      bytes[at + k] = unit;
      before = unit;
    }
    return before === DOT ? 0 : at + name.length;
  }

  /** Writes a text as UTF-8 and returns how many bytes it took. */
  #writeString(text: string, at: number): number {
    const length = text.length;
    if (length > SHORT_TEXT) return writeText(this.#bytes, text, at);
    const bytes = this.#bytes;
    for (let k = 0; k < length; k += 1) {
      const unit = text.charCodeAt(k);
      if (unit > DEL) return writeText(bytes, text, at);
      bytes[at + k] = unit;
    }
    return length;
  }

  /** Writes the sizes, the CRLF behind them, and the headers. Returns where the payload begins. */
  #writeSizes(start: number, headers: Uint8Array | undefined, size: number): number {
    const bytes = this.#bytes;
    let at = start;
    if (headers !== undefined) {
      at = this.#writeNumber(headers.length, at);
      bytes[at++] = SPACE;
    }
    at = this.#writeNumber(size, at);
    bytes[at] = CR;
    bytes[at + 1] = LF;
    at += 2;
    if (headers === undefined) return at;
    bytes.set(headers, at);
    return at + headers.length;
  }

  #writeNumber(number: number, at: number): number {
    let end = at + 1;
    for (let rest = number; rest > 9; rest = (rest / 10) | 0) end += 1;
    let rest = number;
    for (let k = end - 1; k >= at; k -= 1) {
      const tens = (rest / 10) | 0;
      this.#bytes[k] = ZERO + rest - 10 * tens;
      rest = tens;
    }
    return end;
  }
}
