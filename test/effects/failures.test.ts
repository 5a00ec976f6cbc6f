// From what went wrong to what a user reads: codes that NATS knows, and sentences that name the server.

import { describe, expect, it } from "vitest";
import {
  beyondFailures,
  credentialsFailure,
  NameServerFailure,
  socketFailure,
  unansweredFailure,
} from "../../src/effects/failures.js";

const failed = (code: unknown, message = "of the platform") =>
  socketFailure(Object.assign(new Error(message), { code }), "a:4222");

describe("a socket that failed", () => {
  it.each([
    ["ECONNREFUSED", "CONNECTION_REFUSED", "nothing accepts connections there"],
    ["ETIMEDOUT", "CONNECTION_TIMEOUT", "the network did not answer"],
    ["ENOTFOUND", "ENOTFOUND", "the host name is unknown"],
    ["EHOSTUNREACH", "EHOSTUNREACH", "the host cannot be reached"],
    ["ENETUNREACH", "ENETUNREACH", "the network cannot be reached"],
    ["ECONNRESET", "ECONNRESET", "the connection was reset"],
    ["EPIPE", "EPIPE", "the connection is broken"],
    [
      "EAI_AGAIN",
      "EAI_AGAIN",
      "the host name could not be looked up for now: no name server answered, or the one that did could not find out",
    ],
  ])("has the code that NATS knows, and a sentence: %s", (platform, code, text) => {
    expect(failed(platform)).toEqual({ code, message: `a:4222: ${text}` });
  });

  it("keeps a code and a text that are not known, and is UNKNOWN_ERROR where it has no code", () => {
    expect(failed("ESTRANGE")).toEqual({ code: "ESTRANGE", message: "a:4222: of the platform" });
    for (const none of [undefined, "", 7])
      expect(failed(none)).toEqual({ code: "UNKNOWN_ERROR", message: "a:4222: of the platform" });
  });

  it("has no text of more than 4,096 characters: certificates may be full of names", () => {
    expect(failed("TLS", "x".repeat(4_096)).message).toBe(`a:4222: ${"x".repeat(4_096)}`);
    expect(failed("TLS", "x".repeat(10_000)).message).toBe(
      `a:4222: ${"x".repeat(4_096)}… (cut off: 10000 characters)`,
    );
  });

  it("since no name server answers, says which ones were asked", () => {
    const cause = new Error("timeout");
    const one = new NameServerFailure(["10.0.0.1"], cause);
    const two = new NameServerFailure(["10.0.0.1", "10.0.0.2"]);
    expect(socketFailure(one, "a:4222")).toEqual({
      code: "EAI_AGAIN",
      message: "a:4222: the host name could not be looked up: the name server 10.0.0.1 does not answer",
    });
    expect(socketFailure(two, "a:4222").message).toBe(
      "a:4222: the host name could not be looked up: none of the name servers 10.0.0.1, 10.0.0.2 answers",
    );
    expect([one.name, one.cause, "cause" in two]).toEqual(["NameServerFailure", cause, false]);
  });
});

describe("an attempt without credentials", () => {
  it("has the code of what was thrown, or BAD_AUTHENTICATION, and a text whatever was thrown", () => {
    const thrown = Object.assign(new Error("the file is gone"), { code: "ENOENT" });
    expect(credentialsFailure(thrown)).toEqual({ code: "ENOENT", message: "the file is gone" });
    expect(credentialsFailure(new Error("no"))).toEqual({ code: "BAD_AUTHENTICATION", message: "no" });
    for (const nothing of ["a text", undefined, null, 7])
      expect(credentialsFailure(nothing)).toEqual({
        code: "BAD_AUTHENTICATION",
        message: "the authenticator failed",
      });
  });

  it("says that the authenticator did not answer in time, and of which call", () => {
    expect([unansweredFailure("a:4222", 500, false), unansweredFailure("a:4222", 500, true)]).toEqual([
      {
        code: "TIMEOUT",
        message: "a:4222: the authenticator did not answer within 500 ms (step: authenticating)",
      },
      {
        code: "TIMEOUT",
        message:
          "a:4222: the authenticator did not answer the call of an earlier attempt within 500 ms, so it was not called again (step: authenticating)",
      },
    ]);
  });
});

describe("messages that a server does not accept", () => {
  const message = (subject: string, size: number, hasHeaders = false) => ({
    subject,
    size,
    hasHeaders,
    start: 0,
    end: 0,
  });
  const limits = { maxPayload: 100, headers: false };

  it("are told by reason, with their number, and with the first one of each", () => {
    const beyond = [
      message("large.one", 101),
      message("with.headers", 100, true),
      message("large.two", 5_000),
    ];
    expect(beyondFailures(beyond, "a:4222", limits)).toEqual([
      {
        code: "MAX_PAYLOAD_EXCEEDED",
        message:
          'a:4222 accepts at most 100 bytes in a message (max_payload): 2 messages were not sent, the first of 101 bytes to "large.one"',
        messages: 2,
      },
      {
        code: "SERVER_OPT_NA",
        message: 'a:4222 does not know headers: a message of 100 bytes to "with.headers" was not sent',
        messages: 1,
      },
    ]);
  });

  it("of which there are none are not told of", () => {
    expect(beyondFailures([], "a:4222", limits)).toEqual([]);
  });
});
