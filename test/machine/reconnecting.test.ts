// How the chart reconnects: which server is next and when, what counts as a failed attempt, and what ends it all. What a
// user is told of it: docs/guide/reconnecting.md.

import { describe, expect, test } from "vitest";
import {
  begin,
  chosen,
  close,
  delay,
  drain,
  drained,
  error,
  fires,
  type Happening,
  halfClosed,
  info,
  lost,
  of,
  opened,
  ping,
  pong,
  reconnect,
  refused,
  type Story,
  secured,
  setServers,
  unreachable,
  violated,
} from "./story.js";

const three = ["a:4222", "b:4222", "c:4222"];

describe("the pool is a queue", () => {
  test("a lost server goes to the back", () => {
    expect(begin({}, three).connects().happens(lost()).pool).toEqual(["b:4222", "c:4222", "a:4222"]);
  });

  test("a failed server goes to the back", () => {
    const story = begin({}, three).connects().happens(lost()).happens(unreachable);
    expect(story.pool).toEqual(["c:4222", "a:4222", "b:4222"]);
  });

  test("the next server that is out of its wait is dialed at once: another node, without any timer for it", () => {
    const story = begin({}, three).connects().after(60_000).happens(lost());
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).not.toContain("startTimer reconnect");
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
  });

  test("a server within its wait is passed over for one behind it", () => {
    const story = begin({}, three).connects().happens(lost(), unreachable);
    // b was dialed a moment ago and is behind a; both are within their wait, c is not.
    expect(story.last("openSocket")?.server.name).toBe("c:4222");
  });

  test("a lost server is dialed again at once when it was dialed long ago and no other is left", () => {
    const story = begin({}, ["a"]).connects().after(2_000).happens(lost());
    expect(story.last("openSocket")?.server.name).toBe("a:4222");
  });

  test("only when every server is within its wait does a timer start, for the earliest of them", () => {
    const story = begin({}, three).connects().happens(lost());
    story.after(300).happens(unreachable).after(300).happens(unreachable);
    expect(story.state).toBe("reconnecting.backingOff");
    expect(story.last("startTimer")).toEqual({ timer: "reconnect", attempt: 3, ms: 1_400 });
    story.after(1_400).happens(fires("reconnect"));
    expect(story.did).toEqual([
      "stopTimer reconnect",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket a:4222",
    ]);
  });

  test("a timer that fires too early is started again for the rest", () => {
    const story = begin({}, ["a"]).connects().happens(lost());
    expect(story.last("startTimer")?.ms).toBe(2_000);
    story.after(1_990).happens(fires("reconnect"));
    expect(story.state).toBe("reconnecting.backingOff");
    expect(story.last("startTimer")?.ms).toBe(10);
  });

  test("a single flapping server is never hammered: two attempts are at least a wait apart", () => {
    const story = begin({}, ["a"]).connects();
    for (let flap = 0; flap < 5; flap++) {
      story.after(10).happens(lost());
      expect(story.last("startTimer")).toMatchObject({ timer: "reconnect", ms: 1_990 });
      story.after(1_990).happens(fires("reconnect")).connects();
    }
  });

  test("shuffling: without noRandomize the seed decides on the order, and all servers are in it", () => {
    const story = begin({ noRandomize: false }, three);
    expect([...story.pool].sort()).toEqual(three);
    expect(begin({ noRandomize: false }, three).pool).toEqual(story.pool);
  });
});

