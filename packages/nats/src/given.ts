// Values that the reference takes for none, which programs and packages give it: an empty queue group, a timeout of 0, a limit below
// zero. Ours refuses most of them; in the place of the reference they are left out.

import type {
  ConnectionOptions,
  NatsConnection,
  Payload,
  RequestOptions,
  SubscriptionOptions,
} from "nats-statechart";
import { classOf } from "./own.js";

/** The options of `connect`, without those that say nothing. */
export function givenToConnect(options: ConnectionOptions | undefined): ConnectionOptions | undefined {
  if (typeof options !== "object" || options === null) return options;
  const { servers, timeout, pingInterval, ...rest } = options;
  return {
    ...rest,
    ...(servers ? { servers } : {}),
    ...(timeout ? { timeout } : {}),
    ...(pingInterval ? { pingInterval } : {}),
  };
}

function givenToSubscribe(options: SubscriptionOptions): SubscriptionOptions {
  const { queue, max, timeout, ...rest } = options;
  return {
    ...rest,
    ...(queue === "" ? {} : { queue }),
    ...(saysNothing(max) ? {} : { max }),
    ...(saysNothing(timeout) ? {} : { timeout }),
  } as SubscriptionOptions;
}

/** Whether a number is one that the reference takes for no limit. */
function saysNothing(limit: unknown): boolean {
  return typeof limit === "number" && limit <= 0;
}

/** `subscribe` and `request` of a connection, which leave such values out. */
export function takingLess(nc: NatsConnection): Pick<NatsConnection, "subscribe" | "request"> {
  const own = classOf(nc);
  return {
    subscribe: (subject: string, options?: SubscriptionOptions) =>
      own.subscribe.call(nc, subject, options ? givenToSubscribe(options) : options),
    request: (subject: string, payload?: Payload, options?: RequestOptions) => {
      if (!saysNothing(options?.timeout)) return own.request.call(nc, subject, payload, options);
      const { timeout: _, ...rest } = options as RequestOptions;
      return own.request.call(nc, subject, payload, rest);
    },
  };
}
