// AbortSignals: what an aborted one means, in one place.

import { ErrorCode, NatsError } from "./errors.js";

/** The error of an operation whose signal was aborted; its `cause` is the signal's reason. */
export function aborted(signal: AbortSignal, what: string): NatsError {
  const { reason } = signal;
  const error = new NatsError(`${what} was aborted by its signal`, ErrorCode.Cancelled);
  error.cause = reason;
  if (reason instanceof Error) error.chainedError = reason;
  return error;
}

/** Throws where the signal is aborted already. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw aborted(signal, what);
}

/** Calls `listener` once when the signal is aborted; returns how to stop listening. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}
