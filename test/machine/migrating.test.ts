// `migrating`: the server is in lame duck mode, and the user wants to be elsewhere before it shuts down. The one state
// with two sockets: messages flow over the old one (attempt 1) while the new one (attempt 2) is made.

import { describe, expect, test } from "vitest";
import { LINGER, OVERLAP } from "../../src/machine/link.js";
import { destinationOf } from "../../src/machine/origin.js";
import {
  begin,
  close,
  drain,
  error,
  fires,
  flushed,
  type Happening,
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
  unreachable,
  violated,
} from "./story.js";

const lameDuck = info({ lameDuck: true });
const old = (happening: Happening): Happening => ({ ...happening, attempt: 1 });
const leaving = (policy = {}) =>
  begin({ onLameDuck: "migrate", ...policy })
    .connects()
    .happens(lameDuck);
const subscribing = (policy = {}) => leaving(policy).happens(opened, info(), pong);
const cuttingOver = (policy = {}) => subscribing(policy).happens(pong);

describe("a move", () => {
  test("begins when the server enters lame duck mode: another server is dialed, the socket stays", () => {
    const story = leaving();
    expect(story.state).toBe("migrating.dialing");
    expect(story.did).toEqual([
      "stopTimer ping",
      "notifyStatus ldm",
      "startTimer ping",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket b:4222",
    ]);
    expect(story.context).toMatchObject({
      attempt: 2,
      live: { id: 1, destination: { name: "a:4222" }, phase: "live" },
      next: { id: 2, destination: { name: "b:4222" }, phase: "dialing" },
      retiring: [],
    });
  });

  test("does not begin where the user only wants to know", () => {
    const story = begin({ onLameDuck: "notify" }).connects().happens(lameDuck);
    expect(story.state).toBe("connected");
    expect(story.did).toEqual(["notifyStatus ldm"]);
  });

  test("does not begin where there is no other server", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a:4222"]).connects().happens(lameDuck);
    expect(story.state).toBe("connected");
    expect(story.did).toEqual([
      "stopTimer ping",
      "notifyStatus ldm",
      "startTimer ping",
      "stopTimer ping",
      "startTimer ping",
    ]);
  });

  test("begins where the cluster names another server with the same words", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a:4222"])
      .connects()
      .happens(info({ lameDuck: true, connectUrls: ["b:4222"] }));
    expect(story.state).toBe("migrating.dialing");
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
  });

  test("subscribes with the new server, and waits until it confirms", () => {
    const story = leaving().happens(opened, info()).happens(pong);
    expect(story.state).toBe("migrating.subscribing");
    expect(story.effects).toEqual([
      { type: "resubscribe", params: { attempt: 2 } },
      { type: "sendPing", params: { attempt: 2 } },
    ]);
  });

  test("cuts over: the old server gets all that was published so far, what follows is kept", () => {
    const story = subscribing().happens(pong);
    expect(story.state).toBe("migrating.cuttingOver");
    expect(story.effects).toEqual([{ type: "pauseOutbound", params: { attempt: 2, from: 1 } }]);
  });

  test("ends when the old server has all of it: messages flow to the new one, the old link is left", () => {
    const story = cuttingOver().happens(flushed);
    expect(story.state).toBe("connected");
    expect(story.effects).toEqual([
      { type: "stopTimer", params: { timer: "ping", attempt: 1 } },
      { type: "stopTimer", params: { timer: "attempt", attempt: 2 } },
      { type: "releaseOutbound", params: { attempt: 2 } },
      { type: "startTimer", params: { timer: "overlap", attempt: 1, ms: OVERLAP } },
      { type: "notifyStatus", params: { status: { type: "reconnect", server: "b:4222" } } },
      { type: "startTimer", params: { timer: "ping", attempt: 2, ms: 120_000 } },
    ]);
    expect(story.context).toMatchObject({
      live: { id: 2, destination: { name: "b:4222" }, phase: "live" },
      next: null,
      retiring: [{ id: 1, destination: { name: "a:4222" }, phase: "overlapping" }],
    });
  });

  test("ends also when the old server goes away in the middle of the cutover", () => {
    const story = cuttingOver().happens(old(lost()));
    expect(story.state).toBe("connected");
    expect(story.effects).toEqual([
      { type: "stopTimer", params: { timer: "ping", attempt: 1 } },
      { type: "stopTimer", params: { timer: "attempt", attempt: 2 } },
      // What the old server had and did not confirm is lost, and that is told before anything goes to the new one.
      { type: "holdOutbound", params: undefined },
      { type: "notifyStatus", params: { status: { type: "disconnect", server: "a:4222" } } },
      { type: "releaseOutbound", params: { attempt: 2 } },
      { type: "notifyStatus", params: { status: { type: "reconnect", server: "b:4222" } } },
      { type: "startTimer", params: { timer: "ping", attempt: 2, ms: 120_000 } },
    ]);
    expect(story.context).toMatchObject({ live: { id: 2 }, next: null, retiring: [], lastInUse: null });
  });

  test("tells of no loss, and holds nothing, where the old server has all", () => {
    const { did } = cuttingOver().happens(flushed);
    expect(did).not.toContain("holdOutbound");
    expect(did).not.toContain("notifyStatus disconnect");
  });

  test("tells of no loss of the old server that goes when it is being left", () => {
    const story = cuttingOver().happens(flushed).happens(old(lost()));
    expect([story.state, story.did]).toEqual(["connected", ["stopTimer overlap"]]);
  });
});

