// Message headers: ordered keys, each with one or more values, and on status messages a code with a description.
//
// The text form is ADR-4 of NATS: a version line, `Key: value` lines, an empty line. What a user sets is checked
// so that it can never add a line; what a server sends is read without complaint, line by line, at first use.

import { decodeText } from "../effects/wire/text.js";
import { brand } from "../machine/brand.js";
import { textEncoder } from "./codec.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";

const version = "NATS/1.0";
const CRLF = "\r\n";

/** How a header key is compared with those of a message (`Match` of nats@2.29.3). */
export enum Match {
  /** Letter for letter. The default everywhere. */
  Exact = 0,
  /** The given key is brought into canonical form first (`content-type` to `Content-Type`); then letter for letter. */
  CanonicalMIME = 1,
  /** Upper and lower case are the same. */
  IgnoreCase = 2,
}

/** The headers of a message (`MsgHdrs` of nats@2.29.3; the format is ADR-4). Keys keep the case they were set with. */
export interface MsgHdrs extends Iterable<[string, string[]]> {
  /** True for a status of 300 or more, such as 503 (no responders). */
  readonly hasError: boolean;
  /** Code and description as one text: `"503"`, `"100 Idle Heartbeat"`; `"0"` where there is no status. */
  readonly status: string;
  /** The status code; 0 where there is none. */
  readonly code: number;
  /** The description of the status; empty where there is none. */
  readonly description: string;
  /** The first value of a key; an empty string where there is none. */
  get(key: string, match?: Match): string;
  /** Replaces all values of a key by one. @throws NatsError `BadHeader` for characters that headers cannot hold. */
  set(key: string, value: string, match?: Match): void;
  /** Adds a value to a key. @throws NatsError `BadHeader` for characters that headers cannot hold. */
  append(key: string, value: string, match?: Match): void;
  /** True where the key has a value. */
  has(key: string, match?: Match): boolean;
  /** The keys, in the order in which they were first set. */
  keys(): string[];
  /** All values of a key, and of all keys that match. */
  values(key: string, match?: Match): string[];
  /** Removes a key, and all keys that match. */
  delete(key: string, match?: Match): void;
  /** The last value of a key; an empty string where there is none. */
  last(key: string, match?: Match): string;
}

/**
 * Empty headers, to be filled and published.
 * @param code A status, for services that answer with one. It needs a description, and a description needs it.
 * @throws NatsError `BadHeader` for one without the other, a code that is not a positive integer, a line break.
 */
export function headers(code = 0, description = ""): MsgHdrs {
  if ((code === 0) !== (description === "")) throw badHeader("A status needs both a code and a description");
  return new MsgHdrsImpl(code, description);
}

/**
 * The canonical form of a key: each word between dashes with one capital, as `Content-Type`.
 * @throws NatsError `BadHeader` for a character other than printable ASCII without space and colon.
 */
