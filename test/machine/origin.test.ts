// Origins: what the URL at the end of the chain decides for the servers that are known by way of it. Which of them stay in the
// pool: server-pool.test.ts. What a connection makes of it: demanding-tls.test.ts.

import { describe, expect, test } from "vitest";
import {
  type Destination,
  findOrigin,
  type Origin,
  originFor,
  originId,
  originsOf,
  spoke,
} from "../../src/machine/origin.js";
import { defaultPolicy } from "../../src/machine/reconnect-policy.js";
import { replacePool, type Servers } from "../../src/machine/server-pool.js";
import { address, learning, reaching, serverIn, serversOf } from "./servers.js";

/** Learnt from that server, inside TLS or not, and how the last of them is reached. */
const learnt = (url: string, named: string, secured: boolean): Destination => {
  const by = address(url).name;
  return reaching(learning(serversOf(url), [named], { by, secured }), address(named).name);
};
const list = (
  servers: Servers,
  urls: readonly string[],
  kept: readonly string[] = [],
  number = 1,
): Servers => {
  const { pool, origins } = replacePool(
    servers,
    { addresses: urls.map(address), kept, list: number, spokeTls: [] },
    true,
    1,
  );
  return { pool, origins };
};

describe("a configured server", () => {
  test("is its own origin, goes by its own name, and is reached as its URL says", () => {
    expect(reaching(serversOf("tls://a"), "a:4222")).toEqual({
      name: "a:4222",
      host: "a",
      port: 4222,
      tlsName: null,
      otherTlsName: null,
      transport: { type: "tcp", tls: true },
      origin: "a:4222",
      tls: "url",
    });
    expect(reaching(serversOf("ws://[fd00::1]/x"), "[fd00::1]:80/x")).toEqual({
      name: "[fd00::1]:80/x",
      host: "fd00::1",
      port: 80,
      tlsName: null,
      otherTlsName: null,
      transport: { type: "webSocket", tls: false, path: "/x" },
      origin: "[fd00::1]:80/x",
      tls: null,
    });
  });

  test("keeps its own name and path also where another one of the pool names it", () => {
    const servers = learning(serversOf("wss://a/x", "wss://b/y"), ["b:443/y", "b:443"], { by: "a:443/x" });
    expect(reaching(servers, "b:443/y")).toMatchObject({
      tlsName: null,
      otherTlsName: null,
      transport: { path: "/y" },
      origin: "b:443/y",
    });
  });
});

describe("the ids of origins", () => {
  test("are the names of the servers, with the number of the list where that is not the first", () => {
    expect(originId("a:4222", 0)).toBe("a:4222");
    expect(originId("a:4222", 3)).toBe("a:4222#3");
    const ids = (number: number) => originsOf(["a", "ws://b/x"].map(address), number).map(({ id }) => id);
    expect(ids(0)).toEqual(["a:4222", "b:80/x"]);
    expect(ids(2)).toEqual(["a:4222#2", "b:80/x#2"]);
  });

  test("lead to the origins; one that is not known is a fault of the client", () => {
    const { origins } = serversOf("a", "b");
    expect(findOrigin(origins, "b:4222").host).toBe("b");
    expect(() => findOrigin(origins, "b:4222#1")).toThrow("invariant: the origin b:4222#1 is known");
  });
});

describe("by what a server is reached", () => {
  test.each([
    ["a", { type: "tcp", tls: false }],
    ["tls://a", { type: "tcp", tls: true }],
    ["ws://a", { type: "webSocket", tls: false, path: "/" }],
    ["wss://a", { type: "webSocket", tls: true, path: "/" }],
  ])("%s: those that it names as it is itself", (url, transport) => {
    for (const secured of [false, true]) expect(learnt(url, "b:9000", secured).transport).toEqual(transport);
  });

  test("a path belongs to the host that it was configured for", () => {
    const servers = learning(serversOf("wss://a/nats"), ["b:443"], { by: "a:443/nats" });
    expect(reaching(servers, "a:443/nats").transport).toMatchObject({ path: "/nats" });
    expect(reaching(servers, "b:443").transport).toMatchObject({ path: "/" });
  });

  test("who names it last does not change it", () => {
    const known = learning(serversOf("ws://a", "b"), ["c:9000"], { by: "a:80" });
    const again = learning(known, ["c:9000"], { by: "b:4222", secured: true });
    expect(reaching(again, "c:9000")).toEqual(reaching(known, "c:9000"));
  });
});

