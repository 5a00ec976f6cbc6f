// Requests for many answers: their options, and the strategies that say when enough have come. From the publish to the
// answers: pending-request.ts.

import type { Bytes } from "../machine/units.js";
import { callSite } from "./call-site.js";
import type { Payload } from "./codec.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import type { MsgHdrs } from "./headers.js";
import { KnownOptions } from "./known-options.js";
import { isMilliseconds } from "./milliseconds.js";
import type { Msg, MsgImpl } from "./msg.js";
import type { Mux } from "./mux.js";
import { PendingRequest } from "./pending-request.js";
import { QueuedIterator } from "./queued-iterator.js";
import type { Requester } from "./requester.js";
import { checkSignal } from "./signal.js";

/** When a request for many answers has enough. Source: `RequestStrategy` of `nats` 2.29.3. */
export enum RequestStrategy {
  /** When `maxWait` is over. */
  Timer = "timer",
  /** After `maxMessages` answers, or `maxWait`. */
  Count = "count",
  /** When no further answer comes for `jitter` ms after the last, or `maxWait` is over without any. */
  JitterTimer = "jitterTimer",
  /** At an answer without payload, or when `maxWait` is over. */
  SentinelMsg = "sentinelMsg",
}

/** Options of a request for many answers. Source: `RequestManyOptions` of `nats` 2.29.3; `signal` goes beyond it. */
export interface RequestManyOptions {
  /** Default `timer`. */
  strategy: RequestStrategy;
  /** Milliseconds until it ends. Default, also for 0, 1,000. */
  maxWait: number;
  /** Headers of the request. */
  headers?: MsgHdrs;
  /** Number of answers, for the strategy `count`. Default: no limit. */
  maxMessages?: number;
  /**
   * Use a subscription of its own for the answers. Default false. If the connection is closed meanwhile, the iterator then ends without an
   * error, as in the reference; with the shared subscription it throws a NatsError `CONNECTION_CLOSED`.
   */
  noMux?: boolean;
  /** Milliseconds for the strategy `jitterTimer`. Default, also for 0, 300. */
  jitter?: number;
  /** Ends it when aborted: the iterator throws a NatsError `CANCELLED`. */
  signal?: AbortSignal;
}

const known = /* @__PURE__ */ new KnownOptions<Partial<RequestManyOptions>>("requestMany", {
  strategy: true,
  maxWait: true,
  headers: true,
  maxMessages: true,
  noMux: true,
  jitter: true,
  signal: true,
});

const DEFAULT_MAX_WAIT = 1_000;
const DEFAULT_JITTER = 300;

/** Bytes of answers that may wait for their reader. */
export const MOST_WAITING: Bytes = 256 * 1024 * 1024;

function tooMuch(subject: string): NatsError {
  const message = `the request on "${subject}" was ended: more than ${MOST_WAITING} bytes of answers wait to be read. Read them as they come, or ask for fewer with maxMessages`;
  return new NatsError(message, ErrorCode.RequestError);
}

function checked(opts: Partial<RequestManyOptions>) {
  known.check(opts);
  const { strategy = RequestStrategy.Timer, maxMessages = -1 } = opts;
  // 0 is left out, as in the reference.
  const maxWait = opts.maxWait || DEFAULT_MAX_WAIT;
  const jitter = opts.jitter || DEFAULT_JITTER;
  if (!isMilliseconds(maxWait, 1)) {
    throw invalidOption("maxWait", maxWait, "a number of milliseconds, from 1 to 2147483647");
  }
  if (!Object.values(RequestStrategy).includes(strategy)) {
    throw invalidOption("strategy", strategy, "one of timer, count, jitterTimer and sentinelMsg");
  }
  if (typeof maxMessages !== "number" || Number.isNaN(maxMessages)) {
    throw invalidOption("maxMessages", maxMessages, "a number of messages");
  }
  if (!isMilliseconds(jitter, 1)) {
    throw invalidOption("jitter", jitter, "a number of milliseconds, from 1 to 2147483647");
  }
  return { strategy, maxWait, maxMessages, jitter };
}

/**
 * Makes a request; the answers come from the iterator, which ends by the strategy or throws a NatsError. Of answers that nobody reads
 * 256 MiB may wait: those are yielded, then it throws a NatsError `REQUEST_ERROR`.
 */
export function requestMany(
  requester: Requester,
  mux: Mux,
  subject: string,
  payload: Payload | undefined,
  opts: Partial<RequestManyOptions>,
): QueuedIterator<Msg> {
  const { strategy, maxWait, maxMessages, jitter } = checked(opts);
  checkSignal(opts.signal, "the request");
  const pending = new PendingRequest(requester, mux, subject, "many");
  const answers = new QueuedIterator<Msg>({
    limitBytes: MOST_WAITING,
    sizeOf: (msg) => (msg as MsgImpl).queuedBytes,
    // An answer that came must not be lost in silence.
    onOverflow: () => pending.end(tooMuch(subject)),
    onDone: () => pending.end(),
  });
  let left = maxMessages > 0 ? maxMessages : Number.POSITIVE_INFINITY;
  const answered = (msg: Msg) => {
    answers.push(msg);
    switch (strategy) {
      case RequestStrategy.Timer:
        break;
      case RequestStrategy.Count:
        if (--left === 0) pending.end();
        break;
      case RequestStrategy.JitterTimer:
        pending.endIn(jitter);
        break;
      case RequestStrategy.SentinelMsg:
        if (msg.data.length === 0) pending.end();
        break;
      default:
        strategy satisfies never;
    }
  };
  pending.begin(payload, maxWait, opts, answered, (error) => answers.stop(error));
  pending.site = callSite(requester, "request made");
  return answers;
}
