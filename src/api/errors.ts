// Every error that the client reports is a NatsError: a code for programs, a sentence for people.
//
// Codes and methods are those of nats@2.29.3, so that existing `catch` blocks keep working; the sentences are
// ours and end in the code, so that a search for the code in a log finds them. No message holds a secret or
// a payload. Errors of the server arrive here through `src/machine/server-error.ts`.

import type { PermissionContext } from "../machine/server-error.js";

export type { PermissionContext } from "../machine/server-error.js";

/** What went wrong, for programs: the value of {@link NatsError.code}. Members and values: nats@2.29.3. */
export enum ErrorCode {
  /** A function was called in a way, or with an argument, that it does not support. */
  ApiError = "BAD API",
  /** The credentials that the client holds cannot be used: a malformed seed, JWT, token or password. */
  BadAuthentication = "BAD_AUTHENTICATION",
  /** The content given as a credentials file is not one. */
  BadCreds = "BAD_CREDS",
  /** A header's key or value, or the status of a header block, holds characters that the protocol forbids. */
  BadHeader = "BAD_HEADER",
  /** A value cannot be written as JSON, or a payload is not JSON. */
  BadJson = "BAD_JSON",
  /** The payload is neither a string nor a `Uint8Array`. */
  BadPayload = "BAD_PAYLOAD",
  /** The subject is empty, has an empty token, white space, or wildcards where none are allowed. */
  BadSubject = "BAD_SUBJECT",
  /** The operation was cancelled before it was complete. */
  Cancelled = "CANCELLED",
  /** The connection is closed, for good. */
  ConnectionClosed = "CONNECTION_CLOSED",
  /** The connection is draining and takes no new work. */
  ConnectionDraining = "CONNECTION_DRAINING",
  /** No server could be reached. */
  ConnectionRefused = "CONNECTION_REFUSED",
  /** A server did not complete the handshake within `timeout`. */
  ConnectionTimeout = "CONNECTION_TIMEOUT",
  /** The connection to the server was lost. */
  Disconnect = "DISCONNECT",
  /** An option has a value that it cannot have. */
  InvalidOption = "INVALID_OPTION",
  /** The payload is of a type that cannot be sent. */
  InvalidPayload = "INVALID_PAYLOAD",
  /** The message is larger than the server accepts (`max_payload` of its INFO). */
  MaxPayloadExceeded = "MAX_PAYLOAD_EXCEEDED",
  /** Nobody is subscribed to the subject of a request. */
  NoResponders = "503",
  /** A function was expected. */
  NotFunction = "NOT_FUNC",
  /** The message would have to be kept while disconnected, and the reconnect buffer has no room. Not in the reference. */
  ReconnectBufferExceeded = "RECONNECT_BUFFER_EXCEEDED",
  /** A request could not be made or was answered with an error. */
  RequestError = "REQUEST_ERROR",
  /** The server does not offer something that an option asks for. */
  ServerOptionNotAvailable = "SERVER_OPT_NA",
  /** The subscription is closed. */
  SubClosed = "SUB_CLOSED",
  /** The subscription is draining. */
  SubDraining = "SUB_DRAINING",
  /** Something that was waited for did not come in time. */
  Timeout = "TIMEOUT",
  /** The TLS handshake failed, or TLS is required by one side and refused by the other. */
  Tls = "TLS",
  /** A failure that fits no other code. */
  Unknown = "UNKNOWN_ERROR",
  /** The server requires TLS, so a WebSocket must be opened with `wss:`. */
  WssRequired = "WSS_REQUIRED",

  /** JetStream: an acknowledgement that is not valid. The spelling of the value is the reference's. */
  JetStreamInvalidAck = "JESTREAM_INVALID_ACK",
  /** JetStream: the stream holds no message for this pull. */
  JetStream404NoMessages = "404",
  /** JetStream: a pull expired before it was filled. */
  JetStream408RequestTimeout = "408",
  /** JetStream: the same value as {@link ErrorCode.JetStream409}, kept because the reference has it. */
  JetStream409MaxAckPendingExceeded = "409",
  /** JetStream: a pull conflicts with the consumer's configuration or state. */
  JetStream409 = "409",
  /** JetStream is not enabled for the account. The same value as {@link ErrorCode.NoResponders}. */
  JetStreamNotEnabled = "503",
  /** JetStream: heartbeats of a consumer stopped. */
  JetStreamIdleHeartBeat = "IDLE_HEARTBEAT",

  /** The server refused the credentials (`-ERR 'Authorization Violation'`). */
  AuthorizationViolation = "AUTHORIZATION_VIOLATION",
  /** The credentials of the user ran out (`-ERR 'User Authentication Expired'`). */
  AuthenticationExpired = "AUTHENTICATION_EXPIRED",
  /** The server ended the connection for breaking the protocol, or broke it itself. */
  ProtocolError = "NATS_PROTOCOL_ERR",
  /** The user may not publish or subscribe to a subject; see {@link NatsError.permissionContext}. */
  PermissionsViolation = "PERMISSIONS_VIOLATION",
  /** The client did not authenticate in the time that the server grants. */
  AuthenticationTimeout = "AUTHENTICATION_TIMEOUT",
  /** The account of the user ran out (`-ERR 'Account Authentication Expired'`). */
  AccountExpired = "ACCOUNT_EXPIRED",
}

