// How much memory plain JSON takes, about: for queues of what a server can fill, which are bounded by it.

import type { Bytes } from "../machine/units.js";
import { textLength } from "./wire/bytes.js";

/** Bytes of an object, a list or a text, without what is in it. */
const HEAD: Bytes = 24;
/** Bytes of a field or an entry, with a number that is its value. */
const SLOT: Bytes = 8;

/** The bytes of a value: its texts in UTF-8, and what objects and lists take around them. Names of fields count nothing. */
export function jsonSize(value: unknown): Bytes {
  if (typeof value === "string") return HEAD + textLength(value);
  if (typeof value !== "object" || value === null) return 0;
  let size = HEAD;
  for (const one of Array.isArray(value) ? value : Object.values(value)) size += SLOT + jsonSize(one);
  return size;
}
