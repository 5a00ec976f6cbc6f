// Which server is next: of those that are out of their wait, the one of which most good is known. And servers that are one and the
// same under two names. As functions of the pool, and then as a connection dials.

import { describe, expect, test } from "vitest";
import {
  choose,
  isKnown,
  isSame,
  type PoolServer,
  type ServerPool,
  toBack,
} from "../../src/machine/server-pool.js";
import { serverIn, serversOf } from "./servers.js";
import {
  begin,
  fires,
  flushed,
  type Happening,
  info,
  lost,
  opened,
  pong,
  type Story,
  unreachable,
} from "./story.js";

/** Servers in their order, with what differs from one that the user named and nobody tried. */
const poolOf = (servers: Readonly<Record<string, Partial<PoolServer>>>): ServerPool =>
  Object.entries(servers).map(([host, more]) => ({ ...serverIn(serversOf(host), `${host}:4222`), ...more }));
const chosen = (pool: ServerPool, now = 0, lostServer: string | null = null) => {
  const choice = choose(pool, now, lostServer);
  return choice.type === "dial" ? choice.server.host : choice;
};

const untried = {};
const reached = { didConnect: true, lastAttempt: 1 };
const failed = { failures: 1, lastAttempt: 2 };
const stranger = { learnt: true };

describe("choose", () => {
  test("takes the front, where nobody was tried", () => {
    expect(chosen(poolOf({ a: untried, b: untried }))).toBe("a");
  });

  test("takes nobody who is within its wait, and says how long until the first is out of it", () => {
    const a = { lastAttemptAt: 50, wait: 100 };
    const b = { lastAttemptAt: 20, wait: 100 };
    expect(chosen(poolOf({ a, b }), 60)).toEqual({ type: "wait", ms: 60 });
    expect(chosen(poolOf({ a, b }), 120)).toBe("b");
    expect(chosen(poolOf({ a: { ...reached, ...a }, b: stranger }), 60)).toBe("b");
    expect(chosen(poolOf({ a: { ...reached, ...a }, b: { ...failed, ...b } }), 120)).toBe("b");
  });

  test("says that nobody is left", () => {
    expect(choose([], 0, null)).toEqual({ type: "exhausted" });
  });

  test("takes who was reached before who never was, wherever both are in the queue", () => {
    expect(chosen(poolOf({ a: untried, b: reached }))).toBe("b");
    expect(chosen(poolOf({ a: stranger, b: { ...reached, learnt: true }, c: untried }))).toBe("b");
    expect(chosen(poolOf({ a: untried, b: reached, c: reached }))).toBe("b");
  });

  test("takes who was lost just now after those that the user named, and before those that are only heard of", () => {
    expect(chosen(poolOf({ a: untried, b: reached }), 0, "b:4222")).toBe("a");
    expect(chosen(poolOf({ a: untried, b: reached, c: reached }), 0, "b:4222")).toBe("c");
    expect(chosen(poolOf({ a: stranger, b: reached }), 0, "b:4222")).toBe("b");
  });

  test("takes who was lost just now for what it is under all of its names", () => {
    const b = { ...reached, serverId: "B" };
    expect(chosen(poolOf({ a: untried, b, c: b }), 0, "b:4222")).toBe("a");
    expect(chosen(poolOf({ a: untried, b, c: { ...b, serverId: "C" } }), 0, "b:4222")).toBe("c");
  });

  test("takes one that was configured before one that was learnt", () => {
    expect(chosen(poolOf({ a: stranger, b: untried }))).toBe("b");
  });

  test("takes none that has failed, while one that is known has not", () => {
    expect(chosen(poolOf({ a: { ...reached, failures: 1 }, b: untried }))).toBe("b");
    expect(chosen(poolOf({ a: failed, b: stranger, c: untried }))).toBe("c");
  });

  test("takes one that is known and one that is not in turn, where all that are known have failed", () => {
    const known = (lastAttempt: number) => ({ a: { failures: 1, lastAttempt }, b: { failures: 1 } });
    const strangers = (lastAttempt: number) => ({ c: { ...stranger, lastAttempt }, d: stranger });
    expect(chosen(poolOf({ ...known(5), ...strangers(4) }))).toBe("c");
    expect(chosen(poolOf({ ...known(4), ...strangers(5) }))).toBe("a");
    // Whoever was dialed last counts also where it is not ready: another one is not in its turn.
    const waiting = { lastAttemptAt: 0, wait: 100 };
    const { a, b } = known(5);
    expect(chosen(poolOf({ a: { ...a, ...waiting }, b, ...strangers(4) }), 50)).toBe("c");
    expect(chosen(poolOf({ a: { ...a, ...waiting }, b, ...strangers(6) }), 50)).toBe("b");
  });

  test("takes strangers in a row only where nobody else is ready", () => {
    const waiting = { ...failed, lastAttemptAt: 0, wait: 100 };
    expect(chosen(poolOf({ a: waiting, b: { ...stranger, lastAttempt: 3 } }), 50)).toBe("b");
    expect(chosen(poolOf({ a: waiting, b: { ...stranger, lastAttempt: 3 } }), 100)).toBe("a");
    expect(chosen(poolOf({ a: stranger, b: stranger }))).toBe("a");
  });

  test("takes the known in the order of the queue, and the strangers in theirs", () => {
    expect(chosen(poolOf({ a: failed, b: failed }))).toBe("a");
    expect(chosen(poolOf({ a: { ...failed, lastAttempt: 9 }, d: stranger, c: stranger }))).toBe("d");
  });
});

