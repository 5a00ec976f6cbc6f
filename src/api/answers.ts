// Answers that can go nowhere: `respond` refuses them by its return value. Whoever answers does so when the work is done, by then
// the connection may have ended, and the handler is often `async`: what it throws would end the process.

import { subjectProblem } from "../effects/wire/subject.js";
import { ErrorCode, isNatsError } from "./errors.js";

/** The connection takes no more messages, or none as long as it is not connected. */
const nowhere: ReadonlySet<string> = new Set([
  ErrorCode.ConnectionClosed,
  ErrorCode.ConnectionDraining,
  ErrorCode.ReconnectBufferExceeded,
]);

/**
 * Whether an answer was refused by no fault of whoever answers.
 * @param error what the publish of the answer threw
 * @param reply the reply subject of the message: its sender chose it, and a server does not check it
 */
export function goesNowhere(
  error: unknown,
  reply: string,
  options: { readonly reply?: string } | undefined,
): boolean {
  if (!isNatsError(error)) return false;
  if (error.code !== ErrorCode.BadSubject) return nowhere.has(error.code);
  // Valid, and refused all the same: the line would be too long, by the reply subject alone, or by that and one of the answer's own.
  return subjectProblem(reply) !== null || !options?.reply || options.reply === reply;
}
