// The options of connect: what is allowed, what is said where it is not, and what becomes of them.

import { describe, expect, it } from "vitest";
import { configuredServers } from "../../src/api/configured-servers.js";
import { connect } from "../../src/api/connect-by-web-socket.js";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import { checkOptions } from "../../src/api/option-table.js";
import type { ConnectionOptions } from "../../src/api/options.js";
import { policyOf } from "../../src/api/settings.js";
import { defaultPolicy } from "../../src/machine/reconnect-policy.js";
import { saidBy } from "../harness/texts.js";

function problem(options: unknown): NatsError {
  return refusal(() => checkOptions(options));
}

/** The error of ours that is thrown. */
function refusal(run: () => unknown): NatsError {
  try {
    run();
  } catch (error) {
    if (error instanceof NatsError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("options", () => {
  it.each<[string, unknown]>([
    ["servers", 5],
    ["servers", ["a", 5]],
    ["port", 0],
    ["port", 65_536],
    ["port", "4222"],
    ["user", 5],
    ["pass", {}],
    ["token", true],
    ["user", () => "me"],
    ["pass", () => "s3cret"],
    ["token", () => "s3cret"],
    ["reconnect", "yes"],
    ["maxReconnectAttempts", 1.5],
    ["maxReconnectAttempts", -2],
    ["maxReconnectAttempts", Number.NEGATIVE_INFINITY],
    ["reconnectTimeWait", -1],
    ["reconnectTimeWait", Number.NaN],
    ["reconnectJitter", "1"],
    ["reconnectJitterTLS", Number.POSITIVE_INFINITY],
    ["timeout", 0],
    ["timeout", -1],
    ["pingInterval", 0],
    ["maxPingOut", 0],
    ["name", ""],
    ["name", 5],
    ["verbose", 1],
    ["pedantic", "no"],
    ["tls", true],
    ["tls", []],
    ["ignoreClusterUpdates", 0],
    ["inboxPrefix", 7],
    ["noEcho", 1],
    ["debug", 1],
    ["noRandomize", 1],
    ["waitOnFirstConnect", 1],
    ["ignoreAuthErrorAbort", 1],
    ["noAsyncTraces", 1],
    ["resolve", 1],
    ["reconnectBufferSize", -2],
    ["maxControlLine", 255],
    ["maxControlLine", 4_096.5],
    ["drainTimeout", 0],
    ["onLameDuck", "run"],
    ["signal", {}],
    ["inspect", {}],
  ])("with %s: %j are refused, naming the option", (name, value) => {
    const error = problem({ [name]: value });
    expect(error.code).toBe(ErrorCode.InvalidOption);
    expect(error.message).toContain(`"${name}"`);
  });

  it.each(["a b", "a.*"])(
    "with the inbox prefix %j, which is none, are refused, naming it",
    (inboxPrefix) => {
      const error = problem({ inboxPrefix });
      expect(error.code).toBe(ErrorCode.InvalidOption);
      expect(error.message).toContain("inbox prefix");
    },
  );

  it.each([
    "reconnectTimeWait",
    "reconnectJitter",
    "reconnectJitterTLS",
    "timeout",
    "pingInterval",
    "drainTimeout",
    "tls.timeout",
  ])("with a time as %s that no timer can wait are refused: Node would fire at once", (name) => {
    const [outer = "", inner] = name.split(".");
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 31, "5", Promise.resolve(5)]) {
      const error = problem({ [outer]: inner === undefined ? value : { [inner]: value } });
      expect(error.code).toBe(ErrorCode.InvalidOption);
      expect(error.message).toContain(`"${name}" must be a number of milliseconds, `);
    }
    const longest = 2 ** 31 - 1;
    expect(() =>
      checkOptions({ [outer]: inner === undefined ? longest : { [inner]: longest } }),
    ).not.toThrow();
  });

  it.each(["reconnectDelayHandler", "authenticator", "onStatus", "reconnectToServer"])(
    "with something else than a function as %s are refused as the reference does",
    (name) => {
      expect(problem({ [name]: 5 }).code).toBe(ErrorCode.NotFunction);
    },
  );

  it("with an authenticator in a list that is no function are refused, and named", () => {
    const authenticator = () => ({ user: "u" });
    expect(() => checkOptions({ authenticator: [authenticator, authenticator] })).not.toThrow();
    const { code, message } = problem({ authenticator: [authenticator, 5] });
    expect([code, message.includes('"authenticator"')]).toEqual([ErrorCode.NotFunction, true]);
  });

  it.each([null, 5, "nats://a", []])("that are %j are no options", (options) => {
    expect(problem(options).message).toContain("an object with options");
  });

  it("with servers and port contradict each other", () => {
    expect(problem({ servers: "a", port: 4222 }).message).toContain("exclude each other");
    expect(() => checkOptions({ servers: [], port: 4222 })).not.toThrow();
  });

  it.each([
    [{ pass: "s3cret" }, "is missing"],
    [{ pass: "s3cret", user: undefined, authenticator: () => ({ user: "u" }) }, "is missing"],
    [{ pass: "s3cret", user: "" }, "is empty"],
  ])("with a password and no user are refused, and say what to do: %j", (options, what) => {
    const error = problem(options);
    expect(error).toMatchObject({
      code: ErrorCode.InvalidOption,
      message: `the option "pass" needs "user", which ${what}: give both; a token goes into the option "token"`,
    });
  });

  it.each([
    { user: "u", pass: "p" },
    { user: "u", pass: "" },
    { user: "u" },
    { user: "", pass: "" },
    { pass: undefined },
  ])("with a user and a password, or nothing of them, are taken: %j", (options) => {
    expect(() => checkOptions(options)).not.toThrow();
  });

  it("that are undefined count as not given", () => {
    expect(() => checkOptions({ timeout: undefined, servers: undefined })).not.toThrow();
  });

  it.each([
    [{ certFile: "c" }, "certFile needs the key of that certificate: key or keyFile is missing"],
    [{ cert: "c" }, "cert needs the key of that certificate: key or keyFile is missing"],
    [{ cert: "c", key: undefined }, "cert needs the key of that certificate: key or keyFile is missing"],
    [{ keyFile: "k" }, "keyFile needs the certificate of that key: cert or certFile is missing"],
    [{ key: "k", ca: "a" }, "key needs the certificate of that key: cert or certFile is missing"],
  ])("with half a client certificate are refused, and say which half is missing: %j", (tls, says) => {
    expect(problem({ tls })).toMatchObject({
      code: ErrorCode.InvalidOption,
      message: expect.stringContaining(says),
    });
  });

  it.each([
    {},
    { ca: "a" },
    { cert: "c", keyFile: "k" },
    { certFile: "c", key: "k" },
    { pfx: "p" },
    { pfx: "p", cert: "c" },
    { secureContext: {}, key: "k" },
    { cert: "c", privateKeyIdentifier: "k", privateKeyEngine: "e" },
  ])("with a whole client certificate, or none, are taken: %j", (tls) => {
    expect(() => checkOptions({ tls })).not.toThrow();
  });

  it("never have their value in the error where it could be a secret", () => {
    for (const name of ["user", "pass", "token"]) {
      expect(saidBy(problem({ [name]: 123_456 }))).not.toContain("123456");
    }
  });
});

describe("servers", () => {
  const names = (options: ConnectionOptions) => configuredServers(options).map((server) => server.name);

  it("are 127.0.0.1:4222 where none is given, as in the reference", () => {
    expect(names({})).toEqual(["127.0.0.1:4222"]);
    expect(names({ servers: [] })).toEqual(["127.0.0.1:4222"]);
    expect(names({ servers: "" as never, port: 5 })).toEqual(["127.0.0.1:5"]);
  });

  it.each([
    ["host", "host:4222"],
    ["host:1234", "host:1234"],
    ["nats://host", "host:4222"],
    ["nats://host:1234", "host:1234"],
    ["tls://host:1234", "host:1234"],
    ["tcp://host", "host:4222"],
    ["tcp://host:1234", "host:1234"],
    ["[::1]:4222", "[::1]:4222"],
    ["nats://[::1]", "[::1]:4222"],
    ["::1", "[::1]:4222"],
    ["nats://user:pass@host:1234", "host:1234"],
  ])("may be given as %s", (url, name) => {
    expect(names({ servers: url })).toEqual([name]);
  });

  it("keep the credentials of their URL apart from it, decoded", () => {
    expect(configuredServers({ servers: "nats://al%40ice:s%3Acret@host" })).toEqual([
      { name: "host:4222", url: "nats://host", auth: { user: "al@ice", pass: "s:cret" } },
    ]);
    // As in the Go client: the first colon ends the name.
    expect(configuredServers({ servers: "nats://alice:s:cret@host" })[0]?.auth).toEqual({
      user: "alice",
      pass: "s:cret",
    });
    expect(configuredServers({ servers: "nats://t0ken@host" })[0]?.auth).toEqual({ auth_token: "t0ken" });
  });

  it.each([
    "http://host",
    "host:port",
    "host:0",
    "host:99999",
    "host/path",
    "nats://user:s3cret@",
    "a b",
    "[",
  ])("that are malformed (%s) are refused without being quoted", (url) => {
    const error = refusal(() => configuredServers({ servers: url }));
    expect(error.code).toBe(ErrorCode.InvalidOption);
    expect(error.message).toContain("allowed are");
    expect(saidBy(error)).not.toContain("s3cret");
  });
});

describe("servers, in a browser,", () => {
  it.each(["nats://a", "tcp://a", "tls://a", " TCP://a"])(
    "are refused where they want TCP: %s",
    async (servers) => {
      await expect(connect({ servers })).rejects.toMatchObject({
        code: ErrorCode.InvalidOption,
        message: expect.stringContaining("a browser has no TCP"),
      });
    },
  );
});

describe("options that only Node can heed, in a browser,", () => {
  it("are refused by their names, those that are given", async () => {
    const tls = { caFile: "ca.pem", key: undefined, handshakeFirst: true };
    await expect(connect({ servers: "ws://127.0.0.1:1", tls })).rejects.toMatchObject({
      code: ErrorCode.InvalidOption,
      message:
        "tls.caFile, tls.handshakeFirst: TLS cannot be configured here, the browser does it for wss://; the option is for Node",
    });
    await expect(connect({ servers: "ws://127.0.0.1:1", resolve: true })).rejects.toMatchObject({
      code: ErrorCode.InvalidOption,
      message: 'the option "resolve" is for Node: here the browser looks names up',
    });
  });

  it("are no matter where they are given without a value, or false", async () => {
    const ended = AbortSignal.abort();
    const tls = { key: undefined };
    await expect(
      connect({ servers: "ws://127.0.0.1:1", tls, resolve: false, signal: ended }),
    ).rejects.toMatchObject({ code: ErrorCode.Cancelled });
  });
});

describe("the policy", () => {
  it("is the default one where nothing is given", () => {
    expect(policyOf({})).toEqual(defaultPolicy);
  });

  it("takes every option that steers the chart", () => {
    const policy = policyOf({
      reconnect: false,
      maxReconnectAttempts: 3,
      reconnectTimeWait: 1,
      reconnectJitter: 2,
      reconnectJitterTLS: 3,
      timeout: 4,
      pingInterval: 5,
      maxPingOut: 6,
      drainTimeout: 7,
      waitOnFirstConnect: true,
      ignoreAuthErrorAbort: true,
      ignoreClusterUpdates: true,
      noRandomize: true,
      allowNonTls: true,
      onLameDuck: "migrate",
      reconnectDelayHandler: () => 1,
      reconnectToServer: () => null,
    });
    expect(policy).toEqual({
      reconnect: false,
      maxReconnectAttempts: 3,
      reconnectTimeWait: 1,
      reconnectJitter: 2,
      reconnectJitterTls: 3,
      timeout: 4,
      pingInterval: 5,
      maxPingOut: 6,
      drainTimeout: 7,
      waitOnFirstConnect: true,
      ignoreAuthErrorAbort: true,
      ignoreClusterUpdates: true,
      noRandomize: true,
      allowNonTls: true,
      onLameDuck: "migrate",
      asksForDelay: true,
      asksForServer: true,
      tls: "offered",
    });
  });

  it("takes Infinity for attempts without end", () => {
    expect(() => checkOptions({ maxReconnectAttempts: Number.POSITIVE_INFINITY })).not.toThrow();
    expect(policyOf({ maxReconnectAttempts: Number.POSITIVE_INFINITY }).maxReconnectAttempts).toBe(-1);
  });

  it.each<[ConnectionOptions["tls"], string]>([
    [undefined, "offered"],
    [null, "never"],
    [{}, "required"],
    [{ handshakeFirst: false }, "required"],
    [{ handshakeFirst: true }, "first"],
  ])("with tls: %j uses TLS where it is %s", (tls, expected) => {
    expect(policyOf(tls === undefined ? {} : { tls }).tls).toBe(expected);
  });

  it("holds nothing but plain values: no secret, no function", () => {
    const options = { user: "al1ce", pass: "s3cret", token: "t0ken", reconnectDelayHandler: () => 1 };
    const policy = policyOf(options);
    expect(JSON.parse(JSON.stringify(policy))).toEqual(policy);
    expect(JSON.stringify(policy)).not.toMatch(/al1ce|s3cret|t0ken/);
  });
});
