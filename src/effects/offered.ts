// What a server was offered over one socket: the secrets of CONNECT, and how they are found in what the server says later.
// Whatever is kept or shown of a server's words passes here first. It belongs to the session (session.ts); what `debug`
// prints is masked by the same secrets (tracing-world.ts).
//
// A server may write a secret in other ways than the client did. So a text is searched as it is written and as it reads
// without the escapes of JSON, Go and URLs (readings.ts), also for the base 64 of a secret. It may show a part only: of a
// long secret eight characters in a row are enough to be masked, of every secret a piece that the edge of the text cuts off.

import { type Credentials, MASK } from "./connect-command.js";
import { type Reading, readingsOf } from "./readings.js";
import { decodeText } from "./wire/text.js";

/** A secret of fewer characters is masked where it is a word of its own: it would be found in everything. */
const SHORTEST = 4;
/** So many characters in a row betray a secret that has at least twice as many. */
const PIECE = 8;
/** A piece of a secret that the edge of a text cuts off is masked from so many characters on. */
const CUT_PIECE = 3;
/** Characters of what was said before that a stream looks back on: at most, and for each character of the longest secret. */
const MOST_CONTEXT = 8_192;
const LONGEST_SPELLING = 6;

type Range = readonly [start: number, end: number];

/** From how many characters on a piece is masked that is cut off at either edge of the text. */
interface Edges {
  readonly atStart: number;
  readonly atEnd: number;
}

const encoder = new TextEncoder();

/** The secrets that one server was offered, and a text without them. */
export class Offered {
  /** Each secret in the forms that readings do not undo. */
  readonly #texts = new Set<string>();
  /** All pieces of the long ones. */
  readonly #pieces = new Set<string>();
  #longest = 0;

  /** These are about to be sent. User and nkey are names, not secrets. */
  offer({ pass, auth_token, jwt, sig }: Credentials): void {
    for (const secret of [pass, auth_token, jwt, sig]) {
      for (const text of secret === undefined ? [] : formsOf(secret)) this.#add(text);
    }
  }

  /** True where the server was offered no secret. */
  get isNothing(): boolean {
    return this.#texts.size === 0;
  }

  /** The text with all secrets masked, also a piece of three characters that one of its edges cuts off. */
  masked(text: string): string {
    return this.#masked(text, 0, { atStart: CUT_PIECE, atEnd: CUT_PIECE });
  }

  /** The same for an excerpt out of the middle of something: a single character at an edge may be a piece. */
  maskedExcerpt(text: string): string {
    const isPiece = (part: string) => part !== "" && [...this.#texts].some((secret) => secret.includes(part));
    if (readingsOf(text).some((reading) => isPiece(reading.text))) return MASK;
    return this.#masked(text, 0, { atStart: 1, atEnd: 1 });
  }

  /**
   * The same for JSON of a server, of which strings and numbers are masked, so that it stays JSON.
   * @param fields Names that are no news: they stay, whatever the secret is.
   */
  maskedJson(json: string, fields: ReadonlySet<string>): string {
    if (this.#texts.size === 0) return json;
    return json.replace(JSON_TOKEN, (token: string, colon: string | undefined) => {
      if (!token.startsWith('"')) return this.masked(token) === token ? token : "0";
      const end = colon ?? "";
      const text = parsedString(token.slice(0, token.length - end.length));
      if (text === undefined) return JSON.stringify(MASK) + end;
      if (colon !== undefined && fields.has(text)) return token;
      const masked = this.masked(text);
      return masked === text ? token : JSON.stringify(masked) + end;
    });
  }

  /** True where the text holds a secret as a whole, other than one that is part of `known`, which everybody sees anyway. */
  isIn(text: string, known: string): boolean {
    const secrets = [...this.#texts].filter((secret) => !known.includes(secret));
    return readingsOf(text).some((reading) => secrets.some((secret) => wholes(reading, secret).length > 0));
  }

  /**
   * The error with all secrets masked, in its texts and in those of its causes. It is the same error where there are none;
   * else a copy, of which only texts and numbers are left.
   */
  cleaned(error: Error): Error {
    return this.#texts.size === 0 ? error : this.#cleaned(error, new Set());
  }

  /** For what comes in pieces: what a call returns is its text without secrets, those included that began in an earlier call. */
  stream(): (text: string) => string {
    let before = "";
    return (text) => {
      const masked = this.#masked(before + text, before.length, {
        atStart: Number.POSITIVE_INFINITY,
        atEnd: 1,
      });
      const length = Math.min(MOST_CONTEXT, LONGEST_SPELLING * this.#longest);
      before = length === 0 ? "" : (before + text).slice(-length);
      return masked;
    };
  }

  #add(text: string): void {
    if (text === "" || this.#texts.has(text)) return;
    this.#texts.add(text);
    this.#longest = Math.max(this.#longest, text.length);
    if (!isLong(text)) return;
    for (let i = 0; i + PIECE <= text.length; i++) this.#pieces.add(text.slice(i, i + PIECE));
  }

  /** The text from `from` on; what is before says only where secrets began. */
  #masked(text: string, from: number, edges: Edges): string {
    if (this.#texts.size === 0) return text.slice(from);
    const found = readingsOf(text).flatMap((reading) =>
      this.#found(reading, edges).map(
        ([start, end]): Range => [reading.startOf(start), reading.endOf(end - 1)],
      ),
    );
    return withMask(text, from, found);
  }

  #found(reading: Reading, { atStart, atEnd }: Edges): Range[] {
    const { text } = reading;
    const found: Range[] = [];
    if (this.#pieces.size > 0) {
      for (let i = 0; i + PIECE <= text.length; i++) {
        if (this.#pieces.has(text.slice(i, i + PIECE))) found.push([i, i + PIECE]);
      }
    }
    for (const secret of this.#texts) {
      if (!isLong(secret)) found.push(...wholes(reading, secret));
      if (secret.length < SHORTEST) continue;
      // Of a long one, more than this was found above.
      const most = isLong(secret) ? PIECE - 1 : secret.length - 1;
      const end = cutOff(most, atEnd, (length) => text.endsWith(secret.slice(0, length)));
      if (end > 0) found.push([text.length - end, text.length]);
      const start = cutOff(most, atStart, (length) => text.startsWith(secret.slice(-length)));
      if (start > 0) found.push([0, start]);
    }
    return found;
  }

  #cleaned(error: Error, above: Set<Error>): Error {
    above.add(error);
    const texts: [name: string, value: string | number][] = [];
    for (const name of new Set(["name", ...Object.getOwnPropertyNames(error)])) {
      const value: unknown = (error as unknown as Record<string, unknown>)[name];
      if (typeof value === "string" || typeof value === "number") texts.push([name, value]);
    }
    const isClean = texts.every(([, value]) => this.masked(`${value}`) === `${value}`);
    const { cause } = error;
    const inner = cause instanceof Error && !above.has(cause) ? this.#cleaned(cause, above) : undefined;
    const others: unknown = (error as { readonly errors?: unknown }).errors;
    const areClean = !Array.isArray(others) || others.every((one) => this.masked(`${one}`) === `${one}`);
    if (isClean && areClean && inner === cause) return error;
    const copy = new Error(this.masked(error.message), inner === undefined ? undefined : { cause: inner });
    for (const [name, value] of texts) {
      const masked = this.masked(`${value}`);
      const clean = masked === `${value}` ? value : masked;
      Object.defineProperty(copy, name, {
        value: clean,
        enumerable: Object.prototype.propertyIsEnumerable.call(error, name),
        configurable: true,
        writable: true,
      });
    }
    return copy;
  }
}

