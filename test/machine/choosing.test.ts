// The user chooses servers: one at each attempt (`reconnectToServer`), or all of them (`setServers`).

import { describe, expect, test } from "vitest";
import {
  begin,
  chosen,
  close,
  delay,
  drain,
  fires,
  info,
  keepServers,
  lost,
  setServers,
  unreachable,
} from "./story.js";

const asked = (policy = {}, servers?: readonly string[]) =>
  begin({ asksForServer: true, ...policy }, servers);

describe("reconnectToServer", () => {
  test("is asked before the first attempt, with the pool in its order", () => {
    const story = asked();
    expect(story.state).toBe("connecting.awaitingServerChoice");
    const question = story.last("askNextServer");
    expect(question?.attempt).toBe(0);
    expect(question?.pool.map((server) => server.name)).toEqual(["a:4222", "b:4222"]);
  });

  test("gets what it chose, at once", () => {
    const story = asked().happens(chosen("b:4222"));
    expect(story.state).toBe("connecting.dialing");
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
  });

  test("leaves the choice to the client with null", () => {
    expect(asked().happens(chosen(null)).last("openSocket")?.server.name).toBe("a:4222");
  });

  test("may ask for time: the chosen server is dialed after it, not another", () => {
    const story = asked().happens(chosen("b:4222", 500));
    expect(story.state).toBe("connecting.backingOff");
    expect(story.last("startTimer")).toMatchObject({ timer: "reconnect", ms: 500 });
    story.after(500).happens(fires("reconnect"));
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
  });

  test("is asked again after each failure, the next server first", () => {
    const story = asked({ waitOnFirstConnect: true }).happens(chosen("a:4222"), unreachable);
    expect(story.state).toBe("connecting.awaitingServerChoice");
    expect(story.last("askNextServer")?.pool.map((server) => server.name)).toEqual(["b:4222", "a:4222"]);
  });

  test("is asked only once a server is out of its wait", () => {
    const story = asked({}, ["a:4222"]).happens(chosen(null)).connects().happens(lost());
    expect(story.state).toBe("reconnecting.backingOff");
    story.after(2_000).happens(fires("reconnect"));
    expect(story.state).toBe("reconnecting.awaitingServerChoice");
  });

  test("is asked with the server that is next first, although another that is within its wait comes before it", () => {
    const story = asked({ asksForDelay: true, waitOnFirstConnect: true });
    story.happens(chosen(null), unreachable, delay(10_000), chosen(null), unreachable, delay(100));
    expect(story.pool).toEqual(["a:4222", "b:4222"]);
    story.after(100).happens(fires("reconnect"));
    expect(story.last("askNextServer")?.pool.map((server) => server.name)).toEqual(["b:4222", "a:4222"]);
  });

  test("that leaves the choice while the only server is within its wait is asked again when that is over", () => {
    const story = asked({ waitOnFirstConnect: true }).happens(chosen(null), unreachable);
    story
      .happens(keepServers(["a:4222"], "a:4222"))
      .after(500)
      .happens(chosen(null));
    expect(story.state).toBe("connecting.backingOff");
    expect(story.last("startTimer")).toMatchObject({ timer: "reconnect", ms: 1_500 });
    expect(story.after(1_500).happens(fires("reconnect")).state).toBe("connecting.awaitingServerChoice");
  });

  test("that fails ends the connection with its failure", () => {
    const failure = { code: "UNKNOWN_ERROR", message: "no idea" };
    const story = asked().happens({ type: "choice.failed", failure });
    expect(story.state).toBe("closed");
    expect(story.last("rejectConnect")?.failure).toEqual(failure);
  });

  test("that answers late, after an attempt of another round, changes nothing", () => {
    const story = asked().happens(chosen("a:4222"));
    const before = story.snapshot;
    story.happens({ ...chosen("b:4222"), attempt: 0 });
    expect(story.snapshot.value).toEqual(before.value);
    expect(story.did).toEqual([]);
  });

  test("does not keep a user from closing", () => {
    expect(asked().happens(close()).state).toBe("closed");
  });
});

// In the middle of an attempt, and of a move: set-servers.test.ts.
describe("setServers", () => {
  test("replaces the pool and leaves the connection alone", () => {
    const story = begin().connects().happens(setServers("c:4222", "d:4222"));
    expect(story.state).toBe("connected");
    expect(story.did).toEqual([]);
    expect(story.pool).toEqual(["c:4222", "d:4222"]);
  });

  test("decides where the next attempt goes", () => {
    const story = begin().connects().happens(setServers("c:4222"), lost());
    expect(story.last("openSocket")?.server.name).toBe("c:4222");
  });

  test("keeps what is known of servers that stay, and begins anew with those that it names", () => {
    const failed = () => begin().happens(unreachable).connects();
    const kept = failed().happens(keepServers(["a:4222"], "a:4222", "c:4222"));
    expect([kept.server("a:4222").lastAttemptAt, kept.server("c:4222").lastAttemptAt]).toEqual([0, null]);
    const named = failed().happens(setServers("a:4222", "b:4222"));
    expect(named.server("a:4222").lastAttemptAt).toBeNull();
    expect([named.server("a:4222").didConnect, named.server("b:4222").didConnect]).toEqual([false, true]);
  });

  test("makes servers that were learnt configured ones: a cluster cannot take them away", () => {
    const cluster = info({ connectUrls: ["b:4222"] });
    const story = begin({}, ["a"]).connects().happens(cluster);
    expect(story.server("b:4222").learnt).toBe(true);
    story.happens(setServers("a:4222", "b:4222"));
    expect(story.server("b:4222").learnt).toBe(false);
    story.happens(info({ connectUrls: ["c:4222"] }));
    expect(story.pool).toEqual(["a:4222", "b:4222", "c:4222"]);
  });

  test("ends a wait: a new server is dialed at once", () => {
    const story = begin({}, ["a:4222"]).connects().happens(lost());
    expect(story.state).toBe("reconnecting.backingOff");
    story.happens(setServers("c:4222"));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did.slice(0, 1)).toEqual(["stopTimer reconnect"]);
  });

  test("while it drains replaces the pool, and nothing else", () => {
    const story = begin().connects().happens(drain).happens(setServers("c:4222"));
    expect([story.state, story.did, story.pool]).toEqual(["draining.subscriptions", [], ["c:4222"]]);
  });

  test("without a valid server changes nothing", () => {
    const story = begin().connects().happens(setServers());
    expect(story.pool).toEqual(["a:4222", "b:4222"]);
  });
});