describe("the wait", () => {
  const waits = (story: Story): number => story.last("startTimer")?.ms ?? Number.NaN;

  test("is reconnectTimeWait plus a jitter below reconnectJitter", () => {
    const policy = { reconnectTimeWait: 500, reconnectJitter: 100, reconnectJitterTls: 1_000_000 };
    const seen = new Set<number>();
    const story = begin(policy, ["a"]).connects();
    for (let loss = 0; loss < 50; loss++) {
      seen.add(waits(story.happens(lost())));
      story.after(600).happens(fires("reconnect")).connects();
    }
    for (const ms of seen) {
      expect(ms).toBeGreaterThanOrEqual(500);
      expect(ms).toBeLessThan(600);
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  test("takes reconnectJitterTls under TLS", () => {
    const policy = { reconnectTimeWait: 0, reconnectJitter: 0, reconnectJitterTls: 1_000_000 };
    const story = begin(policy, ["a"]).happens(opened, info({ tlsRequired: true }), secured, pong);
    expect(waits(story.happens(lost()))).toBeGreaterThan(1_000);
  });

  test("starts when the attempt begins, not when it fails", () => {
    const story = begin({}, ["a"]).connects().happens(lost()).after(2_000).happens(fires("reconnect"));
    expect(waits(story.after(1_500).happens(unreachable))).toBe(500);
  });

  test("is what reconnectDelayHandler returns, where the user gave one", () => {
    const story = begin({ asksForDelay: true }, ["a"]).connects().happens(lost());
    expect(story.state).toBe("reconnecting.awaitingDelay");
    expect(story.effects.at(-1)).toEqual({ type: "askReconnectDelay", params: { attempt: 1 } });
    story.happens(delay(77));
    expect(story.state).toBe("reconnecting.backingOff");
    expect(waits(story)).toBe(77);
  });

  test("the handler is asked once for each lost server and each failed attempt, before the next is dialed", () => {
    const story = begin({ asksForDelay: true }).connects().happens(lost());
    expect(story.state).toBe("reconnecting.awaitingDelay");
    expect(story.happens(delay(10_000)).last("openSocket")?.server.name).toBe("b:4222");
    expect(story.happens(unreachable).state).toBe("reconnecting.awaitingDelay");
    expect(story.happens(delay(5)).last("startTimer")).toMatchObject({ timer: "reconnect", ms: 5 });
    expect(story.after(5).happens(fires("reconnect")).last("openSocket")?.server.name).toBe("b:4222");
  });

  test("a handler that returns 0 or less means at once", () => {
    for (const ms of [0, -5]) {
      const story = begin({ asksForDelay: true }, ["a"]).connects().happens(lost()).happens(delay(ms));
      expect(story.last("openSocket")?.server.name).toBe("a:4222");
    }
  });

  test("a handler that answers late does not delay a server whose wait is already over", () => {
    const story = begin({ asksForDelay: true }, ["a"]).connects().happens(lost());
    expect(story.after(5_000).happens(delay(4_000)).last("openSocket")?.server.name).toBe("a:4222");
  });

  test("a server that left the pool is not asked for", () => {
    const policy = { asksForDelay: true, maxReconnectAttempts: 1 };
    const story = begin(policy, ["a"]).connects().happens(lost()).happens(delay(0)).happens(unreachable);
    expect(story.state).toBe("closed");
  });
});

describe("maxReconnectAttempts", () => {
  /** Loses the connection to the only server, and fails until the chart closes: how many attempts were made. */
  function attemptsUntilClosed(maxReconnectAttempts: number, atMost: number): number {
    const story = begin({ maxReconnectAttempts, reconnectTimeWait: 0 }, ["a"]).connects().happens(lost());
    let attempts = 0;
    while (story.state !== "closed" && attempts < atMost) {
      story.happens(unreachable);
      attempts++;
    }
    return attempts;
  }

  test.each([
    [0, 1],
    [1, 1],
    [2, 2],
    [10, 10],
  ])(
    "%i: the last server leaves the pool after %i failed attempts, and the connection closes",
    (limit, attempts) => {
      expect(attemptsUntilClosed(limit, 1_000)).toBe(attempts);
    },
  );

  test("-1 never removes", () => {
    expect(attemptsUntilClosed(-1, 500)).toBe(500);
  });

  test("an empty pool closes the connection with the last error", () => {
    const story = begin({ maxReconnectAttempts: 1 }, ["a"]).connects().after(5_000).happens(lost());
    story.happens(unreachable);
    expect(story.last("settleClosed")?.failure).toEqual({
      code: "CONNECTION_REFUSED",
      message: "nobody listens there",
    });
    expect(story.did).not.toContain("rejectConnect");
    expect(story.did).not.toContain("resolveConnect");
  });

  test("counts each server for itself", () => {
    const story = begin({ maxReconnectAttempts: 2, reconnectTimeWait: 0 }).connects().happens(lost());
    story.happens(unreachable, unreachable);
    expect(story.pool).toHaveLength(2);
    story.happens(unreachable);
    expect(story.pool).toEqual(["a:4222"]);
  });

  test("counts in a row: a connection starts the count anew", () => {
    const story = begin({ maxReconnectAttempts: 2, reconnectTimeWait: 0 }, ["a"]).connects();
    for (let round = 0; round < 5; round++) story.happens(lost(), unreachable).connects();
    expect(story.state).toBe("connected");
    expect(story.server("a:4222").failures).toBe(0);
  });

  test("does not count the loss of a connection", () => {
    const story = begin({ maxReconnectAttempts: 1, reconnectTimeWait: 0 }, ["a"]).connects();
    for (let round = 0; round < 5; round++) story.happens(lost()).connects();
    expect(story.state).toBe("connected");
  });

  test("a server that left the pool comes back when the cluster names it, as the one that the user named", () => {
    const story = begin({ maxReconnectAttempts: 1, reconnectTimeWait: 0 })
      .connects()
      .happens(lost(), unreachable);
    expect(story.pool).toEqual(["a:4222"]);
    story.happens(opened, info({ connectUrls: ["b:4222"] }));
    expect(story.pool).toEqual(["a:4222", "b:4222"]);
    expect(story.server("b:4222")).toMatchObject({ learnt: false, origin: "b:4222", failures: 0 });
  });
});

describe("the first connection", () => {
  test("tries each server once, and then gives up with the last error and every attempt", () => {
    const story = begin({}, three).happens(unreachable, unreachable).happens(lost());
    expect(story.state).toBe("closed");
    expect(story.context.attempt).toBe(3);
    expect(story.last("rejectConnect")?.failure.message).toContain("c:4222 closed the connection");
    expect(story.last("rejectConnect")?.attempts.map(({ server }) => server)).toEqual(three);
  });

  test("tries a server that it learnt on the way, too", () => {
    const story = begin({}, ["a"])
      .happens(opened, info({ connectUrls: ["b:4222"] }))
      .happens(lost());
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
  });

  test("does not wait for a server, and does not give up early because of maxReconnectAttempts", () => {
    const story = begin({ maxReconnectAttempts: 0 }, three).happens(unreachable, unreachable);
    expect(story.state).toBe("connecting.dialing");
  });

  test("with waitOnFirstConnect the policy applies: all servers, then a wait, then all again, without end", () => {
    const story = begin({ waitOnFirstConnect: true, maxReconnectAttempts: 1 }).happens(
      unreachable,
      unreachable,
    );
    for (let round = 0; round < 100; round++) {
      expect(story.state).toBe("connecting.backingOff");
      story.after(2_000).happens(fires("reconnect"));
      expect(story.state).toBe("connecting.dialing");
      story.happens(unreachable, unreachable);
    }
    expect(story.pool).toHaveLength(2);
    expect(story.context.attempts).toHaveLength(100);
  });

  test("with waitOnFirstConnect the failures before it do not count after it", () => {
    const policy = { waitOnFirstConnect: true, maxReconnectAttempts: 2, reconnectTimeWait: 0 };
    const story = begin(policy)
      .happens(...new Array(9).fill(unreachable))
      .connects();
    expect(story.context.pool.map(({ failures }) => failures)).toEqual([0, 0]);
    expect(story.context.attempts).toEqual([]);
  });

  test("reconnect: false does not matter before a connection stands", () => {
    expect(begin({ reconnect: false }).happens(unreachable).last("openSocket")?.server.name).toBe("b:4222");
  });
});

test("reconnect: false closes the connection when it is lost, with the reason", () => {
  const story = begin({ reconnect: false }).connects().happens(lost());
  expect(story.state).toBe("closed");
  expect(story.did).toEqual([
    "stopTimer ping",
    "holdOutbound",
    "notifyStatus disconnect",
    "settlePending",
    "settleClosed",
  ]);
  expect(story.last("settleClosed")?.failure?.code).toBe("DISCONNECT");
});

describe("the attempt timer", () => {
  test("is started once for dial, INFO, TLS, CONNECT and PONG together", () => {
    const story = begin({ timeout: 1_234 });
    expect(story.last("startTimer")).toEqual({ timer: "attempt", attempt: 1, ms: 1_234 });
    story.happens(opened, info({ tlsAvailable: true }), secured);
    expect(story.did).toEqual(["upgradeToTls", "sendConnect"]);
    expect(story.happens(pong).did[0]).toBe("stopTimer attempt");
  });
});

describe("credentials refused", () => {
  const patient = { reconnectTimeWait: 0, maxReconnectAttempts: -1 };
  const refuse = (story: Story, event = refused) => story.happens(opened, info()).happens(event);
  const lostOnce = (policy = {}, servers = ["a"]) =>
    begin({ ...patient, ...policy }, servers)
      .connects()
      .happens(lost());

  test("the same server refusing the same credentials twice in a row closes the connection", () => {
    const story = refuse(lostOnce());
    expect(story.state).toBe("reconnecting.dialing");
    refuse(story);
    expect(story.state).toBe("closed");
    expect(story.last("settleClosed")?.failure).toEqual({
      code: "AUTHORIZATION_VIOLATION",
      message: "Authorization Violation",
    });
  });

  test("it closes at once: nobody is asked anything, and no timer starts", () => {
    for (const asks of [{}, { asksForDelay: true }, { asksForServer: true }, { reconnectTimeWait: 5_000 }]) {
      const story = begin({ ...patient, ...asks }, ["a"])
        .happens(chosen(null))
        .connects()
        .happens(refused);
      // The refusal of a connection that was established is the first of two.
      story.after(60_000).happens(delay(0), chosen(null), fires("reconnect"), chosen(null));
      expect(story.happens(opened, info()).state).toBe("reconnecting.authenticating");
      story.happens(refused);
      expect(story.did).toEqual([
        "notifyStatus error",
        "closeSocket",
        "stopTimer attempt",
        "settlePending",
        "settleClosed",
      ]);
      expect(story.last("settleClosed")?.failure?.code).toBe("AUTHORIZATION_VIOLATION");
      expect(story.context).toMatchObject({ live: null, next: null, retiring: [] });
    }
  });

  test("it closes although another server has not been tried again", () => {
    const story = lostOnce({}, ["a", "b"]);
    refuse(refuse(refuse(story)));
    expect(story.state).toBe("closed");
  });

  test("each of two servers refusing once does not", () => {
    expect(refuse(refuse(lostOnce({}, ["a", "b"]))).state).toBe("reconnecting.dialing");
  });

  test("other credentials the second time do not", () => {
    const story = refuse(refuse(lostOnce()), error("Authorization Violation", 2));
    expect(story.state).toBe("reconnecting.dialing");
    expect(refuse(story, error("Authorization Violation", 2)).state).toBe("closed");
  });

  test("an attempt in between that fails for another reason does not count", () => {
    expect(refuse(refuse(lostOnce()).happens(unreachable)).state).toBe("closed");
    expect(refuse(refuse(lostOnce(), error("Authentication Timeout"))).state).toBe("reconnecting.dialing");
  });

  test("another reason the second time does not", () => {
    expect(refuse(refuse(lostOnce()), error("User Authentication Expired")).state).toBe(
      "reconnecting.dialing",
    );
  });

  test("a connection in between does not", () => {
    const story = refuse(lostOnce()).connects().happens(lost());
    expect(refuse(story).state).toBe("reconnecting.dialing");
  });

  test("a fatal error that is no refusal does not, however often", () => {
    const story = lostOnce();
    for (let round = 0; round < 5; round++) refuse(story, error("Authentication Timeout"));
    expect(story.state).toBe("reconnecting.dialing");
  });

  test("with ignoreAuthErrorAbort it goes on", () => {
    const story = lostOnce({ ignoreAuthErrorAbort: true });
    for (let round = 0; round < 5; round++) refuse(story);
    expect(story.state).toBe("reconnecting.dialing");
  });

  test("with waitOnFirstConnect it closes a first connection, too, and rejects connect", () => {
    const story = refuse(refuse(begin({ ...patient, waitOnFirstConnect: true }, ["a"])));
    expect(story.last("rejectConnect")?.failure.code).toBe("AUTHORIZATION_VIOLATION");
  });
});

describe("servers learnt from INFO", () => {
  const cluster = (...connectUrls: string[]) => info({ connectUrls });

  test("join the pool", () => {
    const story = begin({}, ["a"]).connects().happens(cluster("b:4222", "10.0.0.3:4333"));
    expect(story.pool).toEqual(["a:4222", "b:4222", "10.0.0.3:4333"]);
  });

  test("leave it when the cluster drops them", () => {
    const story = begin({}, ["a"]).connects().happens(cluster("b:4222", "c:4222"), cluster("c:4222"));
    expect(story.pool).toEqual(["a:4222", "c:4222"]);
  });

  test("stay when they were configured", () => {
    const story = begin({}, ["a", "b"]).connects().happens(cluster("b:4222", "c:4222"), cluster("c:4222"));
    expect(story.pool).toEqual(["a:4222", "b:4222", "c:4222"]);
  });

  test("stay while they are in use", () => {
    const story = begin({}, ["a"]).connects().happens(cluster("b:4222", "c:4222"), lost()).connects();
    expect(story.context.live?.destination.name).toBe("b:4222");
    story.happens(cluster("c:4222"));
    expect(story.pool).toContain("b:4222");
    story.happens(lost()).happens(opened, cluster("c:4222"));
    expect(story.pool).not.toContain("b:4222");
  });

  test("an INFO that names none changes nothing", () => {
    const story = begin({}, ["a"]).connects().happens(cluster("b:4222")).happens(cluster());
    expect(story.did).toEqual([]);
    expect(story.pool).toEqual(["a:4222", "b:4222"]);
  });

  test("a URL that is none is passed over", () => {
    const story = begin({}, ["a"])
      .connects()
      .happens(cluster("http://x/y", "", "b:99999", "\r\nPUB x 0", "c:4222"));
    expect(story.pool).toEqual(["a:4222", "c:4222"]);
  });

  test("ignoreClusterUpdates turns that off", () => {
    const story = begin({ ignoreClusterUpdates: true }, ["a"]).connects().happens(cluster("b:4222"));
    expect(story.did).toEqual([]);
    expect(story.pool).toEqual(["a:4222"]);
  });
});

describe("after authentication", () => {
  test("resubscribe, and ask whether the server is there still: nothing is released yet", () => {
    const story = begin().connects().happens(lost()).happens(opened, info()).happens(pong);
    expect(story.state).toBe("reconnecting.subscribing");
    expect(story.effects).toEqual([
      { type: "resubscribe", params: { attempt: 2 } },
      { type: "sendPing", params: { attempt: 2 } },
    ]);
    expect(story.context).toMatchObject({ live: null, next: { id: 2, phase: "subscribing" } });
  });

  test("it is: release what was published, then report the reconnect", () => {
    const story = begin().connects().happens(lost()).subscribes().happens(pong);
    expect(story.state).toBe("connected");
    expect(story.effects).toEqual([
      { type: "stopTimer", params: { timer: "attempt", attempt: 2 } },
      { type: "releaseOutbound", params: { attempt: 2 } },
      { type: "notifyStatus", params: { status: { type: "reconnect", server: "b:4222" } } },
      { type: "startTimer", params: { timer: "ping", attempt: 2, ms: 120_000 } },
    ]);
    expect(story.context).toMatchObject({ live: { id: 2, phase: "live" }, next: null, failure: null });
  });

  test("the first connection waits for no second PONG: it has kept nothing for long", () => {
    const story = begin().happens(opened, info()).happens(pong);
    expect(story.state).toBe("connected");
    expect(story.did).toEqual([
      "stopTimer attempt",
      "resubscribe",
      "releaseOutbound",
      "resolveConnect",
      "startTimer ping",
    ]);
  });

  test("what is published is held from the loss until then, whatever happens in between", () => {
    const story = begin({ reconnectTimeWait: 0 }).connects().happens(lost());
    expect(story.did).toContain("holdOutbound");
    story.happens(unreachable, opened, info(), refused, opened, lost(), opened, info(), pong, lost());
    story.happens(opened, info(), pong);
    expect(story.state).toBe("reconnecting.subscribing");
    expect(story.did).not.toContain("releaseOutbound");
    expect(story.did).not.toContain("holdOutbound");
    expect(story.happens(pong).did).toContain("releaseOutbound");
  });

  test("all is well: no failure is left", () => {
    const story = begin().connects().happens(lost(), unreachable);
    expect(story.context.failure).not.toBeNull();
    expect(story.after(5_000).happens(fires("reconnect")).connects().context.failure).toBeNull();
  });
});

describe("while the subscriptions are made again", () => {
  const subscribing = (policy = {}, servers = three) =>
    begin(policy, servers).connects().happens(lost()).subscribes();
  const failed = (story: Story) => story.errors.map(({ step, failure }) => [step, failure.message]);

  test.each<readonly [string, Happening, string]>([
    ["the server closes the socket", lost(), "b:4222 closed the connection (step: subscribing)"],
    ["the server sends no more", halfClosed(), "b:4222 closed the connection (step: subscribing)"],
    ["the network breaks it", lost({ code: "ECONNRESET", message: "reset by peer" }), "reset by peer"],
    [
      "the server does not answer",
      fires("attempt"),
      "b:4222: the server did not confirm the subscriptions within 2000 ms (step: subscribing)",
    ],
    [
      "the server speaks nonsense",
      violated,
      "b:4222 does not speak the NATS protocol: unknown operation HTTP/1.1",
    ],
    ["the server refuses the credentials", refused, "Authorization Violation"],
    [
      "the server turns the client away",
      error("Maximum Connections Exceeded"),
      "Maximum Connections Exceeded",
    ],
  ])("%s: the attempt has failed, and what was kept is kept for the next server", (_why, event, message) => {
    const story = subscribing({ timeout: 2_000 }).happens(event);
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).toEqual([
      "notifyStatus error",
      "closeSocket",
      "stopTimer attempt",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket c:4222",
    ]);
    expect(failed(story)).toEqual([["subscribing", message]]);
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
    expect(story.last("stopTimer")).toEqual({ timer: "attempt", attempt: 2 });
    expect(story.pool).toEqual(["c:4222", "a:4222", "b:4222"]);
    expect(story.server("b:4222")).toMatchObject({ failures: 1, didConnect: false });
    expect(story.context).toMatchObject({ live: null, next: { id: 3 }, retiring: [] });
    expect(story.context.lastInUse).toMatchObject({ server: "a:4222" });
    story.connects();
    expect(story.state).toBe("connected");
    expect(story.last("releaseOutbound")).toEqual({ attempt: 3 });
  });

  test("a server that lets the client in and is gone at once fails like any other: it is not tried without end", () => {
    const story = begin({ maxReconnectAttempts: 2, reconnectTimeWait: 0 }, ["a"]).connects().happens(lost());
    const did = [0, 1].flatMap(() => story.subscribes().happens(lost()).did);
    expect(story.state).toBe("closed");
    expect(did).not.toContain("releaseOutbound");
    expect(did).not.toContain("notifyStatus reconnect");
    expect(did).not.toContain("notifyStatus disconnect");
    expect(story.last("settleClosed")?.failure?.message).toBe(
      "a:4222 closed the connection (step: subscribing)",
    );
  });

  test("it is left alone for its wait, as after any attempt", () => {
    const story = subscribing({ reconnectTimeWait: 500 }, ["a:4222"]);
    expect(story.state).toBe("reconnecting.backingOff");
    story.after(500).happens(fires("reconnect")).subscribes().after(20).happens(lost());
    expect(story.state).toBe("reconnecting.backingOff");
    expect(story.last("startTimer")).toMatchObject({ timer: "reconnect", ms: 480 });
  });

  test("reconnectDelayHandler is asked for it", () => {
    const story = begin({ asksForDelay: true }).connects().happens(lost(), delay(0)).subscribes();
    expect(story.happens(lost()).state).toBe("reconnecting.awaitingDelay");
  });

  test("one timer bounds the attempt to its end: it is neither stopped nor started on the way", () => {
    const story = begin({ timeout: 1_234 }, ["a"]).connects().after(2_000).happens(lost());
    expect(story.last("startTimer")).toEqual({ timer: "attempt", attempt: 2, ms: 1_234 });
    expect(story.subscribes().did.filter((name) => name.endsWith("attempt"))).toEqual([]);
    expect(story.happens(pong).did.filter((name) => name.endsWith("attempt"))).toEqual(["stopTimer attempt"]);
  });

  test("no other timer, and none of another attempt, ends it", () => {
    const story = subscribing();
    const { context } = story.snapshot;
    for (const timer of ["reconnect", "ping", "drain", "overlap", "retire", "confirm", "linger"] as const) {
      expect(story.happens(fires(timer)).did).toEqual([]);
    }
    expect(story.happens(of(1, fires("attempt")), of(3, fires("attempt"))).did).toEqual([]);
    expect(story.snapshot.context).toBe(context);
    expect(story.state).toBe("reconnecting.subscribing");
  });

  test("no PONG but that of this link takes it into use", () => {
    const story = subscribing();
    const { context } = story.snapshot;
    expect(story.happens(of(0, pong), of(1, pong), of(3, pong)).did).toEqual([]);
    expect(story.state).toBe("reconnecting.subscribing");
    expect(story.snapshot.context).toBe(context);
  });

  test("PINGs are answered, news are told, and an error about one subject, too", () => {
    const story = subscribing();
    expect(story.happens(ping).effects).toEqual([{ type: "sendPong", params: { attempt: 2, count: 1 } }]);
    expect(story.happens(info({ connectUrls: ["d:4222"], serverName: "new" })).did).toEqual([
      "notifyStatus update",
    ]);
    expect(story.context.next?.info?.serverName).toBe("new");
    expect(story.pool).toContain("d:4222");
    story.happens(error('Permissions Violation for Subscription to "secret"'));
    expect(story.did).toEqual(["notifyStatus error"]);
    expect(story.errors).toMatchObject([{ step: "subscribing" }]);
    expect(story.state).toBe("reconnecting.subscribing");
    expect(story.happens(pong).state).toBe("connected");
  });

  test("what is said over another link is not heard", () => {
    const events = [ping, info({ connectUrls: ["x"] }), error("Authorization Violation"), lost(), violated];
    const story = subscribing();
    const { context } = story.snapshot;
    for (const event of events) {
      expect(story.happens(of(1, event), of(3, event)).did).toEqual([]);
    }
    expect(story.snapshot.context).toBe(context);
  });

  test("a refusal there is one of the same credentials twice in a row", () => {
    const patient = { reconnectTimeWait: 0, maxReconnectAttempts: -1 };
    const story = subscribing(patient, ["a"]).happens(error("Authorization Violation", 4));
    expect(story.server("a:4222").refusal).toEqual({ kind: "authorizationViolation", credentialsVersion: 4 });
    story.happens(opened, info(), error("Authorization Violation", 4));
    expect(story.state).toBe("closed");
    expect(story.last("settleClosed")?.failure?.code).toBe("AUTHORIZATION_VIOLATION");
  });

  test("the same refusal twice there ends the connection: the server lets the client in, and then does not", () => {
    const patient = { reconnectTimeWait: 0, maxReconnectAttempts: -1 };
    const story = subscribing(patient, ["a"]).happens(refused);
    expect(story.state).toBe("reconnecting.dialing");
    story.subscribes().happens(refused);
    expect(story.state).toBe("closed");
    expect(story.did).toEqual([
      "notifyStatus error",
      "closeSocket",
      "stopTimer attempt",
      "settlePending",
      "settleClosed",
    ]);
    expect(story.last("settleClosed")?.failure?.code).toBe("AUTHORIZATION_VIOLATION");
    // Not so with other credentials, or where the user wants to go on.
    const other = subscribing(patient, ["a"]).happens(refused).subscribes();
    expect(other.happens(error("Authorization Violation", 2)).state).toBe("reconnecting.dialing");
    const goesOn = subscribing({ ...patient, ignoreAuthErrorAbort: true }, ["a"]).happens(refused);
    expect(goesOn.subscribes().happens(refused).state).toBe("reconnecting.dialing");
  });

  test("the user does not wait: reconnect() dials another server, and what was kept is kept", () => {
    const story = subscribing().happens(reconnect);
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.effects[0]).toEqual({
      type: "notifyStatus",
      params: { status: { type: "client initiated reconnect", server: "a:4222" } },
    });
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
    expect(story.last("openSocket")?.server.name).toBe("c:4222");
    expect(story.did).not.toContain("releaseOutbound");
    // Nobody failed.
    expect(story.server("b:4222").failures).toBe(0);
    expect(story.errors).toEqual([]);
  });

  test("the user wants other servers: the attempt is given up, and what was kept is kept", () => {
    const story = subscribing().happens(setServers("x:4222"));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).toEqual([
      "closeSocket",
      "stopTimer attempt",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket x:4222",
    ]);
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
  });

  test("the user closes: the socket is closed, and what was kept stays unsent", () => {
    const story = subscribing().happens(close(3));
    expect(story.state).toBe("closed");
    expect(story.did).toEqual(["closeSocket", "stopTimer attempt", "settlePending", "settleClosed"]);
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
    expect(story.last("settleClosed")).toEqual({ failure: null });
  });

  test("the user drains: the socket is closed, and what has arrived is processed", () => {
    const story = subscribing().happens(drain);
    expect(story.state).toBe("closing");
    expect(story.did).toEqual([
      "closeSocket",
      "stopTimer attempt",
      "drainSubscriptions",
      "startTimer drain",
      "settlePending",
    ]);
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
    expect(story.happens(drained).state).toBe("closed");
  });

  test("what the link that was given up still has to say changes nothing", () => {
    const story = subscribing().happens(reconnect);
    const { context } = story.snapshot;
    for (const event of [pong, ping, lost(), refused, fires("attempt"), violated]) {
      expect(story.happens(of(2, event)).did).toEqual([]);
    }
    expect(story.snapshot.context).toBe(context);
  });
});

test("closing while not connected settles everything: what could not be sent is no failure of the chart", () => {
  const story = begin({}, ["a"]).connects().happens(lost()).happens(close(2));
  expect(story.did).toEqual(["stopTimer reconnect", "settlePending", "settleClosed"]);
  expect(story.last("settlePending")).toEqual(story.last("settleClosed"));
  expect(story.last("settleClosed")).toEqual({ failure: null });
});