/** What each code means and what to do about it. Codes that two members share have one sentence. */
const sentences: ReadonlyMap<string, string> = new Map<string, string>([
  [ErrorCode.ApiError, "This call is not supported in this way; see the documentation of the function"],
  [ErrorCode.BadAuthentication, "The credentials cannot be used; check the authenticator, seed, JWT, token or password"],
  [ErrorCode.BadCreds, "This is not a credentials file; it must hold a user JWT and an nkey seed between their BEGIN and END lines"],
  [ErrorCode.BadHeader, "A header is not valid; keys are printable ASCII without a colon, values have no line breaks"],
  [ErrorCode.BadJson, "The value cannot be written as JSON, or the payload is not valid JSON"],
  [ErrorCode.BadPayload, "The payload must be a string or a Uint8Array"],
  [ErrorCode.BadSubject, "The subject is not valid; it needs tokens separated by dots, none empty, without white space"],
  [ErrorCode.Cancelled, "The operation was cancelled before it was complete"],
  [ErrorCode.ConnectionClosed, "The connection is closed; call connect() for a new one"],
  [ErrorCode.ConnectionDraining, "The connection is draining and takes no new work; it closes when what is under way is done"],
  [ErrorCode.ConnectionRefused, "No server accepted the connection; check the addresses in `servers` and that a server listens there"],
  [ErrorCode.ConnectionTimeout, "No server completed the handshake in time; check the network or raise the `timeout` option"],
  [ErrorCode.Disconnect, "The connection to the server was lost before this was complete"],
  [ErrorCode.InvalidOption, "An option has a value that it cannot have"],
  [ErrorCode.InvalidPayload, "The payload is of a type that cannot be sent; use a string or a Uint8Array"],
  [ErrorCode.MaxPayloadExceeded, "The message is larger than the server accepts; send less, or raise max_payload on the server"],
  [ErrorCode.NoResponders, "Nobody answers this request: no subscriber on its subject, or JetStream is not enabled"],
  [ErrorCode.NotFunction, "A function was expected"],
  [ErrorCode.ReconnectBufferExceeded, "Not connected, and the reconnect buffer has no room; see the option reconnectBufferSize"],
  [ErrorCode.RequestError, "The request failed"],
  [ErrorCode.ServerOptionNotAvailable, "The server does not offer what an option asks for; use a newer server or drop the option"],
  [ErrorCode.SubClosed, "The subscription is closed; subscribe again"],
  [ErrorCode.SubDraining, "The subscription is draining and will close; subscribe again"],
  [ErrorCode.Timeout, "What was waited for did not come in time; raise the timeout or check the other side"],
  [ErrorCode.Tls, "A secure connection could not be made; check the `tls` option, the certificates and the server's TLS settings"],
  [ErrorCode.Unknown, "Something failed for a reason that has no code of its own"],
  [ErrorCode.WssRequired, "The server requires TLS; connect with a wss: address"],
  [ErrorCode.JetStreamInvalidAck, "The JetStream acknowledgement is not valid"],
  [ErrorCode.JetStream404NoMessages, "The stream has no message for this consumer now"],
  [ErrorCode.JetStream408RequestTimeout, "The pull request expired before it was filled; pull again"],
  [ErrorCode.JetStream409, "The pull request conflicts with the consumer's limits, configuration or state"],
  [ErrorCode.JetStreamIdleHeartBeat, "The consumer's heartbeats stopped; the server or the network is not responding"],
  [ErrorCode.AuthorizationViolation, "The server refused the credentials; check user, password, token, nkey or JWT"],
  [ErrorCode.AuthenticationExpired, "The user's credentials have expired; renew them"],
  [ErrorCode.ProtocolError, "One side broke the NATS protocol and the connection cannot go on"],
  [ErrorCode.PermissionsViolation, "The user is not allowed to publish or subscribe to this subject"],
  [ErrorCode.AuthenticationTimeout, "The server did not receive valid credentials in the time it grants"],
  [ErrorCode.AccountExpired, "The account of the user has expired; ask its operator to renew it"],
]);

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
  /** The error that led to this one, if there was one. The standard `cause` holds the same. */
  declare chainedError?: Error;
  /** For an error answer of the JetStream API: that answer. */
  declare api_error?: ApiError;
  /** On a rejected `connect()`: every attempt that failed, oldest first. Beyond the reference. */
  declare attempts?: readonly ConnectAttempt[];

  /** @param message One sentence for a person. @param chainedError The error that led to this one. */
  constructor(message: string, code: string, chainedError?: Error) {
    super(message, chainedError === undefined ? undefined : { cause: chainedError });
    this.code = code;
    if (chainedError !== undefined) this.chainedError = chainedError;
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
  return error instanceof Error && error.name === "NatsError" && "code" in error && typeof error.code === "string";
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
      return Array.isArray(value) ? "an array" : `an object (${String(value.constructor?.name ?? "no class")})`;
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
  return new NatsError(`The option "${name}" must be ${allowed}; got ${kindOf(name, value)}`, ErrorCode.InvalidOption);
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
