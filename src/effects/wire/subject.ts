// What may stand as a subject or a queue name on a protocol line, and what to tell the user when it may not.
//
// What matters most: no character that could end an argument or a line passes, so that no string of a user can add a
// protocol line. The rest is what nats-server itself refuses, found here while the caller can still see where it was.

/**
 * What a name is for:
 * - `subject`: to publish to. Wildcards are legal and literal there; JetStream's consumer API relies on it.
 * - `subscription subject`: `*` stands for one token, a final `>` for the rest; `>` elsewhere is refused, as the server does.
 * - `reply subject`: as `subject`.
 * - `queue`: free text without white space.
 * - `inbox prefix`: as `subject`, but without wildcards, since replies are subscribed to below it.
 */
export type NameRole = "subject" | "subscription subject" | "reply subject" | "queue" | "inbox prefix";

/** A subject, reply subject, queue name or inbox prefix that cannot go on the wire. Nothing was sent. */
export class BadWireString extends Error {
  override readonly name = "BadWireString";
}

/** Bytes that nats-server accepts on a protocol line behind the verb where nobody says: its `max_control_line`. */
export const DEFAULT_MAX_CONTROL_LINE = 4_096;

/** What each role allows, the last part of every message. */
const allowed: Readonly<Record<NameRole, string>> = {
  subject: "use tokens without white space, separated by dots, as in 'orders.created'",
  "subscription subject":
    "use tokens without white space, separated by dots; '*' for any one token, a last '>' for all that follow",
  "reply subject": "use tokens without white space, separated by dots, as in '_INBOX.abc'",
  queue: "use any characters but white space and control characters",
  "inbox prefix": "use tokens without white space or wildcards, separated by dots, as in '_INBOX'",
};

/** White space and control characters of ASCII; beyond ASCII, NATS allows everything that is UTF-8. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const forbidden = /[\u0000-\u0020\u007f]/;
/** Half a surrogate pair: it has no UTF-8 form, so the name that arrived would be another one. */
const unpaired = /\p{Surrogate}/u;

/**
 * Refuses a line that is too long: the server would close the connection, at each attempt where it is a subscription.
 * @param length bytes behind the verb
 * @throws BadWireString
 */
export function checkControlLine(length: number, limit: number): void {
  if (length <= limit) return;
  throw new BadWireString(
    `the names on the protocol line are too long: it takes ${length} bytes, and the server is taken to accept ${limit}; ` +
      "use shorter names, or set the option maxControlLine where the server's max_control_line is larger",
  );
}

/** A name as it goes into a message: bounded, and on one line. */
function quote(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

function problemOf(name: string, role: NameRole): string | null {
  if (name === "") return "is empty";
  const at = name.search(forbidden);
  if (at >= 0) {
    const character = name[at] === " " ? "a space" : `the character ${JSON.stringify(name[at]).slice(1, -1)}`;
    return `${quote(name)} contains ${name[at] === "\u007f" ? "the character \\u007f" : character} at position ${at}`;
  }
  if (unpaired.test(name))
    return `${quote(name)} contains half of a surrogate pair, which UTF-8 cannot express`;
  if (role === "queue") return null;
  if (name.startsWith(".")) return `${quote(name)} begins with a dot: its first token is empty`;
  if (name.endsWith(".")) return `${quote(name)} ends with a dot: its last token is empty`;
  if (name.includes(".."))
    return `${quote(name)} contains two dots in a row: the token between them is empty`;
  if (role === "inbox prefix" && /(^|\.)[*>](\.|$)/.test(name)) return `${quote(name)} contains a wildcard`;
  if (role === "subscription subject" && /(^|\.)>\./.test(name))
    return `${quote(name)} has a '>' before its last token`;
  return null;
}

/**
 * Why `name` cannot be used as `role`, as a sentence for the user that also says what is allowed; null when it
 * can. Wildcards inside a longer token (`a*b`) are ordinary characters in NATS, and pass.
 */
export function subjectProblem(name: unknown, role: NameRole = "subject"): string | null {
  const problem =
    typeof name === "string"
      ? problemOf(name, role)
      : `must be a string, not ${name === null ? "null" : typeof name}`;
  return problem === null ? null : `${role === "queue" ? "queue name" : role} ${problem}; ${allowed[role]}`;
}