describe("TLS is demanded", () => {
  const demands = (...urls: readonly string[]) => {
    const servers = serversOf(...urls);
    return servers.pool.map(({ name }) => {
      const { tls, transport } = reaching(servers, name);
      return [name, tls, transport.tls];
    });
  };

  test("by no URL without: of nobody", () => {
    expect(demands("a", "ws://b")).toEqual([
      ["a:4222", null, false],
      ["b:80", null, false],
    ]);
  });

  test("by the URL of a server, also where another URL of the same server does not", () => {
    expect(demands("tls://a")).toEqual([["a:4222", "url", true]]);
    expect(demands("a", "tls://a")).toEqual([["a:4222", "url", true]]);
    expect(demands("tls://a", "a")).toEqual([["a:4222", "url", true]]);
    expect(demands("ws://a:1", "wss://a:1")).toEqual([["a:1", "url", true]]);
  });

  test("by one URL of a list of all servers of it; what a ws:// URL says of the socket it does not change", () => {
    expect(demands("a", "tls://b", "ws://c")).toEqual([
      ["a:4222", "list", true],
      ["b:4222", "url", true],
      ["c:80", "list", false],
    ]);
    expect(demands("a", "wss://b")).toEqual([
      ["a:4222", "list", true],
      ["b:443", "url", true],
    ]);
  });

  test("of servers that are learnt, for the reason of the origin", () => {
    const servers = serversOf("a", "tls://b");
    for (const [by, tls] of [
      ["a:4222", "list"],
      ["b:4222", "url"],
    ] as const) {
      expect(reaching(learning(servers, ["c"], { by }), "c:4222")).toMatchObject({
        tls,
        transport: { type: "tcp", tls: true },
      });
    }
  });
});

describe("an origin that has spoken TLS", () => {
  const { pool, origins } = serversOf("a", "b");
  const spoken = { pool, origins: spoke(origins, "a:4222", defaultPolicy) };

  test("demands it from then on, of its own server and of those that it names", () => {
    expect(reaching(spoken, "a:4222")).toMatchObject({ tls: "before", transport: { tls: true } });
    const more = learning(spoken, ["c"], { by: "a:4222" });
    expect(reaching(more, "c:4222")).toMatchObject({ tls: "before", transport: { tls: true } });
  });

  test("says nothing about the others", () => {
    expect(reaching(spoken, "b:4222")).toMatchObject({ tls: null, transport: { tls: false } });
  });

  test("does not with allowNonTls", () => {
    expect(spoke(origins, "a:4222", { ...defaultPolicy, allowNonTls: true })).toBe(origins);
  });

  test("that demanded it before keeps its reason", () => {
    const { origins: asked } = serversOf("tls://a", "b");
    for (const [name, tls] of [
      ["a:4222", "url"],
      ["b:4222", "list"],
    ] as const) {
      const after = { ...serversOf("tls://a", "b"), origins: spoke(asked, name, defaultPolicy) };
      expect(reaching(after, name).tls).toBe(tls);
    }
  });
});

describe("the names that a certificate may carry", () => {
  test.each([
    // Named in the clear: whoever stands in the way can say that.
    ["a name", "tls://a.example", "b.example", false, "a.example", null],
    ["an address", "tls://a.example", "10.0.0.2", false, "a.example", null],
    ["a name, by an address", "tls://10.0.0.1", "b.example", false, "10.0.0.1", null],
    ["an address, by an address", "tls://10.0.0.1", "10.0.0.2", false, "10.0.0.1", null],
    ["an IPv6 address, by one", "tls://[fd00::1]", "[fd00::2]:4222", false, "fd00::1", null],
    // Named inside TLS: vouched for.
    ["a name", "tls://a.example", "b.example", true, null, "a.example"],
    ["a name, by an address", "tls://10.0.0.1", "b.example", true, null, "10.0.0.1"],
    ["an address", "tls://a.example", "10.0.0.2", true, "a.example", "10.0.0.2"],
    ["an IPv6 address", "tls://a.example", "[fd00::2]:4222", true, "a.example", "fd00::2"],
    ["an address, by an address", "tls://10.0.0.1", "10.0.0.2", true, null, "10.0.0.1"],
  ])("of %s: %s names %s, inside TLS %s", (_, url, named, secured, tlsName, otherTlsName) => {
    expect(learnt(url, named, secured)).toMatchObject({ tlsName, otherTlsName });
  });

  test.each([false, true])(
    "of another port of the same host is that of the host, inside TLS: %s",
    (secured) => {
      expect(learnt("tls://a.example", "a.example:4333", secured).tlsName).toBeNull();
    },
  );

  test("is its own from the INFO on that names it inside TLS, and a claim never takes that back", () => {
    const claimed = learning(serversOf("a"), ["b"], { by: "a:4222" });
    expect(serverIn(claimed, "b:4222").vouched).toBe(false);
    expect(reaching(claimed, "b:4222").tlsName).toBe("a");
    const vouched = learning(claimed, ["b"], { by: "a:4222", secured: true });
    expect(serverIn(vouched, "b:4222").vouched).toBe(true);
    expect(reaching(vouched, "b:4222").tlsName).toBeNull();
    const again = learning(vouched, ["b"], { by: "a:4222" });
    expect(again).toEqual(vouched);
  });

  test("is not given by another origin, whoever says it inside TLS", () => {
    const claimed = learning(serversOf("a", "x"), ["b"], { by: "a:4222" });
    const other = learning(claimed, ["b"], { by: "x:4222", secured: true });
    expect(reaching(other, "b:4222").tlsName).toBe("a");
  });
});

