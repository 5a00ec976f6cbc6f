// One line of the protocol: which verb it begins with, and what a MSG or HMSG line says.
//
// `readPlain` is for speed: it knows the line as every nats-server writes it, and gives up on anything else without
// a judgement. `read` is complete: it accepts all that the protocol allows and says what is wrong with the rest.

import { ProtocolViolation } from "./protocol-violation.js";
import { decodeText } from "./text.js";

/** What a server can say, the most frequent first. */
const verbs = ["MSG", "HMSG", "PING", "PONG", "+OK", "-ERR", "INFO"] as const;
export type Verb = (typeof verbs)[number];

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;
/** As long a number as `readPlain` reads: below 2^30, so that it stays a small integer. */
const PLAIN_DIGITS = 9;
/** From so many bytes on, a chunk holds enough messages to pay for a DataView of it. */
const VIEWED = 512;
const MAX_TOKENS = 5;

const isSpace = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;

/** Whether `bytes[start..end)` begins with the verb in any case, as far as it goes. */
function startsLike(verb: Verb, bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = 0; i < verb.length && start + i < end; i += 1) {
    const byte = bytes[start + i] as number;
    const upper = byte >= 97 && byte <= 122 ? byte - 32 : byte;
    if (upper !== verb.charCodeAt(i)) return false;
  }
  return true;
}

/** The verb of the whole line `bytes[start..end)` (without its CRLF), or null where there is none. */
export function verbOf(bytes: Uint8Array, start: number, end: number): Verb | null {
  for (const verb of verbs) {
    const verbEnd = start + verb.length;
    if (verbEnd > end || !startsLike(verb, bytes, start, end)) continue;
    return verbEnd === end || isSpace(bytes[verbEnd]) ? verb : null;
  }
  return null;
}

/** Whether `bytes[start..end)` can be the beginning of a line that has a verb. */
export function mayBecomeVerb(bytes: Uint8Array, start: number, end: number): boolean {
  return verbs.some((verb) => startsLike(verb, bytes, start, end));
}

/** What the line `bytes[start..end)` says behind its verb, where that is one text; without white space around it. */
export function argumentText(bytes: Uint8Array, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isSpace(bytes[from])) from += 1;
  while (to > from && isSpace(bytes[to - 1])) to -= 1;
  return decodeText(bytes, from, to);
}

/** Reads MSG and HMSG lines into its fields; all but `sid` and the sizes are offsets into the bytes of the line. */
export class MessageLine {
  sid = 0;
  subjectStart = 0;
  subjectEnd = 0;
  /** Equal to `replyEnd` where there is no reply. */
  replyStart = 0;
  replyEnd = 0;
  /** Bytes of headers; 0 for MSG. */
  headerSize = 0;
  /** Bytes of headers and payload. */
  size = 0;
  /** Where the line ends, behind its CRLF. */
  end = 0;

  /** The number that #skipDigits saw last. */
  #number = 0;
  /** Where the line before begins in the same chunk, and its length up to its sid: most begin like the one before. */
  #like = 0;
  #likeLength = 0;
  #likeHeaders = false;
  #chunk: Uint8Array | null = null;
  #view: DataView | null = null;
  /** Start and end of each token of a line. */
  readonly #tokens = new Int32Array(2 * MAX_TOKENS);

  /**
   * Reads the MSG or HMSG line that begins at `start`, if it is whole and plain: upper case, single spaces, numbers of
   * up to 9 digits, CRLF. Returns false for any other, which may be a good line all the same.
   */
  readPlain(bytes: Uint8Array, start: number): boolean {
    const end = bytes.length;
    const p = this.#isLikeBefore(bytes, start, end)
      ? start + this.#likeLength
      : this.#readSubjectAndSid(bytes, start, end);
    if (p === 0) return false;
    this.replyStart = p;
    this.replyEnd = p;
    this.headerSize = 0;
    if (this.#likeHeaders) return this.#readReplyAndSizes(bytes, p, end);
    const q = this.#skipDigits(bytes, p, end);
    if (q < end && bytes[q] === CR) return this.#endsAfterSize(bytes, p, q, end);
    return this.#readSize(bytes, this.#skipReply(bytes, p, end), end);
  }

  /** The bytes of the line were copied to another place, `by` bytes further. */
  move(by: number): void {
    this.subjectStart += by;
    this.subjectEnd += by;
    this.replyStart += by;
    this.replyEnd += by;
  }

  /** Lets go of the chunk that readPlain saw last. */
  forget(): void {
    this.#chunk = null;
    this.#view = null;
  }

  #isLikeBefore(bytes: Uint8Array, start: number, end: number): boolean {
    const view = this.#view;
    const length = this.#likeLength;
    if (view === null || this.#chunk !== bytes || length === 0 || start + length >= end) return false;
    const like = this.#like;
    const last = length - 4;
    for (let k = 0; k < last; k += 4) {
      if (view.getInt32(like + k) !== view.getInt32(start + k)) return false;
    }
    if (view.getInt32(like + last) !== view.getInt32(start + last)) return false;
    const moved = start - like;
    this.subjectStart += moved;
    this.subjectEnd += moved;
    this.#like = start;
    return true;
  }

  /** Returns where the reply or the first size begins, or 0. */
  #readSubjectAndSid(bytes: Uint8Array, start: number, end: number): number {
    this.#likeLength = 0;
    this.#likeHeaders = bytes[start] === 72;
    const verb = this.#likeHeaders ? start + 1 : start;
    // "MSG s 1 0" and a CRLF: there is no shorter line.
    if (verb + 11 > end || bytes[verb] !== 77 || bytes[verb + 1] !== 83 || bytes[verb + 2] !== 71) return 0;
    if (bytes[verb + 3] !== SPACE) return 0;
    const subjectStart = verb + 4;
    let p = subjectStart;
    while (p < end && (bytes[p] as number) > SPACE) p += 1;
    if (p === subjectStart || p >= end || bytes[p] !== SPACE) return 0;
    const subjectEnd = p;
    p = this.#skipDigits(bytes, subjectEnd + 1, end);
    const digits = p - subjectEnd - 1;
    if (digits === 0 || digits > PLAIN_DIGITS || this.#number === 0 || p >= end || bytes[p] !== SPACE)
      return 0;
    p += 1;
    this.subjectStart = subjectStart;
    this.subjectEnd = subjectEnd;
    this.sid = this.#number;
    if (this.#chunk !== bytes) {
      this.#chunk = bytes;
      this.#view = end - p < VIEWED ? null : new DataView(bytes.buffer, bytes.byteOffset, end);
    }
    this.#like = start;
    this.#likeLength = p - start;
    return p;
  }

  /** What follows the sid of an HMSG: a reply, if the first two tokens are not all there is; then two sizes. */
  #readReplyAndSizes(bytes: Uint8Array, p: number, end: number): boolean {
    let q = this.#skipDigits(bytes, p, end);
    this.headerSize = this.#number;
    if (this.#isPlainNumber(bytes, p, q, end) && this.#readSize(bytes, q + 1, end)) return true;
    const numberStart = this.#skipReply(bytes, p, end);
    q = this.#skipDigits(bytes, numberStart, end);
    this.headerSize = this.#number;
    return this.#isPlainNumber(bytes, numberStart, q, end) && this.#readSize(bytes, q + 1, end);
  }

  /** Returns where the token behind the reply begins, or `end`. */
  #skipReply(bytes: Uint8Array, start: number, end: number): number {
    let p = start;
    while (p < end && (bytes[p] as number) > SPACE) p += 1;
    if (p === start || p >= end || bytes[p] !== SPACE) return end;
    this.replyEnd = p;
    return p + 1;
  }

