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

/** INFO of the server in use; undefined while disconnected, and once closed. */
export function infoInUse(own: OwnConnection): ServerInfo | undefined {
  // That of the class: the connection itself may have the reference's (members.ts).
  return Reflect.get(Object.getPrototypeOf(own), "info", own) as ServerInfo | undefined;
}

/**
 * A method of the class, as it is when it is called: tracing replaces the methods of a connection's class, at any time.
 * @returns the method, which hides none of its replacements
 */
export function ofClass<Name extends "publish" | "subscribe" | "request" | "status">(
  nc: NatsConnection,
  name: Name,
): NatsConnection[Name] {
  const own = Object.getPrototypeOf(nc) as NatsConnection;
  return ((...given: unknown[]) => Reflect.apply(own[name], nc, given)) as NatsConnection[Name];
}
