// The two promises of a connection's life: that it stands, and that it has ended. From Failures, the chart's plain
// JSON, they make the NatsErrors that a user sees.

import type { Unsent } from "../effects/interpreter.js";
import type { AttemptReport, Failure } from "../machine/failure.js";
import { ErrorCode, NatsError } from "./errors.js";
import { aborted } from "./signal.js";

/** The promises of one connection. */
export class Promises {
  /** Resolves when the connection stands; rejects with the last failure and all attempts. */
  readonly connected: Promise<void>;
  /** Resolves at the end, with an error where something went wrong. */
  readonly closed: Promise<undefined | Error>;
  readonly #causeOf: (failure: Failure) => Error | undefined;
  readonly #signal: AbortSignal | undefined;
  #resolveConnected: () => void = () => {};
  #rejectConnected: (error: NatsError) => void = () => {};
  #resolveClosed: (error: Error | undefined) => void = () => {};

  /** @param signal the signal of `connect`: its reason is the cause where it ended the attempt */
  constructor(causeOf: (failure: Failure) => Error | undefined, signal: AbortSignal | undefined) {
    this.#causeOf = causeOf;
    this.#signal = signal;
    this.connected = new Promise((resolve, reject) => {
      this.#resolveConnected = resolve;
      this.#rejectConnected = reject;
    });
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  settleConnect(failure: Failure | null, attempts: readonly AttemptReport[]): void {
    if (failure === null) {
      this.#resolveConnected();
      return;
    }
    const error = this.#errorOf(failure);
    error.attempts = attempts.map((attempt) => ({
      server: attempt.server,
      step: attempt.step,
      error: this.#errorOf(attempt.failure),
      at: attempt.at,
    }));
    this.#rejectConnected(error);
  }

  settleClosed(failure: Failure | null, unsent: Unsent): void {
    this.#resolveClosed(failure === null ? lossOf(unsent) : this.#errorOf(failure));
  }

  #errorOf(failure: Failure): NatsError {
    if (failure.code === ErrorCode.Cancelled && this.#signal?.aborted === true)
      return aborted(this.#signal, "connect");
    return new NatsError(failure.message, failure.code, this.#causeOf(failure));
  }
}

/** The error of a clean close that could not hand over everything in time. */
function lossOf({ bytes }: Unsent): NatsError | undefined {
  if (bytes === 0) return undefined;
  const message = `closed before the server had taken all that was published: ${bytes} bytes are lost`;
  return new NatsError(message, ErrorCode.Disconnect);
}
