// Every error of ours as nats-core's: its class, its cause, and what the packages on nats-core read from it.

import { inspect } from "node:util";
import {
  errors,
  type NoRespondersError,
  type PermissionViolationError,
  RequestError,
} from "@nats-io/nats-core";
import { describe, expect, it } from "vitest";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import { coreError, requestError, translated } from "../../src/nats-core/errors.js";

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

const className = (error: unknown) => (error as Error).constructor.name;

/** The class for each code; the others are ConnectionErrors. */
const classes: Readonly<Record<string, string>> = {
  [ErrorCode.ConnectionClosed]: "ClosedConnectionError",
  [ErrorCode.ConnectionDraining]: "DrainingConnectionError",
  [ErrorCode.Timeout]: "TimeoutError",
  [ErrorCode.NoResponders]: "NoRespondersError",
  [ErrorCode.BadSubject]: "InvalidSubjectError",
  [ErrorCode.PermissionsViolation]: "PermissionViolationError",
  [ErrorCode.AuthorizationViolation]: "AuthorizationError",
  [ErrorCode.AuthenticationTimeout]: "AuthorizationError",
  [ErrorCode.AccountExpired]: "AuthorizationError",
  [ErrorCode.AuthenticationExpired]: "UserAuthenticationExpiredError",
  [ErrorCode.ProtocolError]: "ProtocolError",
  [ErrorCode.ApiError]: "InvalidOperationError",
  [ErrorCode.SubClosed]: "InvalidOperationError",
  [ErrorCode.SubDraining]: "InvalidOperationError",
  [ErrorCode.BadHeader]: "InvalidArgumentError",
  [ErrorCode.BadPayload]: "InvalidArgumentError",
  [ErrorCode.InvalidPayload]: "InvalidArgumentError",
  [ErrorCode.MaxPayloadExceeded]: "InvalidArgumentError",
  [ErrorCode.InvalidOption]: "InvalidArgumentError",
  [ErrorCode.NotFunction]: "InvalidArgumentError",
  [ErrorCode.RequestError]: "RequestError",
  [ErrorCode.Cancelled]: "RequestError",
};

describe("an error of ours as nats-core's", () => {
  it.each([...new Set(Object.values(ErrorCode))])(
    "has a class of nats-core for %s, and ours as its cause",
    (code) => {
      const own = NatsError.errorForCode(code);
      const error = coreError(own, "a.b");
      expect(className(error)).toBe(classes[code] ?? "ConnectionError");
      expect(Object.values(errors)).toContain(error.constructor);
      expect(error.cause).toBe(own);
    },
  );

  it("keeps what was said, where its class has no sentence of its own that fits", () => {
    for (const code of [
      ErrorCode.ReconnectBufferExceeded,
      ErrorCode.BadSubject,
      ErrorCode.ConnectionClosed,
    ]) {
      expect(coreError(new NatsError("what was said", code), "a").message).toBe("what was said");
    }
  });

  it.each([...new Set(Object.values(ErrorCode))])("shows its cause once where it is printed: %s", (code) => {
    const cause = Object.assign(new Error("what the system said"), { code: "ECONNRESET" });
    const own = new NatsError("what was said", code, cause);
    for (const error of [coreError(own, "a.b"), requestError(own, "a.b")]) {
      expect(Object.keys(error)).not.toContain("cause");
      expect(Object.keys(error)).not.toContain("message");
      expect(inspect(error, { depth: 10 }).split("what the system said")).toHaveLength(2);
    }
  });

  it("is printed with what was said", () => {
    for (const code of [ErrorCode.BadSubject, ErrorCode.ConnectionClosed, ErrorCode.ConnectionDraining]) {
      const error = coreError(new NatsError("what was said, for $& dollars", code), "a b");
      expect(error.stack).toContain("what was said, for $& dollars\n    at ");
    }
  });

  it("names no subject where nobody says which", () => {
    const responders = NatsError.errorForCode(ErrorCode.NoResponders);
    const fails = () => {
      throw responders;
    };
    const made = [coreError(responders), requestError(responders).cause, thrownBy(() => translated(fails))];
    expect(made.map((error) => (error as NoRespondersError).subject)).toEqual(["", "", ""]);
    const permission = coreError(new NatsError("no", ErrorCode.PermissionsViolation));
    expect(permission).toMatchObject({ operation: "publish", subject: "", queue: undefined });
  });

  it("has fields that can be written, as any error has", () => {
    const flags = (error: Error) => {
      const { value: _, ...rest } = Object.getOwnPropertyDescriptor(error, "message") ?? {};
      return rest;
    };
    for (const code of [ErrorCode.BadSubject, ErrorCode.ConnectionClosed])
      expect(flags(coreError(NatsError.errorForCode(code)))).toEqual(flags(new Error("any")));
  });

  it("tells what was not permitted", () => {
    const own = new NatsError("no", ErrorCode.PermissionsViolation);
    own.permissionContext = { operation: "subscription", subject: "s", queue: "q" };
    const { operation, subject, queue } = coreError(own) as PermissionViolationError;
    expect({ operation, subject, queue }).toEqual({ operation: "subscription", subject: "s", queue: "q" });
    own.permissionContext = { operation: "publish", subject: "p" };
    expect(coreError(own)).toMatchObject({ operation: "publish", subject: "p", queue: undefined });
  });

  it("leaves what is no error of ours as it is", () => {
    const other = new TypeError("x is not a function");
    expect(coreError(other)).toBe(other);
    expect(requestError(other)).toBe(other);
    expect(coreError("text")).toEqual(new Error("text"));
    const named = Object.assign(new Error("of that name, without a code"), { name: "NatsError" });
    expect(coreError(named)).toBe(named);
    expect(coreError(Object.assign(new Error("refused"), { code: "ECONNREFUSED" })).constructor).toBe(Error);
  });

  it("recognizes an error of another copy of this package", () => {
    const copy = Object.assign(new Error("late"), { name: "NatsError", code: ErrorCode.Timeout });
    expect(className(coreError(copy))).toBe("TimeoutError");
  });
});

describe("what ends a request under way", () => {
  it("is a RequestError for a missing responder, which the packages ask for by name", () => {
    const error = requestError(NatsError.errorForCode(ErrorCode.NoResponders), "a.b") as RequestError;
    expect(error).toBeInstanceOf(RequestError);
    expect(error.isNoResponders()).toBe(true);
    expect((error.cause as NoRespondersError).subject).toBe("a.b");
  });

  it.each([ErrorCode.PermissionsViolation, ErrorCode.ConnectionClosed, ErrorCode.Disconnect])(
    "is a RequestError for %s, with the reason as its cause",
    (code) => {
      const error = requestError(NatsError.errorForCode(code)) as RequestError;
      expect(error).toBeInstanceOf(RequestError);
      expect(error.isNoResponders()).toBe(false);
      expect(className(error.cause)).toBe(classes[code] ?? "ConnectionError");
    },
  );

  it.each([ErrorCode.Timeout, ErrorCode.ConnectionDraining, ErrorCode.MaxPayloadExceeded])(
    "is the error itself for %s",
    (code) => {
      expect(className(requestError(NatsError.errorForCode(code)))).toBe(classes[code]);
    },
  );
});

describe("translated", () => {
  it("gives what comes back, or throws nats-core's error", () => {
    expect(translated(() => 7)).toBe(7);
    const fails = () => {
      throw NatsError.errorForCode(ErrorCode.BadSubject);
    };
    expect(() => translated(fails, "a b")).toThrow(errors.InvalidSubjectError);
  });
});
