import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress, splitCredentials, webSocketUrl } from "../../src/machine/server-address.js";

const parsed = (url: string) => {
  const result = parseAddress(url);
  return result.ok ? result.value : result.problem;
};

describe("parseAddress", () => {
  test.each([
    ["ws://a", "a:80", 80, false, "/"],
    ["wss://a", "a:443", 443, true, "/"],
    ["WSS://A:8443/", "a:8443", 8443, true, "/"],
    ["ws://a:8080/nats/one", "a:8080/nats/one", 8080, false, "/nats/one"],
    ["wss://a/über raum/../x", "a:443/x", 443, true, "/x"],
    ["wss://a/über", "a:443/%C3%BCber", 443, true, "/%C3%BCber"],
  ])("reads the WebSocket URL %j", (url, name, port, tls, path) => {
    const transport = { type: "webSocket", tls, path };
    expect(parsed(url)).toEqual({ name, host: "a", port, transport, isAddress: false });
  });

  test.each([
    ["ws://a", "ws://a:80/"],
    ["wss://[::1]:8443/nats", "wss://[::1]:8443/nats"],
    ["wss://a/über", "wss://a:443/%C3%BCber"],
  ])("gives the URL that a WebSocket to %j is opened with", (url, dialed) => {
    const result = parseAddress(url);
    if (!result.ok) throw new Error(result.problem);
    expect(webSocketUrl(result.value)).toBe(dialed);
  });

  test.each([
    ["localhost", "localhost:4222", "localhost", 4222],
    ["localhost:4333", "localhost:4333", "localhost", 4333],
    ["nats://demo.nats.io", "demo.nats.io:4222", "demo.nats.io", 4222],
    ["tcp://demo.nats.io", "demo.nats.io:4222", "demo.nats.io", 4222],
    ["TCP://a:1", "a:1", "a", 1],
    ["NATS://Demo.NATS.io:1", "demo.nats.io:1", "demo.nats.io", 1],
    ["nats://demo.nats.io:4222/", "demo.nats.io:4222", "demo.nats.io", 4222],
    ["  a:65535\n", "a:65535", "a", 65_535],
    ["10.0.0.1.nip.io", "10.0.0.1.nip.io:4222", "10.0.0.1.nip.io", 4222],
    ["under_score.local", "under_score.local:4222", "under_score.local", 4222],
    ["bücher.example", "xn--bcher-kva.example:4222", "xn--bcher-kva.example", 4222],
  ])("reads %j", (url, name, host, port) => {
    expect(parsed(url)).toEqual({
      name,
      host,
      port,
      transport: { type: "tcp", tls: false },
      isAddress: false,
    });
  });

  test("reads the scheme tls://", () => {
    expect(parsed("tls://a:1")).toMatchObject({ name: "a:1", transport: { type: "tcp", tls: true } });
  });

  test.each([
    ["127.0.0.1", "127.0.0.1:4222", "127.0.0.1"],
    ["127.0.0.1:1", "127.0.0.1:1", "127.0.0.1"],
    ["[::1]", "[::1]:4222", "::1"],
    ["[::1]:4333", "[::1]:4333", "::1"],
    ["nats://[2001:DB8:0:0:0:0:0:1]:4333", "[2001:db8::1]:4333", "2001:db8::1"],
    ["::1", "[::1]:4222", "::1"],
    ["10.11.12.13", "10.11.12.13:4222", "10.11.12.13"],
    ["::ffff:10.11.12.13", "10.11.12.13:4222", "10.11.12.13"],
    ["[1::ffff:10.0.0.1]", "[1::ffff:a00:1]:4222", "1::ffff:a00:1"],
    ["2001:db8::1", "[2001:db8::1]:4222", "2001:db8::1"],
    ["fe80::1:2", "[fe80::1:2]:4222", "fe80::1:2"],
    ["[::ffff:10.0.0.1]:4222", "10.0.0.1:4222", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1:4222", "10.0.0.1"],
    ["nats://[::FFFF:10.0.0.1]", "10.0.0.1:4222", "10.0.0.1"],
  ])("reads the IP address %s", (url, name, host) => {
    expect(parsed(url)).toMatchObject({ name, host, isAddress: true });
  });

  test.each([
    ["", "no host"],
    ["   ", "no host"],
    [":4222", "no host"],
    ["nats://", "no host"],
    ["a:", "no valid host and port"],
    ["a:b", "no valid host and port"],
    ["a:-1", "no valid host and port"],
    ["a:1:2", "the server URL"],
    ["a:0", "a port that is not between 1 and 65535"],
    ["a:65536", "a port that is not between 1 and 65535"],
    ["a:1234567", "no valid host and port"],
    ["[::1", "no valid host and port"],
    ["[::1]x", "no valid host and port"],
    ["x[::1]", "no valid host and port"],
    ["::1%eth0", "no valid host and port"],
    ["[::ffff:10.0.0.1:2]", "characters that no host name has"],
    ["[1]", "characters that no host name has"],
    ["[::1::2]", "characters that no host name has"],
    ["wsss://a", "the scheme wsss://"],
    ["constructor://a", "the scheme constructor://"],
    ["ws://a?token=1", "a path, a query or a fragment"],
    ["wss://a/nats#x", "a path, a query or a fragment"],
    ["wss://a/b@c", "credentials in a place where they are not allowed"],
    ["ws://", "no host"],
    ["http://a", "the scheme http://"],
    ["nats://a/path", "a path, a query or a fragment"],
    ["nats://a?tls=1", "a path, a query or a fragment"],
    ["nats://a#x", "a path, a query or a fragment"],
    ["a b", "characters that no host name has"],
    ["a\r\nPUB x 0", "characters that no host name has"],
    ["a,b", "characters that no host name has"],
    ["tls:/a", "begins with a scheme that is not followed by ://"],
    ["tls:a:b@c", "begins with a scheme that is not followed by ://"],
    ["TLS//a", "begins with a scheme that is not followed by ://"],
    ["tls;//a", "begins with a scheme that is not followed by ://"],
    ["tls ://a", "begins with a scheme that is not followed by ://"],
    ["wss:\\\\a", "begins with a scheme that is not followed by ://"],
  ])("refuses %j and says why", (url, problem) => {
    const result = parseAddress(url);
    expect(result.ok).toBe(false);
    expect(result.ok || result.problem).toContain(problem);
  });

  test.each([
    ["nats://a/path", "has a path, a query or a fragment"],
    ["http://a", "has the scheme http://"],
    ["nats://user@a", "carries credentials in a place where they are not allowed"],
    ["a:", "has no valid host and port"],
    ["", "has no host"],
    ["a b", "has a host with characters that no host name has"],
    ["a:0", "has a port that is not between 1 and 65535"],
  ])("says what is wrong with %j in one sentence, and what is allowed", (url, problem) => {
    const [says, allowed] = `${parsed(url)}`.split("; ");
    expect(says).toBe(`the server URL ${problem}`);
    expect(allowed).toMatch(/^allowed are host, host:port, \[ipv6\]:port, nats:\/\/host:port/);
  });

  test.each([
    "nats://user:s3cret@host",
    "user:s3cret@host:4222",
    "s3cret@host",
    "nats://user:s3cret@host:99999",
    "nats://user:s3/cret@host",
    "nats://user:s3cret@host/path",
    "nats://host?token=s3cret",
    "http://user:s3cret@host",
    "nats://host#s3cret",
    "host:s3cret",
    "wss://user:s3/cret@host",
    "wss://user:12/s3cret@host",
    "wss://host/path?token=s3cret",
    "wss://host/s3cret@path",
  ])("never quotes a password: %s", (url) => {
    const result = parseAddress(url);
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain("s3");
  });

  const label = "a".repeat(63);
  const longest = `${label}.${label}.${label}.${"a".repeat(61)}`;

  test.each([longest, `${longest}.`, `nats://${longest}:1`, `wss://a/${"a".repeat(2_000)}`])(
    "takes names that are as long as they may be: %s",
    (url) => expect(parseAddress(url).ok).toBe(true),
  );

  test.each([
    [`${longest}a`, "a host name of more than 253 characters"],
    [`${longest}a:4222`, "a host name of more than 253 characters"],
    [`${label}a.b`, "more than 63 between two dots"],
    [`${label}a.b:4222`, "more than 63 between two dots"],
    [`${"ü".repeat(60)}.de`, "more than 63 between two dots"],
    ["é".repeat(900_000), "more than 2048 characters"],
    [`é${".é".repeat(1_000)}`, "a host name of more than 253 characters"],
    [`wss://a/${"a".repeat(2_048)}`, "more than 2048 characters"],
  ])("refuses names that are too long, and says how long they may be (%#)", (url, problem) => {
    expect(parsed(url)).toContain(problem);
  });

  test("reads a plain name and port as it reads the same with a scheme", () => {
    const part = fc.string({ unit: fc.constantFrom(..."ab01xn-_"), maxLength: 5 });
    const octet = fc.oneof(fc.integer({ min: 0, max: 300 }).map(String), fc.constantFrom("0x1", "01", ""));
    const host = fc.oneof(
      fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(".")),
      fc.array(octet, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(".")),
      fc.constantFrom("xn--bcher-kva.example", "xn--a", "a.xn--\u00fc", "a.0x1", "1.a", "a.", "a..b"),
    );
    const port = fc.oneof(fc.integer({ min: 0, max: 70_000 }).map(String), fc.constantFrom("", "01", "1 "));
    fc.assert(
      fc.property(host, port, (name, digits) => {
        expect(parseAddress(`${name}:${digits}`)).toEqual(parseAddress(`nats://${name}:${digits}`));
      }),
      { numRuns: 2_000 },
    );
  });

  test("a name reads back as itself", () => {
    for (const url of ["a", "a:1", "[::1]:9", "::ffff:1.2.3.4", "127.0.0.1", "Bücher.example"]) {
      const first = parseAddress(url);
      expect(first.ok && parseAddress(first.value.name)).toEqual(first);
    }
  });
});

describe("splitCredentials", () => {
  test.each([
    ["nats://a:4222", "nats://a:4222", null],
    ["a", "a", null],
    ["nats://user:pass@a:4222", "nats://a:4222", "user:pass"],
    ["token@a", "a", "token"],
    ["user:tok://en@a", "a", "user:tok://en"],
    ["tls://user:p@ss@a", "tls://a", "user:p@ss"],
    [" nats://us%40er:p%3Ass@[::1]:1 ", "nats://[::1]:1", "us%40er:p%3Ass"],
    ["nats://@a", "nats://a", ""],
    ["wss://user:p@ss@a/nats", "wss://a/nats", "user:p@ss"],
    ["wss://a/n@ts", "wss://a/n@ts", null],
    ["ws://a/n@ts", "ws://a/n@ts", null],
    ["aws://a/n@ts", "aws://ts", "a/n"],
  ])("splits %j", (url, rest, credentials) => {
    expect(splitCredentials(url)).toEqual({ url: rest, credentials });
  });
});
