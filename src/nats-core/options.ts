// Options of nats-core as ours: of a publish, a request, a request for many answers. Zero counts as not given, as there, and so does
// null.

import type {
  PublishOptions,
  RequestManyOptions,
  RequestOptions,
  SubscriptionOptions,
} from "@nats-io/nats-core";
import { MsgHdrsImpl } from "../api/headers.js";
import { KnownOptions } from "../api/known-options.js";
import { withoutNulls } from "../api/left-out.js";
import type { PublishOptions as OwnPublishOptions } from "../api/msg.js";
import type { RequestOptions as OwnRequestOptions } from "../api/request.js";
import { type RequestManyOptions as OwnRequestManyOptions, RequestStrategy } from "../api/request-many.js";
import { ownHeaders } from "./headers.js";

const strategies: Readonly<Record<NonNullable<RequestManyOptions["strategy"]>, RequestStrategy>> = {
  timer: RequestStrategy.Timer,
  count: RequestStrategy.Count,
  stall: RequestStrategy.JitterTimer,
  sentinel: RequestStrategy.SentinelMsg,
};

const message = { headers: true, traceDestination: true, traceOnly: true } as const;

const known = {
  publish: /* @__PURE__ */ new KnownOptions<PublishOptions>("publish", { reply: true, ...message }),
  request: /* @__PURE__ */ new KnownOptions<RequestOptions>(
    "request",
    { timeout: true, noMux: true, reply: true, ...message },
    // Of the consumers that @nats-io/jetstream makes.
    { overlooked: ["action", "pedantic"] },
  ),
  requestMany: /* @__PURE__ */ new KnownOptions<Partial<RequestManyOptions>>("requestMany", {
    strategy: true,
    maxWait: true,
    maxMessages: true,
    noMux: true,
    stall: true,
    ...message,
  }),
  subscribe: /* @__PURE__ */ new KnownOptions<SubscriptionOptions>("subscribe", {
    queue: true,
    max: true,
    timeout: true,
    callback: true,
    slow: true,
  }),
} as const;

/** Options of a subscription. */
export function subscriptionOptions(options: SubscriptionOptions | undefined): SubscriptionOptions {
  known.subscribe.check(options);
  return withoutNulls(options);
}

/** Options of a publish. @throws NatsError `BAD_HEADER`, as those below */
export function publishOptions(options: PublishOptions | undefined): OwnPublishOptions | undefined {
  known.publish.check(options);
  if (options === undefined) return undefined;
  const given = withoutNulls(options);
  const own: OwnPublishOptions = headersOf(given);
  if (given.reply !== undefined) own.reply = given.reply;
  return own;
}

/** Options of a request. */
export function requestOptions(options: RequestOptions | undefined): OwnRequestOptions {
  known.request.check(options);
  const given = withoutNulls(options);
  const own: OwnRequestOptions = headersOf(given);
  const { timeout, noMux, reply } = given;
  if (timeout) own.timeout = timeout;
  if (noMux !== undefined) own.noMux = noMux;
  if (reply !== undefined) own.reply = reply;
  return own;
}

/** Options of a request for many answers. */
export function requestManyOptions(
  options: Partial<RequestManyOptions> | undefined,
): Partial<OwnRequestManyOptions> {
  known.requestMany.check(options);
  const given = withoutNulls(options);
  const own: Partial<OwnRequestManyOptions> = headersOf(given);
  const { strategy, maxWait, maxMessages, noMux, stall } = given;
  if (strategy !== undefined) own.strategy = strategies[strategy];
  if (maxWait) own.maxWait = maxWait;
  if (maxMessages !== undefined) own.maxMessages = maxMessages;
  if (noMux !== undefined) own.noMux = noMux;
  if (stall) own.jitter = stall;
  return own;
}

interface WithHeaders {
  readonly headers?: PublishOptions["headers"];
  readonly traceDestination?: string;
  readonly traceOnly?: boolean;
}

/** The headers that were given, and those that ask the server for a trace. */
function headersOf({ headers, traceDestination, traceOnly }: WithHeaders): { headers?: MsgHdrsImpl } {
  if (headers === undefined && traceDestination === undefined && traceOnly !== true) return {};
  const own = headers === undefined ? new MsgHdrsImpl() : ownHeaders(headers);
  if (traceDestination !== undefined) own.set("Nats-Trace-Dest", traceDestination);
  if (traceOnly === true) own.set("Nats-Trace-Only", "true");
  return { headers: own };
}
