// Why something went wrong, as plain JSON: the chart's form of an error.
//
// An Error object cannot live in the chart, since context, events and effects are plain JSON. The interpreter turns Errors
// into Failures on the way in, and the client turns Failures into NatsErrors on the way out. A Failure is known by its
// identity: the chart hands on the very object that an event brought, so that the Error behind it is found again.

import type { Milliseconds } from "./units.js";

/** Why an attempt, a connection or a drain ended other than hoped. Plain JSON, free of secrets. */
export interface Failure {
  /** A value of `ErrorCode` of the client (`TIMEOUT`, `CONNECTION_REFUSED`, ...) or a code of the platform (`ENOTFOUND`). */
  readonly code: string;
  /** One sentence for a person. */
  readonly message: string;
  /** What led to it, where that is worth telling. */
  readonly cause?: Failure;
  /** How many messages it cost, where it did. */
  readonly messages?: number;
}

/**
 * The steps of one attempt to connect, in the order in which they happen (`securing` comes first in handshake-first TLS).
 * `subscribing` follows where there was a connection before, and `cuttingOver` where it moves from one server to another.
 */
export const attemptSteps = [
  "dialing",
  "greeting",
  "securing",
  "authenticating",
  "subscribing",
  "cuttingOver",
] as const;

/** A step of an attempt to connect. */
export type AttemptStep = (typeof attemptSteps)[number];

/** One failed attempt to connect: to which server, how far it got, and why it ended. */
export interface AttemptReport {
  /** Number of the attempt, from 1, over the life of the connection. */
  readonly attempt: number;
  /** The server, as `host:port`. */
  readonly server: string;
  /** The step in which it ended. */
  readonly step: AttemptStep;
  readonly failure: Failure;
  /** When it ended: milliseconds on the clock that stamps events. */
  readonly at: Milliseconds;
}
