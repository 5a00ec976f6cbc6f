// A text as it is written and as it reads once its escapes are undone: those of JSON, of quoted strings in Go and
// JavaScript, and of URLs, up to three of them one within the other. Each knows where in the text it stands.

import { decodeText } from "./wire/text.js";

/** One way to read a text. */
export interface Reading {
  readonly text: string;
  /** Where in the written text the character at that place begins. */
  startOf(index: number): number;
  /** Where in the written text it ends. Bytes that are escaped in a row are one: they begin and end together. */
  endOf(index: number): number;
}

/** How deep one escaped text may lie within another: CONNECT is JSON, and may be quoted in a string of INFO, which is JSON. */
const DEPTH = 3;

/** The ways to read a text. The first is the text as it is written. */
export function readingsOf(text: string): readonly Reading[] {
  const written = { text, startOf: (index: number) => index, endOf: (index: number) => index + 1 };
  if (!text.includes("\\") && !text.includes("%")) return [written];
  const found = new Map<string, Reading>();
  let level = withCut(written);
  for (let depth = 0; level.length > 0; depth++) {
    const added = level.filter((one) => !found.has(one.text));
    for (const one of added) found.set(one.text, one);
    level = depth === DEPTH ? [] : added.flatMap(undone).flatMap(withCut);
  }
  return [...found.values()];
}

/** What the end of the text cuts off: an escape, or a character of which not all bytes are there. */
const CUT_ESCAPE =
  /(?:(?:\\x|%)[c-f][0-9a-f](?:(?:\\x|%)[89ab][0-9a-f]){0,2})?(?:\\(?:u[0-9a-f]{0,3}|x[0-9a-f]?)?|%[0-9a-f]?)?$/i;

/** The longest such end: three bytes of a character, and most of an escape. */
const LONGEST_CUT = String.raw`\xf0\x9f\x98\u123`.length;

/** The reading, and the same without the escape that its end cuts off, or seems to. That one counts to the last character. */
function withCut(reading: Reading): readonly Reading[] {
  const { text, startOf, endOf } = reading;
  const before = Math.max(0, text.length - LONGEST_CUT);
  const cut = CUT_ESCAPE.exec(text.slice(before));
  const length = before + (cut?.index ?? 0);
  if (length === 0 || length === text.length) return [reading];
  const end = (index: number) => endOf(index === length - 1 ? text.length - 1 : index);
  return [reading, { text: text.slice(0, length), startOf, endOf: end }];
}

type Undo = (reading: Reading) => Reading | undefined;

function undone(reading: Reading): readonly Reading[] {
  return [withoutBackslashes, withoutPercents]
    .map((undo) => undo(reading))
    .filter((one) => one !== undefined);
}

const withoutBackslashes: Undo = (reading) =>
  replaced(reading, "\\", /(?:\\x[0-9a-f]{2})+|\\u[0-9a-f]{4}|\\u\{[0-9a-f]{1,6}\}|\\[\s\S]/gi, (escaped) => {
    const kind = escaped[1]?.toLowerCase();
    if (kind === "x" && escaped.length >= 4) return fromBytes(escaped.split(/\\x/i).slice(1));
    if (kind === "u" && escaped.length > 2) return fromCodePoint(escaped.replace(/[^0-9a-f]/gi, ""));
    return named[escaped[1] ?? ""] ?? escaped.slice(1);
  });

const withoutPercents: Undo = (reading) =>
  replaced(reading, "%", /(?:%[0-9a-f]{2})+/gi, (escaped) => fromBytes(escaped.split("%").slice(1)));

const named: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function fromCodePoint(digits: string): string {
  const code = Number.parseInt(digits, 16);
  return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
}

const encoder = new TextEncoder();

/** Bytes in hexadecimal digits: UTF-8, or where they are none, each a character. */
function fromBytes(digits: readonly string[]): string {
  const [first = ""] = digits;
  if (digits.length === 1) return String.fromCharCode(Number.parseInt(first, 16));
  const bytes = Uint8Array.from(digits, (one) => Number.parseInt(one, 16));
  const text = decodeText(bytes, 0, bytes.length);
  const again = encoder.encode(text);
  const isUtf8 = again.length === bytes.length && again.every((byte, i) => byte === bytes[i]);
  return isUtf8 ? text : Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** An escape: where it stands in the text, and what it stands for in what is read. */
interface Escape {
  readonly start: number;
  readonly end: number;
  readonly readStart: number;
  readonly readEnd: number;
}

/** The reading with each match replaced; undefined where there is none. */
function replaced(
  { text, startOf, endOf }: Reading,
  sign: string,
  escapes: RegExp,
  meaning: (escaped: string) => string,
): Reading | undefined {
  if (!text.includes(sign)) return undefined;
  const undone: Escape[] = [];
  let read = "";
  let position = 0;
  for (const { 0: match, index: start } of text.matchAll(escapes)) {
    read += text.slice(position, start);
    position = start + match.length;
    const readStart = read.length;
    read += meaning(match);
    undone.push({ start, end: position, readStart, readEnd: read.length });
  }
  if (undone.length === 0) return undefined;
  return {
    text: read + text.slice(position),
    startOf: (index) => {
      const last = lastBefore(undone, index);
      return startOf(index < last.readEnd ? last.start : last.end + index - last.readEnd);
    },
    endOf: (index) => {
      const last = lastBefore(undone, index);
      return endOf(index < last.readEnd ? last.end - 1 : last.end + index - last.readEnd);
    },
  };
}

const NONE: Escape = { start: 0, end: 0, readStart: 0, readEnd: 0 };

/** The last escape that begins there or before; one of no length at the beginning where there is none. */
function lastBefore(escapes: readonly Escape[], index: number): Escape {
  let low = 0;
  let high = escapes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((escapes[middle] as Escape).readStart <= index) low = middle + 1;
    else high = middle;
  }
  return escapes[low - 1] ?? NONE;
}