describe("while it moves", () => {
  test("PINGs of both servers are answered, each over its own socket", () => {
    const story = subscribing();
    expect(story.happens(old(ping)).effects).toEqual([
      { type: "sendPong", params: { attempt: 1, count: 1 } },
    ]);
    expect(story.happens(ping).effects).toEqual([{ type: "sendPong", params: { attempt: 2, count: 1 } }]);
  });

  test("news of the cluster from the old server are told, once", () => {
    const story = leaving().happens(old(info({ lameDuck: true, connectUrls: ["c:4222"] })));
    expect(story.did).toEqual(["notifyStatus update"]);
    expect(story.context.next?.info).toBeNull();
    expect(story.context.live?.info?.connectUrls).toEqual(["c:4222"]);
  });

  test("errors of the old server are told", () => {
    const story = leaving().happens(old(error('Permissions Violation for Publish to "x"')));
    expect(story.did).toEqual(["notifyStatus error"]);
    expect(story.errors[0]?.step).toBe("connected");
  });

  test("a server that fails is passed over for the next", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a:4222", "b:4222", "c:4222"])
      .connects()
      .happens(lameDuck, unreachable);
    expect(story.state).toBe("migrating.dialing");
    expect(story.last("openSocket")?.server.name).toBe("c:4222");
  });

  test.each([
    ["cannot be reached", () => leaving().happens(unreachable)],
    ["is silent", () => leaving().happens(opened, fires("attempt"))],
    ["speaks another protocol", () => leaving().happens(opened, violated)],
    ["refuses the credentials", () => leaving().happens(opened, info(), error("Authorization Violation"))],
    ["does not confirm the subscriptions", () => subscribing().happens(fires("attempt"))],
  ])("where the only other server %s, the connection stays where it is", (_why, play) => {
    const story = play();
    expect(story.state).toBe("connected");
    expect(story.context).toMatchObject({
      attempt: 2,
      live: { id: 1, destination: { name: "a:4222" }, phase: "live" },
      next: null,
      retiring: [],
      failure: null,
    });
    expect(story.last("startTimer")).toMatchObject({ timer: "ping", attempt: 1 });
    expect(story.happens(old(ping)).effects).toEqual([
      { type: "sendPong", params: { attempt: 1, count: 1 } },
    ]);
  });

  test.each([
    ["closes", () => cuttingOver().happens(lost()), "b:4222 closed the connection (step: cuttingOver)"],
    [
      "does not answer in time",
      () => cuttingOver().happens(fires("attempt")),
      "b:4222: the server that is being left did not confirm what was published within 20000 ms (step: cuttingOver)",
    ],
    [
      "speaks nonsense",
      () => cuttingOver().happens(violated),
      "b:4222 does not speak the NATS protocol: unknown operation HTTP/1.1",
    ],
    [
      "turns the client away",
      () => cuttingOver().happens(error("Authorization Violation")),
      "Authorization Violation",
    ],
  ])("where the new server %s during the cutover, the old one gets what was kept", (_why, play, message) => {
    const story = play();
    expect(story.state).toBe("connected");
    expect(story.last("releaseOutbound")).toEqual({ attempt: 1 });
    expect(story.errors).toMatchObject([{ step: "cuttingOver", failure: { message } }]);
    expect(story.server("b:4222").failures).toBe(0);
  });

  test("a move that fails costs the server no attempt: it is not given up while a connection stands", () => {
    const story = begin({ onLameDuck: "migrate", maxReconnectAttempts: 1 }, ["a:4222", "b:4222", "c:4222"])
      .connects()
      .happens(lameDuck, unreachable, unreachable);
    expect(story.state).toBe("connected");
    expect(story.pool).toEqual(["a:4222", "b:4222", "c:4222"]);
  });

  test("the old server is asked whether it is there, and is left where it does not answer", () => {
    const story = leaving({ maxPingOut: 2, pingInterval: 1_000, timeout: 60_000 });
    expect(story.effects).toContainEqual({
      type: "startTimer",
      params: { timer: "ping", attempt: 1, ms: 1_000 },
    });
    story.happens(old(fires("ping")));
    expect(story.effects).toEqual([
      { type: "notifyStatus", params: { status: { type: "pingTimer", server: "a:4222", pingsOut: 1 } } },
      { type: "sendPing", params: { attempt: 1 } },
      { type: "startTimer", params: { timer: "ping", attempt: 1, ms: 1_000 } },
    ]);
    // An answer of the new server says nothing about the old one.
    story.happens(opened, info(), pong);
    expect(story.context.live?.pingsOut).toBe(1);
    story.happens(old(pong));
    expect(story.context.live?.pingsOut).toBe(0);
    story.happens(old(fires("ping")), old(fires("ping")));
    expect(story.state).toBe("migrating.subscribing");
    story.happens(old(fires("ping")));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).toEqual([
      "stopTimer ping",
      "notifyStatus pingTimer",
      "notifyStatus staleConnection",
      "closeSocket",
      "closeSocket",
      "stopTimer attempt",
      "holdOutbound",
      "notifyStatus disconnect",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket b:4222",
    ]);
    expect(story.last("notifyStatus")?.status).toMatchObject({ type: "reconnecting", server: "b:4222" });
    expect(story.context.failure).toBeNull();
  });

  test("no answer but the old server's own tells that it is there, also during the cutover", () => {
    const story = cuttingOver().happens(old(fires("ping")), pong);
    expect(story.context.live?.pingsOut).toBe(1);
    expect(story.happens({ ...pong, attempt: 3 }).context.live?.pingsOut).toBe(1);
    expect(story.happens(old(pong)).context.live?.pingsOut).toBe(0);
  });

  test("during the cutover the new server is heard: PING, news, and errors about one subject", () => {
    const story = cuttingOver();
    expect(story.happens(ping).effects).toEqual([{ type: "sendPong", params: { attempt: 2, count: 1 } }]);
    expect(story.happens(info({ connectUrls: ["c:4222"], serverName: "new" })).did).toEqual([
      "notifyStatus update",
    ]);
    expect(story.context.next?.info?.serverName).toBe("new");
    expect(story.context.live?.info?.serverName).toBe("a");
    expect(story.pool).toContain("c:4222");
    expect(story.happens(error("Invalid Subject")).errors).toMatchObject([{ step: "cuttingOver" }]);
    expect(story.state).toBe("migrating.cuttingOver");
  });

  test("a new server that does not confirm the subscriptions is told of with that step", () => {
    expect(subscribing().happens(fires("attempt")).errors).toMatchObject([{ step: "subscribing" }]);
  });

  test("no delay is asked for: what would have to wait is given up", () => {
    const story = leaving({ asksForDelay: true }).happens(unreachable);
    expect(story.state).toBe("connected");
    expect(story.did).not.toContain("askReconnectDelay");
  });

  test.each([
    ["while dialing", leaving],
    ["while subscribing", subscribing],
  ])("the loss of the old server %s is a loss: the other one may be dialed again at once", (_when, play) => {
    const story = play().happens(old(lost()));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).toEqual([
      "stopTimer ping",
      "closeSocket",
      "stopTimer attempt",
      "holdOutbound",
      "notifyStatus disconnect",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket b:4222",
    ]);
  });

  test("nonsense of the old server is the reason where nothing follows", () => {
    const story = leaving({ reconnect: false }).happens(old(violated));
    expect(story.last("settleClosed")?.failure?.message).toBe(
      "a:4222 does not speak the NATS protocol: unknown operation HTTP/1.1",
    );
  });

  test("nonsense of the old server is a loss too", () => {
    const story = subscribing().happens(old(violated));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.errors[0]?.step).toBe("connected");
    expect(story.effects.slice(2, 5)).toEqual([
      { type: "closeSocket", params: { attempt: 1 } },
      { type: "closeSocket", params: { attempt: 2 } },
      { type: "stopTimer", params: { timer: "attempt", attempt: 2 } },
    ]);
  });
});

