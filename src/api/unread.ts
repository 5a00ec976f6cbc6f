// What a drain waited for and did not get, in words: for the error of a drain that was ended before it was done. Who holds a drain:
// subscription-table.ts, mux.ts.

/** A subscription whose reader has not come back. */
export interface Unread {
  readonly subject: string;
  /** Messages that wait for the reader, and the one that it took last. 1 or more. */
  readonly messages: number;
}

/** So many subscriptions are named. */
const NAMED = 3;
/** So many characters of a subject. */
const SUBJECT_LENGTH = 100;

/**
 * The end of a sentence that says what was not done; empty where nothing was left to do.
 * @param unread the subscriptions whose readers have not come back
 * @param requests how many requests wait for answers
 */
export function notDone(unread: readonly Unread[], requests: number): string {
  const parts = unread.length === 0 ? [] : [notProcessed(unread)];
  if (requests > 0) parts.push(`${counted(requests, "request")} not answered`);
  return parts.map((part) => `; ${part}`).join("");
}

function notProcessed(unread: readonly Unread[]): string {
  const all = [...unread].sort((a, b) => b.messages - a.messages);
  const [named, others] = [all.slice(0, NAMED), all.slice(NAMED)];
  const parts = named.map(({ subject, messages }) => `${messages} of ${quoted(subject)}`);
  if (others.length > 0) {
    parts.push(`and ${sum(others)} of ${others.length} more ${plural(others.length, "subscription")}`);
  }
  const rule = "a message counts until its reader takes the next one, or leaves";
  return `${counted(sum(all), "message")} not processed (${rule}): ${parts.join(", ")}`;
}

const sum = (unread: readonly Unread[]) => unread.reduce((count, { messages }) => count + messages, 0);
const plural = (count: number, what: string) => (count === 1 ? what : `${what}s`);
const counted = (count: number, what: string) =>
  `${count} ${plural(count, what)} ${count === 1 ? "was" : "were"}`;
const quoted = (subject: string) =>
  JSON.stringify(subject.length > SUBJECT_LENGTH ? `${subject.slice(0, SUBJECT_LENGTH)}…` : subject);
