// From arguments and environment to options of the client: which counts before which, and what is refused.

import { closeSync, existsSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Authenticator, credsAuthenticator } from "../../src/api/authenticators.js";
import { UsageError } from "../../src/cli/command.js";
import { endOf, type Given, readConnection } from "../../src/cli/connection-options.js";
import { scratchFile } from "../harness/certificates.js";
import { Operator } from "../harness/operator.js";

const creds = scratchFile("me.creds", new Operator().account("A").user().creds);
const wanted = (given: Given, env: Record<string, string> = {}, positionals: readonly string[] = []) =>
  readConnection(given, positionals, env);

describe("the servers", () => {
  it("are those of the command line, else of NATS_URL, else the one of this machine", () => {
    expect(wanted({}, { NATS_URL: "b:1" }, ["a:1"]).servers).toEqual(["a:1"]);
    expect(wanted({}, { NATS_URL: "b:1,c:2" }).servers).toEqual(["b:1", "c:2"]);
    for (const url of ["", ","]) expect(wanted({}, { NATS_URL: url }).servers).toEqual(["127.0.0.1:4222"]);
    expect(wanted({}, {}, ["a:1,b:2", "c:3"]).servers).toEqual(["a:1", "b:2", "c:3"]);
    expect(wanted({}, {}, ["a:1, ,b:2,"]).servers).toEqual(["a:1", "b:2"]);
  });

  it.each([[[""]], [["a:1", " , "]]])("are refused where one is empty: %j", (positionals) => {
    expect(() => wanted({}, { NATS_URL: "b:1" }, positionals)).toThrow(UsageError);
    expect(() => wanted({}, {}, positionals)).toThrow("a SERVER is empty");
  });

  it("are refused where one is none, without a word of options of the client", () => {
    expect(() => wanted({}, {}, ["http://me:s3cret@a"])).toThrow(UsageError);
    expect(() => wanted({}, {}, ["http://me:s3cret@a"])).toThrow(/^(?!.*(option|s3cret)).*http/);
  });
});

