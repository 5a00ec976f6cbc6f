// From the text of a `-ERR` line to what it means for the connection. Pure; the table is the knowledge.
//
// Source of the texts: the NATS protocol's documentation and the error strings of nats-server 2.9 to 2.15.

import type { Failure } from "./failure.js";

/** What the server complains about. `other` stands for a text that the table does not know. */
export type ServerErrorKind =
  | "permissionsViolation"
  | "invalidSubject"
  | "maximumSubscriptions"
  | "authorizationViolation"
  | "authenticationRevoked"
  | "authenticationExpired"
  | "accountExpired"
  | "authenticationTimeout"
  | "tlsRequired"
  | "maximumConnections"
  | "maximumPayload"
  | "staleConnection"
  | "slowConsumer"
  | "wrongPort"
  | "protocolError"
  | "other";

/** What a client was not allowed to do: the operation, its subject, and the queue group if there was one. */
export interface PermissionContext {
  readonly operation: string;
  readonly subject: string;
  readonly queue?: string;
}

/** A `-ERR` line, understood. */
export interface ServerError {
  readonly kind: ServerErrorKind;
  /** A value of `ErrorCode`. */
  readonly code: string;
  /** What the server wrote. */
  readonly message: string;
  readonly permission?: PermissionContext;
}

interface Row {
  readonly text: string;
  readonly kind: ServerErrorKind;
  readonly code: string;
}

/** First match wins; texts are compared in lower case. */
const table: readonly Row[] = [
  { text: "permissions violation", kind: "permissionsViolation", code: "PERMISSIONS_VIOLATION" },
  { text: "invalid subject", kind: "invalidSubject", code: "BAD_SUBJECT" },
  { text: "invalid publish subject", kind: "invalidSubject", code: "BAD_SUBJECT" },
  { text: "maximum subscriptions exceeded", kind: "maximumSubscriptions", code: "NATS_PROTOCOL_ERR" },
  { text: "user authentication expired", kind: "authenticationExpired", code: "AUTHENTICATION_EXPIRED" },
  { text: "account authentication expired", kind: "accountExpired", code: "ACCOUNT_EXPIRED" },
  { text: "authentication timeout", kind: "authenticationTimeout", code: "AUTHENTICATION_TIMEOUT" },
  { text: "authentication revoked", kind: "authenticationRevoked", code: "AUTHORIZATION_VIOLATION" },
  { text: "authorization violation", kind: "authorizationViolation", code: "AUTHORIZATION_VIOLATION" },
  { text: "tls required", kind: "tlsRequired", code: "TLS" },
  { text: "maximum connections exceeded", kind: "maximumConnections", code: "NATS_PROTOCOL_ERR" },
  { text: "maximum account active connections", kind: "maximumConnections", code: "NATS_PROTOCOL_ERR" },
  { text: "maximum payload", kind: "maximumPayload", code: "MAX_PAYLOAD_EXCEEDED" },
  { text: "stale connection", kind: "staleConnection", code: "NATS_PROTOCOL_ERR" },
  { text: "slow consumer", kind: "slowConsumer", code: "NATS_PROTOCOL_ERR" },
  { text: "attempted to connect to", kind: "wrongPort", code: "NATS_PROTOCOL_ERR" },
  { text: "protocol", kind: "protocolError", code: "NATS_PROTOCOL_ERR" },
  { text: "parser error", kind: "protocolError", code: "NATS_PROTOCOL_ERR" },
];

/** Understands the text of a `-ERR` line. Never throws: an unknown text is of kind `other`. */
export function serverErrorFrom(text: string): ServerError {
  const lower = text.toLowerCase();
  const row = table.find((candidate) => lower.includes(candidate.text));
  if (row === undefined) return { kind: "other", code: "NATS_PROTOCOL_ERR", message: text };
  const { kind, code } = row;
  const permission = kind === "permissionsViolation" ? permissionFrom(text) : undefined;
  return permission === undefined ? { kind, code, message: text } : { kind, code, message: text, permission };
}

function permissionFrom(text: string): PermissionContext | undefined {
  const found = /(publish|subscription) to ("(?:[^"\\]|\\.)*")/i.exec(text);
  const [, operation, subject] = found ?? [];
  if (operation === undefined || subject === undefined) return undefined;
  const queue = /using queue ("(?:[^"\\]|\\.)*")/i.exec(text)?.[1];
  const context = { operation: operation.toLowerCase(), subject: unquoted(subject) };
  return queue === undefined ? context : { queue: unquoted(queue), ...context };
}

/** A name that the server put in quotes, as Go does: much like JSON. */
function unquoted(name: string): string {
  if (!name.includes("\\")) return name.slice(1, -1);
  try {
    return JSON.parse(name) as string;
  } catch {
    return name.slice(1, -1);
  }
}

/** True where the connection goes on after the error: it concerns one subject, not the connection. */
export function isHarmless(error: ServerError): boolean {
  switch (error.kind) {
    case "permissionsViolation":
    case "invalidSubject":
    case "maximumSubscriptions":
      return true;
    default:
      return false;
  }
}

/** True where the server says that these credentials do not, or no longer, let the client in. */
export function isRefusal(error: ServerError): boolean {
  switch (error.kind) {
    case "authorizationViolation":
    case "authenticationRevoked":
    case "authenticationExpired":
    case "accountExpired":
      return true;
    default:
      return false;
  }
}

/** The same error as the reason why an attempt or a connection ended. */
export function failureOf(error: ServerError): Failure {
  return { code: error.code, message: error.message };
}
