// Where something was called that may fail later, for the stack of its error: by then the stack is another.

import type { NatsError } from "./errors.js";

/** Where a request was made, a subscription, or a connection. */
export interface CallSite {
  /** Adds to the stack of an error where what failed was called. */
  readonly addTo: (error: NatsError) => NatsError;
}

const unknown: CallSite = { addTo: (error) => error };

/** The place that is called from now; unknown where errors are not to say it (option `noAsyncTraces`). */
export function callSite(
  { asyncTraces }: { readonly asyncTraces: boolean },
  what: "request made" | "subscribed" | "connect called",
): CallSite {
  if (!asyncTraces) return unknown;
  const site = new Error(what);
  return {
    addTo: (error) => {
      error.stack = `${error.stack ?? error.message}\n\n${site.stack ?? ""}`;
      return error;
    },
  };
}
