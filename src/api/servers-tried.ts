// The message of a `connect` that failed: every server that was tried, with why. One entry for each attempt, with step and
// time, is in `attempts` of the error (errors.ts).

import type { AttemptReport, Failure } from "../machine/failure.js";

/** So many servers are named at most; of the others the message has the number. */
const MOST_NAMED = 5;

/** Why `connect` failed. A single server that failed is told by its failure alone. */
export function connectMessage(failure: Failure, attempts: readonly AttemptReport[]): string {
  const tried = lastOfEach(attempts);
  // Else the user gave up, or chose no server: no attempt ended by it.
  const isOfAttempt = attempts.at(-1)?.failure === failure;
  if (tried.length === 0 || (isOfAttempt && tried.length === 1)) return failure.message;
  return isOfAttempt
    ? `none of ${tried.length} servers can be used: ${inWords(tried)}`
    : `${failure.message}; before that, ${inWords(tried)}`;
}

/** The last attempt at each server, the latest first: with it comes the code of the error. */
function lastOfEach(attempts: readonly AttemptReport[]): readonly AttemptReport[] {
  return attempts
    .filter(({ server }, i) => attempts.findLastIndex((later) => later.server === server) === i)
    .reverse();
}

function inWords(tried: readonly AttemptReport[]): string {
  const named = tried.slice(0, MOST_NAMED).map(inOneClause);
  const rest = tried.length - named.length;
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join("; ");
}

/** Most failures name their server. What a server itself says does not. */
function inOneClause({ server, failure: { message } }: AttemptReport): string {
  const namesIt = message.split(/[\s,;()]+/).some((word) => word === server || word === `${server}:`);
  return namesIt ? message : `${server}: ${message}`;
}
