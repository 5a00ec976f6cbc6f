// What the chart remembers from one event to the next, where no effect shows it at once: the pool's counts and waits,
// the generator, and what is forgotten. The states of their own have files of their own.

import { describe, expect, test } from "vitest";
import { transition } from "xstate";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import { memory } from "../../src/machine/memory.js";
import {
  begin,
  chosen,
  close,
  delay,
  drain,
  drained,
  error,
  fires,
  flushed,
  type Happening,
  info,
  lost,
  opened,
  ping,
  pong,
  reconnect,
  refused,
  type Story,
  secured,
  setServers,
  unreachable,
} from "./story.js";

const old = (happening: Happening): Happening => ({ ...happening, attempt: 1 });
const three = ["a:4222", "b:4222", "c:4222"];
const tls = info({ tlsRequired: true });
const patient = { reconnectTimeWait: 0, maxReconnectAttempts: -1 };

/** Whether the generator was used by what happens. */
function drawsIn(story: Story, ...happenings: readonly Happening[]): boolean {
  const { random } = story.context;
  return story.happens(...happenings).context.random !== random;
}

describe("an attempt that succeeds", () => {
  test("clears the count and the refusal of its own server, and notes that it connected", () => {
    const story = begin(patient, three).connects().happens(lost(), opened, info(), refused);
    expect(story.server("b:4222")).toMatchObject({ failures: 1, didConnect: false });
    expect(story.server("b:4222").refusal).not.toBeNull();
    story.happens(unreachable, unreachable).connects();
    expect(story.server("b:4222")).toMatchObject({ failures: 0, refusal: null, didConnect: true });
    // The others keep theirs.
    expect(story.server("c:4222")).toMatchObject({ failures: 1, didConnect: false });
    expect(story.server("a:4222")).toMatchObject({ failures: 1, didConnect: true });
  });

  test("is no draw of the generator, unless it is the end of a move", () => {
    expect(drawsIn(begin({ noRandomize: false }), opened, info(), pong)).toBe(false);
    const moving = begin({ onLameDuck: "migrate" })
      .connects()
      .happens(info({ lameDuck: true }), opened, info(), pong, pong);
    expect(drawsIn(moving, flushed)).toBe(true);
  });

  test("after a loss is one only when the server has confirmed the subscriptions: until then nothing starts anew", () => {
    const story = begin(patient, ["a"]).connects().happens(lost(), unreachable).subscribes();
    const { pool } = story.context;
    expect(story.server("a:4222")).toMatchObject({ failures: 1 });
    expect(story.context).toMatchObject({
      live: null,
      next: { id: 3, phase: "subscribing" },
      lastInUse: { server: "a:4222", until: 0 },
    });
    story.happens(pong);
    expect(story.context.pool).not.toBe(pool);
    expect(story.server("a:4222")).toMatchObject({ failures: 0 });
    expect(story.context).toMatchObject({ live: { id: 3, phase: "live" }, next: null, lastInUse: null });
  });

  test("forgets the error of the attempt before", () => {
    const story = begin().happens(unreachable).connects();
    expect(story.context).toMatchObject({
      failure: null,
      attempts: [],
      live: { id: 2, phase: "live", fatal: null },
      next: null,
    });
  });
});

describe("an attempt that fails", () => {
  test("is a draw of the generator, and the wait is kept with the server", () => {
    const story = begin({ reconnectTimeWait: 7, reconnectJitter: 0 });
    expect(drawsIn(story, unreachable)).toBe(true);
    expect(story.server("a:4222").wait).toBe(7);
  });

  test("over a secured socket has the jitter of TLS", () => {
    const policy = { reconnectTimeWait: 0, reconnectJitter: 0, reconnectJitterTls: 1_000_000 };
    const story = begin(policy).happens(opened, tls, secured, lost());
    expect(story.server("a:4222").wait).toBeGreaterThan(1_000);
    expect(begin(policy).happens(opened, tls, lost()).server("a:4222").wait).toBe(0);
  });

  test("leaves no socket: what it still has to say is not heard while the next server is waited for", () => {
    const story = begin({}, ["a"]).connects().happens(lost()).after(2_000).happens(fires("reconnect"));
    story.happens(unreachable);
    expect(story.state).toBe("reconnecting.backingOff");
    expect(story.context).toMatchObject({ live: null, next: null, retiring: [] });
    expect(story.happens(ping, lost()).did).toEqual([]);
  });

  test("is dated, in the report of a rejected connect", () => {
    const story = begin().after(30).happens(unreachable).after(40).happens(unreachable);
    expect(story.context.attempts.map(({ at }) => at)).toEqual([30, 70]);
    expect(story.context.now).toBe(70);
  });

  test("of a connection that stood before is in no report", () => {
    const story = begin(patient).connects().happens(lost(), unreachable);
    expect(story.context.attempts).toEqual([]);
  });

  test("by a refusal in another kind of error than the one before does not end it all, and is the one that counts", () => {
    const story = begin(patient, ["a"]).connects().happens(lost());
    const expired = error("User Authentication Expired");
    for (const refusal of [refused, expired]) story.happens(opened, info(), refusal);
    expect(story.server("a:4222").refusal).toEqual({ kind: "authenticationExpired", credentialsVersion: 1 });
    expect(story.happens(opened, info(), expired).state).toBe("closed");
  });

  test.each([
    ["dialing", []],
    ["greeting", [opened]],
    ["securing", [opened, tls]],
  ] as const)("by a refusal in %s is no refusal of credentials: none were sent", (_step, way) => {
    expect(
      begin(patient)
        .happens(...way, refused)
        .server("a:4222").refusal,
    ).toBeNull();
  });
});

