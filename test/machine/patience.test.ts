// How long a server may take to greet: less than the option timeout where there is another one to try. Time is virtual: the
// chart says how long its timer runs.

import { describe, expect, test } from "vitest";
import { PATIENCE } from "../../src/machine/context.js";
import {
  begin,
  fires,
  type Happening,
  info,
  lost,
  opened,
  pong,
  type Story,
  secured,
  setServers,
  unreachable,
} from "./story.js";

const patient = { reconnectTimeWait: 0, maxReconnectAttempts: -1 } as const;
const silent = fires("attempt");
/** How long the attempt that has begun may take, and to whom. */
const limit = (story: Story) => [story.last("openSocket")?.server.name, story.last("startTimer")?.ms];
const lostWith = (policy: Parameters<typeof begin>[0] = {}, servers = ["a", "b"]) =>
  begin({ ...patient, ...policy }, servers)
    .connects()
    .happens(lost());

describe("how long a server may take to greet", () => {
  test("is 2 s, and twice as long with each attempt of it that failed, up to the option timeout", () => {
    const story = lostWith({ timeout: 10_000 });
    const limits = [limit(story)];
    while (limits.length < 8) limits.push(limit(story.after(60_000).happens(silent)));
    expect(PATIENCE).toBe(2_000);
    expect(limits).toEqual([
      ["b:4222", 2_000],
      ["a:4222", 2_000],
      ["b:4222", 4_000],
      ["a:4222", 4_000],
      ["b:4222", 8_000],
      ["a:4222", 8_000],
      ["b:4222", 10_000],
      ["a:4222", 10_000],
    ]);
  });

  test("is the option timeout where that is less", () => {
    expect(limit(lostWith({ timeout: 500 }))).toEqual(["b:4222", 500]);
  });

  test("starts anew with a connection", () => {
    const story = lostWith().happens(silent, silent, silent).connects();
    expect(story.context.live?.destination.name).toBe("a:4222");
    story.after(60_000).happens(lost());
    // It had failed once before it connected; the other one has failed twice, and not connected.
    expect(limit(story)).toEqual(["a:4222", 2_000]);
    expect(limit(story.happens(silent))).toEqual(["b:4222", 8_000]);
  });

  test("is told by the message of what ran out", () => {
    const story = lostWith().happens(opened).happens(silent);
    expect(story.errors[0]?.failure).toEqual({
      code: "TIMEOUT",
      message:
        "b:4222: the server accepted the connection but sent no INFO within 2000 ms (step: greeting); it may want TLS before INFO (handshake_first): then set tls.handshakeFirst",
    });
  });

  test("is the whole timeout where it is the only server", () => {
    expect(limit(lostWith({}, ["a"]))).toEqual(["a:4222", 20_000]);
  });

  test("is the whole timeout where all others are the same server under other names", () => {
    const story = begin(patient, ["a", "b"]).happens(opened, info({ serverId: "S" }), pong, lost());
    story
      .happens(opened, info({ serverId: "S" }), pong, pong)
      .after(1)
      .happens(lost());
    expect(story.last("startTimer")).toMatchObject({ timer: "attempt", ms: 20_000 });
  });

  test("is less where the cluster has told of another server", () => {
    const story = begin(patient, ["a"])
      .connects()
      .happens(info({ connectUrls: ["b"] }), lost());
    expect(limit(story.happens(unreachable))).toEqual(["b:4222", 2_000]);
  });

  test("is the whole timeout in the first round, in which each server is tried once", () => {
    const story = begin({}, ["a", "b"]);
    expect(limit(story)).toEqual(["a:4222", 20_000]);
    expect(limit(story.happens(silent))).toEqual(["b:4222", 20_000]);
  });

  test("is less before the first connection, too, where that is waited for", () => {
    const story = begin({ ...patient, waitOnFirstConnect: true }, ["a", "b"]);
    expect(limit(story)).toEqual(["a:4222", 2_000]);
  });

  test("is what the attempt began with, whatever becomes of the pool", () => {
    const story = lostWith({}, ["a"]).happens(opened);
    story.happens({ type: "user.setServers", servers: ["a", "b"], kept: ["a:4222"], list: 1 });
    expect(story.context.next?.patience).toBe(20_000);
    expect(story.happens(setServers("c", "d")).context.next?.patience).toBe(2_000);
  });
});

describe("a server that has greeted", () => {
  const granted = (ms: number) => [
    { type: "stopTimer", params: { timer: "attempt", attempt: 2 } },
    { type: "startTimer", params: { timer: "attempt", attempt: 2, ms } },
  ];

  test("has the rest of the timeout, counted from the beginning of the attempt", () => {
    const story = lostWith().happens(opened).after(1_500).happens(info());
    expect(story.effects).toEqual([...granted(18_500), { type: "sendConnect", params: { attempt: 2 } }]);
    expect(story.context.next).toMatchObject({ patience: 20_000, begunAt: 0, phase: "authenticating" });
    story.happens(silent);
    expect(story.errors[0]?.failure.message).toBe(
      "b:4222: the server did not answer CONNECT and PING within 20000 ms (step: authenticating)",
    );
  });

  test("has it before TLS", () => {
    const story = lostWith()
      .happens(opened)
      .after(700)
      .happens(info({ tlsRequired: true }));
    expect(story.effects.slice(0, 2)).toEqual(granted(19_300));
    expect(story.state).toBe("reconnecting.securing");
    expect(story.after(2_000).happens(secured).did).toEqual(["sendConnect"]);
  });

  test("has it once: later INFOs grant nothing", () => {
    const story = lostWith().happens(opened, info()).after(100);
    expect(story.happens(info()).did).toEqual([]);
  });

  test("has no time left where the INFO came at the last moment of all", () => {
    const story = lostWith({ timeout: 3_000 }).happens(opened).after(3_100).happens(info());
    expect(story.effects.slice(0, 2)).toEqual(granted(0));
  });

  test.each<[string, () => Story]>([
    ["the only server", () => lostWith({}, ["a"])],
    ["one of the first round", () => begin({}, ["a", "b"])],
    ["one with a timeout of less than 2 s", () => lostWith({ timeout: 500 })],
  ])("and had the whole timeout from the beginning is granted nothing: %s", (_, play) => {
    const story = play().happens(opened).after(100).happens(info());
    expect(story.did).toEqual(["sendConnect"]);
  });

  const moving: readonly Happening[] = [info({ lameDuck: true })];
  test("in a move: it has 2 s where there is a third one, and after INFO the rest of the timeout", () => {
    const story = begin({ ...patient, onLameDuck: "migrate" }, ["a", "b", "c"])
      .connects()
      .happens(...moving);
    expect(limit(story)).toEqual(["b:4222", 2_000]);
    expect(story.happens(opened).after(50).happens(info()).effects.slice(0, 2)).toEqual(granted(19_950));
    const alone = begin({ ...patient, onLameDuck: "migrate" }, ["a", "b"])
      .connects()
      .happens(...moving);
    expect(limit(alone)).toEqual(["b:4222", 20_000]);
  });
});