export function canonicalMIMEHeaderKey(key: string): string {
  checkKeyCharacters(key);
  return key.toLowerCase().replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** The implementation of {@link MsgHdrs}, with what the client needs to send and receive them. */
export class MsgHdrsImpl implements MsgHdrs {
  #code = 0;
  #description = "";
  readonly #fields = new Map<string, string[]>();
  /** What decode() was given and nobody has looked at yet: the bytes of the block, or `undefined`. */
  #unreadStatus: Uint8Array | undefined;
  #unreadFields: Uint8Array | undefined;

  /** @throws NatsError `BadHeader` for a code that is not a whole number from 0, or a line break in the description. */
  constructor(code = 0, description = "") {
    if (!Number.isSafeInteger(code) || code < 0)
      throw badHeader("The code of a status must be a whole number from 0");
    if (typeof description !== "string" || hasLineBreak(description)) {
      throw badHeader("The description of a status must be a string without line breaks");
    }
    this.#code = code;
    this.#description = description;
  }

  /**
   * The headers of a block that a server sent. Never throws: lines that are not headers are left out.
   * The bytes are read at first use and must not change until then.
   */
  static decode(bytes: Uint8Array): MsgHdrsImpl {
    const decoded = new MsgHdrsImpl();
    decoded.#unreadStatus = bytes;
    decoded.#unreadFields = bytes;
    return decoded;
  }

  /** Headers from an object of arrays, as {@link toRecord} returns it. @throws NatsError `BadHeader`. */
  static fromRecord(record: Record<string, string[]>): MsgHdrs {
    const result = new MsgHdrsImpl();
    for (const [key, values] of Object.entries(record)) {
      if (!Array.isArray(values))
        throw badHeader(`The values of the header ${JSON.stringify(key)} must be an array`);
      for (const value of values) result.append(key, value);
    }
    return result;
  }

  /** An object with an array of values for each key; the status is not part of it. */
  toRecord(): Record<string, string[]> {
    return Object.fromEntries(this);
  }

  /** Keys with their values, in the order of the keys. The arrays are copies. */
  *[Symbol.iterator](): IterableIterator<[string, string[]]> {
    for (const [key, values] of this.#read()) yield [key, [...values]];
  }

  /** How many different keys there are. */
  size(): number {
    return this.#read().size;
  }

  /** True where the other headers have the same code, keys and values; the order of the values of a key is ignored. */
  equals(other: MsgHdrsImpl): boolean {
    if (!(other instanceof MsgHdrsImpl) || this.size() !== other.size() || this.code !== other.code)
      return false;
    for (const [key, values] of this.#read()) {
      const mine = [...values].sort();
      const theirs = other.values(key).sort();
      if (mine.length !== theirs.length || mine.some((value, i) => value !== theirs[i])) return false;
    }
    return true;
  }

  /** The block as text; an empty string where there are neither headers nor a status. */
  toString(): string {
    const fields = this.#read();
    if (fields.size === 0 && this.code === 0) return "";
    let block = this.code > 0 ? `${version} ${this.#code} ${this.#description}`.trimEnd() : version;
    for (const [key, values] of fields) {
      for (const value of values) block += `\r\n${key}: ${value}`;
    }
    return `${block}\r\n\r\n`;
  }

  /** The block as the bytes that go over the wire; none where there are neither headers nor a status. */
  encode(): Uint8Array {
    return textEncoder.encode(this.toString());
  }

  get(key: string, match: Match = Match.Exact): string {
    return this.#firstMatch(key, match)?.[0] ?? "";
  }

  last(key: string, match: Match = Match.Exact): string {
    return this.#firstMatch(key, match)?.at(-1) ?? "";
  }

  has(key: string, match: Match = Match.Exact): boolean {
    return this.#firstMatch(key, match) !== undefined;
  }

  keys(): string[] {
    return [...this.#read().keys()];
  }

  values(key: string, match: Match = Match.Exact): string[] {
    return this.#matching(key, match).flatMap((found) => this.#read().get(found) ?? []);
  }

  set(key: string, value: string, match: Match = Match.Exact): void {
    // Everything is checked before anything changes: a rejected value leaves the old one in place.
    const checkedKey = checkedKeyFor(key, match);
    const checkedValue = checkedValueFor(key, value);
    this.delete(key, match);
    this.#read().set(checkedKey, [checkedValue]);
  }

  append(key: string, value: string, match: Match = Match.Exact): void {
    const checkedKey = checkedKeyFor(key, match);
    const checkedValue = checkedValueFor(key, value);
    const fields = this.#read();
    const values = this.#firstMatch(key, match);
    if (values === undefined) fields.set(checkedKey, [checkedValue]);
    else values.push(checkedValue);
  }

  delete(key: string, match: Match = Match.Exact): void {
    for (const found of this.#matching(key, match)) this.#read().delete(found);
  }

  get hasError(): boolean {
    return this.code >= 300;
  }

  get status(): string {
    return `${this.code} ${this.#description}`.trim();
  }

  get code(): number {
    if (this.#unreadStatus !== undefined) this.#readStatus(this.#unreadStatus);
    return this.#code;
  }

  get description(): string {
    if (this.#unreadStatus !== undefined) this.#readStatus(this.#unreadStatus);
    return this.#description;
  }

  #matching(key: string, match: Match): string[] {
    if (match === Match.Exact) return this.#read().has(key) ? [key] : [];
    if (match === Match.CanonicalMIME) return this.#matching(canonicalMIMEHeaderKey(key), Match.Exact);
    const lower = key.toLowerCase();
    return this.keys().filter((candidate) => candidate.toLowerCase() === lower);
  }

  #firstMatch(key: string, match: Match): string[] | undefined {
    const found = match === Match.Exact ? key : this.#matching(key, match)[0];
    return found === undefined ? undefined : this.#read().get(found);
  }

  #readStatus(block: Uint8Array): void {
    this.#unreadStatus = undefined;
    const lineEnd = block.indexOf(13);
    // Almost every block says just `NATS/1.0`: no status.
    if (lineEnd === version.length || block.length === 0) return;
    const line = decodeText(block, 0, lineEnd === -1 ? block.length : lineEnd);
    if (!line.startsWith(version)) return;
    const [, code = "0", description = ""] =
      /^\s*(\d{1,9}(?!\d))?(.*)$/s.exec(line.slice(version.length)) ?? [];
    this.#code = Number(code);
    this.#description = description.replace(/[\r\n]+/g, " ").trim();
  }

  #read(): Map<string, string[]> {
    if (this.#unreadFields !== undefined) {
      const block = decodeText(this.#unreadFields, 0, this.#unreadFields.length);
      this.#unreadFields = undefined;
      // The first line is the version and the status.
      for (let start = block.indexOf(CRLF); start >= 0; ) {
        const end = block.indexOf(CRLF, start + 2);
        this.#readLine(end < 0 ? block.slice(start + 2) : block.slice(start + 2, end));
        start = end;
      }
    }
    return this.#fields;
  }

  #readLine(line: string): void {
    const colon = line.indexOf(":");
    // A lone CR or LF could become a line of its own when the headers are passed on: such a line is not taken.
    if (colon < 1 || hasLineBreak(line)) return;
    const key = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    const values = this.#fields.get(key);
    if (values === undefined) this.#fields.set(key, [value]);
    else values.push(value);
  }
}

brand(MsgHdrsImpl, "MsgHdrsImpl");

function hasLineBreak(text: string): boolean {
  return text.includes("\n") || text.includes("\r");
}

function checkKeyCharacters(key: string): void {
  if (typeof key !== "string") throw badHeader("The key of a header must be a string");
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i);
    if (c < 33 || c > 126 || c === 58) {
      throw badHeader(
        `The header key ${JSON.stringify(key)} has a character that is not printable ASCII, or a colon`,
      );
    }
  }
}

