// The outside of a connection in drawn stories: what the chart has asked for and not been answered, and what can be said next.

import { describe, expect, test } from "vitest";
import type { Effect, EffectName } from "../../src/machine/effects.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import { eventOf } from "../../src/testing/chart/moves.js";
import { Outside } from "../../src/testing/chart/outside.js";

const NOW = 1_000;
/** What the chart asks for. */
const effect = (type: EffectName, params: object = { attempt: 1 }) => ({ type, params }) as Effect;
type Kind = ConnectionEvent["type"];
const event = (type: Kind, attempt = 1, more: object = {}) =>
  ({ ...eventOf(type, attempt, NOW, 0), ...more }) as ConnectionEvent;
const halfClosed = event("socket.closed", 1, { halfClosed: true });

/** The outside after these effects and events. */
function outsideAfter(...steps: readonly (EffectName | Effect | Kind | ConnectionEvent)[]): Outside {
  const outside = new Outside(NOW);
  for (const step of steps) {
    const its =
      typeof step === "string"
        ? step.includes(".")
          ? event(step as Kind)
          : effect(step as EffectName)
        : step;
    if (its.type.includes(".")) outside.happens(its as ConnectionEvent);
    else outside.carriesOut([its as Effect]);
  }
  return outside;
}
const asked = (outside: Outside) => outside.questions.map(({ asked, attempt }) => `${asked} ${attempt}`);

const open = ["openSocket", "socket.opened"] as const;
const greeted = [...open, "server.info"] as const;
const pause = effect("pauseOutbound", { attempt: 2, from: 1 });

test.each([
  ["nothing", [], []],
  ["a dial", ["openSocket"], ["openSocket 1"]],
  ["a dial that has to wait", ["openSocket", "dial.queued"], ["turn 1"]],
  ["a dial whose turn it is", ["openSocket", "dial.queued", "dial.begun"], ["openSocket 1"]],
  ["a socket that is open", open, ["greeting 1"]],
  ["a server that has greeted", greeted, []],
  ["a TLS handshake", [...greeted, "upgradeToTls"], ["upgradeToTls 1"]],
  ["a TLS handshake that comes first", [...open, "upgradeToTls", "socket.secured"], ["greeting 1"]],
  ["CONNECT", [...greeted, "sendConnect"], ["sendConnect 1"]],
  ["CONNECT that is answered", [...greeted, "sendConnect", "server.pong"], []],
  ["CONNECT without credentials", [...greeted, "sendConnect", "credentials.failed"], []],
  ["a PING", [...greeted, "sendPing"], ["sendPing 1"]],
  ["a PING behind CONNECT", [...greeted, "sendConnect", "sendPing", "server.pong"], ["sendPing 1"]],
  ["UNSUBs", [...greeted, "unsubscribe"], ["unsubscribe 1"]],
  ["UNSUBs that are confirmed", [...greeted, "unsubscribe", "subscriptions.drained"], []],
  ["a socket that is to end", [...greeted, "sendConnect", "unsubscribe", "endSocket"], ["endSocket 1"]],
  ["a socket that the server ends", [...greeted, "sendPing", halfClosed], ["endSocket 1"]],
  ["a socket that is gone", [...greeted, "sendPing", "socket.closed"], []],
  ["a socket that is closed", [...greeted, "sendPing", "closeSocket"], []],
  ["a delay", ["askReconnectDelay"], ["askReconnectDelay 1"]],
  ["a delay that is chosen", ["askReconnectDelay", "delay.chosen"], []],
  ["a server", ["askNextServer"], ["askNextServer 1"]],
  ["a server that is chosen", ["askNextServer", "server.chosen"], []],
  ["a server that nobody can choose", ["askNextServer", "choice.failed"], []],
  ["a server to move to, until the connection is lost", ["askNextServer", "holdOutbound"], []],
  ["a server, while the outbound stream goes on", ["askNextServer", "releaseOutbound"], ["askNextServer 1"]],
  ["a drain", ["drainSubscriptions"], ["drainSubscriptions 1"]],
  ["a drain that is done", ["drainSubscriptions", "subscriptions.drained"], []],
  [
    "a drain, though its socket is gone",
    [...greeted, "drainSubscriptions", "closeSocket"],
    ["drainSubscriptions 1"],
  ],
  ["the last of the outbound stream", [...greeted, "finishOutbound"], ["finishOutbound 1"]],
  ["the last of it, which is flushed", [...greeted, "finishOutbound", "outbound.flushed"], []],
  ["the last of it, over a socket that is gone", [...greeted, "finishOutbound", "closeSocket"], []],
  ["the last of it, over a socket that ends", [...greeted, "finishOutbound", "endSocket"], ["endSocket 1"]],
  ["a confirmation", [...greeted, "confirmOutbound"], ["confirmOutbound 1"]],
  ["a confirmation that has come", [...greeted, "confirmOutbound", "outbound.flushed"], []],
  ["a hand-over", [...greeted, pause], ["pauseOutbound 2"]],
  ["a hand-over that is done", [...greeted, pause, event("outbound.flushed", 2)], []],
  ["a hand-over from a socket that is gone", [...greeted, pause, "closeSocket"], []],
  ["a hand-over that is over", [...greeted, pause, "releaseOutbound"], []],
  ["a hand-over that is given up", [...greeted, pause, "holdOutbound"], []],
] as const)("what is asked: %s", (_, steps, expected) => {
  expect(asked(outsideAfter(...steps))).toEqual(expected);
});

