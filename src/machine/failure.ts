// Why something went wrong, as plain JSON: the chart's form of an error.
//
// An Error object cannot live in the chart (rule 2: context, events and effects are plain JSON). The
// interpreter turns Errors into Failures on the way in and Failures into NatsErrors on the way out.

/** A time span in milliseconds. */
export type Milliseconds = number;

/** An amount of data in bytes. */
export type Bytes = number;

/** Why an attempt, a connection or a drain ended other than hoped. Plain JSON, free of secrets. */
export interface Failure {
  /** A value of `ErrorCode` of the client (`TIMEOUT`, `CONNECTION_REFUSED`, ...) or a code of the platform (`ENOTFOUND`). */
  readonly code: string;
  /** One sentence for a person. */
  readonly message: string;
  /** How many messages it cost, where it did. */
  readonly messages?: number;
}

/**
 * The steps of one attempt to connect, in the order in which they happen (`securing` comes first in handshake-first TLS).
 * `subscribing` and `handingOver` follow where a connection moves from one server to another.
 */
export type Step = "dialing" | "greeting" | "securing" | "authenticating" | "subscribing" | "handingOver";

/** One failed attempt to connect: to which server, how far it got, and why it ended. */
export interface AttemptReport {
  /** Number of the attempt, from 1, over the life of the connection. */
  readonly attempt: number;
  /** The server, as `host:port`. */
  readonly server: string;
  /** The step in which it ended. */
  readonly step: Step;
  readonly failure: Failure;
  /** When it ended: milliseconds on the clock that stamps events. */
  readonly at: Milliseconds;
}

/** What each step waits for, for the message of an attempt that ran out of time. */
const awaited: Readonly<Record<Step, string>> = {
  dialing: "the TCP connection was not established",
  greeting: "the server accepted the connection but sent no INFO",
  securing: "the TLS handshake did not finish",
  authenticating: "the server did not answer CONNECT and PING, or the authenticator gave no answer",
  subscribing: "the server did not confirm the subscriptions",
  handingOver: "the server that is being left did not confirm what was published",
};

/** The failure of an attempt that took longer than the `timeout` option allows. */
export function timedOut(server: string, step: Step, timeout: Milliseconds, byWebSocket = false): Failure {
  const what = byWebSocket && step === "dialing" ? "the WebSocket was not opened" : awaited[step];
  return { code: "TIMEOUT", message: `${server}: ${what} within ${timeout} ms (step: ${step})` };
}

/** The failure of a socket that the other side closed without saying why. */
export function closedByServer(server: string, step: Step | "connected" | "draining"): Failure {
  return { code: "DISCONNECT", message: `${server} closed the connection (step: ${step})` };
}