const isLong = (secret: string) => secret.length >= 2 * PIECE;

/** A string of JSON, with the colon behind it where it is a name; or a number. */
const JSON_TOKEN = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"(\s*:)?|\\?$)|-?\d[\d.eE+-]*/g;

function parsedString(token: string): string | undefined {
  try {
    return JSON.parse(token) as string;
  } catch {
    return undefined;
  }
}

/** The secret, what UTF-8 makes of it, and what base 64 makes of that, wherever in a longer text it begins. */
function formsOf(secret: string): string[] {
  const bytes = encoder.encode(secret);
  const forms = [secret, decodeText(bytes, 0, bytes.length)];
  for (const before of [0, 1, 2]) {
    const padded = new Uint8Array(before + bytes.length);
    padded.set(bytes, before);
    const whole = base64(padded);
    // Only the characters that the secret alone decides.
    const form = whole.slice(Math.ceil((before * 8) / 6), Math.floor((padded.length * 8) / 6));
    if (form.length >= SHORTEST) forms.push(form, form.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

const WORD = /[\p{L}\p{N}_]/u;

/** Where a secret stands as a whole. */
function wholes({ text }: Reading, secret: string): Range[] {
  const found: Range[] = [];
  for (let start = text.indexOf(secret); start >= 0; start = text.indexOf(secret, start + 1)) {
    const end = start + secret.length;
    const isPart = WORD.test(text.slice(start - 1, start)) || WORD.test(text.slice(end, end + 1));
    if (secret.length >= SHORTEST || !isPart) found.push([start, end]);
  }
  return found;
}

/** The longest piece, from `least` to `most` characters, that is cut off; 0 where none is. */
function cutOff(most: number, least: number, isCut: (length: number) => boolean): number {
  for (let length = most; length >= least; length--) if (isCut(length)) return length;
  return 0;
}

/** The text from `from` on, with a mask for each run of ranges. */
function withMask(text: string, from: number, ranges: readonly Range[]): string {
  let shown = "";
  let position = from;
  for (const [start, end] of joined(ranges)) {
    if (end <= from) continue;
    shown += text.slice(position, Math.max(position, start)) + MASK;
    position = end;
  }
  return shown + text.slice(position);
}

/** The ranges in order, those that touch each other as one. */
function joined(ranges: readonly Range[]): readonly Range[] {
  const runs: Range[] = [];
  for (const [start, end] of [...ranges].sort(([a], [b]) => a - b)) {
    const last = runs.at(-1);
    if (last === undefined || start > last[1]) runs.push([start, end]);
    else runs[runs.length - 1] = [last[0], Math.max(last[1], end)];
  }
  return runs;
}
