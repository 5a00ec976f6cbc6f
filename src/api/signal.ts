// AbortSignals: what is one, and what an aborted one means, in one place.

import { ErrorCode, invalidOption, NatsError } from "./errors.js";

/** True for what can be listened to as an AbortSignal. */
export function isSignal(value: unknown): boolean {
  const { addEventListener, removeEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof addEventListener === "function" && typeof removeEventListener === "function";
}

/**
 * The error of an operation whose signal was aborted; its `cause` is the signal's reason.
 * @param state how far the operation had come, as the end of the sentence
 */
export function aborted(signal: AbortSignal, what: string, state?: string): NatsError {
  const { reason } = signal;
  const message = `${what} was aborted by its signal${state === undefined ? "" : `: ${state}`}`;
  // Whatever the reason is, Error or not, it is the cause.
  return new NatsError(message, ErrorCode.Cancelled, reason);
}

/** Throws where the signal is aborted already. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw aborted(signal, what);
}

/**
 * To be called before anything is begun that the signal would end.
 * @throws NatsError `INVALID_OPTION` for what is no signal, `CANCELLED` where it is aborted already
 */
export function checkSignal(signal: AbortSignal | undefined, what: string): void {
  if (signal === undefined) return;
  if (!isSignal(signal)) throw invalidOption("signal", signal, "an AbortSignal");
  throwIfAborted(signal, what);
}

/** Calls `listener` once when the signal is aborted; returns how to stop listening. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}
