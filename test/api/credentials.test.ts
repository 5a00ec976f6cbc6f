// Which credentials go to which server.

import { describe, expect, it } from "vitest";
import { tokenAuthenticator } from "../../src/api/authenticators.js";
import { configuredServers } from "../../src/api/configured-servers.js";
import { ServerCredentials } from "../../src/api/credentials.js";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import type { ConnectionOptions } from "../../src/api/options.js";

function credentials(options: ConnectionOptions): ServerCredentials {
  const all = new ServerCredentials(options);
  all.add(configuredServers(options));
  return all;
}

describe("the credentials for a server", () => {
  it("are those of the options", () => {
    expect(credentials({ user: "u", pass: "p" }).of("a:4222", undefined)).toEqual({ user: "u", pass: "p" });
    expect(credentials({ token: "t" }).of("a:4222", undefined)).toEqual({ auth_token: "t" });
    expect(credentials({}).of("a:4222", undefined)).toEqual({});
  });

  it("are those of its own URL, whatever the options say", () => {
    const all = credentials({ servers: ["nats://x:y@a", "b"], user: "u", pass: "p" });
    expect(all.of("a:4222", undefined)).toEqual({ user: "x", pass: "y" });
    expect(all.of("b:4222", undefined)).toEqual({ user: "u", pass: "p" });
  });

  it("learnt from the cluster are those of the first URL that has some", () => {
    const all = credentials({ servers: ["b", "nats://x:y@a"] });
    expect(all.of("learnt:4222", undefined)).toEqual({ user: "x", pass: "y" });
    expect(all.of("b:4222", undefined)).toEqual({});
  });

  it("can be added later, with new servers", () => {
    const all = credentials({});
    all.add(configuredServers({ servers: "nats://x:y@new" }));
    expect(all.of("new:4222", undefined)).toEqual({ user: "x", pass: "y" });
  });

  it("are asked for anew each time, with the nonce", () => {
    const nonces: (string | undefined)[] = [];
    const all = credentials({
      authenticator: (nonce) => {
        nonces.push(nonce);
        return { user: `u${nonces.length}` };
      },
    });
    expect(all.of("a:4222", "n1")).toEqual({ user: "u1" });
    expect(all.of("a:4222", undefined)).toEqual({ user: "u2" });
    expect(nonces).toEqual(["n1", undefined]);
  });

  it("may be promised", async () => {
    const all = credentials({ authenticator: async () => ({ user: "u" }) });
    await expect(all.of("a:4222", undefined)).resolves.toEqual({ user: "u" });
  });

  it("that fail give an error of ours, whose cause is the user's, and whose message quotes nothing", async () => {
    const cause = new Error("could not read s3cret");
    const throwing = credentials({
      authenticator: () => {
        throw cause;
      },
    });
    let thrown: unknown;
    try {
      throwing.of("a:4222", undefined);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(NatsError);
    expect(thrown).toMatchObject({ code: ErrorCode.BadAuthentication, cause });
    expect((thrown as Error).message).not.toContain("s3cret");
    const rejecting = credentials({ authenticator: () => Promise.reject(cause) });
    await expect(rejecting.of("a:4222", undefined)).rejects.toMatchObject({
      code: ErrorCode.BadAuthentication,
      cause,
    });
  });

  it("that fail with a NatsError of the user's have its code, and its message only in the cause", async () => {
    const cause = new NatsError("the vault says s3cret", ErrorCode.AuthenticationExpired);
    const all = credentials({ authenticator: () => Promise.reject(cause) });
    const error = await Promise.resolve(all.of("a:4222", undefined)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: ErrorCode.AuthenticationExpired,
      message: "the authenticator failed; the error's cause says why",
      cause,
    });
  });

  it("that cannot be used are an error in words of ours, which say what is wrong", () => {
    const all = credentials({ authenticator: tokenAuthenticator(() => 5 as never) });
    expect(() => all.of("a:4222", undefined)).toThrow(
      "The token cannot be used: it must be a string, not number",
    );
    const odd = credentials({ authenticator: () => ({ pass: 5 }) as never });
    expect(() => odd.of("a:4222", undefined)).toThrow('"pass" must be a string, not number');
  });

  it("are asked for with a signal, of all authenticators in turn until it is aborted", async () => {
    const abort = new AbortController();
    const seen: unknown[] = [];
    const all = credentials({
      authenticator: [
        async (nonce, signal) => void seen.push(["first", nonce, signal]),
        (nonce, signal) => {
          seen.push(["second", nonce, signal]);
          abort.abort();
          return { user: "u" };
        },
        () => void seen.push("third"),
      ],
    });
    const answer = Promise.resolve(all.of("a:4222", "n", abort.signal));
    await expect(answer).rejects.toMatchObject({ cause: { name: "AbortError" } });
    expect(seen).toEqual([
      ["first", "n", abort.signal],
      ["second", "n", abort.signal],
    ]);
  });

  it("that are no object are refused", () => {
    const all = credentials({ authenticator: () => "s3cret" as never });
    expect(() => all.of("a:4222", undefined)).toThrow(/must be an object, not string/);
  });
});
