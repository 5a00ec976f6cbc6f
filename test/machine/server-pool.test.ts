import { describe, expect, test } from "vitest";
import { defaultPolicy, type Policy } from "../../src/machine/reconnect-policy.js";
import { parseAddress, type ServerAddress } from "../../src/machine/server-address.js";
import {
  afterFailure,
  choose,
  createPool,
  findServer,
  learnServers,
  type PoolServer,
  readyAt,
  replacePool,
  type ServerPool,
  toBack,
  withServer,
} from "../../src/machine/server-pool.js";

const address = (url: string): ServerAddress => {
  const parsed = parseAddress(url);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
};
const poolOf = (...urls: string[]): ServerPool => createPool(urls.map(address), true, 1)[0];
const names = (pool: ServerPool) => pool.map(({ host }) => host).join(" ");

describe("createPool", () => {
  test("keeps the order with noRandomize, and leaves the generator alone", () => {
    const [pool, random] = createPool([address("a"), address("b")], true, 7);
    expect(names(pool)).toBe("a b");
    expect(random).toBe(7);
  });

  test("shuffles otherwise: every order comes up, always from the seed", () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const [pool] = createPool(["a", "b", "c"].map(address), false, seed);
      expect(createPool(["a", "b", "c"].map(address), false, seed)[0]).toEqual(pool);
      orders.add(names(pool));
    }
    expect(orders.size).toBe(6);
  });

  test("holds each server once", () => {
    expect(names(poolOf("a", "b", "nats://a:4222", "A"))).toBe("a b");
  });

  test("holds a server that is named twice once, under TLS where one of its URLs asks for it", () => {
    const pool = poolOf("nats://a", "b", "tls://a");
    expect(pool.map(({ host, transport }) => [host, transport.tls])).toEqual([
      ["a", true],
      ["b", false],
    ]);
  });

  test("starts with servers that nobody has tried", () => {
    expect(findServer(poolOf("tls://a:1"), "a:1")).toEqual({
      name: "a:1",
      host: "a",
      port: 1,
      transport: { type: "tcp", tls: true },
      isAddress: false,
      learnt: false,
      tlsName: null,
      lastAttemptAt: null,
      wait: 0,
      failures: 0,
      refusal: null,
      didConnect: false,
    });
  });
});

describe("replacePool", () => {
  const replace = (pool: ServerPool, urls: readonly string[], noRandomize = true) =>
    replacePool(pool, urls.map(address), noRandomize, 7);

  test("servers that stay keep what is known of them, the others are new, and the order is the one given", () => {
    const before = withServer(poolOf("a", "b"), "b:4222", { failures: 3, lastAttemptAt: 5, learnt: true });
    const [pool, random] = replace(before, ["c", "b"]);
    expect(names(pool)).toBe("c b");
    expect(findServer(pool, "b:4222")).toMatchObject({ failures: 3, lastAttemptAt: 5, learnt: false });
    expect(findServer(pool, "c:4222")).toEqual(findServer(poolOf("c"), "c:4222"));
    expect(random).toBe(7);
  });

  test("a server that stays takes TLS from its new URL", () => {
    expect(findServer(replace(poolOf("a"), ["tls://a"])[0], "a:4222")?.transport.tls).toBe(true);
    expect(findServer(replace(poolOf("tls://a"), ["a"])[0], "a:4222")?.transport.tls).toBe(false);
  });

  test.each([
    ["ws://a:4222", "a"],
    ["a", "ws://a:4222"],
  ])("what listens there for another transport is another server: %s, then %s", (was, is) => {
    const before = withServer(poolOf(was), "a:4222", { failures: 3 });
    const [pool] = replace(before, [is]);
    expect(pool).toEqual(poolOf(is));
  });

  test("a WebSocket on the same path stays, and one on another path is another server", () => {
    const before = withServer(poolOf("ws://a:80/x"), "a:80/x", { failures: 3 });
    expect(replace(before, ["wss://a:80/x"])[0]).toMatchObject([
      { failures: 3, transport: { type: "webSocket", tls: true, path: "/x" } },
    ]);
    expect(replace(before, ["ws://a:80/y"])[0]).toMatchObject([{ name: "a:80/y", failures: 0 }]);
  });

  test("the new servers are shuffled unless noRandomize", () => {
    const [, random] = replace(poolOf("a"), ["a", "b", "c"], false);
    expect(random).not.toBe(7);
  });
});

