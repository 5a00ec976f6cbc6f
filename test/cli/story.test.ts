// How a replayed recording is told: line by line for a person, and as JSON in a shape that stays.

import { describe, expect, it } from "vitest";
import { effectText, eventText, stateName, storyJson, storyLines } from "../../src/cli/story.js";
import { type Paint, plainPaint } from "../../src/cli/terminal.js";
import { type ConnectionEvent, type Effect, type Recording, replay } from "../../src/machine/index.js";
import { outage } from "./recordings.js";

const told = (recording: Recording) => [...storyLines(recording, replay(recording), plainPaint)];

describe("the story of a recording", () => {
  it("tells when, what, and where it led", () => {
    const steps = told(outage).filter((line) => /^ +\d/.test(line));
    expect(steps).toEqual([
      "     0.000 s  the beginning  -> connecting.dialing",
      "     0.002 s  socket.opened  -> connecting.greeting",
      "     0.004 s  server.info  n0, 2.10.0  -> connecting.authenticating",
      "     0.006 s  server.pong  -> connected",
      "     2.100 s  socket.closed  ECONNRESET: a:4222: the connection was reset  -> reconnecting.dialing",
      "     2.102 s  socket.opened  -> reconnecting.greeting",
      "     2.104 s  server.info  n1, 2.10.0  -> reconnecting.authenticating",
      "     2.106 s  server.pong  -> reconnecting.subscribing",
      "     2.108 s  server.pong  -> connected",
      "     3.000 s  user.drain  -> draining.subscriptions",
      "     3.001 s  subscriptions.drained  -> draining.publishers",
      "     3.002 s  outbound.flushed  -> closing",
      "     3.004 s  socket.closed  by the server  -> closed",
    ]);
  });

  it("tells under each step what the chart asked for", () => {
    const lines = told(outage);
    const lost = lines.findIndex((line) => line.includes("socket.closed"));
    const after = lines.slice(lost + 1);
    const effects = after.slice(
      0,
      after.findIndex((line) => /^ +\d/.test(line)),
    );
    expect(effects.map((line) => line.trim())).toContain("openSocket  b:4222");
    expect(effects.map((line) => line.trim())).toContain("startTimer  attempt, 2000 ms");
    expect(effects.every((line) => line.startsWith("                "))).toBe(true);
  });

  it("begins with how many events, from when on, and which servers", () => {
    expect(told(outage)[0]).toBe("12 events from 2023-11-14T22:13:20.000Z on, servers: a:4222, b:4222");
  });

  it("says so where the beginning is not there any more", () => {
    const middle = replay(outage)[3];
    if (middle === undefined) throw new Error("the recording is too short");
    const from = { value: middle.state, context: middle.context };
    const rest = told({ ...outage, from, events: outage.events.slice(3) });
    expect(rest[0]).toBe("9 events from 2023-11-14T22:13:22.100Z on, servers: a:4222, b:4222");
    expect(rest[1]).toContain("not in the recording");
    const times = rest.flatMap((line) => /^ +(\d\.\d{3} s {2}\S+)/.exec(line)?.[1] ?? []);
    expect(times.slice(0, 3)).toEqual(["0.000 s  the", "0.000 s  socket.closed", "0.002 s  socket.opened"]);
    expect(told(outage)[1]).not.toContain("not in the recording");
  });

  it("tells where nothing moved", () => {
    const late: ConnectionEvent = { type: "socket.opened", attempt: 1, at: outage.input.at + 7 };
    const events = [...outage.events.slice(0, 3), late];
    expect(told({ ...outage, events }).at(-1)).toBe("     0.007 s  socket.opened  in connected");
  });

  it("marks what is to be seen: the heading, what happened, and where it led to another state", () => {
    const marked: Paint = {
      good: (text) => `<good ${text}>`,
      bad: (text) => `<bad ${text}>`,
      strong: (text) => `<strong ${text}>`,
      faint: (text) => `<faint ${text}>`,
    };
    const middle = replay(outage)[3];
    if (middle === undefined) throw new Error("the recording is too short");
    const late: ConnectionEvent = { type: "socket.opened", attempt: 1, at: outage.input.at + 7 };
    const from = { value: middle.state, context: { ...middle.context, now: outage.input.at + 5 } };
    const recording = { ...outage, from, events: [late] };
    const lines = [...storyLines(recording, replay(recording), marked)].filter((line) =>
      line.startsWith("<"),
    );
    expect(lines).toEqual([
      "<strong 1 events from 2023-11-14T22:13:20.007Z on, servers: a:4222, b:4222>",
      "<faint What happened before is not in the recording any more.>",
      "<faint      0.000 s>  <strong the beginning>  -> <good connected>",
      "<faint      0.000 s>  <strong socket.opened>  in <faint connected>",
    ]);
  });

  it("is as JSON the steps with times, events, states and effects", () => {
    const story = [...storyJson(outage, replay(outage))];
    expect(story).toHaveLength(13);
    for (const step of story) {
      expect(Object.keys(step)).toEqual(["at", "elapsed", "event", "state", "effects"]);
    }
    expect(story[0]).toMatchObject({
      at: outage.input.at,
      elapsed: 0,
      event: null,
      state: "connecting.dialing",
    });
    expect(story[4]).toMatchObject({
      elapsed: 2_100,
      event: outage.events[3],
      state: "reconnecting.dialing",
    });
    expect(story[4]?.effects.map(({ type }) => type)).toContain("openSocket");
    expect(JSON.parse(JSON.stringify(story))).toEqual(story);
  });
});