describe("a connection that is lost", () => {
  test("is a draw of the generator, and the wait is kept with the server", () => {
    const story = begin({ reconnectTimeWait: 7, reconnectJitter: 0 }).connects();
    expect(drawsIn(story, lost())).toBe(true);
    expect(story.server("a:4222").wait).toBe(7);
    expect(story.context).toMatchObject({ live: null, next: { id: 2 }, retiring: [] });
  });

  test("keeps what its server refused before only where it is refused again", () => {
    const story = begin(patient, ["a"]).connects();
    expect(story.happens(lost()).server("a:4222").refusal).toBeNull();
    story.connects().happens(refused);
    expect(story.server("a:4222").refusal).toEqual({ kind: "authorizationViolation", credentialsVersion: 1 });
  });

  test("has no socket while a server is waited for, and it is known which one was in use, until when", () => {
    const { context } = begin({}, ["a"]).connects().after(7).happens(lost());
    expect(context).toMatchObject({ live: null, next: null, retiring: [] });
    expect(context.lastInUse).toEqual({ server: "a:4222", until: 7 });
    expect(begin().connects().happens(lost()).connects().context.lastInUse).toBeNull();
  });
});

describe("a move to another server", () => {
  const policy = { onLameDuck: "migrate", ...patient } as const;
  const moving = (more = {}) =>
    begin({ ...policy, ...more })
      .happens(opened, tls, secured, pong)
      .happens(fires("ping"), info({ lameDuck: true, serverName: "ducky" }));

  test("begins with no PING out, and remembers the connection that is left", () => {
    const { context } = moving().after(5);
    expect(context.live).toMatchObject({
      id: 1,
      destination: { name: "a:4222" },
      phase: "live",
      secured: true,
      info: { serverName: "ducky" },
      pingsOut: 0,
    });
    expect(context.next).toMatchObject({ id: 2, phase: "dialing", secured: false, info: null });
  });

  test("that is given up leaves everything as it was", () => {
    const story = moving({ reconnectTimeWait: 1_000 }).happens(opened, info(), refused);
    expect(story.state).toBe("connected");
    expect(story.context).toMatchObject({
      attempt: 2,
      live: {
        id: 1,
        destination: { name: "a:4222" },
        phase: "live",
        secured: true,
        info: { serverName: "ducky" },
      },
      next: null,
      retiring: [],
      failure: null,
    });
  });

  test("that is given up because the other server refused twice does not end the connection", () => {
    const story = moving({ reconnectTimeWait: 1_000 }).happens(opened, info(), refused).after(9_000);
    story.happens(old(info()), old(info({ lameDuck: true }))).happens(opened, info(), refused);
    expect(story.state).toBe("connected");
    expect(story.context).toMatchObject({ attempt: 3, live: { id: 1 }, next: null, failure: null });
    expect(story.happens(old(lost())).state).toBe("reconnecting.dialing");
  });

  test("that succeeds puts the server that was left to the back, with a wait from now on", () => {
    const story = moving({ reconnectTimeWait: 70, reconnectJitter: 0, reconnectJitterTls: 0 });
    story.happens(opened, info(), pong, pong).after(5).happens(flushed);
    expect(story.pool).toEqual(["b:4222", "a:4222"]);
    expect(story.server("a:4222")).toMatchObject({ wait: 70, lastAttemptAt: story.context.now });
    expect(story.context.connectedBefore).toBe(true);
  });

  test("in which the old connection is lost: a loss of that one, with its jitter, and its reason", () => {
    const story = moving({ reconnectJitter: 0, reconnectJitterTls: 1_000_000, reconnect: false });
    expect(drawsIn(story.after(9), old(lost()))).toBe(true);
    expect(story.state).toBe("closed");
    expect(story.context).toMatchObject({
      live: null,
      next: null,
      retiring: [],
      lastInUse: { server: "a:4222", until: 9 },
      now: 9,
    });
    expect(story.server("a:4222").wait).toBeGreaterThan(1_000);
    expect(story.last("settleClosed")?.failure?.message).toBe(
      "a:4222 closed the connection (step: connected)",
    );
  });

  test("in which the old connection is lost asks the user's function how long to leave it alone", () => {
    const story = moving({ asksForDelay: true }).happens(old(lost()));
    expect(story.state).toBe("reconnecting.awaitingDelay");
    expect(story.server("a:4222").wait).toBeNull();
  });

  test("that the user ends by a reconnect says that the user did", () => {
    const story = moving({ reconnect: false }).happens(reconnect);
    expect(story.last("settleClosed")?.failure?.message).toBe("disconnected from a:4222");
  });
});

