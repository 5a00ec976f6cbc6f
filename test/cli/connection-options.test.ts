// From arguments and environment to options of the client: which counts before which, and what is refused.

import { describe, expect, it } from "vitest";
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
    expect(wanted({ user: "me" }).options).not.toHaveProperty("pass");
  });

  it("of a file tell when they end", () => {
    const { creds: ending } = new Operator().account("A").user({ expiresIn: 3_600_000 });
    const [, claims = ""] = /\.([\w-]+)\./.exec(new TextDecoder().decode(ending)) ?? [];
    const { exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { readonly exp: number };
    const end = exp * 1_000;
    expect(endOf(ending)).toBe(end);
    expect(endOf(new Operator().account("A").user().creds)).toBeNull();
    expect(endOf(Buffer.from("nothing"))).toBeNull();
    expect(endOf(Buffer.from("a.bm90IEpTT04.c\n"))).toBeNull();
    // Lines without a JWT are looked at once, each by itself.
    expect(endOf(Buffer.from(`${"\n".repeat(200_000)}${"a".repeat(200_000)}\n.b.c`))).toBeNull();
    expect(wanted({ creds }).credentialsEnd).toBeNull();
    expect(wanted({ creds: scratchFile("ending.creds", ending) }).credentialsEnd).toBe(end);
  });
});

describe("a file of credentials", () => {
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
  });
});

describe("TLS", () => {
  it.each<[string, Given, Record<string, string>, unknown]>([
    ["left to the server", {}, {}, undefined],
    ["insisted on", { tls: true }, {}, {}],
    ["insisted on by a file", { "tls-ca": creds }, {}, { caFile: creds }],
    ["insisted on by a file of the environment", {}, { NATS_CA: creds }, { caFile: creds }],
    ["before all else", { "tls-first": true }, {}, { handshakeFirst: true }],
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

  it("names the variable whose file cannot be read", () => {
    expect(() => wanted({}, { NATS_CA: "/nowhere" })).toThrow("NATS_CA: the file cannot be read (ENOENT)");
    expect(() => wanted({}, { NATS_CREDS: "/nowhere" })).toThrow(UsageError);
  });
});

describe("the timeout", () => {
  it("is five seconds unless another is given", () => {
    expect(wanted({}).options.timeout).toBe(5_000);
    expect(wanted({ timeout: "250" }).options.timeout).toBe(250);
    for (const timeout of ["", "0", "-1", "1.5", "1s", "3000000000"]) {
      expect(() => wanted({ timeout })).toThrow("--timeout must be");
    }
  });
});