describe("isKnown", () => {
  test.each([
    ["a configured server", { learnt: false, didConnect: false }, true],
    ["a learnt one", { learnt: true, didConnect: false }, false],
    ["a learnt one that was reached", { learnt: true, didConnect: true }, true],
  ])("%s", (_, about, expected) => {
    const [server] = poolOf({ a: about }) as [PoolServer];
    expect(isKnown(server)).toBe(expected);
  });
});

describe("isSame", () => {
  const same = (one: Partial<PoolServer>, other: Partial<PoolServer>) => {
    const [a, b] = poolOf({ a: one, b: other }) as [PoolServer, PoolServer];
    expect(isSame(b, a)).toBe(isSame(a, b));
    return isSame(a, b);
  };

  test.each([
    ["nothing is known of either", {}, {}, false],
    ["they have the same name", { name: "b:4222" }, {}, true],
    ["they call themselves the same", { serverId: "S" }, { serverId: "S" }, true],
    ["they call themselves another name", { serverId: "S" }, { serverId: "T" }, false],
    ["one calls itself something", { serverId: "S" }, {}, false],
    [
      "they were reached at the same address",
      { address: "10.0.0.1:4222" },
      { address: "10.0.0.1:4222" },
      true,
    ],
    [
      "they were reached at other ports of it",
      { address: "10.0.0.1:4222" },
      { address: "10.0.0.1:4223" },
      false,
    ],
    [
      "one was reached where the other is named",
      { address: "10.0.0.1:4222" },
      { name: "10.0.0.1:4222" },
      true,
    ],
    ["one was reached", { address: "10.0.0.1:4222" }, {}, false],
  ])("where %s", (_, one, other, expected) => {
    expect(same(one, other)).toBe(expected);
  });
});

describe("one server under two names", () => {
  const both = { serverId: "S" };

  test("goes to the back under both, the name that was dialed last, and is left alone as long", () => {
    const pool = toBack(poolOf({ a: both, b: untried, c: both, d: untried }), "a:4222", {
      wait: 7,
      lastAttemptAt: 3,
      failures: 2,
    });
    expect(
      pool.map(({ host, wait, lastAttemptAt, failures }) => [host, wait, lastAttemptAt, failures]),
    ).toEqual([
      ["b", 0, null, 0],
      ["d", 0, null, 0],
      ["c", 7, 3, 0],
      ["a", 7, 3, 2],
    ]);
  });
});

