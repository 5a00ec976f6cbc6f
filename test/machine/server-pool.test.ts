import { describe, expect, test } from "vitest";
import type { Policy } from "../../src/machine/reconnect-policy.js";
import type { ServerAddress } from "../../src/machine/server-address.js";
import {
  afterFailure,
  createPool,
  findServer,
  type PoolServer,
  readyAt,
  replacePool,
  type ServerPool,
  type Servers,
  toBack,
  withServer,
} from "../../src/machine/server-pool.js";
import { address, knowing, learning, reaching, serversOf, told } from "./servers.js";

const poolOf = (...urls: readonly string[]): ServerPool => serversOf(...urls).pool;
const names = (pool: ServerPool) => pool.map(({ host }) => host).join(" ");

describe("createPool", () => {
  test("keeps the order with noRandomize, and leaves the generator alone", () => {
    const { pool, random } = createPool([address("a"), address("b")], true, 7);
    expect(names(pool)).toBe("a b");
    expect(random).toBe(7);
  });

  test("shuffles otherwise: every order comes up, always from the seed", () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const { pool } = createPool(["a", "b", "c"].map(address), false, seed);
      expect(createPool(["a", "b", "c"].map(address), false, seed).pool).toEqual(pool);
      orders.add(names(pool));
    }
    expect(orders.size).toBe(6);
  });

  test("holds each server once", () => {
    expect(names(poolOf("a", "b", "nats://a:4222", "A"))).toBe("a b");
  });

  test("holds a server that is named twice once, with one origin", () => {
    const { pool, origins } = serversOf("nats://a", "b", "tls://a");
    expect(names(pool)).toBe("a b");
    expect(origins.map(({ name, tls }) => [name, tls])).toEqual([
      ["a:4222", "url"],
      ["b:4222", "list"],
    ]);
  });

  test("starts with servers that nobody has tried", () => {
    expect(findServer(poolOf("tls://a:1"), "a:1")).toEqual({
      name: "a:1",
      host: "a",
      port: 1,
      isAddress: false,
      origin: "a:1",
      learnt: false,
      vouched: false,
      lastAttempt: 0,
      lastAttemptAt: null,
      wait: 0,
      failures: 0,
      refusal: null,
      didConnect: false,
      address: null,
      serverId: null,
    });
  });
});

