// TLS that is demanded by where a server comes from: its URL, another URL of its list, or TLS that was spoken there before.
// The origins themselves: origin.test.ts. The option tls: attempt.test.ts.

import { describe, expect, test } from "vitest";
import { destinationOf } from "../../src/machine/origin.js";
import {
  begin,
  fires,
  flushed,
  type Happening,
  info,
  keepServers,
  lost,
  opened,
  pong,
  refused,
  type Story,
  secured,
  setServers,
  unreachable,
} from "./story.js";

const tls = info({ tlsAvailable: true });
const patient = { reconnectTimeWait: 0, maxReconnectAttempts: -1 } as const;
/** Connected to the first of these servers, inside TLS. */
const overTls = (policy: Parameters<typeof begin>[0] = {}, servers: readonly string[] = ["a"]) =>
  begin({ ...patient, ...policy }, servers).happens(opened, tls, secured, pong);
const demandOf = (story: Story, name: string) => {
  return destinationOf(story.context.origins, story.server(name)).tls;
};
const spokenBefore = (name: string) => ({
  code: "SERVER_OPT_NA",
  message: `TLS was spoken before with ${name}, or with a server of the same origin (the option allowNonTls: true would go on in the clear), but ${name} does not offer it`,
});

describe("a server that spoke TLS", () => {
  test("is not talked to in the clear: the attempt fails before CONNECT, and says how it would not", () => {
    const story = overTls().happens(lost(), opened);
    story.happens(info());
    expect(story.errors).toEqual([{ step: "greeting", failure: spokenBefore("a:4222") }]);
    expect(story.did).not.toContain("sendConnect");
    expect(story.did).not.toContain("upgradeToTls");
  });

  test("is dialed on, and in use again as soon as it does TLS again", () => {
    const story = overTls().happens(lost(), opened, info(), opened, tls);
    expect(story.state).toBe("reconnecting.securing");
    expect(story.happens(secured, pong, pong).state).toBe("connected");
  });

  test("is remembered from the handshake on, also where the attempt fails after it", () => {
    const story = begin({ ...patient, waitOnFirstConnect: true }, ["a"]).happens(opened, tls);
    expect(demandOf(story, "a:4222")).toBeNull();
    expect(demandOf(story.happens(secured), "a:4222")).toBe("before");
    story.happens(refused, opened).happens(info());
    expect(story.errors).toEqual([{ step: "greeting", failure: spokenBefore("a:4222") }]);
  });

  test("is not remembered where the handshake fails", () => {
    const story = begin({ ...patient, waitOnFirstConnect: true }, ["a"]).happens(opened, tls, lost(), opened);
    expect(story.happens(info()).state).toBe("connecting.authenticating");
  });

  test("is talked to in the clear with allowNonTls", () => {
    const story = overTls({ allowNonTls: true }).happens(lost(), opened, info());
    expect(story.state).toBe("reconnecting.authenticating");
    expect(demandOf(story, "a:4222")).toBeNull();
  });

  test("demands it of those that it names, and they of it", () => {
    const story = overTls().happens(info({ tlsAvailable: true, connectUrls: ["b"] }), lost(), unreachable);
    expect(story.last("openSocket")?.server).toMatchObject({
      name: "b:4222",
      tls: "before",
      origin: "a:4222",
    });
    story.happens(opened).happens(info());
    expect(story.errors).toEqual([{ step: "greeting", failure: spokenBefore("b:4222") }]);
    // The other way round: it was named in the clear, and the one that speaks TLS is the one that it names.
    const other = begin(patient, ["a"]).happens(opened, info({ connectUrls: ["b"] }), pong);
    other.happens(lost(), unreachable, opened, tls, secured);
    expect(other.context.next?.destination.name).toBe("b:4222");
    expect(demandOf(other, "a:4222")).toBe("before");
  });

  test("does not demand it of servers of other origins", () => {
    const story = overTls({}, ["a", "b"]).happens(lost(), opened, info());
    expect(story.context.next?.destination).toMatchObject({ name: "b:4222", tls: null });
    expect(story.state).toBe("reconnecting.authenticating");
  });

  test("waits with the jitter of TLS from then on", () => {
    const policy = { reconnectJitterTls: 1_000_000, waitOnFirstConnect: true };
    const story = overTls(policy).happens(lost());
    expect(story.server("a:4222").wait).toBeGreaterThan(1_000);
    story.after(1_000_000).happens(fires("reconnect"), unreachable);
    expect(story.server("a:4222").wait).toBeGreaterThan(1_000);
    const clear = begin({ ...patient, ...policy }, ["a"]).happens(unreachable);
    expect(clear.server("a:4222").wait).toBe(0);
  });

  test.each<[string, Happening]>([
    ["names it again", setServers("a", "b")],
    ["keeps it", keepServers(["a:4222"], "a", "b")],
    ["names it as nats://", setServers("nats://A:4222")],
  ])("is not talked to in the clear either after a list that %s", (_, list) => {
    const story = overTls().happens(list);
    expect(demandOf(story, "a:4222")).toBe("before");
    story.happens(lost());
    if (story.pool.includes("b:4222")) story.happens(unreachable);
    expect(story.last("openSocket")?.server).toMatchObject({ name: "a:4222", tls: "before" });
    story.happens(opened).happens(info());
    expect(story.errors).toEqual([{ step: "greeting", failure: spokenBefore("a:4222") }]);
  });

  test("is another one where the new list reaches it by WebSocket", () => {
    const story = overTls().happens(setServers("ws://a:4222"));
    expect(demandOf(story, "a:4222")).toBeNull();
    expect(story.happens(lost(), opened, info()).state).toBe("reconnecting.authenticating");
  });

  test("of another name is another one", () => {
    const story = overTls().happens(setServers("b"), lost(), opened);
    expect(story.happens(info()).state).toBe("reconnecting.authenticating");
  });

  test("is known as such also where it is the one that a move ends at", () => {
    const story = begin({ ...patient, onLameDuck: "migrate" }, ["a", "b"])
      .connects()
      .happens(info({ lameDuck: true }), opened, tls, secured, pong, pong, flushed);
    expect(story.context.live?.destination.name).toBe("b:4222");
    expect([demandOf(story, "a:4222"), demandOf(story, "b:4222")]).toEqual([null, "before"]);
  });
});

