// What CONNECT says.

import { describe, expect, it } from "vitest";
import { CredentialsVersions, connectCommand } from "../../src/effects/connect-command.js";
import { reachable } from "../api/reachable.js";

const fields = {
  name: undefined,
  verbose: false,
  pedantic: false,
  noEcho: false,
  tls: false,
  version: "1.2.3",
};

function sent(...args: Parameters<typeof connectCommand>): Record<string, unknown> {
  const { text } = connectCommand(...args);
  expect(text).toMatch(/^CONNECT \{.*\}\r\nPING\r\n$/);
  return JSON.parse(text.slice("CONNECT ".length, text.indexOf("\r\n"))) as Record<string, unknown>;
}

describe("CONNECT", () => {
  it("says what the client is, and no more than was asked for", () => {
    expect(sent(fields, false, {})).toEqual({
      protocol: 1,
      lang: "nats-statechart",
      version: "1.2.3",
      verbose: false,
      pedantic: false,
    });
  });

  it("carries options and credentials", () => {
    const all = { ...fields, name: "me", verbose: true, pedantic: true, noEcho: true, tls: true };
    expect(sent(all, true, { user: "u", pass: "p" })).toMatchObject({
      name: "me",
      verbose: true,
      pedantic: true,
      echo: false,
      tls_required: true,
      headers: true,
      no_responders: true,
      user: "u",
      pass: "p",
    });
  });

  it("does not let credentials change what the options say", () => {
    expect(sent(fields, false, { verbose: true, protocol: 9 } as never)).toMatchObject({
      verbose: false,
      protocol: 1,
    });
  });

  it("carries nothing else that an authenticator answers", () => {
    const circle: Record<string, unknown> = { user: "u" };
    circle["self"] = circle;
    circle["toJSON"] = () => ({ user: "another" });
    expect(sent(fields, false, circle)).toMatchObject({ user: "u", protocol: 1 });
  });

  it("stays one line whatever the strings are", () => {
    expect(sent({ ...fields, name: "a\r\nPUB x 0\r\n" }, false, { pass: "\r\n" })).toMatchObject({
      pass: "\r\n",
    });
  });
});

it("is shown with a mask for each field of the credentials, whatever is in them", () => {
  const odd = '\u2028\u2029"\\\r\n}';
  const { text, shown } = connectCommand({ ...fields, name: "n" }, true, {
    user: `u${odd}`,
    pass: `p${odd}`,
    auth_token: undefined,
    jwt: "",
  });
  expect(text).toContain("\u2028");
  expect(shown).toBe(
    `CONNECT {"user":"***","pass":"***","jwt":"***","protocol":1,"lang":"nats-statechart","version":"1.2.3","verbose":false,"pedantic":false,"name":"n","headers":true,"no_responders":true}\r\nPING\r\n`,
  );
});

describe("credentials", () => {
  it("are the same as before unless something but the signature differs", () => {
    const versions = new CredentialsVersions();
    const all = { user: "u", pass: "p", auth_token: "t", nkey: "U1", jwt: "j", sig: "s" };
    const offered = [
      all,
      { ...all, sig: "another" },
      ...Object.keys(all).flatMap((name) => [{ ...all, [name]: "another" }, all]),
    ].map((credentials) => {
      versions.offer("a:4222", credentials);
      return versions.of("a:4222");
    });
    // Each of five fields makes others of them, twice; the signature does not.
    expect(offered).toEqual([1, 1, ...Array.from({ length: 10 }, (_, at) => at + 2), 11, 11]);
  });

  it.each(["user", "pass", "auth_token", "nkey", "jwt"] as const)(
    "count as others where %s alone was renewed, and are remembered with it",
    (renewed) => {
      const versions = new CredentialsVersions();
      const offered = { user: "u", pass: "p", auth_token: "t", nkey: "n", jwt: "j" };
      versions.offer("a:4222", offered);
      versions.offer("a:4222", { ...offered, [renewed]: "another" });
      expect([versions.of("a:4222"), versions.last("a:4222")]).toEqual([
        2,
        { ...offered, [renewed]: "another" },
      ]);
    },
  );

  it("are counted for each server: what another one is offered makes no difference", () => {
    const versions = new CredentialsVersions();
    expect(versions.of("a:4222")).toBe(0);
    versions.offer("a:4222", { user: "a" });
    versions.offer("b:4222", { user: "b" });
    versions.offer("a:4222", { user: "a" });
    expect([versions.of("a:4222"), versions.of("b:4222")]).toEqual([1, 2]);
  });

  it("are remembered for a thousand servers, however many names come and go", () => {
    const versions = new CredentialsVersions();
    versions.offer("first:4222", { user: "u" });
    const before = versions.of("first:4222");
    versions.offer("first:4222", { user: "u" });
    expect(versions.of("first:4222")).toBe(before);
    for (let i = 0; i < 1_000; i++) versions.offer(`s${i}:4222`, { user: "u" });
    expect(versions.of("first:4222")).toBe(0);
    expect(versions.of("s0:4222")).toBeGreaterThan(before);
    versions.offer("first:4222", { user: "u" });
    expect(versions.of("first:4222")).toBeGreaterThan(versions.of("s999:4222"));
  });

  it("are forgotten, but those of the servers that stay; one that comes again counts as offered others", () => {
    const versions = new CredentialsVersions();
    for (const server of ["a:4222", "b:4222", "c:4222"])
      versions.offer(server, { user: "u", pass: "s3cret" });
    versions.keepOnly(["b:4222", "new:4222"]);
    expect(["a:4222", "b:4222", "c:4222", "new:4222"].map((server) => versions.of(server))).toEqual([
      0, 2, 0, 0,
    ]);
    for (const server of ["a:4222", "b:4222"]) versions.offer(server, { user: "u", pass: "s3cret" });
    expect([versions.of("a:4222"), versions.of("b:4222")]).toEqual([4, 2]);
  });

  it("that are forgotten are nowhere in the object any more", () => {
    const versions = new CredentialsVersions();
    versions.offer("a:4222", { pass: "s3cret-a" });
    versions.offer("b:4222", { pass: "s3cret-b" });
    const held = (secret: string) => [...reachable(versions)].some((text) => text.includes(secret));
    expect([held("s3cret-a"), held("s3cret-b")]).toEqual([true, true]);
    versions.keepOnly(["b:4222"]);
    expect([held("s3cret-a"), held("s3cret-b")]).toEqual([false, true]);
  });
});
