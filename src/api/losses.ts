// What a connection lost or never sent, in words and on errors: so that nobody has to guess what arrived.

import type { Losses } from "../effects/unconfirmed.js";
import type { Amount } from "../machine/units.js";
import { ErrorCode, NatsError } from "./errors.js";

/** True where no message is among it. Commands that are no messages concern nobody any more. */
export function isNothing({ unsent, unconfirmed }: Losses): boolean {
  return unsent.messages + unconfirmed.messages === 0;
}

/** The error, with what was lost by number. Its message, which the stack has as well, says it in words. */
export function withLoss(error: NatsError, { unsent, unconfirmed }: Losses): NatsError {
  if (unsent.messages > 0) error.unsent = unsent;
  if (unconfirmed.messages > 0) error.unconfirmed = unconfirmed;
  return error;
}

/** The error of a flush: what was published before it has not all arrived, or may not have. */
export function lossError(losses: Losses, server: string): NatsError {
  const why =
    losses.unconfirmed.messages > 0
      ? `a connection was lost, now or before; the last one was to ${server}`
      : `${server}, or a server before, does not accept all that was kept for it`;
  const message = `${why}: ${inWords(losses)} (${ErrorCode.Disconnect})`;
  return withLoss(new NatsError(message, ErrorCode.Disconnect), losses);
}

/** As a clause: how many were not sent, and how many may not have arrived. */
export function inWords({ unsent, unconfirmed }: Losses): string {
  const clauses: string[] = [];
  if (unsent.messages > 0) clauses.push(`${published(unsent)} not sent`);
  if (unconfirmed.messages > 0)
    clauses.push(
      `${published(unconfirmed)} sent, but no server confirmed ${unconfirmed.messages === 1 ? "it" : "them"}`,
    );
  return clauses.join(", and ");
}

function published({ messages }: Amount): string {
  return messages === 1 ? "1 published message was" : `${messages} published messages were`;
}