describe("a move that failed", () => {
  test("leaves a context that does not contradict itself: the old link, no new one, and the number of the attempt", () => {
    const before = begin({ onLameDuck: "migrate" }).connects().context;
    const story = leaving().happens(opened, info(), refused);
    expect(story.context).toMatchObject({
      attempt: 2,
      live: { ...before.live, info: { lameDuck: true } },
      next: null,
      retiring: [],
      lastInUse: null,
      leaving: null,
      failure: null,
    });
    expect(story.context.live?.destination.name).toBe("a:4222");
  });

  test("tells of the server in use, not of the one that failed, in all that follows", () => {
    const story = leaving({ reconnect: false }).happens(opened, info(), refused);
    expect(story.happens(old(fires("ping"))).last("notifyStatus")?.status).toMatchObject({
      server: "a:4222",
    });
    expect(story.happens(old(error("Invalid Subject"))).errors).toMatchObject([{ step: "connected" }]);
    story.happens(old(lost()));
    expect(story.last("settleClosed")?.failure?.message).toBe(
      "a:4222 closed the connection (step: connected)",
    );
    expect(story.context).toMatchObject({ live: null, lastInUse: { server: "a:4222" } });
  });

  test("costs no number: the next attempt has the one after it", () => {
    const story = leaving().happens(unreachable, old(lost()));
    expect(story.state).toBe("reconnecting.backingOff");
    expect(story.last("startTimer")).toMatchObject({ timer: "reconnect", attempt: 2 });
    story.after(2_000).happens(fires("reconnect"));
    expect(story.context).toMatchObject({ attempt: 3, next: { id: 3 } });
  });

  test("because the new server refused the same credentials twice does not end the connection", () => {
    const story = leaving().happens(opened, info(), refused);
    for (const again of [1, 2]) {
      story.after(2_000).happens(old(info()), old(lameDuck));
      story.happens(opened, info()).happens(refused);
      expect([again, story.state]).toEqual([again, "connected"]);
      expect(story.did).not.toContain("settlePending");
    }
    expect(story.server("b:4222").refusal).toEqual({ kind: "authorizationViolation", credentialsVersion: 1 });
  });
});

