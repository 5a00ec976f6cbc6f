// Every error that the client reports is a NatsError: a code for programs, a sentence for people.
//
// Codes (error-codes.ts) and methods are those of nats@2.29.3, so that existing `catch` blocks keep working; the
// sentences are ours and end in the code, so that a search for the code in a log finds them. No message holds a
// secret or a payload. Errors of the server arrive here through `src/machine/server-error.ts`.

import { brand } from "../machine/brand.js";
import type { Recording } from "../machine/recording.js";
import type { PermissionContext } from "../machine/server-error.js";
import type { Amount } from "../machine/units.js";
import { causeInJson } from "./error-causes.js";
import { ErrorCode, sentences } from "./error-codes.js";

export type { PermissionContext } from "../machine/server-error.js";
export { ErrorCode } from "./error-codes.js";

/** An error answer of the JetStream API, as the server sends it (source: ADR-7). */
export interface ApiError {
  /** A status in the style of HTTP, from 300 to 500. */
  code: number;
  /** The server's sentence for a person. */
  description: string;
  /** The number of this kind of error, unique among NATS errors. */
  err_code?: number;
}

/** One failed attempt to connect. Not in the reference client, which reports only the last error. */
export interface ConnectAttempt {
  /** The server, as `host:port`. */
  readonly server: string;
  /** How far the attempt got: `dialing`, `greeting`, `securing` or `authenticating`. */
  readonly step: string;
  /** Why it ended. */
  readonly error: NatsError;
  /** When it ended: milliseconds since 1970 (`Date.now()`). */
  readonly at: number;
}

/** The error type of this client, compatible with the `NatsError` of nats@2.29.3. */
export class NatsError extends Error {
  override name = "NatsError";
  /** What went wrong, for programs: a value of {@link ErrorCode}, or a status that a server sent. */
  code: string;
  /** For {@link ErrorCode.PermissionsViolation}: what was not allowed. */
  declare permissionContext?: PermissionContext;
  /** For an error answer of the JetStream API: that answer. */
  declare api_error?: ApiError;
  /** On a rejected `connect()`: every attempt that failed, oldest first. Beyond the reference. */
  declare attempts?: readonly ConnectAttempt[];
  /**
   * On an error of `flush()`, `drain()` or `closed()`: the messages that were handed to a socket and that no server confirmed.
   * Some of them may have arrived. Absent if there are none. Beyond the reference.
   */
  declare unconfirmed?: Amount;
  /**
   * On an error of `drain()` or `closed()`: the messages that were accepted and that no socket was ever handed. None of them has
   * arrived. Absent if there are none. Beyond the reference.
   */
  declare unsent?: Amount;
  /** On an error that ended a connection with the option `record`: what happened, for `replay`. Beyond the reference. */
  declare recording?: Recording;

  /** @param message One sentence for a person. @param chainedError The error that led to this one. */
  constructor(message: string, code: string, chainedError?: Error) {
    super(message, chainedError === undefined ? undefined : { cause: chainedError });
    this.code = code;
  }

  /** The error that led to this one, if there was one: the standard `cause`, where that is an Error. */
  // No property of its own: whoever prints the error would read the cause twice.
  get chainedError(): Error | undefined {
    return this.cause instanceof Error ? this.cause : undefined;
  }

  set chainedError(error: Error | undefined) {
    Object.defineProperty(this, "cause", { value: error, writable: true, configurable: true });
  }

  /**
   * What `JSON.stringify` writes: name, message and code, what else the error carries, and the cause with its name, message and
   * code. It has no stack, no recording and no secret: of an error that a user's authenticator threw, the message is left out.
   */
  toJSON(): Readonly<Record<string, unknown>> {
    const { name, message, code, permissionContext, api_error, unsent, unconfirmed, attempts, cause } = this;
    // JSON leaves out what is undefined.
    return {
      name,
      message,
      code,
      permissionContext,
      api_error,
      unsent,
      unconfirmed,
      attempts,
      cause: causeInJson(cause),
    };
  }

