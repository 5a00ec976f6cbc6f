// The moves of drawn stories: to which event each of them comes, by what the chart has asked for.

import { describe, expect, test } from "vitest";
import type { Effect, EffectName } from "../../src/machine/effects.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import {
  delays,
  errorTexts,
  eventFor,
  eventOf,
  hosts,
  type Move,
  pauses,
} from "../../src/testing/chart/moves.js";
import { Outside } from "../../src/testing/chart/outside.js";

const NOW = 1_000;
const effect = (type: EffectName, params: object = { attempt: 1 }) => ({ type, params }) as Effect;

/** The outside, of which the chart has asked that. */
function asking(...effects: readonly (EffectName | Effect)[]): Outside {
  const outside = new Outside(NOW);
  for (const one of effects) outside.carriesOut([typeof one === "string" ? effect(one) : one]);
  return outside;
}
/** With a server that has greeted. */
function talking(...effects: readonly (EffectName | Effect)[]): Outside {
  const outside = asking("openSocket");
  outside.happens(eventOf("socket.opened", 1, NOW, 0));
  outside.happens(eventOf("server.info", 1, NOW, 0));
  for (const one of effects) outside.carriesOut([typeof one === "string" ? effect(one) : one]);
  return outside;
}
const move = (kind: Move["kind"], which = 0, how = 0, pause = 0): Move => ({ kind, which, how, pause });
/** The types of the events that these moves come to: of each `which`, the ordinary one first. */
const typesOf = (kind: Move["kind"], outside: Outside, how = 0) =>
  Array.from({ length: 64 }, (_, which) => eventFor(move(kind, which, how), outside).type);
const values = (list: readonly unknown[]) => [...new Set(list.map((one) => JSON.stringify(one)))].sort();
/** What an event of that type says, for each `how`. */
const said = <T extends ConnectionEvent["type"]>(type: T) =>
  Array.from(
    { length: 2_048 },
    (_, how) => eventOf(type, 4, NOW, how) as Extract<ConnectionEvent, { type: T }>,
  );

describe("an answer", () => {
  const queued = asking("openSocket");
  queued.happens(eventOf("dial.queued", 1, NOW, 0));
  const opened = asking("openSocket");
  opened.happens(eventOf("socket.opened", 1, NOW, 0));

  test.each([
    ["a dial", asking("openSocket"), ["socket.opened", "socket.closed", "dial.queued"]],
    ["a dial that waits", queued, ["dial.begun"]],
    ["a socket that is open", opened, ["server.info", "server.error"]],
    ["a TLS handshake", asking("openSocket", "upgradeToTls"), ["socket.secured", "socket.closed"]],
    ["CONNECT", talking("sendConnect"), ["server.pong", "server.error", "credentials.failed"]],
    ["PING", talking("sendPing"), ["server.pong"]],
    ["UNSUBs", talking("unsubscribe"), ["subscriptions.drained"]],
    ["who asks for a delay", asking("askReconnectDelay"), ["delay.chosen"]],
    ["who asks for a server", asking("askNextServer"), ["server.chosen", "choice.failed"]],
    ["a drain", asking("drainSubscriptions"), ["subscriptions.drained"]],
    ["a hand-over", asking(effect("pauseOutbound", { attempt: 1, from: 1 })), ["outbound.flushed"]],
    ["the end of the stream", asking("finishOutbound"), ["outbound.flushed"]],
    ["a question whether all arrived", asking("confirmOutbound"), ["outbound.flushed"]],
    ["a socket that is to end", talking("endSocket"), ["socket.closed"]],
  ] as const)("to %s is the good one mostly", (_, outside, expected) => {
    const types = typesOf("answer", outside);
    expect(types[0]).toBe(expected[0]);
    expect(values(types)).toEqual(values(expected));
    const good = types.filter((type) => type === expected[0]);
    expect(good.length).toBeGreaterThan(types.length / 2);
    expect(eventFor(move("answer"), outside)).toMatchObject({ attempt: 1, at: NOW });
  });

  test("comes to each of several questions", () => {
    const outside = asking("openSocket", effect("openSocket", { attempt: 2 }));
    const attempts = [0, 1, 2, 3].map((which) => eventFor(move("answer", which), outside));
    expect(attempts).toEqual([1, 2, 1, 2].map((attempt) => expect.objectContaining({ attempt }) as unknown));
  });

  test("to nothing is the next timer, and without one the user closes", () => {
    const outside = asking(effect("startTimer", { timer: "reconnect", attempt: 3, ms: 20 }));
    const fired = { type: "timer.fired", timer: "reconnect", attempt: 3, at: NOW + 20 };
    expect(eventFor(move("answer"), outside)).toEqual(fired);
    expect(eventFor(move("answer"), asking())).toMatchObject({ type: "user.close" });
  });

  test("of a socket that is half closed is that it is closed", () => {
    for (let how = 0; how < 16; how++) {
      expect(eventFor(move("answer", 0, how), talking("endSocket"))).toMatchObject({ halfClosed: false });
    }
  });

  test("that refuses is every second time the same refusal", () => {
    const refusals = [8, 9, 10].map((which) => eventFor(move("answer", which, 2), talking("sendConnect")));
    expect(refusals.map((one) => (one.type === "server.error" ? one.error.message : one.type))).toEqual([
      errorTexts[0],
      errorTexts[2],
      errorTexts[0],
    ]);
  });
});

