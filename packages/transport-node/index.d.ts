// The types of the package: those of the reference, and what a connection of nats-statechart adds.

import type * as own from "nats-statechart";
import type * as reference from "transport-node-reference";

export * from "transport-node-reference";

/** Options of `connect`: those of the reference, and those that nats-statechart adds. */
export interface ConnectionOptions
  extends reference.ConnectionOptions,
    Omit<own.ConnectionOptions, keyof reference.ConnectionOptions> {}

/** Options of `connect`, with the TLS options of Node. */
export type NodeConnectionOptions = reference.NodeConnectionOptions &
  Omit<own.ConnectionOptions, keyof reference.ConnectionOptions>;

/** What `connect` gives: a connection of the reference, over one of nats-statechart. */
export interface Connection extends reference.NatsConnection {
  /** The connection below, with all that nats-statechart adds. */
  readonly connection: own.NatsConnection;
}

/**
 * Connects to a NATS server, as `connect` of the reference does.
 * @throws an error of nats-core (as a rejection)
 */
export function connect(opts?: NodeConnectionOptions): Promise<Connection>;
// Last, since tools that imitate a function take its last signature: an imitated connection needs no additions.
export function connect(opts?: reference.NodeConnectionOptions): Promise<reference.NatsConnection>;

/**
 * Connects to a NATS server by WebSocket, as `wsconnect` of the reference does.
 * @throws an error of nats-core (as a rejection)
 */
export function wsconnect(opts?: ConnectionOptions): Promise<Connection>;
export function wsconnect(opts?: reference.ConnectionOptions): Promise<reference.NatsConnection>;
