// All texts in a value, wherever they are: for tests that look for what must not be there.

import { inspect } from "node:util";

/** Every string in there: values and names, also what is not enumerable, as the texts of errors are. Bytes are read as text. */
export function textsIn(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number" || typeof value === "bigint") return [`${value}`];
  if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value))
    return [];
  seen.add(value);
  // What is bytes may be a text.
  if (value instanceof Uint8Array) return [Buffer.from(value).toString("latin1")];
  if (value instanceof Map || value instanceof Set) return textsIn([...value], seen);
  return Reflect.ownKeys(value).flatMap((name) => {
    const texts = typeof name === "string" ? [name] : [];
    // A stack may be an accessor. What a getter throws may be as telling.
    return [...texts, ...textsIn(readingOf(value, name), seen)];
  });
}

function readingOf(value: object, name: string | symbol): unknown {
  try {
    return (value as Record<string | symbol, unknown>)[name];
  } catch (error) {
    return error;
  }
}

/** All that an error says to anybody: what is in it and in its causes, and what is printed of it or put into JSON. */
export function saidBy(error: unknown): string {
  const printed = inspect(error, {
    depth: Number.POSITIVE_INFINITY,
    showHidden: true,
    maxStringLength: null,
  });
  return [...textsIn(error), `${error}`, inspect(error), printed, JSON.stringify(error)].join("\n");
}
