// What this package knows of a connection of nats-statechart beyond its interface. Both are released together, and this package
// asks for exactly one version of the other.

import type { NatsConnection, ServerInfo } from "nats-statechart";
import type { PassedOn } from "../../../src/api/unheard-end.js";

/** A connection of nats-statechart, with what it tells the packages of this repository. */
export interface OwnConnection extends NatsConnection {
  /** What happens to it, read without listening. */
  readonly passedOn: PassedOn;
  /** What was asked for at `connect`. No credentials. */
  readonly coreOptions: { readonly inboxPrefix: string | undefined; readonly noAsyncTraces: boolean };
}

/**
 * What the class of a connection has. It is called by `classOf(nc).publish.call(nc, ...)`: the connection itself may have the
 * reference's member, and tracing replaces the methods of the class, at any time.
 */
export function classOf(nc: NatsConnection): NatsConnection {
  return Object.getPrototypeOf(nc) as NatsConnection;
}

/** INFO of the server in use; undefined while disconnected, and once closed. */
export function infoInUse(nc: NatsConnection): ServerInfo | undefined {
  return Reflect.get(classOf(nc), "info", nc);
}
