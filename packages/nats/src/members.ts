// What a connection of the reference has and one of ours has not: JetStream, services, the account's information, and what
// programs read of its inside. It is put on ours, which stays all that it is.

import type { ConnectionOptions, NatsConnection } from "nats-statechart";
import { InnerConnection } from "./inner-connection.js";
import { likeReference } from "./losses.js";
import type { OwnConnection } from "./own.js";

/** Puts the members on a connection of ours, not enumerable, and returns it. */
export function withMembers<T extends NatsConnection>(nc: T, options: ConnectionOptions = {}): T {
  const told = options.unconfirmed === undefined ? Object.entries(likeReference(nc)) : [];
  const inner = new InnerConnection(nc as unknown as OwnConnection);
  const value = (given: unknown) => ({ value: given, writable: true, configurable: true });
  const getter = (get: () => unknown) => ({ get, configurable: true });
  return Object.defineProperties(nc, {
    ...Object.fromEntries(told.map(([name, member]) => [name, value(member)])),
    jetstream: value(inner.jetstream.bind(inner)),
    jetstreamManager: value(inner.jetstreamManager.bind(inner)),
    getServerVersion: value(inner.getServerVersion.bind(inner)),
    context: value(() => userInfo(nc)),
    options: value(inner.options),
    protocol: value(inner.protocol),
    services: getter(() => inner.services),
    features: getter(() => inner.features),
  });
}

/** What the server knows of the user of a connection. Source: `context()` of the reference's connection. */
async function userInfo(nc: NatsConnection): Promise<unknown> {
  const answer = await nc.request("$SYS.REQ.USER.INFO");
  return answer.json((key, value) => (key === "time" ? new Date(Date.parse(String(value))) : value));
}
