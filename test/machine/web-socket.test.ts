// Servers that are reached by WebSocket, as the chart sees them: how they are dialed, what TLS means for them, and how they
// stand in one pool with servers reached by TCP. Their URLs: server-address.test.ts.

import { describe, expect, test } from "vitest";
import { replacePool } from "../../src/machine/server-pool.js";
import { address, learning, reaching, serversOf, told } from "./servers.js";
import { begin, fires, info, lost, opened, pong } from "./story.js";

describe("a server reached by WebSocket", () => {
  test("is dialed with the path of its URL; one reached by TCP has none", () => {
    const story = begin({}, ["ws://a/nats", "b"]);
    expect(story.last("openSocket")?.server).toEqual({
      name: "a:80/nats",
      host: "a",
      port: 80,
      tlsName: null,
      otherTlsName: null,
      transport: { type: "webSocket", tls: false, path: "/nats" },
      origin: "a:80/nats",
      tls: null,
    });
    const { server } = story.happens(lost()).last("openSocket") ?? {};
    expect(server).toEqual({
      name: "b:4222",
      host: "b",
      port: 4222,
      tlsName: null,
      otherTlsName: null,
      transport: { type: "tcp", tls: false },
      origin: "b:4222",
      tls: null,
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
      "TLS was asked for (option tls), but the URL of a:80 begins with ws://: wss:// is the one with TLS",
    ],
    [
      "ws://a",
      "first",
      "TLS was asked for (option tls), but the URL of a:80 begins with ws://: wss:// is the one with TLS",
    ],
    [
      "wss://a",
      "never",
      "the URL of a:443, or of the server by way of which it was learnt, asks for TLS, but the option tls is null",
    ],
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
  const learn = (dialed: string, urls: readonly string[], secured = dialed.startsWith("wss:")) =>
    learning(serversOf(dialed), urls, { by: address(dialed).name, secured });

  test.each([
    ["ws://a:80", { type: "webSocket", tls: false, path: "/" }],
    ["wss://a/behind/a/proxy", { type: "webSocket", tls: true, path: "/" }],
  ])("learns the others of the cluster of %s as such, without its path", (dialed, transport) => {
    const servers = learn(dialed, ["b:8080"]);
    expect(servers.pool[1]).toMatchObject({ name: "b:8080", port: 8080, learnt: true });
    expect(reaching(servers, "b:8080").transport).toEqual(transport);
  });

  test("learns nothing of how servers are reached: neither from TCP nor by a URL in INFO", () => {
    expect(reaching(learn("a", ["b:4222"]), "b:4222").transport).toEqual({ type: "tcp", tls: false });
    expect(told(serversOf("a"), ["ws://b:80"], { by: "a:4222" }).changed.added).toEqual([]);
    expect(told(serversOf("ws://a"), ["wss://b/x"], { by: "a:80" }).changed.added).toEqual([]);
  });

  test("keeps the name for the certificate where an address is learnt", () => {
    const servers = learn("wss://gate.example", ["10.0.0.1:8443"]);
    expect(reaching(servers, "10.0.0.1:8443").tlsName).toBe("gate.example");
  });

  test("forgets what it knew of a server that is reached another way from now on", () => {
    const before = serversOf("nats://a:80", "ws://b");
    const worn = { ...before, pool: before.pool.map((server) => ({ ...server, didConnect: true })) };
    const list = { addresses: ["ws://a:80", "ws://b"].map(address), kept: [], list: 1, spokeTls: [] };
    const after = replacePool(worn, list, true, 1);
    const webSocket = { type: "webSocket", tls: false, path: "/" };
    expect(after.pool.map(({ name, didConnect }) => [didConnect, reaching(after, name).transport])).toEqual([
      [false, webSocket],
      [true, webSocket],
    ]);
  });

  test("tells two paths of one host apart", () => {
    const servers = serversOf("wss://a/x", "wss://a/y", "wss://a/x");
    expect(servers.pool.map(({ name }) => name)).toEqual(["a:443/x", "a:443/y"]);
    const { changed } = told(servers, ["a:443"], { by: "a:443/x" });
    expect(changed).toEqual({ added: ["a:443"], deleted: [] });
  });
});
