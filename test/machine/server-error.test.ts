import { describe, expect, test } from "vitest";
import {
  failureOf,
  isHarmless,
  isRefusal,
  type ServerErrorKind,
  serverErrorFrom,
} from "../../src/machine/server-error.js";

const texts: readonly (readonly [text: string, kind: ServerErrorKind, code: string])[] = [
  ['Permissions Violation for Publish to "x"', "permissionsViolation", "PERMISSIONS_VIOLATION"],
  ["Invalid Subject", "invalidSubject", "BAD_SUBJECT"],
  ["Invalid Publish Subject", "invalidSubject", "BAD_SUBJECT"],
  ["maximum subscriptions exceeded", "maximumSubscriptions", "NATS_PROTOCOL_ERR"],
  ["Authorization Violation", "authorizationViolation", "AUTHORIZATION_VIOLATION"],
  ["User Authentication Revoked", "authenticationRevoked", "AUTHORIZATION_VIOLATION"],
  ["User Authentication Expired", "authenticationExpired", "AUTHENTICATION_EXPIRED"],
  ["Account Authentication Expired", "accountExpired", "ACCOUNT_EXPIRED"],
  ["Authentication Timeout", "authenticationTimeout", "AUTHENTICATION_TIMEOUT"],
  ["Secure Connection - TLS Required", "tlsRequired", "TLS"],
  ["maximum connections exceeded", "maximumConnections", "NATS_PROTOCOL_ERR"],
  ["maximum account active connections exceeded", "maximumConnections", "NATS_PROTOCOL_ERR"],
  ["Maximum Payload Violation", "maximumPayload", "MAX_PAYLOAD_EXCEEDED"],
  ["Stale Connection", "staleConnection", "NATS_PROTOCOL_ERR"],
  ["Slow Consumer", "slowConsumer", "NATS_PROTOCOL_ERR"],
  ["Attempted To Connect To Route Port", "wrongPort", "NATS_PROTOCOL_ERR"],
  ["Unknown Protocol Operation", "protocolError", "NATS_PROTOCOL_ERR"],
  ["Parser Error", "protocolError", "NATS_PROTOCOL_ERR"],
  ["something new", "other", "NATS_PROTOCOL_ERR"],
  ["", "other", "NATS_PROTOCOL_ERR"],
];

describe("serverErrorFrom", () => {
  test.each(texts)("understands %j", (text, kind, code) => {
    expect(serverErrorFrom(text)).toMatchObject({ kind, code, message: text });
    expect(serverErrorFrom(text.toUpperCase())).toMatchObject({ kind });
  });

  test("a permissions violation says what was not allowed", () => {
    expect(serverErrorFrom('Permissions Violation for Publish to "a.b"').permission).toEqual({
      operation: "publish",
      subject: "a.b",
    });
    expect(
      serverErrorFrom('Permissions Violation for Subscription to "a.>" using queue "workers"').permission,
    ).toEqual({
      operation: "subscription",
      subject: "a.>",
      queue: "workers",
    });
  });

  test("a permissions violation of a shape that nobody knows has no permission, and no harm is done", () => {
    expect(serverErrorFrom("Permissions Violation")).toStrictEqual({
      kind: "permissionsViolation",
      code: "PERMISSIONS_VIOLATION",
      message: "Permissions Violation",
    });
  });

  test("no other error has a permission, whatever it names", () => {
    const error = serverErrorFrom('Maximum Payload Violation in Publish to "x"');
    expect(error).toStrictEqual({
      kind: "maximumPayload",
      code: "MAX_PAYLOAD_EXCEEDED",
      message: 'Maximum Payload Violation in Publish to "x"',
    });
  });

  test("a hostile text neither throws nor takes long", () => {
    // Read in time that grows with its square, it would take longer than a test may.
    const hostile = `permissions violation ${'publish to "'.repeat(400_000)}`;
    expect(serverErrorFrom(hostile).kind).toBe("permissionsViolation");
    const unclosed = `permissions violation publish to "${"publish to ".repeat(400_000)}`;
    expect(serverErrorFrom(unclosed).permission).toBeUndefined();
  });
});

test("what concerns one subject is harmless, and only that", () => {
  const harmless = texts.filter(([text]) => isHarmless(serverErrorFrom(text))).map(([, kind]) => kind);
  expect(isHarmless(serverErrorFrom("something new"))).toBe(false);
  expect([...new Set(harmless)].sort()).toEqual([
    "invalidSubject",
    "maximumSubscriptions",
    "permissionsViolation",
  ]);
});

test("what concerns the credentials is a refusal, and only that: not a timeout", () => {
  const refusals = texts.filter(([text]) => isRefusal(serverErrorFrom(text))).map(([, kind]) => kind);
  expect(isRefusal(serverErrorFrom("something new"))).toBe(false);
  expect(refusals).toEqual([
    "authorizationViolation",
    "authenticationRevoked",
    "authenticationExpired",
    "accountExpired",
  ]);
});

test("a failure keeps the code and the server's own words", () => {
  expect(failureOf(serverErrorFrom("Stale Connection"))).toEqual({
    code: "NATS_PROTOCOL_ERR",
    message: "Stale Connection",
  });
});

test.each([
  ['Permissions Violation for Publish to "odd\\"quote"', 'odd"quote'],
  ['Permissions Violation for Publish to "odd\\\\slash"', "odd\\slash"],
  ['Permissions Violation for Publish to "größe"', "größe"],
  ['Permissions Violation for Publish to "odd\\x01byte"', "odd\\x01byte"],
])("a subject that the server quotes is read back: %s", (text, subject) => {
  expect(serverErrorFrom(text).permission?.subject).toBe(subject);
});