describe("an event in words", () => {
  const base = { attempt: 1, at: 0 };
  const failure = { code: "X", message: "why" };
  it.each<[ConnectionEvent, string]>([
    [{ type: "socket.closed", ...base, failure: null, halfClosed: false }, "socket.closed  by the server"],
    [
      { type: "socket.closed", ...base, failure: null, halfClosed: true },
      "socket.closed  the server sends no more",
    ],
    [{ type: "socket.closed", ...base, failure, halfClosed: false }, "socket.closed  X: why"],
    [{ type: "timer.fired", ...base, timer: "ping" }, "timer.fired  ping"],
    [{ type: "delay.chosen", ...base, ms: 7 }, "delay.chosen  7 ms"],
    [{ type: "server.chosen", ...base, server: "a:1", ms: 5 }, "server.chosen  a:1, in 5 ms"],
    [{ type: "server.chosen", ...base, server: null, ms: 0 }, "server.chosen  no server, in 0 ms"],
    [{ type: "protocol.violated", ...base, reason: "no\r\nINFO" }, "protocol.violated  no INFO"],
    [{ type: "credentials.failed", ...base, failure }, "credentials.failed  X: why"],
    [{ type: "user.close", at: 0, unconfirmed: 3, failure: null }, "user.close  3 messages not confirmed"],
    [{ type: "user.close", at: 0, unconfirmed: 0, failure }, "user.close  X: why"],
    [{ type: "user.close", at: 0, unconfirmed: 0, failure: null }, "user.close"],
    [{ type: "user.close", at: 0, unconfirmed: 1, failure: null }, "user.close  1 messages not confirmed"],
    [{ type: "choice.failed", ...base, failure }, "choice.failed  X: why"],
    [
      { type: "server.error", ...base, error: { kind: "other", message: "full" } } as never,
      "server.error  full",
    ],
    [
      {
        type: "server.info",
        ...base,
        info: { serverName: "n0", version: "2.10.0", lameDuck: false },
      } as never,
      "server.info  n0, 2.10.0",
    ],
    [
      {
        type: "server.info",
        ...base,
        info: { serverName: "n0", version: "2.10.0", lameDuck: true },
      } as never,
      "server.info  n0, 2.10.0, lame duck",
    ],
    [{ type: "user.drain", at: 0 }, "user.drain"],
    [{ type: "user.setServers", at: 0, servers: ["a", "b"], kept: [], list: 1 }, "user.setServers  a, b"],
    [{ type: "server.ping", ...base }, "server.ping"],
  ])("%j", (event, words) => {
    expect(eventText(event)).toBe(words);
  });
});

describe("an effect in words", () => {
  const failure = { code: "X", message: "why" };
  it.each<[Effect, string]>([
    [{ type: "stopTimer", params: { timer: "attempt", attempt: 1 } }, "stopTimer  attempt"],
    [
      { type: "startTimer", params: { timer: "overlap", attempt: 1, ms: 250 } },
      "startTimer  overlap, 250 ms",
    ],
    [{ type: "openSocket", params: { server: { name: "a:1" } } } as never, "openSocket  a:1"],
    [{ type: "upgradeToTls", params: { server: { name: "a:1" } } } as never, "upgradeToTls  a:1"],
    [{ type: "closeSocket", params: { attempt: 1 } }, "closeSocket  attempt 1"],
    [{ type: "endSocket", params: { attempt: 2 } }, "endSocket  attempt 2"],
    [{ type: "unsubscribe", params: { attempt: 2 } }, "unsubscribe  attempt 2"],
    [{ type: "resolveConnect", params: undefined }, "resolveConnect"],
    [{ type: "rejectConnect", params: { failure, attempts: [] } }, "rejectConnect  X: why"],
    [{ type: "settlePending", params: { failure: null } }, "settlePending  well"],
    [{ type: "settlePending", params: { failure } }, "settlePending  X: why"],
    [{ type: "settleClosed", params: { failure } }, "settleClosed  X: why"],
    [
      { type: "notifyStatus", params: { status: { type: "reconnect", server: "a:1" } } },
      "notifyStatus  reconnect  a:1",
    ],
    [
      {
        type: "notifyStatus",
        params: { status: { type: "error", server: "a:1", failure, step: "dialing", permission: null } },
      },
      "notifyStatus  error  X: why",
    ],
    [{ type: "holdOutbound", params: undefined }, "holdOutbound"],
  ])("%j", (effect, words) => {
    expect(effectText(effect)).toBe(words);
  });
});

it("names states by their path", () => {
  expect(stateName("closed")).toBe("closed");
  expect(stateName({ reconnecting: "backingOff" })).toBe("reconnecting.backingOff");
  expect(stateName({ one: "a", other: { inner: "b" }, alone: undefined })).toBe(
    "one.a + other.inner.b + alone",
  );
});
