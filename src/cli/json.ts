// JSON as commands print it: the same value for whoever reads it as JSON, and nothing in it that steers a terminal which shows it.
// And how much of others' texts is in it.

import { withoutControls } from "../effects/wire/control-characters.js";

/** The value as JSON, on several lines. Control characters, and those that turn text around, are escaped as `\u009b` is. */
export function toJson(value: unknown): string {
  return withoutControls(JSON.stringify(value, null, 2), (run) => run.replace(/[^\n]/g, escaped));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The lines of `{ version: 1, [name]: [...items] }` as JSON, one item after the other: however many there are, none waits for the next. */
export function* jsonOfList(name: string, items: Iterable<unknown>): Generator<string> {
  let line = `{\n  "version": 1,\n  "${name}": [`;
  let separator = "";
  for (const item of items) {
    yield line + separator;
    line = `    ${toJson(item).replaceAll("\n", "\n    ")}`;
    separator = ",";
  }
  yield line;
  yield "  ]\n}";
}

/** Characters of a text of others, at most. */
export const MOST_TEXT = 2_000;
/** Entries of a list of others, at most. */
export const MOST_ENTRIES = 100;

/** An object of which nothing is longer than it may be, and what was: by its place, how many characters or entries it had. */
export type Cut<T> = T & { readonly cut?: Readonly<Record<string, number>> };

/** The object with its texts and lists cut to what is printed of others; its field `cut` says which, where any was. */
export function cutToPrint<T extends object>(whole: T): Cut<T> {
  const cut: Record<string, number> = {};
  const value = cutAt("", whole, cut) as T;
  return Object.keys(cut).length === 0 ? value : { ...value, cut };
}

function cutAt(place: string, value: unknown, cut: Record<string, number>): unknown {
  if (typeof value === "string") {
    if (value.length <= MOST_TEXT) return value;
    cut[place] = value.length;
    return value.slice(0, MOST_TEXT);
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    if (value.length > MOST_ENTRIES) cut[place] = value.length;
    return value.slice(0, MOST_ENTRIES).map((entry, index) => cutAt(`${place}[${index}]`, entry, cut));
  }
  const fields = Object.entries(value).map(([name, inner]) => [
    name,
    cutAt(place === "" ? name : `${place}.${name}`, inner, cut),
  ]);
  return Object.fromEntries(fields);
}