describe("replacePool", () => {
  const replace = (servers: Servers, urls: readonly string[], noRandomize = true) =>
    replacePool(servers, { addresses: urls.map(address), kept: [], list: 1, spokeTls: [] }, noRandomize, 7);

  test("servers that are named again may be dialed at once, and keep that they were reached; the others are new, in the order given", () => {
    const tried = { failures: 3, lastAttemptAt: 5, wait: 6 };
    const experience = {
      lastAttempt: 4,
      didConnect: true,
      address: "10.0.0.2:4222",
      serverId: "B",
    };
    const refusal = { kind: "authorizationViolation", credentialsVersion: 1 };
    const before = knowing(serversOf("a", "b"), "b:4222", { ...experience, ...tried, refusal, learnt: true });
    const { pool, random } = replace(before, ["c", "b"]);
    expect(names(pool)).toBe("c b");
    // What was refused were other credentials, and who names it now is the user.
    expect(findServer(pool, "b:4222")).toEqual({
      ...findServer(poolOf("b"), "b:4222"),
      ...experience,
      refusal: null,
      learnt: false,
      origin: "b:4222#1",
    });
    expect(findServer(pool, "c:4222")).toEqual({
      ...findServer(poolOf("c"), "c:4222"),
      origin: "c:4222#1",
    });
    expect(random).toBe(7);
  });

  test("a server that is named again takes TLS from its new URL", () => {
    const tlsOf = (was: string, is: string) => reaching(replace(serversOf(was), [is]), "a:4222").tls;
    expect(tlsOf("a", "tls://a")).toBe("url");
    expect(tlsOf("tls://a", "a")).toBeNull();
  });

  test.each([
    ["ws://a:4222", "a"],
    ["a", "ws://a:4222"],
  ])("what listens there for another transport is another server: %s, then %s", (was, is) => {
    const before = knowing(serversOf(was), "a:4222", { failures: 3, address: "10.0.0.1:4222" });
    const { pool } = replace(before, [is]);
    expect(pool).toEqual([{ ...poolOf(is)[0], origin: "a:4222#1" }]);
  });

  test("a WebSocket on the same path stays, and one on another path is another server", () => {
    const before = knowing(serversOf("ws://a:80/x"), "a:80/x", { didConnect: true });
    const secured = replace(before, ["wss://a:80/x"]);
    expect(secured.pool).toMatchObject([{ didConnect: true }]);
    expect(reaching(secured, "a:80/x").transport).toEqual({ type: "webSocket", tls: true, path: "/x" });
    expect(replace(before, ["ws://a:80/y"]).pool).toMatchObject([{ name: "a:80/y", didConnect: false }]);
  });

  test("the new servers are shuffled unless noRandomize", () => {
    expect(replace(serversOf("a"), ["a", "b", "c"], false).random).not.toBe(7);
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

describe("the work of", () => {
  /** How often names are read with so many servers. */
  const reads = (count: number, work: (addresses: readonly ServerAddress[]) => void) => {
    let found = 0;
    const counted = Array.from({ length: count }, (_, i) => {
      const known = address(`s${i}:4222`);
      return Object.defineProperty({ ...known }, "name", {
        enumerable: true,
        get: () => {
          found++;
          return known.name;
        },
      });
    });
    work(counted);
    return found;
  };

  test.each<[string, (addresses: readonly ServerAddress[]) => void]>([
    ["a first list", (addresses) => createPool(addresses, true, 1)],
    [
      "another list",
      (addresses) => {
        const kept = addresses.slice(0, addresses.length / 2).map(({ name }) => name);
        const servers = serversOf(...kept);
        replacePool(servers, { addresses, kept, list: 1, spokeTls: kept }, true, 1);
      },
    ],
  ])("%s grows with the number of servers, not with its square", (_what, work) => {
    expect(reads(400, work) / reads(200, work)).toBeLessThan(3);
  });

  test("an INFO is done once, however often the chart looks at it", () => {
    let read = 0;
    const urls = new Proxy(["b:1", "c:1"], {
      get: (list, name, self) => {
        if (name === Symbol.iterator) read++;
        return Reflect.get(list, name, self) as unknown;
      },
    });
    const servers = serversOf("a");
    const once = learning(servers, urls, { by: "a:4222" });
    expect(learning(servers, urls, { by: "a:4222" })).toEqual(once);
    expect(names(once.pool)).toBe("a b c");
    expect(read).toBe(1);
  });
});

describe("learnServers", () => {
  const learn = (servers: Servers, urls: readonly string[], how: Partial<Parameters<typeof told>[2]> = {}) =>
    told(servers, urls, { by: "a:4222", ...how });

  test("new servers join at the back, and say so", () => {
    const { pool, changed } = learn(serversOf("a"), ["b:4222", "c:4222"]);
    expect(names(pool)).toBe("a b c");
    expect(changed).toEqual({ added: ["b:4222", "c:4222"], deleted: [] });
    expect(findServer(pool, "b:4222")).toMatchObject({ learnt: true, origin: "a:4222", vouched: false });
  });

  test("new servers join shuffled unless noRandomize", () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      orders.add(
        names(learn(serversOf("a"), ["b", "c", "d"], { policy: { noRandomize: false }, seed }).pool),
      );
    }
    expect(orders.size).toBe(6);
  });

  test("learnt servers that are no longer named leave; configured ones and the one in use stay", () => {
    const before = learning(serversOf("a", "b"), ["c", "d", "e"], { by: "a:4222" });
    const { pool, changed } = learn(before, ["e"], { by: "c:4222" });
    expect(names(pool)).toBe("a b c e");
    expect(changed).toEqual({ added: [], deleted: ["d:4222"] });
  });

  test("only those of the origin of the server that says so leave", () => {
    const ofA = learning(serversOf("a", "b"), ["c", "d"], { by: "a:4222" });
    const before = learning(ofA, ["x", "y"], { by: "b:4222" });
    expect(names(before.pool)).toBe("a b c d x y");
    const { pool, changed } = learn(before, ["x"], { by: "b:4222" });
    expect(names(pool)).toBe("a b c d x");
    expect(changed.deleted).toEqual(["y:4222"]);
    // Nor do they change their origin because another server knows them, too.
    const { pool: same } = learn(before, ["c", "x", "y"], { by: "b:4222" });
    expect(same).toEqual(before.pool);
  });

  test("those that were said inside TLS are not taken away by a claim, but inside TLS they are", () => {
    const before = learning(serversOf("a"), ["b", "c"], { by: "a:4222", secured: true });
    const claimed = learn(before, ["d"]);
    expect(names(claimed.pool)).toBe("a b c d");
    expect(claimed.changed).toEqual({ added: ["d:4222"], deleted: [] });
    const { pool, changed } = learn({ ...before, pool: claimed.pool }, ["c"], { secured: true });
    expect(names(pool)).toBe("a c");
    expect(changed.deleted).toEqual(["b:4222", "d:4222"]);
  });

  test("one in use that an INFO inside TLS does not name stays, and stays a claim", () => {
    const before = learning(serversOf("a"), ["b", "c"], { by: "a:4222" });
    const { pool } = learn(before, ["c"], { secured: true, inUse: ["a:4222", "b:4222"] });
    expect(pool.map(({ host, vouched }) => [host, vouched])).toEqual([
      ["a", false],
      ["b", false],
      ["c", true],
    ]);
  });

  test("a server named twice joins once", () => {
    expect(names(learn(serversOf("a"), ["b", "b:4222", "nats://b"]).pool)).toBe("a b");
  });

  test("a server that is known keeps what is known of it", () => {
    const before = knowing(serversOf("a", "b"), "b:4222", { failures: 3 });
    const { pool, changed } = learn(before, ["b:4222", "a:4222"], { secured: true });
    expect(pool).toEqual(before.pool);
    expect(changed).toEqual({ added: [], deleted: [] });
  });

  test.each([[[]], [["http://x", "", "::::", "b:0", "b:99999"]]])("nothing joins from %j", (urls) => {
    expect(names(learn(serversOf("a"), urls).pool)).toBe("a");
  });

  test("the generator is used where servers are shuffled, and only there", () => {
    const random = (urls: readonly string[], policy: Partial<Policy>) =>
      learn(serversOf("a"), urls, { policy: { noRandomize: false, ...policy } }).random;
    expect(random(["b", "c"], {})).not.toBe(1);
    expect(random(["b", "c"], { noRandomize: true })).toBe(1);
    expect(random(["b", "c"], { ignoreClusterUpdates: true })).toBe(1);
    expect(random([], {})).toBe(1);
  });

  test.each([
    ["an INFO that names none", [], {}, "a:4222"],
    ["ignoreClusterUpdates", ["b"], { ignoreClusterUpdates: true }, "a:4222"],
    ["a server that no list knows any more", ["b"], {}, reaching(serversOf("gone"), "gone:4222")],
  ] as const)("%s changes nothing, and says so", (_, urls, policy, by) => {
    const before = learning(serversOf("a"), ["c"], { by: "a:4222" });
    expect(learn(before, urls, { by, policy })).toEqual({
      pool: before.pool,
      changed: { added: [], deleted: [] },
      random: 1,
    });
  });
});
