// Inboxes: subjects that nobody else uses, for replies. One is a prefix, a dot and a unique token.

import { subjectProblem } from "../effects/wire/subject.js";
import { ErrorCode, invalidArgument, NatsError } from "./errors.js";
import { nuid } from "./nuid.js";

/** The prefix of inboxes where none is given (NATS convention; `inboxPrefix` option of the reference). */
const defaultInboxPrefix = "_INBOX";

/**
 * A new subject for replies, such as `_INBOX.4fYsDpt9BcdVwzFRzF1Hq7`.
 * @param prefix One or more tokens; default, also for an empty string, `_INBOX`.
 * @throws NatsError with {@link ErrorCode.InvalidOption} for a prefix that is not a string, or has wildcards,
 * empty tokens, white space, control characters or half a surrogate pair. The reference checks only type and wildcards.
 */
export function createInbox(prefix?: string): string {
  return inboxWith(nuid.next(), prefix);
}

/** The inbox of that token, which is unique; as {@link createInbox}. */
export function inboxWith(token: string, prefix?: string): string {
  return `${checkInboxPrefix(prefix ?? "")}.${token}`;
}

/**
 * The prefix of inboxes if it is a valid one, `_INBOX` if it is an empty string.
 * @throws NatsError with {@link ErrorCode.InvalidOption}, as {@link createInbox}.
 */
export function checkInboxPrefix(prefix: unknown): string {
  if (typeof prefix !== "string")
    throw invalidArgument("prefix", prefix, "a string", ErrorCode.InvalidOption);
  if (prefix === "") return defaultInboxPrefix;
  const problem = subjectProblem(prefix, "inbox prefix");
  if (problem !== null) throw new NatsError(problem, ErrorCode.InvalidOption);
  return prefix;
}
