// What a server was offered over one socket: the secrets of CONNECT, and how they are found in what the server says later.
// Whatever is kept or shown of a server's words passes here first. It belongs to the session (session.ts); what `debug`
// prints is masked by the same secrets (tracing-world.ts).
//
// A server may write a secret in other ways than the client did. So a text is searched as it is written and as it reads
// without the escapes of JSON, Go and URLs (readings.ts), also for the base 64 of a secret. It may show a part only: of a
// long secret eight characters in a row are enough to be masked, of every secret a piece that the edge of the text cuts off.

import { type Credentials, MASK } from "./connect-command.js";
import { isLong, PIECE, Pieces } from "./pieces.js";
import { readingsOf } from "./readings.js";
import { decodeText } from "./wire/text.js";

/** A secret of fewer characters is masked where it is a word of its own: it would be found in everything. */
const SHORTEST = 4;
/** A piece of a secret that the edge of a text cuts off is masked from so many characters on. */
const CUT_PIECE = 3;
/** Characters of what was said before that a stream looks back on: at most, and for each character of the longest secret. */
const MOST_CONTEXT = 8_192;
const LONGEST_SPELLING = 6;

/** Texts that are remembered as clean: how many, and how long they may be. */
const MOST_REMEMBERED = 64;
const MAX_REMEMBERED = 128;

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
  /** Short texts without a secret that were looked at last: a server says most of its INFO again and again. */
  readonly #clean = new Set<string>();
  /** All pieces of the long ones. */
  readonly #pieces = new Pieces();
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
    if (this.#clean.has(text)) return text;
    const masked = this.#masked(text, 0, { atStart: CUT_PIECE, atEnd: CUT_PIECE });
    if (masked === text && text.length <= MAX_REMEMBERED) {
      if (this.#clean.size >= MOST_REMEMBERED) this.#clean.clear();
      this.#clean.add(text);
    }
    return masked;
  }

  /** The same for an excerpt out of the middle of something: a single character at an edge may be a piece. */
  maskedExcerpt(text: string): string {
    const isPiece = (part: string) => part !== "" && [...this.#texts].some((secret) => secret.includes(part));
    if (readingsOf(text).some((reading) => isPiece(reading.text))) return MASK;
    return this.#masked(text, 0, { atStart: 1, atEnd: 1 });
  }

  /**
   * The names of servers without those that hold a secret as a whole, other than one that is part of `known`, which everybody sees
   * anyway. A name with an escape, which no host has, is left out without a look.
   * @param known asked only where it matters
   */
  without(names: readonly string[], known: () => string): readonly string[] {
    if (this.isNothing) return names;
    const all = names.join("\n");
    const found = [...this.#texts].filter((secret) => all.includes(secret));
    const secrets = found.filter((secret) => !known().includes(secret));
    if (secrets.length === 0 && !ESCAPE.test(all)) return names;
    return names.filter(
      (name) => !ESCAPE.test(name) && !secrets.some((secret) => wholes(name, secret).length > 0),
    );
  }

  /**
   * The error with all secrets masked, in its texts and in those of its causes. It is the same error where there are none;
   * else a copy, of which only texts and numbers are left.
   */
  cleaned(error: Error): Error {
    return this.isNothing ? error : this.#cleaned(error, new Set());
  }

  /** For what comes in pieces: what a call returns is its text without secrets, those included that began in an earlier call. */
  stream(): (text: string) => string {
    let before = "";
    return (text) => {
      const all = before + text;
      const masked = this.#masked(all, before.length, { atStart: Number.POSITIVE_INFINITY, atEnd: 1 });
      const length = Math.min(MOST_CONTEXT, LONGEST_SPELLING * this.#longest);
      before = all.slice(Math.max(0, all.length - length));
      return masked;
    };
  }

  #add(text: string): void {
    if (text === "" || this.#texts.has(text)) return;
    this.#texts.add(text);
    this.#clean.clear();
    this.#longest = Math.max(this.#longest, text.length);
    if (isLong(text)) this.#pieces.add(text);
  }

  /** The text from `from` on; what is before says only where secrets began. */
  #masked(text: string, from: number, edges: Edges): string {
    if (this.isNothing) return text;
    const found = readingsOf(text).flatMap((reading) =>
      this.#found(reading.text, edges).map(
        ([start, end]): Range => [reading.startOf(start), reading.endOf(end - 1)],
      ),
    );
    return withMask(text, from, found);
  }

  #found(text: string, { atStart, atEnd }: Edges): Range[] {
    const found: Range[][] = [this.#pieces.in(text)];
    for (const secret of this.#texts) {
      if (!isLong(secret)) found.push(wholes(text, secret));
      if (secret.length < SHORTEST) continue;
      // Of a long one, more than this was found above.
      const most = isLong(secret) ? PIECE : secret.length;
      const end = cutOff(most, atEnd, (length) => endsWith(text, secret, length));
      if (end > 0) found.push([[text.length - end, text.length]]);
      const start = cutOff(most, atStart, (length) => startsWith(text, secret, length));
      if (start > 0) found.push([[0, start]]);
    }
    return found.flat();
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

/** What begins an escape. */
const ESCAPE = /[\\%]/;

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

/** Where a secret stands as a whole. Those that overlap are one. */
function wholes(text: string, secret: string): Range[] {
  const found: [start: number, end: number][] = [];
  let last: [start: number, end: number] | undefined;
  for (let start = text.indexOf(secret); start >= 0; start = text.indexOf(secret, start + 1)) {
    const end = start + secret.length;
    const isPart = WORD.test(text.slice(start - 1, start)) || WORD.test(text.slice(end, end + 1));
    if (secret.length < SHORTEST && isPart) continue;
    if (last !== undefined && start <= last[1]) last[1] = end;
    else {
      last = [start, end];
      found.push(last);
    }
  }
  return found;
}

/** True where the text ends with the first characters of the secret, or begins with its last ones: so many. */
const endsWith = (text: string, secret: string, length: number) =>
  text.charCodeAt(text.length - 1) === secret.charCodeAt(length - 1) &&
  text.endsWith(secret.slice(0, length));
const startsWith = (text: string, secret: string, length: number) =>
  text.charCodeAt(0) === secret.charCodeAt(secret.length - length) && text.startsWith(secret.slice(-length));

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