describe("readyAt", () => {
  const [server] = poolOf("a") as [PoolServer];

  test("always, where nobody tried it", () => {
    expect(readyAt(server)).toBe(Number.NEGATIVE_INFINITY);
  });

  test("its wait after the last attempt; at once while the wait is being asked for", () => {
    expect(readyAt({ ...server, lastAttemptAt: 50, wait: 20 })).toBe(70);
    expect(readyAt({ ...server, lastAttemptAt: 50, wait: null })).toBe(50);
  });
});

describe("choose", () => {
  const tried = (pool: ServerPool, name: string, lastAttemptAt: number, wait = 100) =>
    withServer(pool, name, { lastAttemptAt, wait });

  test("the front, where nobody was tried", () => {
    expect(choose(poolOf("a", "b"), 0)).toMatchObject({ type: "dial", server: { host: "a" } });
  });

  test("the first that is out of its wait", () => {
    const pool = tried(poolOf("a", "b"), "a:4222", 0);
    expect(choose(pool, 99)).toMatchObject({ type: "dial", server: { host: "b" } });
    expect(choose(pool, 100)).toMatchObject({ type: "dial", server: { host: "a" } });
  });

  test("how long until the earliest, where all are within their wait", () => {
    const pool = tried(tried(poolOf("a", "b"), "a:4222", 50), "b:4222", 20);
    expect(choose(pool, 60)).toEqual({ type: "wait", ms: 60 });
  });

  test("nobody is left", () => {
    expect(choose([], 0)).toEqual({ type: "exhausted" });
  });
});

describe("toBack and afterFailure", () => {
  test("a server goes to the back, the others keep their order", () => {
    expect(names(toBack(poolOf("a", "b", "c"), "b:4222", { wait: 1 }))).toBe("a c b");
  });

  test("a server that is not in the pool changes nothing", () => {
    const pool = poolOf("a");
    expect(toBack(pool, "x:4222", {})).toBe(pool);
  });

  test("a failure is counted, and the next wait is noted", () => {
    const pool = afterFailure(poolOf("a", "b"), "a:4222", 42, 10);
    expect(names(pool)).toBe("b a");
    expect(findServer(pool, "a:4222")).toMatchObject({ failures: 1, wait: 42 });
  });

  test("a server that is not in the pool takes nobody with it", () => {
    expect(names(afterFailure(poolOf("a"), "x:4222", 0, 1))).toBe("a");
  });

  test("failures are counted one by one, and the limit is that many", () => {
    const failed = withServer(poolOf("a"), "a:4222", { failures: 1 });
    expect(findServer(afterFailure(failed, "a:4222", 0, 3), "a:4222")?.failures).toBe(2);
    expect(afterFailure(failed, "a:4222", 0, 2)).toEqual([]);
  });

  test.each([
    [0, ""],
    [1, ""],
    [2, "a"],
    [-1, "a"],
    [null, "a"],
  ])("limit %s: after one failure the pool is '%s'", (limit, left) => {
    expect(names(afterFailure(poolOf("a"), "a:4222", 0, limit))).toBe(left);
  });
});

