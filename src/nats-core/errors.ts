// Errors as nats-core knows them: its own classes, since that is what the packages built on it check with `instanceof`.
// Each has our NatsError, with its code and its sentence, as `cause`. Codes: src/api/error-codes.ts.

import {
  AuthorizationError,
  ClosedConnectionError,
  ConnectionError,
  DrainingConnectionError,
  InvalidArgumentError,
  InvalidOperationError,
  InvalidSubjectError,
  NoRespondersError,
  PermissionViolationError,
  ProtocolError,
  RequestError,
  TimeoutError,
  UserAuthenticationExpiredError,
} from "@nats-io/nats-core";
import { ErrorCode, type NatsError } from "../api/errors.js";

/** What nats-core's errors are made from: two of its classes take no options. */
type Making = (error: NatsError, subject: string) => Error;

// Not enumerable, as an Error has them: else they are printed again, behind the stack.
const hidden = (value: unknown) => ({ value, writable: true, configurable: true });

/** With our sentence, too: a bad subject may be that of the reply. */
function withCause<T extends Error>(made: T, cause: NatsError): T {
  return Object.defineProperties(made, { cause: hidden(cause), message: hidden(cause.message) });
}

/** With the places that the stack of ours names: who made the request is among them, and not who translates its error. */
function placed<T extends Error>(made: T, { stack = "" }: NatsError): T {
  const at = stack.indexOf("\n    at ");
  // Without a place, or where the engine writes stacks in another way.
  const places = at === -1 ? "" : stack.slice(at);
  return Object.defineProperty(made, "stack", hidden(`${made.name}: ${made.message}${places}`));
}

const argument: Making = (cause) => new InvalidArgumentError(cause.message, { cause });
const operation: Making = (cause) => new InvalidOperationError(cause.message, { cause });
const request: Making = (cause) => new RequestError(cause.message, { cause });
const connection: Making = (cause) => new ConnectionError(cause.message, { cause });
const authorization: Making = (cause) => new AuthorizationError(cause.message, { cause });

const making: ReadonlyMap<string, Making> = new Map<string, Making>([
  [ErrorCode.ConnectionClosed, (cause) => withCause(new ClosedConnectionError(), cause)],
  [ErrorCode.ConnectionDraining, (cause) => withCause(new DrainingConnectionError(), cause)],
  [ErrorCode.Timeout, (cause) => new TimeoutError({ cause })],
  [ErrorCode.NoResponders, (cause, subject) => new NoRespondersError(subject, { cause })],
  [ErrorCode.BadSubject, (cause, subject) => withCause(new InvalidSubjectError(subject), cause)],
  [ErrorCode.PermissionsViolation, permission],
  [ErrorCode.AuthorizationViolation, authorization],
  [ErrorCode.AuthenticationTimeout, authorization],
  [ErrorCode.AccountExpired, authorization],
  [ErrorCode.AuthenticationExpired, (cause) => new UserAuthenticationExpiredError(cause.message, { cause })],
  [ErrorCode.ProtocolError, (cause) => new ProtocolError(cause.message, { cause })],
  [ErrorCode.ApiError, operation],
  [ErrorCode.SubClosed, operation],
  [ErrorCode.SubDraining, operation],
  [ErrorCode.BadHeader, argument],
  [ErrorCode.BadPayload, argument],
  [ErrorCode.InvalidPayload, argument],
  [ErrorCode.MaxPayloadExceeded, argument],
  [ErrorCode.InvalidOption, argument],
  [ErrorCode.NotFunction, argument],
  [ErrorCode.RequestError, request],
  [ErrorCode.Cancelled, request],
]);

function permission(cause: NatsError): PermissionViolationError {
  const { operation: kind, subject = "", queue } = cause.permissionContext ?? {};
  const what = kind === "subscription" ? "subscription" : "publish";
  return new PermissionViolationError(cause.message, what, subject, queue, { cause });
}

/**
 * The error of nats-core for one of ours, with ours as its `cause`; where nothing else fits, a ConnectionError. What is
 * no error of ours is returned as it is.
 * @param subject what was published, requested or subscribed to, for the errors that name it
 */
export function coreError(error: unknown, subject = ""): Error {
  if (!isOurs(error)) return error instanceof Error ? error : new Error(String(error));
  const make = making.get(error.code) ?? connection;
  return placed(make(error, subject), error);
}

/** What ends a request that was under way is a RequestError in nats-core, with the reason as its `cause`. */
const wrapped: ReadonlySet<string> = new Set([
  ErrorCode.NoResponders,
  ErrorCode.PermissionsViolation,
  ErrorCode.ConnectionClosed,
  ErrorCode.Disconnect,
]);

/** As {@link coreError}, for what was asked of a server and under way: a request, a flush. */
export function requestError(error: unknown, subject?: string): Error {
  const made = coreError(error, subject);
  if (!isOurs(error) || !wrapped.has(error.code)) return made;
  return placed(new RequestError(error.message, { cause: made }), error);
}

/** As `isNatsError`, which a test of the class alone would make wrong where ESM and CommonJS meet. */
function isOurs(error: unknown): error is NatsError {
  return (
    error instanceof Error && error.name === "NatsError" && typeof (error as NatsError).code === "string"
  );
}

/** Runs what may throw an error of ours; throws nats-core's instead. */
export function translated<T>(run: () => T, subject?: string): T {
  try {
    return run();
  } catch (error) {
    throw coreError(error, subject);
  }
}
