// The two promises of a connection's life: that it stands, and that it has ended. From Failures, the chart's plain
// JSON, they make the NatsErrors that a user sees.

import type { Remains } from "../effects/ports.js";
import { plus } from "../effects/unconfirmed.js";
import { printable } from "../effects/wire/control-characters.js";
import type { AttemptReport, Failure } from "../machine/failure.js";
import type { Recording } from "../machine/recording.js";
import { ErrorCode, NatsError } from "./errors.js";
import { inWords, isNothing, withLoss } from "./losses.js";
import { connectMessage } from "./servers-tried.js";

/** What the promises ask of the connection, for the errors they give. */
export interface ErrorSources {
  /** The Error behind a failure. */
  causeOf(failure: Failure): Error | undefined;
  /** What was recorded. */
  recording(): Recording | undefined;
  /** The signal of `connect`: its reason is the cause where it ended the attempt. */
  readonly signal: AbortSignal | undefined;
}

/** The promises of one connection. */
export class Promises {
  /** Resolves when the connection stands; rejects with the last failure and all attempts. */
  readonly connected: Promise<void>;
  /** Resolves at the end, with an error where something went wrong. */
  readonly closed: Promise<undefined | Error>;
  readonly #sources: ErrorSources;
  #resolveConnected: () => void = () => {};
  #rejectConnected: (error: NatsError) => void = () => {};
  #resolveClosed: (error: Error | undefined) => void = () => {};

  constructor(sources: ErrorSources) {
    this.#sources = sources;
    this.connected = new Promise((resolve, reject) => {
      this.#resolveConnected = resolve;
      this.#rejectConnected = reject;
    });
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  connectionEstablished(): void {
    this.#resolveConnected();
  }

  rejectConnect(failure: Failure, attempts: readonly AttemptReport[]): void {
    const error = this.#lastError(failure, connectMessage(failure, attempts));
    error.attempts = attempts.map((attempt) => ({
      server: attempt.server,
      step: attempt.step,
      error: this.#errorOf(attempt.failure),
      at: attempt.at,
    }));
    this.#rejectConnected(error);
  }

  /**
   * The error with which the connection ends; undefined where all went well, and a server has confirmed all that was published.
   * @param notDone the end of the error's sentence: what a drain had not done (unread.ts)
   */
  endOf(
    failure: Failure | null,
    { unsent, unconfirmed, lost }: Remains,
    notDone = "",
  ): NatsError | undefined {
    const loss = { unsent: plus(unsent, lost.unsent), unconfirmed: plus(unconfirmed, lost.unconfirmed) };
    if (failure === null && isNothing(loss)) return undefined;
    const why = failure ?? { code: ErrorCode.Disconnect, message: "the connection is closed" };
    const losses = isNothing(loss) ? "" : `; ${inWords(loss)}`;
    return withLoss(this.#lastError(why, why.message + losses + notDone), loss);
  }

  settleClosed(error: NatsError | undefined): void {
    this.#resolveClosed(error);
  }

  /** The error that ends the connection: with the recording, where there is one. */
  #lastError(failure: Failure, message?: string): NatsError {
    const error = this.#errorOf(failure, message);
    const recording = this.#sources.recording();
    // Not enumerable: whoever prints the error wants to read it, not a thousand events.
    if (recording !== undefined) Object.defineProperty(error, "recording", { value: recording });
    return error;
  }

  #errorOf(failure: Failure, told = failure.message): NatsError {
    const { signal } = this.#sources;
    const { code, cause } = failure;
    // A server may have said some of it, and whoever prints the error shows it to a terminal.
    const message = printable(told);
    if (code === ErrorCode.Cancelled && signal?.aborted === true)
      return new NatsError(message, code, signal.reason);
    const behind = cause === undefined ? this.#sources.causeOf(failure) : this.#errorOf(cause);
    return new NatsError(message, code, behind);
  }
}