describe("a connection", () => {
  const at = (address: string): Happening => ({ type: "socket.opened", address });
  const calls = (serverId: string, ...connectUrls: readonly string[]) => info({ serverId, connectUrls });
  const dialed = (story: Story) => story.last("openSocket")?.server.name;

  test("that is lost goes to a server that was reached before, not to one that never was", () => {
    const story = begin({}, ["a", "b", "c"]).connects().happens(lost()).connects();
    expect(dialed(story.after(5_000).happens(lost()))).toBe("a:4222");
  });

  test("that was never elsewhere goes to one that the user named, and to the one that it lost only then", () => {
    const story = begin({}, ["a", "b"]).connects().after(5_000);
    expect(dialed(story.happens(lost()))).toBe("b:4222");
    expect(dialed(story.happens(unreachable))).toBe("a:4222");
  });

  test("goes to those that it has only heard of after those that the user named, and to both in turn", () => {
    const story = begin({ reconnectTimeWait: 0 }, ["a", "b"]).connects();
    story.happens(info({ connectUrls: ["x", "y", "z"] }), lost());
    const order = [1, 2, 3, 4, 5, 6, 7].map(() => {
      const name = dialed(story);
      story.happens(unreachable);
      return name?.slice(0, 1);
    });
    expect(order.join("")).toBe("baxbyaz");
  });

  test("leaves a server alone under its other name, too: its address tells", () => {
    const story = begin({}, ["a", "10.0.0.1"]).happens(at("10.0.0.1:4222"), info(), pong).happens(lost());
    expect(story.state).toBe("reconnecting.backingOff");
    expect(story.last("startTimer")).toMatchObject({ timer: "reconnect", ms: 2_000 });
    expect(story.server("10.0.0.1:4222")).toMatchObject({ wait: 2_000, lastAttemptAt: 0 });
    // Then by the name that was not the last.
    story.after(2_000).happens(fires("reconnect"));
    expect(dialed(story)).toBe("10.0.0.1:4222");
  });

  test("leaves a server alone under its other name, too: it calls itself the same", () => {
    const story = begin({}, ["a", "b"]).happens(opened, calls("S"), pong).happens(lost());
    story.happens(opened, calls("S"), pong, pong).happens(lost());
    expect(story.state).toBe("reconnecting.backingOff");
    expect([story.server("a:4222").lastAttemptAt, story.server("b:4222").lastAttemptAt]).toEqual([0, 0]);
  });

  test("that fails at a server by one name leaves it alone by its other one, too", () => {
    const story = begin({}, ["a", "10.0.0.1", "c"])
      .happens(at("10.0.0.1:4222"), info(), pong)
      .happens(lost());
    expect(dialed(story)).toBe("c:4222");
    story.after(5_000).happens(unreachable);
    expect(dialed(story)).toBe("10.0.0.1:4222");
    story.happens(unreachable);
    expect([story.server("a:4222").lastAttemptAt, story.server("10.0.0.1:4222").lastAttemptAt]).toEqual([
      5_000, 5_000,
    ]);
    expect([story.server("a:4222").lastAttempt, story.server("10.0.0.1:4222").lastAttempt]).toEqual([1, 3]);
  });

  test("knows what a server calls itself, and where it was reached, from the time on that it is in use", () => {
    const story = begin({}, ["a"]).happens(at("10.0.0.1:4222"), calls("S"));
    expect(story.server("a:4222")).toMatchObject({ address: null, serverId: null });
    expect(story.context.next).toMatchObject({ address: "10.0.0.1:4222" });
    story.happens(pong);
    expect(story.server("a:4222")).toMatchObject({ address: "10.0.0.1:4222", serverId: "S" });
    story.happens(lost()).after(2_000).happens(fires("reconnect")).connects();
    expect(story.server("a:4222")).toMatchObject({ address: null, serverId: null });
  });

  const lameDuck = (serverId: string, ...connectUrls: readonly string[]) =>
    info({ serverId, connectUrls, lameDuck: true });

  test("does not move to the server that it leaves under its other name: its address tells", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a", "10.0.0.1"]);
    story.happens(at("10.0.0.1:4222"), info(), pong).after(5_000).happens(lameDuck(""));
    expect(story.state).toBe("connected");
    story.happens(lameDuck("", "10.0.0.2:4222"));
    expect([story.state, dialed(story)]).toEqual(["migrating.dialing", "10.0.0.2:4222"]);
  });

  test("does not move to the server that it leaves under its other name: it calls itself the same", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a", "b"]).happens(opened, calls("S"), pong);
    story.happens(lost(), opened, calls("S"), pong, pong).after(5_000).happens(lameDuck("S"));
    expect(story.context.live?.destination.name).toBe("b:4222");
    expect(story.state).toBe("connected");
  });

  test("does not end a move at the server that it leaves: its greeting tells, and the next one is tried", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a", "b", "c"]).happens(opened, calls("S"), pong);
    story.after(5_000).happens(lameDuck("S"));
    expect(dialed(story)).toBe("b:4222");
    story.happens(opened, calls("S"));
    expect(story.errors).toEqual([
      {
        step: "greeting",
        failure: {
          code: "DISCONNECT",
          message: "b:4222 is the server that is being left, under another name",
        },
      },
    ]);
    expect(story.did).not.toContain("sendConnect");
    expect([story.state, dialed(story)]).toEqual(["migrating.dialing", "c:4222"]);
    expect(story.server("b:4222").serverId).toBe("S");
    story.happens(opened, calls("T"), pong, pong, flushed);
    expect([story.state, story.context.live?.destination.name]).toEqual(["connected", "c:4222"]);
  });

  test("moves to a server that does not say what it calls itself, also where the one that is left does not", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a", "b"]).happens(opened, calls(""), pong);
    story.happens(lameDuck(""), opened, calls(""), pong, pong, flushed);
    expect([story.state, story.context.live?.destination.name]).toEqual(["connected", "b:4222"]);
  });

  test("does not dial that server again in the next move: it is known for what it is", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a", "b"]).happens(opened, calls("S"), pong);
    story.after(5_000).happens(lameDuck("S"), opened, calls("S"));
    expect(story.state).toBe("connected");
    story.after(60_000).happens({ ...calls("S"), attempt: 1 }, { ...lameDuck("S"), attempt: 1 });
    expect(story.state).toBe("connected");
    expect(story.did).not.toContain("openSocket b:4222");
  });
});