describe("one URL of a list that asks for TLS", () => {
  const list = "a URL with tls:// or wss:// asks for TLS with all servers of its list";

  test.each(["tls://b", "wss://b"])(
    "%s asks it of all: one without TLS fails, and the next is tried",
    (other) => {
      const story = begin({}, ["a", other]).happens(opened, info());
      expect(story.errors).toEqual([
        {
          step: "greeting",
          failure: { code: "SERVER_OPT_NA", message: `${list}, but a:4222 does not offer it` },
        },
      ]);
      expect(story.last("openSocket")?.server.host).toBe("b");
    },
  );

  test("is satisfied by a server that offers it", () => {
    expect(begin({}, ["a", "tls://b"]).happens(opened, tls).state).toBe("connecting.securing");
  });

  test("asks it of ws:// servers, too, which cannot", () => {
    const story = begin({}, ["ws://a", "tls://b"]).happens(opened, info());
    expect(story.errors).toEqual([
      {
        step: "greeting",
        failure: {
          code: "SERVER_OPT_NA",
          message: `${list}, but the URL of a:80 begins with ws://: wss:// is the one with TLS`,
        },
      },
    ]);
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
  });

  test("contradicts the option tls where that forbids it", () => {
    const story = begin({ tls: "never" }, ["a", "tls://b"]).happens(opened, info());
    expect(story.errors[0]?.failure).toEqual({
      code: "SERVER_OPT_NA",
      message: `${list}, but the option tls is null`,
    });
  });

  test("asks it of a list that comes later, and of that one alone", () => {
    const story = begin(patient, ["a"]).connects().happens(setServers("a", "tls://b"));
    expect([demandOf(story, "a:4222"), demandOf(story, "b:4222")]).toEqual(["list", "url"]);
    story.happens(setServers("a"));
    expect(demandOf(story, "a:4222")).toBeNull();
  });

  test("asks it of servers that are kept beside it, too", () => {
    const story = begin(patient, ["a"])
      .connects()
      .happens(keepServers(["a:4222"], "a", "tls://b"));
    expect([demandOf(story, "a:4222"), demandOf(story, "b:4222")]).toEqual(["list", "url"]);
  });

  test("asks it of servers that come later, where it is kept itself, or one of which it asked it", () => {
    for (const kept of ["a:4222", "b:4222"]) {
      const story = begin(patient, ["a", "tls://b"]).happens(keepServers([kept], kept, "c"));
      expect([kept, demandOf(story, "c:4222")]).toEqual([kept, "list"]);
    }
  });

  test("is not what TLS that was spoken before is: that asks nothing of servers beside a kept one", () => {
    const story = overTls().happens(keepServers(["a:4222"], "tls://a", "c"));
    expect([demandOf(story, "a:4222"), demandOf(story, "c:4222")]).toEqual(["before", null]);
  });

  test.each([
    ["two lists later", ["b"], ["a"]],
    ["that it was known by way of, as one of its own", ["c"], ["c"]],
  ])("is remembered %s", (_, first, second) => {
    const story = overTls().happens(info({ connectUrls: ["c:4222"] }));
    story.happens(setServers(...first)).happens(setServers(...second));
    expect(demandOf(story, `${second[0]}:4222`)).toBe("before");
  });

  test("is remembered of the URL by way of which a server was known that spoke it", () => {
    const story = begin({ ...patient, waitOnFirstConnect: true }, ["tls://a"]);
    story.happens(
      opened,
      info({ tlsAvailable: true, connectUrls: ["c:4222"] }),
      lost(),
      opened,
      tls,
      secured,
    );
    expect(story.context.next?.destination.name).toBe("c:4222");
    expect(demandOf(story.happens(setServers("a")), "a:4222")).toBe("before");
  });
});