describe("what the user's functions say", () => {
  test("a delay counts from the attempt, and is dated", () => {
    const story = begin({ asksForDelay: true }, ["a"]).connects().happens(lost()).after(3).happens(delay(77));
    expect(story.server("a:4222").wait).toBe(77);
    expect(story.context.now).toBe(3);
    expect(story.last("startTimer")?.ms).toBe(74);
  });

  test("a choice is dated, and forgotten when the attempt begins", () => {
    const story = begin({ asksForServer: true }).after(3).happens(chosen("b:4222", 500));
    expect(story.context).toMatchObject({ now: 3, chosen: { server: "b:4222", at: 503 } });
    story.after(500).happens(fires("reconnect"));
    expect(story.context.chosen).toBeNull();
  });

  test("a choice without a wish is the server that is next", () => {
    const story = begin({ asksForServer: true }).happens(chosen(null, 500));
    expect(story.context.chosen).toEqual({ server: "a:4222", at: 500 });
  });

  test("a server that is not in the pool is passed over for the next", () => {
    const story = begin({ asksForServer: true }).happens(chosen("nowhere:4222"));
    expect(story.last("openSocket")?.server.name).toBe("a:4222");
  });

  test("other servers are dated, end a choice, and are shuffled unless noRandomize", () => {
    const story = begin({ asksForServer: true }).happens(chosen("b:4222", 500)).after(3);
    story.happens(setServers(...three));
    expect(story.context).toMatchObject({ chosen: null, now: 3 });
    expect(drawsIn(begin({ noRandomize: false }).connects(), setServers(...three))).toBe(true);
    expect(drawsIn(begin({ noRandomize: true }).connects(), setServers(...three))).toBe(false);
  });

  test("none of the new servers is valid: nothing changes, and the wait for the old ones goes on", () => {
    const story = begin({}, ["a"]).connects().happens(lost()).after(500);
    const before = story.snapshot;
    story.happens(setServers("http://x"));
    expect([story.snapshot.value, story.context, story.effects]).toEqual([before.value, before.context, []]);
  });

  test("new servers that are no URLs are passed over, the others are taken", () => {
    expect(begin().connects().happens(setServers("http://x", "c:4222")).pool).toEqual(["c:4222"]);
  });
});

describe("news of a server", () => {
  test("servers that join are shuffled, unless noRandomize", () => {
    const joining = info({ connectUrls: ["c", "d", "e"] });
    expect(drawsIn(begin({ noRandomize: false }).connects(), joining)).toBe(true);
    expect(drawsIn(begin({ noRandomize: true }).connects(), joining)).toBe(false);
  });

  test("the last INFO is remembered", () => {
    const story = begin()
      .connects()
      .happens(info({ serverName: "other" }));
    expect(story.context.live?.info?.serverName).toBe("other");
  });
});

