// Headers from one world to the other: ours and nats-core's have the same names and other classes, and `Match` has
// other values. A copy each way, made only for messages that have headers, and on arrival only once they are asked for.

import { type MsgHdrs as CoreHdrs, MsgHdrsImpl as CoreHdrsImpl } from "@nats-io/nats-core";
import { type MsgHdrs, MsgHdrsImpl } from "../api/headers.js";

/** Received headers, with their status, as nats-core's. */
export function coreHeaders(own: MsgHdrs): CoreHdrs {
  const headers = new CoreHdrsImpl(own.code, own.description);
  // Not `append`: it throws for a key that only a server may send.
  for (const [key, values] of own) headers.headers.set(key, values);
  return headers;
}

/**
 * Headers to be sent, of any copy of nats-core, as ours, which are checked.
 * @throws NatsError `BAD_HEADER`
 */
export function ownHeaders(headers: CoreHdrs): MsgHdrsImpl {
  const own = new MsgHdrsImpl(headers.code, headers.description);
  for (const [key, values] of headers) for (const value of values) own.append(key, value);
  return own;
}