describe("what can be said", () => {
  const two = effect("openSocket", { attempt: 2 });
  const kinds: readonly Kind[] = [
    "dial.queued",
    "dial.begun",
    "socket.opened",
    "socket.secured",
    "socket.closed",
    "server.info",
    "server.error",
    "server.ping",
    "server.pong",
    "credentials.failed",
    "protocol.violated",
    "timer.fired",
    "delay.chosen",
    "server.chosen",
    "choice.failed",
    "subscriptions.drained",
    "outbound.flushed",
  ];
  const words = ["server.info", "server.error", "server.ping", "protocol.violated"] as const;
  const timer = effect("startTimer", { timer: "attempt", attempt: 1, ms: 5 });

  test.each([
    ["nobody", [], []],
    ["a dial", ["openSocket"], ["dial.queued", "socket.opened", "socket.closed"]],
    ["a dial that waits", ["openSocket", "dial.queued"], ["dial.begun", "socket.closed"]],
    ["a server", greeted, ["socket.closed", ...words]],
    ["a TLS handshake", [...open, "upgradeToTls"], ["socket.secured", "socket.closed"]],
    ["a server that is asked", [...greeted, "sendPing"], ["socket.closed", ...words, "server.pong"]],
    [
      "a server that is told CONNECT",
      [...greeted, "sendConnect"],
      ["socket.closed", ...words, "server.pong", "credentials.failed"],
    ],
    ["a server that has answered", [...greeted, "sendPing", "server.pong"], ["socket.closed", ...words]],
    ["a socket that ends", [...greeted, "sendPing", "endSocket"], ["socket.closed"]],
    ["UNSUBs", [...greeted, "unsubscribe"], ["socket.closed", ...words, "subscriptions.drained"]],
    ["a timer", [timer], ["timer.fired"]],
    ["a timer that is stopped", [timer, effect("stopTimer", { timer: "attempt", attempt: 1 })], []],
    ["a timer that has fired", [timer, "timer.fired"], []],
    ["who chooses a delay", ["askReconnectDelay"], ["delay.chosen"]],
    ["who chooses a server", ["askNextServer"], ["server.chosen", "choice.failed"]],
    ["a drain", ["drainSubscriptions"], ["subscriptions.drained"]],
    ["the end of the stream", ["finishOutbound"], ["outbound.flushed"]],
    ["a confirmation", ["confirmOutbound"], ["outbound.flushed"]],
    ["a hand-over", [effect("pauseOutbound", { attempt: 1, from: 3 })], ["outbound.flushed"]],
  ] as const)("by %s", (_, steps, expected) => {
    const outside = outsideAfter(...steps);
    expect(kinds.filter((kind) => outside.canSay(event(kind))).sort()).toEqual([...expected].sort());
    // Another attempt can say nothing, and says nothing.
    const before = asked(outside);
    for (const kind of kinds) {
      expect(outside.canSay(event(kind, 7))).toBe(false);
      outside.happens(event(kind, 7));
    }
    expect(asked(outside)).toEqual(before);
  });

  test("by the user is anything, always", () => {
    for (const kind of ["user.close", "user.drain", "user.reconnect", "user.setServers"] as const) {
      expect(new Outside(NOW).canSay(event(kind))).toBe(true);
    }
  });

  test("is the end of a socket once in halves, and then in whole", () => {
    const outside = outsideAfter(...greeted);
    expect(outside.canSay(halfClosed)).toBe(true);
    outside.happens(halfClosed);
    expect([outside.canSay(halfClosed), outside.canSay(event("socket.closed"))]).toEqual([false, true]);
    outside.happens(event("socket.closed"));
    expect(outside.sockets.size).toBe(0);
  });

  test("is of each socket apart from the others", () => {
    const outside = outsideAfter(...greeted, two, "sendPing");
    expect(asked(outside)).toEqual(["sendPing 1", "openSocket 2"]);
    outside.carriesOut([effect("closeSocket", { attempt: 2 })]);
    expect([asked(outside), outside.attempt]).toEqual([["sendPing 1"], 2]);
  });
});

test("the timer that is due first is the next one, by the clock of the events", () => {
  const start = (timer: string, attempt: number, ms: number) => effect("startTimer", { timer, attempt, ms });
  const outside = outsideAfter(start("attempt", 1, 30), start("ping", 1, 20), start("drain", 1, 20));
  expect(outside.nextTimer).toEqual({ timer: "ping", attempt: 1, dueAt: NOW + 20 });
  outside.happens({ ...event("server.ping", 7), at: NOW + 50 });
  outside.happens({ ...event("server.ping", 7), at: NOW + 40 });
  expect(outside.now).toBe(NOW + 50);
  outside.carriesOut([start("ping", 1, 5)]);
  expect(outside.nextTimer).toEqual({ timer: "drain", attempt: 1, dueAt: NOW + 20 });
  expect([...outside.timers.values()].map(({ dueAt }) => dueAt - NOW)).toEqual([30, 55, 20]);
  expect(new Outside(0).nextTimer).toBeUndefined();
});

test("what is published is sent from the release of the outbound stream on, until it is held", () => {
  expect(outsideAfter().released).toBe(false);
  expect(outsideAfter("releaseOutbound").released).toBe(true);
  expect(outsideAfter("releaseOutbound", "holdOutbound").released).toBe(false);
});
