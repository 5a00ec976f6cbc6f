// Requests for one answer: their options. From the publish to the answer: pending-request.ts. Many answers:
// request-many.ts.

import { callSite } from "./call-site.js";
import type { Payload } from "./codec.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import type { MsgHdrs } from "./headers.js";
import { KnownOptions } from "./known-options.js";
import { isMilliseconds } from "./milliseconds.js";
import type { Msg } from "./msg.js";
import type { Mux } from "./mux.js";
import { PendingRequest } from "./pending-request.js";
import type { Requester } from "./requester.js";
import { checkSignal } from "./signal.js";

/** Options of a request. Source: `RequestOptions` of `nats` 2.29.3; `signal` goes beyond it. */
export interface RequestOptions {
  /** Milliseconds until the request fails with a NatsError `TIMEOUT`. It says whether the request was sent. Default 1,000. */
  timeout?: number;
  /** Headers of the request. */
  headers?: MsgHdrs;
  /** Use a subscription of its own for the answer instead of the shared one. Default false. */
  noMux?: boolean;
  /** Subject for the answer. Needs `noMux`. Default: a new inbox. */
  reply?: string;
  /** Gives up when aborted: the request fails with a NatsError `CANCELLED`. */
  signal?: AbortSignal;
}

const known = /* @__PURE__ */ new KnownOptions<RequestOptions>("request", {
  timeout: true,
  headers: true,
  noMux: true,
  reply: true,
  signal: true,
});

/** How long a request waits where nobody says: as in the reference. */
const DEFAULT_REQUEST_TIMEOUT = 1_000;

/** Checks the options, and returns the timeout. @throws NatsError that names the option that is wrong */
function checkRequestOptions(opts: RequestOptions): number {
  known.check(opts);
  const { timeout = DEFAULT_REQUEST_TIMEOUT, noMux, reply, signal } = opts;
  if (!isMilliseconds(timeout, 1)) {
    throw invalidOption("timeout", timeout, "a number of milliseconds, from 1 to 2147483647");
  }
  if (reply && !noMux) {
    throw new NatsError(
      'the option "reply" needs the option "noMux": the shared inbox has its own',
      ErrorCode.InvalidOption,
    );
  }
  checkSignal(signal, "the request");
  return timeout;
}

/** Makes a request. Rejects with a NatsError: `TIMEOUT`, `503` (no responders), `CANCELLED`, or what `publish` throws. */
export function request(
  requester: Requester,
  mux: Mux,
  subject: string,
  payload: Payload | undefined,
  opts: RequestOptions,
): Promise<Msg> {
  const pending = new PendingRequest(requester, mux, subject, "one");
  const answer = new Promise<Msg>((resolve, reject) => {
    const timeout = checkRequestOptions(opts);
    pending.begin(payload, timeout, opts, resolve, reject);
  });
  pending.site = callSite(requester, "request made");
  return answer;
}
