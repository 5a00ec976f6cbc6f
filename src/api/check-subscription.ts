// What `subscribe` is given, looked at before anything is done with it. How long the line may be: outbound.ts.

import { subjectProblem } from "../effects/wire/subject.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import { KnownOptions } from "./known-options.js";
import { isMilliseconds } from "./milliseconds.js";
import { checkSignal } from "./signal.js";
import type { SubscriptionOptions } from "./subscription.js";

const known = /* @__PURE__ */ new KnownOptions<SubscriptionOptions>("subscribe", {
  queue: true,
  max: true,
  timeout: true,
  callback: true,
  signal: true,
  maxPending: true,
  maxPendingBytes: true,
});

/**
 * Checks a subject and the options of a subscription. Tells the process of options that are not known.
 * @throws NatsError `BAD_SUBJECT` or `INVALID_OPTION` that names what is wrong
 */
export function checkSubscription(subject: string, opts: SubscriptionOptions): void {
  const problem =
    subjectProblem(subject, "subscription subject") ??
    (opts.queue === undefined ? null : subjectProblem(opts.queue, "queue"));
  if (problem !== null) throw new NatsError(problem, ErrorCode.BadSubject);
  known.check(opts);
  const { callback, max, timeout, signal } = opts;
  if (callback !== undefined && typeof callback !== "function") {
    throw invalidOption("callback", callback, "a function");
  }
  if (max !== undefined && !(Number.isInteger(max) && max >= 0))
    throw invalidOption("max", max, "a whole number of messages");
  if (timeout !== undefined && !isMilliseconds(timeout)) {
    throw invalidOption("timeout", timeout, "a number of milliseconds, from 0 to 2147483647");
  }
  checkLimit("maxPending", "messages", opts);
  checkLimit("maxPendingBytes", "bytes", opts);
  checkSignal(signal, "the subscription");
}

function checkLimit(
  name: "maxPending" | "maxPendingBytes",
  unit: string,
  opts: Pick<SubscriptionOptions, "maxPending" | "maxPendingBytes" | "callback">,
): void {
  const limit = opts[name];
  if (limit === undefined || (Number.isInteger(limit) && limit >= 1 && opts.callback === undefined)) return;
  throw invalidOption(name, limit, `a whole number of ${unit} from 1, for a subscription without a callback`);
}