  /**
   * The error for a code, with the sentence that explains it followed by the code.
   * An unknown code (a status that only a newer server knows) is its own explanation.
   */
  static errorForCode(code: string, chainedError?: Error): NatsError {
    return errorForCode(code, chainedError);
  }

  /** True where credentials, user or account were refused or have expired. */
  isAuthError(): boolean {
    return (
      this.code === ErrorCode.AuthorizationViolation ||
      this.code === ErrorCode.AuthenticationExpired ||
      this.code === ErrorCode.AccountExpired
    );
  }

  /** True where the server waited for credentials and gave up. */
  isAuthTimeout(): boolean {
    return this.code === ErrorCode.AuthenticationTimeout;
  }

  /** True where a subject was not allowed; {@link permissionContext} says which. */
  isPermissionError(): boolean {
    return this.code === ErrorCode.PermissionsViolation;
  }

  /** True where the NATS protocol was broken. */
  isProtocolError(): boolean {
    return this.code === ErrorCode.ProtocolError;
  }

  /** True where the JetStream API answered with an error; {@link jsError} returns that answer. */
  isJetStreamError(): boolean {
    return this.api_error !== undefined;
  }

  /** The error answer of the JetStream API, or `null` if this is another kind of error. */
  jsError(): ApiError | null {
    return this.api_error ?? null;
  }
}

brand(NatsError, "NatsError");

// Apart from the class: a bundler gives a class that names itself another name, which every stack would show.
function errorForCode(code: string, chainedError: Error | undefined): NatsError {
  const sentence = sentences.get(code) ?? "The server reported an error";
  return new NatsError(`${sentence} (${code})`, code, chainedError);
}

/**
 * True for a NatsError, also one of another copy of this package (ESM beside CommonJS).
 * Stricter than the reference, which takes any error with a string `code` (such as `ECONNREFUSED` of Node).
 */
export function isNatsError(error: unknown): error is NatsError {
  if (error instanceof NatsError) return true;
  // Of a version that does not mark its instances.
  return (
    error instanceof Error && error.name === "NatsError" && "code" in error && typeof error.code === "string"
  );
}

/** Options and arguments of these names hold secrets: not even a number in them may be shown. */
const secretName = /pass|token|user|auth|seed|jwt|cred|key|secret|nonce/i;

/** What a value is, in words that give away nothing a secret could be made of. */
function kindOf(name: string, value: unknown): string {
  switch (typeof value) {
    case "number":
      if (Number.isNaN(value)) return "NaN";
      return secretName.test(name) ? "a number" : `the number ${value}`;
    case "boolean":
      return String(value);
    case "string":
      return value === "" ? "an empty string" : "a string";
    case "undefined":
      return "undefined";
    case "object":
      if (value === null) return "null";
      return Array.isArray(value)
        ? "an array"
        : `an object (${String(value.constructor?.name ?? "no class")})`;
    default:
      return `a ${typeof value}`;
  }
}

/**
 * The error for an option with a value that it cannot have.
 * The message names the option, the kind of value it got, and what is allowed; strings are never shown.
 * @param allowed Completes "must be …", e.g. `"a positive number of milliseconds"`.
 */
export function invalidOption(name: string, value: unknown, allowed: string): NatsError {
  return new NatsError(
    `The option "${name}" must be ${allowed}; got ${kindOf(name, value)}`,
    ErrorCode.InvalidOption,
  );
}

/**
 * The error for an argument with a value that it cannot have; as {@link invalidOption}.
 * @param code Default {@link ErrorCode.ApiError}; pass a closer one where there is one (`BadSubject`, `BadPayload`, …).
 */
export function invalidArgument(
  name: string,
  value: unknown,
  allowed: string,
  code: string = ErrorCode.ApiError,
): NatsError {
  return new NatsError(`The argument "${name}" must be ${allowed}; got ${kindOf(name, value)}`, code);
}