describe("the server in use says that it ends the connection", () => {
  const steps: readonly (readonly [string, (policy?: object) => Story])[] = [
    ["migrating.dialing", leaving],
    ["migrating.authenticating", (policy) => leaving(policy).happens(opened, info())],
    ["migrating.subscribing", subscribing],
    ["migrating.cuttingOver", cuttingOver],
  ];
  const fatal = ["Slow Consumer", "Maximum Connections Exceeded"];

  for (const text of fatal) {
    const failure = { code: "NATS_PROTOCOL_ERR", message: text };

    test.each(steps)(`'${text}' in %s: reported and remembered, and the move goes on`, (state, play) => {
      const story = play();
      const { next } = story.context;
      story.happens(old(error(text)));
      expect([story.state, story.did]).toEqual([state, ["notifyStatus error"]]);
      expect(story.last("notifyStatus")?.status).toMatchObject({ server: "a:4222" });
      expect(story.errors).toEqual([{ step: "connected", failure }]);
      expect(story.context).toMatchObject({ live: { id: 1, fatal: failure }, failure: null });
      expect(story.context.next).toBe(next);
    });

    test.each(steps.slice(0, 3))(
      `'${text}' in %s is the reason when the server closes the socket`,
      (_state, play) => {
        const story = play({ reconnect: false }).happens(old(error(text)), old(lost()));
        expect(story.state).toBe("closed");
        expect(story.last("settleClosed")).toEqual({ failure });
      },
    );

    test(`'${text}' is the reason, too, when the move has failed meanwhile`, () => {
      const story = leaving({ reconnect: false }).happens(old(error(text)), unreachable);
      expect(story.state).toBe("connected");
      expect(story.happens(old(lost())).last("settleClosed")).toEqual({ failure });
    });

    test(`'${text}' of before the move is the reason when the server closes the socket in it`, () => {
      const story = begin({ onLameDuck: "migrate", reconnect: false }).connects().happens(error(text));
      expect(story.happens(lameDuck, old(lost())).last("settleClosed")).toEqual({ failure });
    });
  }

  test("is no reason for anything once the connection has moved", () => {
    const story = cuttingOver({ reconnect: false }).happens(old(error("Slow Consumer")), old(lost()));
    expect(story.state).toBe("connected");
    expect(story.context).toMatchObject({ live: { id: 2, fatal: null }, failure: null });
    expect(story.happens(lost()).last("settleClosed")?.failure?.code).toBe("DISCONNECT");
  });

  test("an error of the new server is not that of the one in use", () => {
    const story = leaving({ reconnect: false }).happens(opened, info(), error("Slow Consumer"));
    expect(story.context).toMatchObject({ live: { id: 1, fatal: null }, next: null });
    expect(story.happens(old(lost())).last("settleClosed")?.failure?.code).toBe("DISCONNECT");
  });

  test.each(steps)("a refusal in %s is a loss, at once: both sockets are closed", (_state, play) => {
    const story = play({ reconnect: false }).happens(old(error("User Authentication Expired")));
    expect(story.did).toEqual([
      "stopTimer ping",
      "notifyStatus error",
      "closeSocket",
      "closeSocket",
      "stopTimer attempt",
      "holdOutbound",
      "notifyStatus disconnect",
      "settlePending",
      "settleClosed",
    ]);
    const closed = story.effects.filter(({ type }) => type === "closeSocket");
    expect(closed.map(({ params }) => params)).toEqual([{ attempt: 1 }, { attempt: 2 }]);
    expect(story.last("settleClosed")?.failure).toEqual({
      code: "AUTHENTICATION_EXPIRED",
      message: "User Authentication Expired",
    });
    expect(story.happens(old(lost())).did).toEqual([]);
  });

  test("a refusal in a move is remembered with its server, and the next one is dialed", () => {
    const story = leaving().happens(old(error("User Authentication Expired", 4)));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.server("a:4222").refusal).toEqual({ kind: "authenticationExpired", credentialsVersion: 4 });
    expect(story.last("openSocket")).toMatchObject({ attempt: 3, server: { name: "b:4222" } });
  });
});