describe("a timer", () => {
  const start = (timer: string, ms: number) => effect("startTimer", { timer, attempt: 1, ms });
  const outside = asking(start("attempt", 30), start("ping", 20));

  test("that is due first fires, or now and then another one, in time or a little early", () => {
    expect(eventFor(move("timer"), outside)).toEqual({
      type: "timer.fired",
      timer: "ping",
      attempt: 1,
      at: NOW + 20,
    });
    expect(eventFor(move("timer", 3), outside)).toMatchObject({ timer: "attempt", at: NOW + 30 });
    expect(eventFor(move("timer", 3, 1), outside)).toMatchObject({ timer: "ping" });
    expect(eventFor(move("timer", 0, 7), outside)).toMatchObject({ at: NOW + 19 });
    const late = asking(start("ping", -5));
    expect(eventFor(move("timer"), late)).toMatchObject({ at: NOW });
  });

  test("of PINGs says now and then that something was heard, and no other timer does", () => {
    expect(eventFor(move("timer", 0, 2), outside)).toMatchObject({ heard: true });
    expect(eventFor(move("timer", 0, 1), outside)).not.toHaveProperty("heard");
    expect(eventFor(move("timer", 3, 2), outside)).toMatchObject({ timer: "attempt" });
    expect(eventFor(move("timer", 3, 2), outside)).not.toHaveProperty("heard");
  });
});

describe("news", () => {
  test("are what a server says of its own accord, and that its socket breaks", () => {
    const types = typesOf("news", talking());
    const words = ["server.info", "server.error", "server.ping", "server.pong", "protocol.violated"];
    expect(values(types)).toEqual(values(["socket.closed", ...words]));
  });

  test("of a lame duck come every second time", () => {
    const infos = [2, 3].map((which) => eventFor(move("news", which, 3), talking()));
    expect(infos).toEqual([
      expect.objectContaining({
        info: expect.objectContaining({ lameDuck: true, tlsRequired: false }) as unknown,
      }),
      expect.objectContaining({
        info: expect.objectContaining({ lameDuck: false, tlsRequired: true }) as unknown,
      }),
    ]);
  });

  test("of a socket that is not open yet are its answer, and the last socket is asked first", () => {
    expect(eventFor(move("news"), asking("openSocket")).type).toBe("socket.opened");
    const two = talking(effect("openSocket", { attempt: 2 }));
    expect(eventFor(move("news", 0, 0), two)).toMatchObject({ type: "socket.opened", attempt: 2 });
    expect(eventFor(move("news", 0, 1), two)).toMatchObject({ type: "socket.closed", attempt: 1 });
    expect(
      eventFor(move("news"), asking(effect("startTimer", { timer: "drain", attempt: 0, ms: 1 }))).type,
    ).toBe("timer.fired");
  });
});

test("the user ends a connection rather where it stands, and moves it rather where it does not", () => {
  const calls = ["user.drain", "user.reconnect", "user.setServers", "user.close"];
  const count = (outside: Outside) =>
    calls.map(
      (call) =>
        typesOf("user", outside)
          .slice(0, 60)
          .filter((type) => type === call).length,
    );
  expect(count(talking("releaseOutbound"))).toEqual([25, 20, 10, 5]);
  expect(count(talking())).toEqual([6, 24, 24, 6]);
  expect(typesOf("user", talking("releaseOutbound"))[0]).toBe("user.drain");
});

describe("what cannot be said", () => {
  const all = [
    "socket.closed",
    "server.pong",
    "server.info",
    "socket.opened",
    "socket.secured",
    "timer.fired",
    "server.error",
    "delay.chosen",
    "server.ping",
    "protocol.violated",
    "credentials.failed",
    "subscriptions.drained",
    "outbound.flushed",
    "server.chosen",
    "choice.failed",
    "dial.queued",
    "dial.begun",
  ];
  const fifth = asking(effect("openSocket", { attempt: 5 }));
  const attempts = (kind: Move["kind"], outside: Outside) =>
    Array.from({ length: 12 }, (_, how) => {
      const event = eventFor(move(kind, 0, how), outside);
      return "attempt" in event ? event.attempt : undefined;
    });

  test("out of an attempt that is over, or that was never made, is anything", () => {
    expect(values(typesOf("stale", fifth))).toEqual(values(all));
    expect(attempts("stale", fifth)).toEqual([4, 3, 2, 6, 3, 2, 4, 6, 2, 4, 3, 6]);
    expect(Math.min(...attempts("stale", asking()).map(Number))).toBe(0);
    // The manner is what is left of the choice of an attempt.
    expect(eventFor(move("stale", 7, 9), fifth)).toMatchObject({ type: "delay.chosen", ms: delays[2] });
  });

  test("of a socket that there is, is anything as well", () => {
    expect(values(typesOf("anything", fifth))).toEqual(values(all));
    expect(attempts("anything", asking("openSocket", effect("openSocket", { attempt: 5 })))).toEqual([
      5, 1, 5, 1, 5, 1, 5, 1, 5, 1, 5, 1,
    ]);
    expect(values(attempts("anything", asking()))).toEqual(["0"]);
  });
});