describe("the credentials", () => {
  const environment = { NATS_CREDS: creds, NATS_USER: "env", NATS_PASSWORD: "envpass", NATS_TOKEN: "token" };

  it.each<[string, Given, Record<string, string>, string]>([
    ["none", {}, {}, "none"],
    ["--creds", { creds }, { NATS_USER: "env" }, "creds"],
    ["--user", { user: "me" }, environment, "user"],
    ["NATS_CREDS first", {}, environment, "creds"],
    ["then NATS_USER", {}, { NATS_USER: "env", NATS_TOKEN: "token" }, "user"],
    ["then NATS_TOKEN", {}, { NATS_TOKEN: "token" }, "token"],
  ])("are, in the order of their weight: %s", (_what, given, env, kind) => {
    expect(wanted(given, env).credentialsFor("a:1")).toBe(kind);
    expect(wanted(given, env).credentialsFor("nats://x:y@a:1")).toBe("url");
  });

  it("are of one kind only", () => {
    const { options } = wanted({ user: "me" }, environment);
    expect(options).toMatchObject({ user: "me", pass: "envpass" });
    expect(options.token ?? options.authenticator).toBeUndefined();
    expect(wanted({}, { NATS_TOKEN: "token" }).options).toMatchObject({ token: "token" });
    expect(wanted({ password: "other" }, { NATS_USER: "env" }).options).toMatchObject({
      user: "env",
      pass: "other",
    });
    expect(wanted({ user: "me", password: "mine" }, environment).options).toMatchObject({ pass: "mine" });
    expect(wanted({ password: "other" }, environment).options).toMatchObject({ user: "env", pass: "other" });
    expect(wanted({ user: "me" }).options).not.toHaveProperty("pass");
    expect(wanted({}, { NATS_USER: "env", NATS_PASSWORD: "envpass" }).options).toMatchObject({
      user: "env",
      pass: "envpass",
    });
    expect(wanted({ password: "" }, { NATS_USER: "env" }).options).toMatchObject({ pass: "" });
    expect(() => wanted({ user: "me", creds })).toThrow("give --creds or --user, not both");
    expect(() => wanted({ password: "mine" })).toThrow("--password needs --user");
    expect(() => wanted({ password: "mine" }, { NATS_USER: "" })).toThrow(UsageError);
  });

  it("are not those of a variable that is empty", () => {
    const empty = { NATS_CREDS: "", NATS_USER: "", NATS_PASSWORD: "", NATS_TOKEN: "" };
    expect(wanted({}, empty).credentialsFor("a:1")).toBe("none");
    expect(wanted({}, empty).options).toStrictEqual({ timeout: 5_000 });
    expect(wanted({ user: "me" }, empty).options).toStrictEqual({ user: "me", timeout: 5_000 });
    expect(wanted({}, { ...empty, NATS_USER: "env" }).options).toStrictEqual({ user: "env", timeout: 5_000 });
    expect(wanted({}, { ...empty, NATS_CREDS: creds }).credentialsFor("a:1")).toBe("creds");
    expect(wanted({}, { ...empty, NATS_TOKEN: "t" }).options).toStrictEqual({ token: "t", timeout: 5_000 });
  });

  it("of a file tell when they end", () => {
    const { creds: ending } = new Operator().account("A").user({ expiresIn: 3_600_000 });
    const [, claims = ""] = /\.([\w-]+)\./.exec(new TextDecoder().decode(ending)) ?? [];
    const { exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { readonly exp: number };
    const end = exp * 1_000;
    expect(endOf(ending)).toBe(end);
    expect(endOf(new Operator().account("A").user().creds)).toBeNull();
    expect(endOf(Buffer.from("nothing"))).toBeNull();
    const told = (payload: unknown) => {
      const inner = Buffer.from(JSON.stringify(payload)).toString("base64url");
      return endOf(Buffer.from(`-----BEGIN-----\n  head.${inner}.tail  \nmore.x.y\n`));
    };
    expect([
      told({ exp: 7 }),
      told({ exp: 0 }),
      told({ exp: -1 }),
      told({ exp: "7" }),
      told({}),
      told(null),
    ]).toEqual([7_000, null, null, null, null, null]);
    expect(wanted({ user: "me" }).credentialsEnd).toBeNull();
    expect(endOf(Buffer.from("a.bm90IEpTT04.c\n"))).toBeNull();
    // Lines without a JWT are looked at once, each by itself.
    expect(endOf(Buffer.from(`${"\n".repeat(200_000)}${"a".repeat(200_000)}\n.b.c`))).toBeNull();
    expect(wanted({ creds }).credentialsEnd).toBeNull();
    expect(wanted({ creds: scratchFile("ending.creds", ending) }).credentialsEnd).toBe(end);
  });
});

/** The descriptor that the system gives next: the lowest one that is free. */
function nextDescriptor(): number {
  const descriptor = openSync(creds, "r");
  closeSync(descriptor);
  return descriptor;
}

describe("a file of credentials", () => {
  it("is read anew at each attempt, so that renewed credentials are used, and closed again", () => {
    const [old, renewed] = ["old", "renewed"].map(() => new Operator().account("A").user().creds) as [
      Uint8Array,
      Uint8Array,
    ];
    const path = scratchFile("renewed.creds", old);
    const authenticator = wanted({ creds: path }).options.authenticator as Authenticator;
    const free = nextDescriptor();
    expect(authenticator("nonce")).toEqual(credsAuthenticator(old)("nonce"));
    writeFileSync(path, renewed);
    expect(authenticator("nonce")).toEqual(credsAuthenticator(renewed)("nonce"));
    expect(nextDescriptor()).toBe(free);
  });

  it.each([
    ["that is too large", scratchFile("large.creds", Buffer.alloc(65_537, 45))],
    ["without an end", "/dev/zero"],
  ])("%s is refused", (_what, path) => {
    expect(() => wanted({ creds: path })).toThrow(UsageError);
    expect(() => wanted({ creds: path })).toThrow(
      "--creds: the file has more than 65536 bytes: it holds no credentials",
    );
  });

  it("that is a folder, or is not there, is refused", () => {
    expect(() => wanted({ creds: "/" })).toThrow("--creds: the file cannot be read (EISDIR)");
    expect(() => wanted({ creds: "/nowhere" })).toThrow("--creds: the file cannot be read (ENOENT)");
    expect(() => wanted({ "tls-ca": "/" })).toThrow("--tls-ca: the file cannot be read (EISDIR)");
    expect(() => wanted({ "tls-cert": "/nowhere" })).toThrow("--tls-cert: the file cannot be read (ENOENT)");
    expect(() => wanted({ "tls-key": "/nowhere" })).toThrow("--tls-key: the file cannot be read (ENOENT)");
  });

  it("may be as large as 65536 bytes", () => {
    expect(wanted({ creds: scratchFile("full.creds", Buffer.alloc(65_536, 45)) }).credentialsFor("a")).toBe(
      "creds",
    );
  });

  it("is read anew for each attempt, so that renewed credentials are used", () => {
    const operator = new Operator().account("A");
    const path = scratchFile("renewed.creds", operator.user().creds);
    const { authenticator } = wanted({ creds: path }).options;
    const [authenticate] = [authenticator].flat();
    const jwt = () => (authenticate?.("nonce") as { readonly jwt?: string } | undefined)?.jwt;
    const first = jwt();
    writeFileSync(path, operator.user().creds);
    expect(first).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(jwt()).not.toBe(first);
  });

  it.skipIf(!existsSync("/proc/self/fd"))("is closed again", () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const before = open();
    for (let n = 0; n < 10; n++) wanted({ creds, "tls-ca": creds });
    expect(open()).toBeLessThan(before + 10);
  });
});