describe("a chain of servers, each named by the one before", () => {
  const chain = (secured: readonly boolean[], ...names: readonly string[]): Servers => {
    let servers = serversOf("tls://a.example");
    let by = "a.example:4222";
    for (const [at, name] of names.entries()) {
      servers = learning(servers, [name], {
        by,
        secured: secured[at] ?? true,
        inUse: names.map((n) => `${n}:4222`),
      });
      by = `${name}:4222`;
    }
    return servers;
  };

  test("has the one origin, which is that of the URL, with its TLS", () => {
    const servers = chain([], "b", "c", "10.0.0.4");
    for (const name of ["b:4222", "c:4222", "10.0.0.4:4222"]) {
      expect(reaching(servers, name)).toMatchObject({ origin: "a.example:4222", tls: "url" });
    }
  });

  test("lets names go by themselves where every link was inside TLS, and addresses by that of the origin", () => {
    const servers = chain([true, true, true], "b", "c", "10.0.0.4");
    expect(reaching(servers, "c:4222").tlsName).toBeNull();
    expect(reaching(servers, "10.0.0.4:4222").tlsName).toBe("a.example");
  });

  test("ends a server that was named in the clear with the name of the origin, not with that of the one before", () => {
    const servers = chain([true, false], "b", "c");
    expect(reaching(servers, "c:4222").tlsName).toBe("a.example");
  });
});

describe("the origin of what a server names, after another list", () => {
  const before = learning(serversOf("a", "b"), ["c"], { by: "a:4222" });
  const from = (servers: Servers, destination: Destination): Origin | undefined =>
    originFor(servers.origins, servers.pool, destination);
  const a = reaching(before, "a:4222");
  const c = reaching(before, "c:4222");

  test("is its own while that is there", () => {
    expect(from(before, a)?.id).toBe("a:4222");
    expect(from(before, c)?.id).toBe("a:4222");
    // Of a configured server, and of one that was learnt: both stay.
    expect(from(list(before, ["a", "x"], ["a:4222"]), a)?.id).toBe("a:4222");
    expect(from(list(before, ["c", "x"], ["c:4222"]), a)?.id).toBe("a:4222");
  });

  test("is its own also where two lists have named that server, and a learnt one keeps the first", () => {
    const both = list(before, ["c", "tls://a"], ["c:4222"]);
    expect(both.origins.map(({ id }) => id)).toEqual(["a:4222", "a:4222#1"]);
    expect(from(both, reaching(both, "c:4222"))?.id).toBe("a:4222");
    expect(from(both, reaching(both, "a:4222"))?.id).toBe("a:4222#1");
  });

  test("is that of the server of the same name in the new list", () => {
    expect(from(list(before, ["tls://a", "x"]), a)?.id).toBe("a:4222#1");
    // It has been learnt, and is an origin of its own now.
    expect(from(list(before, ["c", "a"]), c)?.id).toBe("c:4222#1");
  });

  test("is none where the new list does not name the server itself, be its origin there: it may be why there is a new list", () => {
    expect(from(list(before, ["x", "a"]), c)).toBeUndefined();
    expect(from(list(list(before, ["a"]), ["a"], [], 2), c)).toBeUndefined();
  });

  test("is none where that name is reached by another kind of transport", () => {
    expect(from(list(before, ["ws://a:4222"]), a)).toBeUndefined();
    expect(from(list(before, ["ws://c:4222", "ws://a:4222"]), c)).toBeUndefined();
    expect(from(list(serversOf("ws://a"), ["wss://a:80"]), reaching(serversOf("ws://a"), "a:80"))?.id).toBe(
      "a:80#1",
    );
  });

  test("is none where the new list knows neither: nothing is learnt", () => {
    const after = list(before, ["x"]);
    expect(from(after, a)).toBeUndefined();
    expect(from(after, c)).toBeUndefined();
    expect(learning(after, ["d"], { by: a, secured: true })).toEqual(after);
  });

  test("is none where the server of the new list has left the pool", () => {
    const after = list(before, ["x", "a"]);
    expect(from({ ...after, pool: after.pool.filter(({ name }) => name !== "a:4222") }, a)).toBeUndefined();
  });

  test("is none where the new list has only what was learnt by way of that server in a list between", () => {
    const between = learning(list(before, ["a"]), ["d"], { by: "a:4222" });
    const after = list(between, ["d"], ["d:4222"], 2);
    expect(after.origins.map(({ id }) => id)).toEqual(["a:4222#1"]);
    expect(from(after, a)).toBeUndefined();
    // Who is of that origin brings others all the same.
    expect(from(after, reaching(between, "a:4222"))?.id).toBe("a:4222#1");
  });

  test("decides how the servers are reached that it names, not the one that it had", () => {
    const after = learning(list(before, ["tls://a", "x"]), ["d"], { by: a });
    expect(reaching(after, "d:4222")).toMatchObject({ origin: "a:4222#1", tls: "url", tlsName: "a" });
  });
});
