// Servers that are reached by WebSocket, as the chart sees them: how they are dialed, what TLS means for them, and how they
// stand in one pool with servers reached by TCP. Their URLs: server-address.test.ts.

import { describe, expect, test } from "vitest";
import { defaultPolicy } from "../../src/machine/reconnect-policy.js";
import { parseAddress, type ServerAddress } from "../../src/machine/server-address.js";
import { createPool, learnServers, replacePool } from "../../src/machine/server-pool.js";
import { begin, fires, info, lost, opened, pong } from "./story.js";

const address = (url: string): ServerAddress => {
  const parsed = parseAddress(url);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
};

describe("a server reached by WebSocket", () => {
  test("is dialed with the path of its URL; one reached by TCP has none", () => {
    const story = begin({}, ["wss://a/nats", "b"]);
    expect(story.last("openSocket")?.server).toEqual({
      name: "a:443/nats",
      host: "a",
      port: 443,
      tlsName: null,
      transport: { type: "webSocket", tls: true, path: "/nats" },
    });
    const { server } = story.happens(lost()).last("openSocket") ?? {};
    expect(server).toEqual({
      name: "b:4222",
      host: "b",
      port: 4222,
      tlsName: null,
      transport: { type: "tcp", tls: false },
    });
  });

  test.each([
    ["ws://a", info({ tlsRequired: true })],
    ["ws://a", info({ tlsAvailable: true })],
    ["wss://a", info({ tlsRequired: true })],
    ["wss://a", info()],
  ])("%s: TLS is not begun over the open socket, whatever INFO says", (url, greeting) => {
    const story = begin({}, [url]).happens(opened, greeting);
    expect(story.state).toBe("connecting.authenticating");
    expect(story.happens(pong).state).toBe("connected");
  });

  test.each(["required", "first", "offered"] as const)(
    "wss:// satisfies the option tls where it is %s",
    (tls) => {
      const story = begin({ tls }, ["wss://a"]);
      expect(story.happens(opened).state).toBe("connecting.greeting");
      expect(story.happens(info(), pong).state).toBe("connected");
      expect(story.context.live?.secured).toBe(true);
    },
  );

  test.each([
    [
      "ws://a",
      "required",
      "TLS was asked for, but the URL of a:80 begins with ws://: wss:// is the one with TLS",
    ],
    [
      "ws://a",
      "first",
      "TLS was asked for, but the URL of a:80 begins with ws://: wss:// is the one with TLS",
    ],
    ["wss://a", "never", "the URL of a:443 asks for TLS, but the option tls is null"],
  ] as const)("%s is refused where the option tls says %s", (url, tls, message) => {
    const story = begin({ tls }, [url]).happens(opened, info());
    expect(story.state).toBe("closed");
    expect(story.context.failure).toEqual({ code: "SERVER_OPT_NA", message });
  });

  test("ws:// goes without TLS where the option forbids it, or says nothing", () => {
    for (const tls of ["never", "offered"] as const) {
      const story = begin({ tls }, ["ws://a"]).happens(opened, info({ tlsRequired: true }), pong);
      expect([story.state, story.context.live?.secured]).toEqual(["connected", false]);
    }
  });

  test("says by its name what was not opened in time", () => {
    for (const [url, what] of [
      ["ws://a", "a:80: the WebSocket was not opened"],
      ["a", "a:4222: the TCP connection was not established"],
    ] as const) {
      const { failure } = begin({ timeout: 5 }, [url]).after(5).happens(fires("attempt")).context;
      expect(failure?.message).toBe(`${what} within 5 ms (step: dialing)`);
    }
    const greeting = begin({}, ["ws://a"]).happens(opened, fires("attempt"));
    expect(greeting.context.failure?.message).toContain("sent no INFO");
  });

  test("waits with the jitter of TLS where it is wss://, and with the other where it is ws://", () => {
    const waits = (url: string) => {
      const policy = { reconnectTimeWait: 0, reconnectJitter: 0, reconnectJitterTls: 1_000_000 };
      return begin(policy, [url]).connects().happens(lost()).server(address(url).name).wait;
    };
    expect(waits("wss://a")).toBeGreaterThan(0);
    expect(waits("ws://a")).toBe(0);
  });

  test("is none any more at the next attempt, which goes by TCP", () => {
    const story = begin({}, ["wss://a", "b"]).connects().happens(lost());
    expect(story.context.next?.secured).toBe(false);
    expect(story.happens(opened, info({ tlsRequired: true })).state).toBe("reconnecting.securing");
  });
});

describe("a pool with servers reached by WebSocket", () => {
  const learn = (dialed: string, urls: readonly string[]) => {
    const [pool] = createPool([address(dialed)], true, 1);
    return learnServers(pool, urls, [address(dialed).name], defaultPolicy, 1);
  };
  const plain = { ...defaultPolicy, noRandomize: true };

  test.each([
    ["ws://a:80", { type: "webSocket", tls: false, path: "/" }],
    ["wss://a/behind/a/proxy", { type: "webSocket", tls: true, path: "/" }],
  ])("learns the others of the cluster of %s as such, without its path", (dialed, transport) => {
    expect(learn(dialed, ["b:8080"]).pool[1]).toMatchObject({
      name: "b:8080",
      port: 8080,
      learnt: true,
      transport,
    });
  });

  test("learns nothing of how servers are reached: neither from TCP nor by a URL in INFO", () => {
    expect(learn("a", ["b:4222"]).pool[1]?.transport).toEqual({ type: "tcp", tls: false });
    expect(learn("a", ["ws://b:80"]).changed.added).toEqual([]);
    expect(learn("ws://a", ["wss://b/x"]).changed.added).toEqual([]);
  });

  test("keeps the name for the certificate where an address is learnt", () => {
    expect(learn("wss://gate.example", ["10.0.0.1:8443"]).pool[1]).toMatchObject({ tlsName: "gate.example" });
  });

  test("forgets what it knew of a server that is reached another way from now on", () => {
    const [before] = createPool([address("nats://a:80"), address("ws://b")], true, 1);
    const worn = before.map((server) => ({ ...server, failures: 3 }));
    const [after] = replacePool(worn, [address("ws://a:80"), address("ws://b")], true, 1);
    const webSocket = { type: "webSocket", tls: false, path: "/" };
    expect(after.map(({ failures, transport }) => [failures, transport])).toEqual([
      [0, webSocket],
      [3, webSocket],
    ]);
  });

  test("tells two paths of one host apart", () => {
    const [pool] = createPool(["wss://a/x", "wss://a/y", "wss://a/x"].map(address), true, 1);
    expect(pool.map(({ name }) => name)).toEqual(["a:443/x", "a:443/y"]);
    const { changed } = learnServers(pool, ["a:443"], ["a:443/x"], plain, 1);
    expect(changed).toEqual({ added: ["a:443"], deleted: [] });
  });
});
