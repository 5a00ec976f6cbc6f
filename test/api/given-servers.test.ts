// What a user gives to `setServers`: URLs, and servers of the pool as `getServers` shows them, which stay what they are. And how
// those are shown: never with a secret. What a connection makes of it: set-servers.test.ts.

import { describe, expect, it } from "vitest";
import { isGivenServer, readGivenServers } from "../../src/api/configured-servers.js";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import { type Server, serversFrom } from "../../src/api/server.js";
import type { Servers } from "../../src/machine/server-pool.js";
import { saidBy } from "../harness/texts.js";
import { knowing, learning, serversOf } from "../machine/servers.js";

/** Of these origins, the URLs have credentials. */
const offered = (...origins: readonly string[]) => {
  const all = new Set(origins);
  return (origin: string) => all.has(origin);
};
const shown = (servers: Servers, ...origins: readonly string[]) => serversFrom(servers, offered(...origins));
const read = (given: readonly (string | Server)[], servers: Servers) => {
  const { named, kept, urls } = readGivenServers(given, servers);
  return { named: named.map(({ url, auth }) => [url, auth]), kept: kept.map(({ name }) => name), urls };
};
function refusal(run: () => unknown): NatsError {
  try {
    run();
  } catch (error) {
    if (error instanceof NatsError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const cluster = learning(serversOf("a", "tls://b", "wss://c/x"), ["d", "10.0.0.5"], { by: "b:4222" });

describe("the servers that are shown", () => {
  const sources = (servers: Servers, ...origins: readonly string[]) =>
    shown(servers, ...origins).map(({ src }) => src);

  it("have their scheme in src where it is not the usual one, and that of the origin where they were learnt", () => {
    expect(sources(serversOf("a", "nats://b", "tcp://c", "[fd00::1]"))).toEqual([
      "a:4222",
      "b:4222",
      "c:4222",
      "[fd00::1]:4222",
    ]);
    const mixed = learning(serversOf("tls://a", "wss://b/x"), ["c"], { by: "a:4222" });
    expect(sources(learning(mixed, ["d:443"], { by: "b:443/x" }))).toEqual([
      "tls://a:4222",
      "wss://b:443/x",
      "tls://c:4222",
      "wss://d:443/",
    ]);
    expect(sources(serversOf("ws://[fd00::1]:80"))).toEqual(["ws://[fd00::1]:80/"]);
  });

  it("have *** where the URL of their origin has credentials, and those that were learnt from it, too", () => {
    expect(sources(cluster, "a:4222", "b:4222", "c:443/x")).toEqual([
      "tls://***@a:4222",
      "tls://***@b:4222",
      "wss://***@c:443/x",
      "tls://***@d:4222",
      "tls://***@10.0.0.5:4222",
    ]);
    expect(sources(serversOf("a", "b"), "b:4222")).toEqual(["a:4222", "nats://***@b:4222"]);
  });

  it("say what else is known of them", () => {
    const known = knowing(cluster, "10.0.0.5:4222", { failures: 2, lastAttemptAt: 7, didConnect: true });
    const [a, , , , last] = shown(known);
    expect(last).toEqual({
      hostname: "10.0.0.5",
      port: 4222,
      listen: "10.0.0.5:4222",
      src: "tls://10.0.0.5:4222",
      tlsName: "b",
      reconnects: 2,
      lastConnect: 7,
      gossiped: true,
      didConnect: true,
    });
    expect(a).toMatchObject({ tlsName: "", lastConnect: 0, gossiped: false, didConnect: false });
  });
});

describe("a list that is given", () => {
  it("of URLs names servers, with the credentials of the URLs; none is kept, although the pool knows it", () => {
    expect(read(["nats://me:s3cret@a", "t0ken@x", "wss://y/z"], cluster)).toEqual({
      named: [
        ["nats://a", { user: "me", pass: "s3cret" }],
        ["x", { auth_token: "t0ken" }],
        ["wss://y/z", undefined],
      ],
      kept: [],
      urls: ["nats://a", "x", "wss://y/z"],
    });
  });

  it("of servers keeps them: all that there are, in the order given", () => {
    const servers = [...shown(cluster, "b:4222")].reverse();
    expect(read(servers, cluster)).toEqual({
      named: [],
      kept: ["10.0.0.5:4222", "d:4222", "c:443/x", "b:4222", "a:4222"],
      urls: ["tls://10.0.0.5:4222", "tls://d:4222", "wss://c:443/x", "tls://b:4222", "tls://a:4222"],
    });
  });

  it("of servers keeps the very entries of the pool", () => {
    const { kept } = readGivenServers(shown(cluster), cluster);
    expect(kept).toEqual(cluster.pool);
    for (const server of kept) expect(cluster.pool).toContain(server);
  });

  it("of their src keeps those with masked credentials, and takes the others for the URLs that they are", () => {
    const sources = shown(cluster, "b:4222").map(({ src }) => src);
    expect(read(sources, cluster)).toEqual({
      named: [
        ["tls://a:4222", undefined],
        ["wss://c:443/x", undefined],
      ],
      kept: ["b:4222", "d:4222", "10.0.0.5:4222"],
      urls: ["tls://a:4222", "tls://b:4222", "wss://c:443/x", "tls://d:4222", "tls://10.0.0.5:4222"],
    });
  });

  it("may mix them with URLs", () => {
    const [, b] = shown(cluster, "b:4222");
    if (b === undefined) throw new Error("there is no b");
    expect(read(["nats://x", b, "tls://***@d:4222"], cluster)).toEqual({
      named: [["nats://x", undefined]],
      kept: ["b:4222", "d:4222"],
      urls: ["nats://x", "tls://b:4222", "tls://d:4222"],
    });
  });

  it.each([
    ["before", (b: Server) => ["tls://me:s3cret@b", b]],
    ["after", (b: Server) => [b, "tls://me:s3cret@b"]],
    ["after its src", (b: Server) => [b.src, "tls://me:s3cret@B:4222"]],
  ])("takes a URL that names a kept server once more, %s it, in its place", (_, list) => {
    const [, b] = shown(cluster, "b:4222");
    const { named, kept } = read(list(b as Server), cluster);
    expect(named.map(([, auth]) => auth)).toEqual([{ user: "me", pass: "s3cret" }]);
    expect(kept).toEqual([]);
  });

  it("takes a server in whose src somebody wrote credentials for one that is named anew", () => {
    const [a] = shown(cluster);
    expect(read([{ ...(a as Server), src: "nats://me:s3cret@a:4222" }], cluster)).toEqual({
      named: [["nats://a:4222", { user: "me", pass: "s3cret" }]],
      kept: [],
      urls: ["nats://a:4222"],
    });
  });

  it("takes a server that has left the pool for its URL, where that is all of it", () => {
    const [a] = shown(serversOf("a"));
    expect(read([a as Server], serversOf("b"))).toEqual({
      named: [["a:4222", undefined]],
      kept: [],
      urls: ["a:4222"],
    });
  });

  it.each([
    ["in a string", () => "tls://***@gone:4222"],
    ["in the src of a server", () => shown(serversOf("tls://gone"), "gone:4222")[0] as Server],
    ["of a server that is reached by another transport", () => "ws://***@b:4222"],
    ["without a scheme", () => "***@b:4222"],
  ])("is refused where credentials are masked that nobody knows: %s", (_, given) => {
    expect(refusal(() => read(["x", given()], cluster))).toMatchObject({
      code: ErrorCode.InvalidOption,
      message:
        'the option "servers": ***@ stands for credentials that are not shown. Give them, or to setServers what getServers gave',
    });
  });

  it.each([
    ["http://me:s3cret@x", "has the scheme http://"],
    ["nats://me:s3cret@", "has no host"],
    ["nats:/me:s3cret@x", "begins with a scheme that is not followed by ://"],
    // Not taken for a token.
    ["nats:/***@x", "begins with a scheme that is not followed by ://"],
  ])("is refused where it is wrong, without a word of it: %s", (url, problem) => {
    const error = refusal(() => read([url], cluster));
    expect(error.code).toBe(ErrorCode.InvalidOption);
    expect(error.message).toMatch(/^the option "servers": /);
    expect(error.message).toContain(problem);
    expect(saidBy(error)).not.toContain("s3cret");
  });

  it("takes a password of three stars for masked only where it is all of the credentials", () => {
    expect(read(["nats://***:***@x", "nats://me:***@y"], cluster).named).toEqual([
      ["nats://x", { user: "***", pass: "***" }],
      ["nats://y", { user: "me", pass: "***" }],
    ]);
  });
});

describe("one of a list", () => {
  it.each([
    ["a", true],
    [{ listen: "a:4222", src: "a:4222" }, true],
    [{ listen: "a:4222" }, false],
    [{ src: "a:4222" }, false],
    [{ listen: 1, src: 2 }, false],
    [7, false],
    [null, false],
    [undefined, false],
  ])("may be a URL or a server: %j is %s", (value, expected) => {
    expect(isGivenServer(value)).toBe(expected);
  });
});