  #readSize(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#endsAfterSize(bytes, start, this.#skipDigits(bytes, start, end), end);
  }

  /** Whether the digits `bytes[start..p)`, just skipped, are a size that ends the line. */
  #endsAfterSize(bytes: Uint8Array, start: number, p: number, end: number): boolean {
    const digits = p - start;
    if (digits === 0 || digits > PLAIN_DIGITS || p + 1 >= end || bytes[p] !== CR || bytes[p + 1] !== LF)
      return false;
    this.size = this.#number;
    this.end = p + 2;
    return true;
  }

  #isPlainNumber(bytes: Uint8Array, start: number, p: number, end: number): boolean {
    return p > start && p - start <= PLAIN_DIGITS && p < end && bytes[p] === SPACE;
  }

  #skipDigits(bytes: Uint8Array, start: number, end: number): number {
    let number = 0;
    let p = start;
    // The number may grow past all bounds here: its digits are counted afterwards.
    while (p < end && (bytes[p] as number) >= ZERO && (bytes[p] as number) <= NINE) {
      number = number * 10 + ((bytes[p] as number) - ZERO);
      p += 1;
    }
    this.#number = number;
    return p;
  }

  /**
   * Reads the arguments of a whole line, `bytes[start..end)`, where `start` is behind the verb and `end` before the CRLF.
   * @throws ProtocolViolation where they are not those of MSG, or HMSG where `hasHeaders`
   */
  read(bytes: Uint8Array, start: number, end: number, hasHeaders: boolean, maxPayload: number): void {
    const tokens = this.#tokens;
    const verb = hasHeaders ? "HMSG" : "MSG";
    const least = hasHeaders ? 4 : 3;
    const count = this.#split(bytes, start, end);
    if (count < least || count > least + 1) {
      const seen = count > MAX_TOKENS ? `more than ${MAX_TOKENS}` : count;
      throw ProtocolViolation.at(
        `${verb} with ${seen} arguments instead of ${least} or ${least + 1}`,
        bytes,
        start,
        end,
      );
    }
    const number = (token: number, what: string, most: number): number => {
      const from = tokens[2 * token] as number;
      const to = tokens[2 * token + 1] as number;
      const after = this.#skipDigits(bytes, from, to);
      if (after !== to)
        throw ProtocolViolation.at(`${verb} with a ${what} that is not a number`, bytes, from, to);
      if (this.#number > most)
        throw ProtocolViolation.at(`${verb} with a ${what} over ${most}`, bytes, from, to);
      return this.#number;
    };
    const hasReply = count === least + 1;
    this.subjectStart = tokens[0] as number;
    this.subjectEnd = tokens[1] as number;
    this.replyStart = hasReply ? (tokens[4] as number) : this.subjectEnd;
    this.replyEnd = hasReply ? (tokens[5] as number) : this.subjectEnd;
    this.sid = number(1, "subscription id", Number.MAX_SAFE_INTEGER);
    if (this.sid === 0) throw ProtocolViolation.at(`${verb} with the subscription id 0`, bytes, start, end);
    this.size = number(count - 1, "size", maxPayload);
    this.headerSize = hasHeaders ? number(count - 2, "header size", this.size) : 0;
  }

  /** Finds the tokens of a line; returns how many there are, at most one more than there may be. */
  #split(bytes: Uint8Array, start: number, end: number): number {
    let count = 0;
    let p = start;
    while (true) {
      while (p < end && isSpace(bytes[p])) p += 1;
      if (p === end) return count;
      if (count === MAX_TOKENS) return count + 1;
      this.#tokens[2 * count] = p;
      while (p < end && !isSpace(bytes[p])) p += 1;
      this.#tokens[2 * count + 1] = p;
      count += 1;
    }
  }
}