describe("servers that were learnt", () => {
  const cluster = (...connectUrls: string[]) => info({ lameDuck: true, connectUrls });

  test("stay in the pool while they are dialed, although the server that is left no longer names them", () => {
    const story = begin({ onLameDuck: "migrate" }, ["tls://a"]).happens(
      opened,
      info({ tlsAvailable: true }),
      secured,
      pong,
    );
    story.happens(info({ connectUrls: ["b:4222", "c:4222"] }), cluster());
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
    story.happens(old(cluster("c:4222", "d:4222")));
    expect(story.pool).toEqual(["a:4222", "b:4222", "c:4222", "d:4222"]);
    expect(story.last("notifyStatus")?.status).toMatchObject({ type: "update", server: "a:4222" });
    // What a server under TLS names is talked to under TLS.
    const { origins } = story.context;
    expect(destinationOf(origins, story.server("d:4222")).transport).toEqual({ type: "tcp", tls: true });
  });

  test("stay in the pool while they are left, although the new server does not name them", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a"])
      .connects()
      .happens(info({ connectUrls: ["b:4222"] }), lost())
      .connects();
    expect(story.context.live?.destination.name).toBe("b:4222");
    story.after(60_000).happens(info({ lameDuck: true }), opened, info({ connectUrls: ["c:4222"] }));
    expect(story.state).toBe("migrating.authenticating");
    expect(story.last("notifyStatus")?.status).toMatchObject({ type: "update", server: "a:4222" });
    expect([...story.pool].sort()).toEqual(["a:4222", "b:4222", "c:4222"]);
  });
});