describe("TLS", () => {
  it.each<[string, Given, Record<string, string>, unknown]>([
    ["left to the server", {}, {}, undefined],
    ["insisted on", { tls: true }, {}, {}],
    ["insisted on by a file", { "tls-ca": creds }, {}, { caFile: creds }],
    ["insisted on by a file of the environment", {}, { NATS_CA: creds }, { caFile: creds }],
    ["before all else", { "tls-first": true }, {}, { handshakeFirst: true }],
    [
      "before all else, by a file",
      { "tls-first": true, "tls-ca": creds },
      {},
      { caFile: creds, handshakeFirst: true },
    ],
    [
      "left to the server where a variable is empty",
      {},
      { NATS_CA: "", NATS_CERT: "", NATS_KEY: "" },
      undefined,
    ],
    [
      "what the environment says",
      {},
      { NATS_CERT: creds, NATS_KEY: creds },
      { certFile: creds, keyFile: creds },
    ],
    ["not forbidden by what is not so", { "no-tls": false, tls: false, "tls-first": false }, {}, undefined],
    ["forbidden", { "no-tls": true }, {}, null],
    ["forbidden, whatever the environment says", { "no-tls": true }, { NATS_CA: creds }, null],
    [
      "with a certificate",
      { "tls-cert": creds, "tls-key": creds },
      { NATS_CERT: "/nowhere", NATS_KEY: "/nowhere" },
      { certFile: creds, keyFile: creds },
    ],
  ])("is %s", (_what, given, env, tls) => {
    const { options } = wanted(given, env);
    expect(options.tls).toEqual(tls);
    expect(Object.hasOwn(options, "tls")).toBe(tls !== undefined);
  });

  it.each<[Given, string]>([
    [{ tls: true }, "--tls"],
    [{ "tls-first": true }, "--tls-first"],
    [{ "tls-ca": creds }, "--tls-ca"],
    [{ "tls-cert": creds }, "--tls-cert"],
    [{ "tls-key": creds }, "--tls-key"],
  ])("is not both forbidden and asked for by %j", (given, option) => {
    const refused = () => wanted({ ...given, "no-tls": true });
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(`--no-tls and ${option} exclude each other`);
  });

  it("names the variable whose file cannot be read", () => {
    expect(() => wanted({}, { NATS_CA: "/nowhere" })).toThrow("NATS_CA: the file cannot be read (ENOENT)");
    expect(() => wanted({}, { NATS_CREDS: "/nowhere" })).toThrow(UsageError);
  });
});

describe("the timeout", () => {
  it("is five seconds unless another is given", () => {
    expect(wanted({}).options.timeout).toBe(5_000);
    for (const ms of [1, 250, 2_147_483_647]) expect(wanted({ timeout: `${ms}` }).options.timeout).toBe(ms);
    for (const timeout of ["", "0", "-1", "1.5", "1s", "2147483648", "3000000000"]) {
      expect(() => wanted({ timeout })).toThrow(
        "--timeout must be a whole number of milliseconds, from 1 to",
      );
    }
  });
});
