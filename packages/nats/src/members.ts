// What a connection of the reference has and one of ours has not: JetStream, services, the account's information, and what
// programs read of its inside. It is put on ours, which stays all that it is.

import type { JetStreamManagerOptions, JetStreamOptions } from "nats-reference";
import type { ConnectionOptions, NatsConnection } from "nats-statechart";
import { takingLess } from "./given.js";
import { InnerConnection } from "./inner-connection.js";
import { KnownServer } from "./known-server.js";
import { tellingLikeReference } from "./losses.js";
import type { OwnConnection } from "./own.js";

/** Puts the members on a connection of ours, not enumerable, and returns it. */
export function withMembers<T extends NatsConnection>(nc: T, options: ConnectionOptions = {}): T {
  tellingLikeReference(nc, options);
  const { subscribe, request } = takingLess(nc);
  const own = nc as unknown as OwnConnection;
  const server = new KnownServer(own);
  let made: InnerConnection | undefined;
  // Most connections have no use for it.
  const inner = () => {
    made ??= new InnerConnection(own, server);
    return made;
  };
  const value = (given: unknown) => ({ value: given, writable: true, configurable: true });
  const getter = (get: () => unknown) => ({ get, configurable: true });
  return Object.defineProperties(nc, {
    info: getter(() => server.info),
    subscribe: value(subscribe),
    request: value(request),
    jetstream: value((given?: JetStreamOptions) => inner().jetstream(given)),
    jetstreamManager: value((given?: JetStreamManagerOptions) => inner().jetstreamManager(given)),
    getServerVersion: value(() => inner().getServerVersion()),
    context: value(() => userInfo(nc)),
    options: getter(() => inner().options),
    protocol: getter(() => inner().protocol),
    services: getter(() => inner().services),
    features: getter(() => inner().features),
  });
}

/** What the server knows of the user of a connection. Source: `context()` of the reference's connection. */
async function userInfo(nc: NatsConnection): Promise<unknown> {
  const answer = await nc.request("$SYS.REQ.USER.INFO");
  return answer.json((key, value) => (key === "time" ? new Date(Date.parse(String(value))) : value));
}
