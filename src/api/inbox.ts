// Inboxes: subjects that nobody else uses, for replies. One is a prefix, a dot and a unique token.

import { ErrorCode, invalidArgument, NatsError } from "./errors.js";
import { nuid } from "./nuid.js";

/** The prefix of inboxes where none is given (NATS convention; `inboxPrefix` option of the reference). */
export const defaultInboxPrefix = "_INBOX";

/**
 * A new subject for replies, such as `_INBOX.4fYsDpt9BcdVwzFRzF1Hq7`.
 * @param prefix One or more tokens; default, also for an empty string, `_INBOX`.
 * @throws NatsError with {@link ErrorCode.InvalidOption} for a prefix that is not a string, or has wildcards,
 * empty tokens, white space or control characters. The reference checks only type and wildcards.
 */
export function createInbox(prefix?: string): string {
  return `${checkInboxPrefix(prefix ?? "")}.${nuid.next()}`;
}

/**
 * The prefix of inboxes if it is a valid one, `_INBOX` if it is an empty string.
 * @throws NatsError with {@link ErrorCode.InvalidOption}, as {@link createInbox}.
 */
export function checkInboxPrefix(prefix: unknown): string {
  if (typeof prefix !== "string")
    throw invalidArgument("prefix", prefix, "a string", ErrorCode.InvalidOption);
  if (prefix === "") return defaultInboxPrefix;
  const problem = problemOf(prefix);
  if (problem !== undefined)
    throw new NatsError(`The inbox prefix ${JSON.stringify(prefix)} ${problem}`, ErrorCode.InvalidOption);
  return prefix;
}

function problemOf(prefix: string): string | undefined {
  for (let i = 0; i < prefix.length; i++) {
    const c = prefix.charCodeAt(i);
    if (c <= 0x20 || c === 0x7f) return "has white space or a control character";
  }
  const tokens = prefix.split(".");
  if (tokens.includes("")) return "has an empty token";
  if (tokens.includes("*") || tokens.includes(">")) return "has a wildcard";
  return undefined;
}