function checkedKeyFor(key: string, match: Match): string {
  checkKeyCharacters(key);
  if (key === "") throw badHeader("The key of a header must not be empty");
  return match === Match.CanonicalMIME ? canonicalMIMEHeaderKey(key) : key;
}

/** The message does not show the value: it could be a secret. */
function checkedValueFor(key: string, value: string): string {
  if (typeof value !== "string")
    throw badHeader(`The value of the header ${JSON.stringify(key)} must be a string`);
  if (hasLineBreak(value)) throw badHeader(`The value of the header ${JSON.stringify(key)} has a line break`);
  return value.trim();
}

function badHeader(message: string): NatsError {
  return new NatsError(message, ErrorCode.BadHeader);
}

/** Headers of ours, or of another making, checked like our own. */
export function ownHeaders(headers: MsgHdrs): MsgHdrsImpl {
  if (headers instanceof MsgHdrsImpl) return headers;
  // Others iterate too, but over something else: a Map, the Headers of fetch.
  if (typeof headers.code !== "number" || typeof headers[Symbol.iterator] !== "function") {
    throw invalidOption("headers", headers, "headers, as the function headers() makes them");
  }
  const own = new MsgHdrsImpl(headers.code, headers.description);
  for (const [key, values] of headers) for (const value of values) own.append(key, value);
  return own;
}