describe("the end", () => {
  test("a close with a reason keeps it, whether a connection stands or not", () => {
    const failure = { code: "ABORTED", message: "the signal was aborted" };
    const stands = begin().connects().happens(close(0, failure));
    expect(stands.last("settlePending")).toEqual({ failure });
    expect(stands.context).toMatchObject({ live: null, retiring: [{ id: 1, phase: "ending" }] });
    expect(stands.happens(lost()).last("settleClosed")).toEqual({ failure });
    expect(stands.context).toMatchObject({ live: null, next: null, retiring: [], leaving: "close" });
    const waits = begin({}, ["a"]).connects().happens(lost()).happens(close(3, failure));
    expect(waits.last("settleClosed")).toEqual({ failure });
    expect(waits.context).toMatchObject({ failure, leaving: "close" });
  });

  test("a close before all is confirmed keeps its reason, too, and which server was in use, until when", () => {
    const failure = { code: "ABORTED", message: "the signal was aborted" };
    const story = begin().connects().after(7).happens(close(1, failure));
    expect(story.context).toMatchObject({
      live: null,
      next: null,
      retiring: [{ id: 1, phase: "confirming", destination: { name: "a:4222" } }],
      lastInUse: { server: "a:4222", until: 7 },
      failure,
      leaving: "close",
    });
    expect(story.last("settlePending")).toEqual({ failure });
    story.happens(flushed);
    expect(story.context).toMatchObject({ retiring: [{ id: 1, phase: "ending" }], failure });
    expect(story.happens(lost()).last("settleClosed")).toEqual({ failure });
  });

  test("a close or a drain while disconnected is no failure, whatever the last attempt came to", () => {
    const waits = () => begin({}, ["a"]).connects().happens(lost());
    expect(waits().context.failure).not.toBeNull();
    expect(waits().happens(close(3)).context).toMatchObject({ failure: null, leaving: "close" });
    expect(waits().happens(drain).context).toMatchObject({ failure: null, leaving: "drain" });
  });

  test("a drain in which the connection is lost remembers why, what led to it, and which server was in use", () => {
    const cause = { code: "ECONNRESET", message: "reset by peer" };
    const { context } = begin().connects().happens(drain).after(7).happens(lost(cause));
    expect(context).toMatchObject({
      live: null,
      next: null,
      retiring: [],
      lastInUse: { server: "a:4222", until: 7 },
      failure: {
        code: "DISCONNECT",
        message: "the connection was lost while draining: reset by peer",
        cause,
      },
      leaving: "drain",
      processing: true,
    });
  });

  describe("what is processed without a connection", () => {
    const failure = { code: "ABORTED", message: "the signal was aborted" };
    const cause = { code: "ECONNRESET", message: "reset by peer" };
    const ways: readonly (readonly [string, () => Story])[] = [
      ["a drain while disconnected", () => begin().connects().happens(lost(), drain)],
      ["a loss in a drain", () => begin().connects().happens(drain, lost(cause))],
    ];

    test.each(ways)("%s: how it ends, and why, is all that changes", (_way, play) => {
      const { context } = play();
      expect(context.processing).toBe(true);
      const over = { ...context, processing: false };
      const timedOut = {
        code: "TIMEOUT",
        message: "the drain did not finish within 30000 ms (option drainTimeout)",
      };
      expect(play().happens(drained).context).toEqual(over);
      expect(play().happens(close()).context).toEqual(over);
      expect(play().happens(close(3, failure)).context).toEqual({ ...over, failure });
      expect(play().happens(fires("drain")).context).toEqual({
        ...over,
        failure: context.failure ?? timedOut,
      });
    });

    test("the drain that gives up an attempt forgets its failure, and nothing else of what was known", () => {
      const before = begin({}, ["a"]).connects().happens(lost(cause));
      const { context } = before;
      expect(context.failure).toEqual(cause);
      expect(before.happens(drain).context).toEqual({
        ...context,
        failure: null,
        leaving: "drain",
        processing: true,
      });
    });
  });

  test("nothing of a move is left", () => {
    const story = begin({ onLameDuck: "migrate" })
      .connects()
      .happens(info({ lameDuck: true }))
      .happens(close());
    expect(story.context).toMatchObject({
      live: null,
      next: null,
      retiring: [{ id: 1, phase: "ending" }],
      failure: null,
    });
    expect(story.happens(old(lost())).context.retiring).toEqual([]);
  });
});

describe("a thing that is remembered of one kind of event", () => {
  const ofOneEvent = [
    "noteOpened",
    "noteSecured",
    "noteError",
    "clearPings",
    "noteDelay",
    "noteChoice",
    "recordChoiceFailure",
    "replaceServers",
    "hasten",
    "recordClose",
    "recordUnconfirmedClose",
    "recordImpatience",
    "recordLeaving",
    "noteClosed",
  ] as const;

  // The chart with that action where the ping timer fires.
  test.each(ofOneEvent)("%s throws where the chart wires it to another", (name) => {
    const miswired = connectionMachine.provide({ actions: { countPing: memory[name] } });
    const event = { type: "timer.fired", timer: "ping", attempt: 1, at: 0 } as const;
    const { value, context } = begin().connects().snapshot;
    const move = () => transition(miswired, miswired.resolveState({ value, context }), event);
    expect(move).toThrow(/^invariant: timer\.fired is not [a-z.]+( or [a-z.]+)*$/i);
  });
});
