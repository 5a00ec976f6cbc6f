// The types of the package: those of the reference, and what a connection of nats-statechart adds.

import type * as reference from "nats-reference";
import type * as own from "nats-statechart";

export * from "nats-reference";

/** Options of `connect`: those of the reference, and those that nats-statechart adds. */
export interface ConnectionOptions
  extends reference.ConnectionOptions,
    Omit<own.ConnectionOptions, keyof reference.ConnectionOptions> {}

/** What a connection has beside the members of the reference's. */
export interface Additions
  extends Pick<own.NatsConnection, Exclude<keyof own.NatsConnection, keyof reference.NatsConnection>> {}

/** What `connect` gives: a connection of the reference, with what nats-statechart adds. */
export type Connection = reference.NatsConnection & Additions;

/**
 * Connects to a NATS server, as `connect` of the reference does.
 * @throws NatsError (as a rejection)
 */
export function connect(opts?: ConnectionOptions): Promise<Connection>;
// Last, since tools that imitate a function take its last signature: an imitated connection needs no additions.
export function connect(opts?: reference.ConnectionOptions): Promise<reference.NatsConnection>;

/** The error of both: of nats-statechart, and of the reference's code for JetStream. */
export class NatsError extends reference.NatsError {
  /** On a rejected `connect`: every attempt that failed, oldest first. */
  attempts?: readonly own.ConnectAttempt[];
  /** On an error of `flush()`, `drain()` or `closed()`: messages that no server confirmed. */
  unconfirmed?: own.Amount;
  /** On an error of `drain()` or `closed()`: messages that were never handed to a socket. */
  unsent?: own.Amount;
}

export type { ConnectAttempt, OutboundStats, UnconfirmedPolicy } from "nats-statechart";
