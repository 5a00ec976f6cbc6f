// A message that is too large to be handed on, cut so that it says as much as it can, and that it is cut. Pure.
//
// What says which actor, which state and which event stays. Of the rest, long texts and lists lose their ends; where that is not
// enough, the context goes.

/** Characters of a message that a page gets, at most. A definition has some 60,000. */
export const MOST_OF_MESSAGE = 4 * 1024 * 1024;

/** Characters of a text, entries of a list or an object, and levels of them, in a message that is cut. */
const MOST_OF_TEXT = 1_000;
const MOST_ENTRIES = 100;
const DEEPEST = 20;

type Json = Readonly<Record<string, unknown>>;

/**
 * The message itself where it is not too large; else one that is cut, with the field `cut`: how many characters it had.
 * What is no JSON object stays as it is: nobody hands it on.
 */
export function cutToFit(text: string): string {
  if (text.length <= MOST_OF_MESSAGE) return text;
  const message = objectIn(text);
  if (message === undefined) return text;
  const cut = text.length;
  const { definition, ...rest } = message;
  const some = { ...(shortened(rest, 0) as Json), definition, cut };
  const most = JSON.stringify(some);
  return most.length <= MOST_OF_MESSAGE ? most : JSON.stringify(barest(message, cut));
}

/** Who, which state, which event. */
function barest(
  { type, sessionId, rootId, parentId, sourceId, name, createdAt, snapshot, event }: Json,
  cut: number,
): Json {
  const gone = `cut: the message had ${cut} characters`;
  const known = { type, sessionId, rootId, parentId, sourceId, name, createdAt };
  const names = Object.fromEntries(
    Object.entries(known).map(([key, value]) => [key, shortened(value, DEEPEST)]),
  );
  const { value, status } = (snapshot ?? {}) as Json;
  return {
    ...names,
    ...(isObject(event) ? { event: { type: shortened(event["type"], DEEPEST), cut: gone } } : {}),
    ...(isObject(snapshot)
      ? {
          snapshot: {
            value: shortened(value, DEEPEST - 2),
            status: shortened(status, DEEPEST),
            context: gone,
          },
        }
      : {}),
    ...(type === "@xstate.actor" ? { definition: gone } : {}),
    cut,
  };
}

function shortened(value: unknown, depth: number): unknown {
  if (typeof value === "string") {
    if (value.length <= MOST_OF_TEXT) return value;
    return `${value.slice(0, MOST_OF_TEXT)}... (cut: it has ${value.length} characters)`;
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEEPEST) return "cut: too deep";
  const entries = Object.entries(value);
  const kept = entries
    .slice(0, MOST_ENTRIES)
    .map(([name, inner]) => [name.slice(0, MOST_OF_TEXT), shortened(inner, depth + 1)] as const);
  const more = entries.length - kept.length;
  if (Array.isArray(value))
    return [...kept.map(([, inner]) => inner), ...(more > 0 ? [`cut: ${more} more`] : [])];
  return { ...Object.fromEntries(kept), ...(more > 0 ? { "...": `cut: ${more} more` } : {}) };
}

function objectIn(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