test("the server that was being dialed when the old one is lost is next, although it failed before", () => {
  const story = begin({ onLameDuck: "migrate" }, ["b:4222", "a:4222"]).happens(unreachable).connects();
  story.after(5_000).happens(info({ lameDuck: true }));
  expect(story.last("openSocket")?.server.name).toBe("b:4222");
  story.after(1).happens({ ...lost(), attempt: 2 });
  expect(story.state).toBe("reconnecting.dialing");
  expect(story.last("openSocket")?.server.name).toBe("b:4222");
});

describe("the user", () => {
  test.each([
    ["dialing", leaving],
    ["subscribing", subscribing],
  ])("closes while %s: both sockets are closed, the old one after what was published", (_step, play) => {
    const story = play().happens(close());
    expect(story.state).toBe("closing");
    expect(story.effects).toEqual([
      { type: "stopTimer", params: { timer: "ping", attempt: 1 } },
      { type: "closeSocket", params: { attempt: 2 } },
      { type: "stopTimer", params: { timer: "attempt", attempt: 2 } },
      { type: "endSocket", params: { attempt: 1 } },
      { type: "startTimer", params: { timer: "linger", attempt: 1, ms: LINGER } },
      { type: "settlePending", params: { failure: null } },
    ]);
    expect(story.happens(old(lost())).state).toBe("closed");
    expect(story.effects).toEqual([
      { type: "stopTimer", params: { timer: "linger", attempt: 1 } },
      { type: "settleClosed", params: { failure: null } },
    ]);
  });

  test("closes during the cutover: the old server gets what was kept first", () => {
    const story = cuttingOver().happens(close());
    expect(story.did).toEqual([
      "stopTimer ping",
      "releaseOutbound",
      "closeSocket",
      "stopTimer attempt",
      "endSocket",
      "startTimer linger",
      "settlePending",
    ]);
    expect(story.last("releaseOutbound")).toEqual({ attempt: 1 });
    expect(story.happens(old(lost())).did).toEqual(["stopTimer linger", "settleClosed"]);
  });

  test.each([
    ["dialing", leaving, []],
    ["subscribing", subscribing, []],
    ["cuttingOver", cuttingOver, [{ type: "releaseOutbound", params: { attempt: 1 } }]],
  ] as const)(
    "closes while %s before all is confirmed: the old server is asked, and the new socket closed",
    (_step, play, released) => {
      const story = play().happens(close(2));
      expect(story.state).toBe("closing");
      expect(story.effects).toEqual([
        { type: "stopTimer", params: { timer: "ping", attempt: 1 } },
        ...released,
        { type: "closeSocket", params: { attempt: 2 } },
        { type: "stopTimer", params: { timer: "attempt", attempt: 2 } },
        { type: "confirmOutbound", params: { attempt: 1 } },
        { type: "startTimer", params: { timer: "confirm", attempt: 1, ms: LINGER } },
        { type: "settlePending", params: { failure: null } },
      ]);
      expect(story.context).toMatchObject({
        live: null,
        next: null,
        retiring: [{ id: 1, phase: "confirming" }],
      });
      // The PONG of the server that was to be moved to says nothing of what the old one was sent.
      expect(story.happens(of(2, flushed)).did).toEqual([]);
      expect(story.happens(old(flushed)).did).toEqual([
        "stopTimer confirm",
        "endSocket",
        "startTimer linger",
      ]);
      expect(story.happens(old(lost())).state).toBe("closed");
    },
  );

  test("drains: the move is given up, the drain goes over the old socket", () => {
    for (const play of [leaving, subscribing, cuttingOver]) {
      const story = play().happens(drain);
      expect(story.state).toBe("draining.subscriptions");
      expect(story.last("drainSubscriptions")).toEqual({ attempt: 0 });
      expect(story.last("startTimer")).toMatchObject({ timer: "drain", attempt: 2 });
      expect(story.context).toMatchObject({ live: { id: 1, phase: "live" }, next: null, leaving: "drain" });
      // What the new server has sent to a subscription is taken.
      const isSubscribed = play !== leaving;
      expect(story.context.retiring.map(({ id, phase }) => [id, phase])).toEqual(
        isSubscribed ? [[2, "overlapping"]] : [],
      );
      const overlap = { type: "startTimer", params: { timer: "overlap", attempt: 2, ms: OVERLAP } };
      expect(story.effects.filter(({ type }) => type === "startTimer")).toEqual([
        ...(isSubscribed ? [overlap] : []),
        { type: "startTimer", params: { timer: "drain", attempt: 2, ms: 30_000 } },
      ]);
      expect(story.effects).toContainEqual({ type: "stopTimer", params: { timer: "attempt", attempt: 2 } });
      expect(story.last("closeSocket")).toEqual(isSubscribed ? undefined : { attempt: 2 });
    }
  });

  test("forces a reconnect: both sockets are closed", () => {
    const story = subscribing().happens(reconnect);
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did.slice(0, 5)).toEqual([
      "stopTimer ping",
      "notifyStatus client initiated reconnect",
      "closeSocket",
      "closeSocket",
      "stopTimer attempt",
    ]);
  });
});

describe("after a move", () => {
  test("the new server starts anew: what failed there before counts no more", () => {
    const story = begin({ onLameDuck: "migrate", reconnectTimeWait: 2_000 }).connects();
    story.happens(lost(), unreachable).after(2_000).happens(fires("reconnect")).connects();
    expect(story.server("b:4222")).toMatchObject({ failures: 1, didConnect: false });
    story.after(5_000).happens(lameDuck, opened, info(), pong, pong, flushed);
    expect(story.context.live?.destination.name).toBe("b:4222");
    expect(story.server("b:4222")).toMatchObject({ failures: 0, refusal: null, didConnect: true });
  });

  test("nobody is asked how long not to dial the server that was left: a connection is established", () => {
    const story = begin({ onLameDuck: "migrate", asksForDelay: true, reconnectTimeWait: 2_000 }).connects();
    story.happens(lameDuck, opened, info(), pong, pong, flushed);
    expect(story.state).toBe("connected");
    expect(story.server("a:4222").wait).toBe(2_000);
  });
});
