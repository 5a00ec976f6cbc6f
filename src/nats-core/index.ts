// `nats-statechart/nats-core`: a connection of ours for what is built on @nats-io/nats-core 3.4, an optional peer:
// JetStream, KV, object store, services. One function; how it is done is connection.ts. Guide: docs/jetstream.md.

import type { NatsConnection as CoreConnection } from "@nats-io/nats-core";
import type { NatsConnection } from "../api/nats-connection.js";
import type { PassedOn } from "../api/unheard-end.js";
import { CoreConnectionImpl, type CoreOptions } from "./connection.js";

/** One adapter for a connection: more would all read its statuses. */
const adapters = new WeakMap<NatsConnection, CoreConnectionImpl>();

/**
 * A connection as the `NatsConnection` of `@nats-io/nats-core` 3.4, for `@nats-io/jetstream`, `@nats-io/kv`,
 * `@nats-io/obj`, `@nats-io/services` and your own code on nats-core. It is the same connection: both can be used side by
 * side, and closing or draining one closes the other. Errors are of nats-core's classes, with the NatsError as `cause`;
 * messages, headers, subscriptions and statuses are nats-core's.
 *
 * Beyond nats-core: what is published in an outage is kept and sent (`reconnectBufferSize`), but for the pulls of
 * consumers, which end with their connection; and `info` stays that of the last server meanwhile.
 * @param nc what `connect` of `nats-statechart` gave
 * @returns the adapter; for the same connection always the same
 */
export function asNatsCore(nc: NatsConnection): CoreConnection {
  let adapter = adapters.get(nc);
  if (adapter === undefined) {
    adapter = new CoreConnectionImpl(nc, optionsOf(nc), passedOnBy(nc));
    adapters.set(nc, adapter);
  }
  return adapter;
}

/** What was asked for at `connect`: our connections tell it, though not as part of their interface. */
function optionsOf(nc: NatsConnection & { readonly coreOptions?: CoreOptions }): CoreOptions {
  return nc.coreOptions ?? { inboxPrefix: undefined, noAsyncTraces: false };
}

/** What happens to it, read without listening: our connections give that, though not as part of their interface. */
function passedOnBy(nc: NatsConnection & { readonly passedOn?: PassedOn }): PassedOn {
  return (
    nc.passedOn ?? {
      statuses: () => nc.status(),
      closed: () => nc.closed(),
      heard: () => {},
      overThisConnection: (publish) => publish(),
    }
  );
}