describe("learnServers", () => {
  const policy: Policy = { ...defaultPolicy, noRandomize: true };
  const learn = (pool: ServerPool, urls: readonly string[], inUse = "a:4222", how = policy) =>
    learnServers(pool, urls, [inUse], how, 1);

  test("new servers join at the back, and say so", () => {
    const { pool, changed } = learn(poolOf("a"), ["b:4222", "c:4222"]);
    expect(names(pool)).toBe("a b c");
    expect(changed).toEqual({ added: ["b:4222", "c:4222"], deleted: [] });
    expect(findServer(pool, "b:4222")?.learnt).toBe(true);
  });

  test("new servers join shuffled unless noRandomize", () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const { pool } = learnServers(poolOf("a"), ["b", "c", "d"], ["a:4222"], defaultPolicy, seed);
      orders.add(names(pool));
    }
    expect(orders.size).toBe(6);
  });

  test("learnt servers that are no longer named leave; configured ones and the one in use stay", () => {
    const before = learn(poolOf("a", "b"), ["c", "d", "e"]).pool;
    const { pool, changed } = learn(before, ["e"], "c:4222");
    expect(names(pool)).toBe("a b c e");
    expect(changed).toEqual({ added: [], deleted: ["d:4222"] });
  });

  test("a server named twice joins once", () => {
    expect(names(learn(poolOf("a"), ["b", "b:4222", "nats://b"]).pool)).toBe("a b");
  });

  test("a server that is known keeps what is known of it", () => {
    const before = withServer(poolOf("a", "b"), "b:4222", { failures: 3 });
    const { pool, changed } = learn(before, ["b:4222"]);
    expect(pool).toEqual(before);
    expect(changed).toEqual({ added: [], deleted: [] });
  });

  test.each([[[]], [["http://x", "", "::::", "b:0", "b:99999"]]])("nothing joins from %j", (urls) => {
    expect(names(learn(poolOf("a"), urls).pool)).toBe("a");
  });

  test("an IP address inherits the certificate's name, a host name does not", () => {
    const { pool } = learn(poolOf("nats.example"), ["10.0.0.2", "b"], "nats.example:4222");
    expect(findServer(pool, "10.0.0.2:4222")?.tlsName).toBe("nats.example");
    expect(findServer(pool, "b:4222")?.tlsName).toBeNull();
    const next = learn(pool, ["10.0.0.2", "10.0.0.3"], "10.0.0.2:4222").pool;
    expect(findServer(next, "10.0.0.3:4222")?.tlsName).toBe("nats.example");
  });

  test("servers of a tls:// server are talked to under TLS, others as the URL says", () => {
    const tlsOf = (pool: ServerPool, inUse: string) =>
      findServer(learn(pool, ["b"], inUse).pool, "b:4222")?.transport.tls;
    expect(tlsOf(poolOf("tls://a"), "a:4222")).toBe(true);
    expect(tlsOf(poolOf("a"), "a:4222")).toBe(false);
    expect(tlsOf(poolOf("tls://a"), "gone:4222")).toBe(false);
  });

  test("an IP address learnt from a server that left the pool has no name", () => {
    expect(findServer(learn(poolOf("a"), ["10.0.0.2"], "gone:4222").pool, "10.0.0.2:4222")).toMatchObject({
      tlsName: null,
      transport: { type: "tcp", tls: false },
    });
    expect(names(learnServers(poolOf("a"), ["b"], [], policy, 1).pool)).toBe("a b");
  });

  test("the generator is used where servers are shuffled, and only there", () => {
    const random = (urls: readonly string[], how: Partial<Policy>) =>
      learnServers(poolOf("a"), urls, ["a:4222"], { ...defaultPolicy, ...how }, 1).random;
    expect(random(["b", "c"], {})).not.toBe(1);
    expect(random(["b", "c"], { noRandomize: true })).toBe(1);
    expect(random(["b", "c"], { ignoreClusterUpdates: true })).toBe(1);
    expect(random([], {})).toBe(1);
  });

  test.each([
    ["an INFO that names none", [], {}],
    ["ignoreClusterUpdates", ["b"], { ignoreClusterUpdates: true }],
  ] as const)("%s changes nothing, and says so", (_, urls, how) => {
    const pool = learn(poolOf("a"), ["c"]).pool;
    expect(learn(pool, urls, "a:4222", { ...policy, ...how })).toEqual({
      pool,
      changed: { added: [], deleted: [] },
      random: 1,
    });
  });
});
