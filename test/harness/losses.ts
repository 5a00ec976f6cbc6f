// What an error tells of messages that did not, or may not, arrive; with what is absent, to be compared as a whole.

import type { NatsError } from "../../src/index.js";

/** How an end failed, and what was lost by number; undefined where it did not fail. */
export function lossOf(error: unknown) {
  if (error === undefined) return undefined;
  const { code, message, unsent, unconfirmed } = error as NatsError;
  return { code, message, unsent, unconfirmed };
}

/** As `lossOf`, of the error with which a promise rejects. */
export function lossBy(promise: Promise<unknown>) {
  return promise.then(() => undefined, lossOf);
}
