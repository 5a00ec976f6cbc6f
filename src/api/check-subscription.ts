// What `subscribe` is given, looked at before anything is done with it. How long the line may be: outbound.ts.

import { subjectProblem } from "../effects/wire/subject.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import { isMilliseconds } from "./milliseconds.js";
import { checkSignal } from "./signal.js";
import type { SubscriptionOptions } from "./subscription.js";

/**
 * Checks a subject and the options of a subscription.
 * @throws NatsError `BAD_SUBJECT` or `INVALID_OPTION` that names what is wrong
 */
export function checkSubscription(subject: string, opts: SubscriptionOptions): void {
  const problem =
    subjectProblem(subject, "subscription subject") ??
    (opts.queue === undefined ? null : subjectProblem(opts.queue, "queue"));
  if (problem !== null) throw new NatsError(problem, ErrorCode.BadSubject);
  const { callback, max, timeout, signal, maxPending } = opts;
  if (callback !== undefined && typeof callback !== "function") {
    throw invalidOption("callback", callback, "a function");
  }
  if (max !== undefined && !(Number.isInteger(max) && max >= 0))
    throw invalidOption("max", max, "a whole number of messages");
  if (timeout !== undefined && !isMilliseconds(timeout)) {
    throw invalidOption("timeout", timeout, "a number of milliseconds, from 0 to 2147483647");
  }
  if (
    maxPending !== undefined &&
    !(Number.isInteger(maxPending) && maxPending >= 1 && callback === undefined)
  ) {
    const wanted = "a whole number of messages from 1, for a subscription without a callback";
    throw invalidOption("maxPending", maxPending, wanted);
  }
  checkSignal(signal, "the subscription");
}
