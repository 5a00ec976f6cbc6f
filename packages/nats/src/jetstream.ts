// JetStream, its manager and services: the reference's own classes, over a connection of ours.

import type { JetStreamManagerOptions, JetStreamOptions, NatsConnection, ServicesAPI } from "nats-reference";
import { JetStreamClientImpl } from "nats-reference/lib/jetstream/jsclient.js";
import { JetStreamManagerImpl } from "nats-reference/lib/jetstream/jsm.js";
import { ServicesFactory } from "nats-reference/lib/nats-base-client/nats.js";
import type { TypedSubscription } from "nats-reference/lib/nats-base-client/typedsub.js";
import { LoopReader } from "./reader.js";
import type { InnerSubscription } from "./subscription.js";

/** The reference's client, whose subscriptions a drain of the connection waits for. */
class JetStream extends JetStreamClientImpl {
  override async subscribe(...args: Parameters<JetStreamClientImpl["subscribe"]>) {
    return readByLoop(await super.subscribe(...args));
  }

  override async pullSubscribe(...args: Parameters<JetStreamClientImpl["pullSubscribe"]>) {
    return readByLoop(await super.pullSubscribe(...args));
  }
}

function readByLoop<T>(made: T): T {
  const subscription = made as unknown as TypedSubscription<unknown>;
  if (!subscription.noIterator) {
    (subscription.sub as unknown as InnerSubscription).reader = new LoopReader(subscription);
  }
  return made;
}

/** As `NatsConnection.jetstream` of the reference. */
export function jetstream(nc: NatsConnection, options: JetStreamOptions | JetStreamManagerOptions = {}) {
  return new JetStream(nc, options);
}

/** As `NatsConnection.jetstreamManager` of the reference. */
export async function jetstreamManager(nc: NatsConnection, options: JetStreamManagerOptions = {}) {
  const manager = new JetStreamManagerImpl(nc, options);
  if (options.checkAPI !== false) await manager.getAccountInfo();
  return manager;
}

/** As `NatsConnection.services` of the reference. */
export function services(nc: NatsConnection): ServicesAPI {
  return new ServicesFactory(nc);
}
