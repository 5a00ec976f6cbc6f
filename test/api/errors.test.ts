// Codes, predicates and helpers of errors; codes and predicates against nats@2.29.3.

import * as reference from "nats";
import { describe, expect, it } from "vitest";
import { ErrorCode, invalidArgument, invalidOption, isNatsError, NatsError } from "../../src/api/errors.js";
import { saidBy } from "../harness/texts.js";

const codes = Object.values(ErrorCode);

describe("error codes", () => {
  it("have the members and values of the reference client, and one of their own", () => {
    expect({ ...ErrorCode }).toEqual({
      ...reference.ErrorCode,
      ReconnectBufferExceeded: "RECONNECT_BUFFER_EXCEEDED",
    });
  });

  it("each have a sentence of their own that ends in the code", () => {
    const messages = new Map(codes.map((code) => [code, NatsError.errorForCode(code).message]));
    expect(new Set(messages.values()).size).toBe(new Set(codes).size);
    for (const [code, message] of messages) {
      expect(message).toMatch(/^[A-Z].{20,} \([^)]+\)$/);
      expect(message.endsWith(`(${code})`)).toBe(true);
    }
  });
});

describe("a NatsError", () => {
  it("is an Error that tells its code, its name and the error that led to it", () => {
    const reason = new Error("socket hang up");
    const error = NatsError.errorForCode(ErrorCode.Disconnect, reason);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "NatsError",
      code: "DISCONNECT",
      chainedError: reason,
      cause: reason,
    });
    expect(error.stack).toContain("NatsError: The connection to the server was lost");
  });

  it("has no cause where nothing led to it", () => {
    const error = new NatsError("text", ErrorCode.Timeout);
    expect(error.message).toBe("text");
    expect(error.chainedError).toBeUndefined();
    expect("cause" in error).toBe(false);
    expect(Object.keys(error).sort()).toEqual(["code", "name"]);
  });

  it("explains a code that it does not know by the code itself", () => {
    expect(NatsError.errorForCode("429")).toMatchObject({
      code: "429",
      message: expect.stringContaining("(429)"),
    });
  });

  it("answers the same questions in the same way as the reference client, for every code", () => {
    for (const code of codes) {
      const ours = new NatsError("", code);
      const theirs = new reference.NatsError("", code);
      for (const question of [
        "isAuthError",
        "isAuthTimeout",
        "isPermissionError",
        "isProtocolError",
      ] as const) {
        expect([code, question, ours[question]()]).toEqual([code, question, theirs[question]()]);
      }
    }
  });

  it("is a JetStream error when it carries an answer of the JetStream API", () => {
    const error = new NatsError("", ErrorCode.RequestError);
    expect([error.isJetStreamError(), error.jsError()]).toEqual([false, null]);
    error.api_error = { code: 404, description: "stream not found", err_code: 10_059 };
    expect(error.isJetStreamError()).toBe(true);
    expect(error.jsError()).toBe(error.api_error);
  });
});

describe("isNatsError", () => {
  it("knows ours, and one of another copy of the package", () => {
    expect(isNatsError(new NatsError("", "X"))).toBe(true);
    expect(isNatsError(new reference.NatsError("", "X"))).toBe(true);
  });

  it("refuses errors that only have a code, and things that are no errors", () => {
    expect(isNatsError(Object.assign(new Error(), { code: "ECONNREFUSED" }))).toBe(false);
    for (const other of [undefined, null, "NatsError", { name: "NatsError", code: "X" }, new Error()]) {
      expect(isNatsError(other)).toBe(false);
    }
  });
});

describe("invalidOption and invalidArgument", () => {
  it("name the option, the kind of value and what is allowed", () => {
    const error = invalidOption("timeout", "soon", "a positive number of milliseconds");
    expect(error.code).toBe(ErrorCode.InvalidOption);
    expect(error.message).toBe(
      'The option "timeout" must be a positive number of milliseconds; got a string',
    );
    expect(invalidArgument("subject", "", "a subject", ErrorCode.BadSubject)).toMatchObject({
      code: ErrorCode.BadSubject,
      message: 'The argument "subject" must be a subject; got an empty string',
    });
    expect(invalidArgument("subject", 1, "a subject").code).toBe(ErrorCode.ApiError);
  });

  it.each([
    [-5, "the number -5"],
    [Number.NaN, "NaN"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [[1], "an array"],
    [new Uint8Array(3), "an object (Uint8Array)"],
    [Object.create(null), "an object (no class)"],
    [() => 1, "a function"],
    [3n, "a bigint"],
    [Symbol("s"), "a symbol"],
  ])("describe %o as %s", (value, kind) => {
    expect(invalidOption("pingInterval", value, "x").message).toBe(
      `The option "pingInterval" must be x; got ${kind}`,
    );
  });

  it("never show a string, nor a number that could be a password", () => {
    expect(saidBy(invalidOption("servers", "nats://me:hunter2@host", "x"))).not.toContain("hunter2");
    for (const name of ["pass", "token", "authenticator", "seed", "user", "jwt"]) {
      const error = invalidOption(name, 123_456, "a string");
      expect(error.message).toMatch(/got a number$/);
      expect(saidBy(error)).not.toContain("123456");
    }
  });
});