test("a move comes after its pause", () => {
  for (const [pause, ms] of pauses.entries()) {
    expect(eventFor(move("user", 0, 0, pause), asking())).toMatchObject({ at: NOW + ms });
  }
});

describe("an event", () => {
  test("says what such an event can say, the ordinary first", () => {
    expect(eventOf("server.ping", 4, NOW, 0)).toEqual({ type: "server.ping", attempt: 4, at: NOW });
    expect(values(said("server.ping").map(({ count }) => count ?? 1))).toEqual(["1", "2"]);
    expect(eventOf("socket.opened", 4, NOW, 9)).toEqual({ type: "socket.opened", attempt: 4, at: NOW });
    expect(eventOf("user.drain", 4, NOW, 9)).toEqual({ type: "user.drain", at: NOW });
    expect(eventOf("user.reconnect", 4, NOW, 9)).toEqual({ type: "user.reconnect", at: NOW });
    expect(values(said("socket.closed").map(({ failure }) => failure?.code ?? null))).toEqual(
      values(["ECONNRESET", null]),
    );
    expect(values(said("socket.closed").map(({ halfClosed }) => halfClosed))).toEqual(["false", "true"]);
    for (const { halfClosed, failure } of said("socket.closed"))
      expect(halfClosed && failure !== null).toBe(false);
    expect(values(said("delay.chosen").map(({ ms }) => ms))).toEqual(values(delays));
    expect(values(said("server.chosen").map(({ server }) => server))).toEqual(values([null, ...hosts]));
    expect(eventOf("server.chosen", 4, NOW, 255)).toMatchObject({ ms: 0 });
    expect(values(said("server.chosen").map(({ ms }) => ms))).toEqual(values([0, ...delays]));
    expect(values(said("user.close").map(({ unconfirmed }) => unconfirmed))).toEqual(["0", "1", "2"]);
    expect(values(said("user.close").map(({ failure }) => failure?.code ?? null))).toEqual(
      values(["ABORTED", null]),
    );
    expect(said("user.close")[0]).toMatchObject({ failure: null, unconfirmed: 0, at: NOW });
    for (const type of ["credentials.failed", "choice.failed"] as const) {
      expect(said(type)[0]).toMatchObject({
        attempt: 4,
        failure: { message: expect.stringContaining("no ") as unknown },
      });
    }
  });

  test("is INFO with any servers, lame duck mode and TLS", () => {
    const infos = said("server.info").map(({ info }) => info);
    expect(infos[0]).toMatchObject({
      connectUrls: [],
      tlsAvailable: false,
      tlsRequired: false,
      lameDuck: false,
    });
    const bits = (how: number) => {
      const info = infos[how];
      return [info?.tlsAvailable, info?.tlsRequired, info?.lameDuck];
    };
    expect([bits(1), bits(2), bits(4)]).toEqual([
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ]);
    expect(infos[255]?.connectUrls).toEqual([]);
    const bad = "http://not/a server";
    for (const [place, host] of hosts.slice(0, 5).entries()) {
      expect(infos[256 + (8 << place)]?.connectUrls).toContain(host);
    }
    expect(infos[256]?.connectUrls.at(-1)).toBe(bad);
    // Every second server has an id.
    const ids = [0, 512, 1_024, 1_536].map((how) => infos[how]?.serverId);
    expect(ids).toEqual(["", "A", "", "B"]);
  });

  test("is an error of each kind, for old credentials or new ones, with others behind it that are no refusal", () => {
    const errors = said("server.error");
    expect(values(errors.map(({ error }) => error.message))).toEqual(values(errorTexts));
    expect(values(errors.map(({ credentialsVersion }) => credentialsVersion))).toEqual(["1", "2"]);
    expect(errors[0]).not.toHaveProperty("others");
    const behind = errors.flatMap(({ error, others = [] }) =>
      others.map((other) => [error.message, other.message]),
    );
    const [, permissions] = errorTexts;
    expect(values(behind)).toEqual(
      values([
        [permissions, permissions],
        ["Invalid Subject", permissions],
        ["Authentication Timeout", "Slow Consumer"],
      ]),
    );
  });

  test("is a list of servers for each bit, of which those that are known are kept or not", () => {
    expect(eventOf("user.setServers", 4, NOW, 0)).toEqual({
      type: "user.setServers",
      at: NOW,
      servers: [],
      kept: [],
      list: 1,
    });
    for (const [place, host] of hosts.entries()) {
      expect(eventOf("user.setServers", 4, NOW, 1 << place)).toMatchObject({ servers: [host], kept: [] });
      expect(eventOf("user.setServers", 4, NOW, 64 + (1 << place))).toMatchObject({
        servers: [host],
        kept: [host],
      });
    }
  });
});
