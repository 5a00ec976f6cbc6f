// Requests with many answers: the strategies say when enough have come.

import type { Timer } from "../effects/world.js";
import { callSite } from "./call-site.js";
import type { Payload } from "./codec.js";
import { invalidOption, type NatsError } from "./errors.js";
import type { MsgHdrs } from "./headers.js";
import { isMilliseconds } from "./milliseconds.js";
import type { Msg, MsgImpl } from "./msg.js";
import { type Awaiting, type Mux, ownInbox } from "./mux.js";
import { QueuedIterator } from "./queued-iterator.js";
import { noResponders } from "./request.js";
import type { Requester } from "./requester.js";
import { aborted, checkSignal, onAbort } from "./signal.js";

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
  /** Use a subscription of its own for the answers. Default false. */
  noMux?: boolean;
  /** Milliseconds for the strategy `jitterTimer`. Default, also for 0, 300. */
  jitter?: number;
  /** Ends it when aborted: the iterator throws a NatsError `CANCELLED`. */
  signal?: AbortSignal;
}

const DEFAULT_MAX_WAIT = 1_000;
const DEFAULT_JITTER = 300;

function checked(opts: Partial<RequestManyOptions>) {
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

/** Makes a request; the answers come from the iterator, which ends by the strategy or throws a NatsError. */
export function requestMany(
  requester: Requester,
  mux: Mux,
  subject: string,
  payload: Payload | undefined,
  opts: Partial<RequestManyOptions>,
): QueuedIterator<Msg> {
  const site = callSite(requester, "request made");
  const { strategy, maxWait, maxMessages, jitter } = checked(opts);
  const { signal, headers } = opts;
  checkSignal(signal, "the request");
  let timer: Timer | undefined;
  let left = maxMessages > 0 ? maxMessages : Number.POSITIVE_INFINITY;
  const stopTimer = () => {
    if (timer !== undefined) requester.world.stopTimer(timer);
    timer = undefined;
  };
  const endsAfter = (ms: number) => {
    stopTimer();
    timer = requester.world.startTimer(ms, () => end());
  };
  // Bounded by maxWait and by the strategy, not by a number: an answer that came must not be lost.
  const answers = new QueuedIterator<Msg>({ onDone: () => end() });
  let ended = false;
  const end = (error?: NatsError) => {
    if (ended) return;
    ended = true;
    mux.done();
    stopTimer();
    inbox.remove();
    unlisten();
    answers.stop(error === undefined ? undefined : site.addTo(error));
  };
  const awaiting: Awaiting = {
    subject,
    failed: end,
    answered: (msg) => {
      if ((msg as MsgImpl).isNoResponders()) return end(noResponders(subject));
      answers.push(msg);
      if (strategy === RequestStrategy.Count && --left === 0) end();
      if (strategy === RequestStrategy.SentinelMsg && msg.data.length === 0) end();
      if (strategy === RequestStrategy.JitterTimer && !ended) endsAfter(jitter);
    },
  };
  const inbox = opts.noMux ? ownInbox(requester, undefined, awaiting) : mux.add(awaiting);
  mux.begin();
  const unlisten = onAbort(signal, () => end(aborted(signal as AbortSignal, "the request")));
  try {
    requester.publish(
      subject,
      payload,
      headers === undefined ? { reply: inbox.reply } : { reply: inbox.reply, headers },
    );
  } catch (error) {
    end(error as NatsError);
    return answers;
  }
  endsAfter(maxWait);
  return answers;
}
