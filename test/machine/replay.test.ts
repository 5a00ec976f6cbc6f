// A recording plays again to the same states and effects, from its beginning or from the middle.

import { expect, test } from "vitest";
import type { ConnectionEvent } from "../../src/machine/events.js";
import { RECORDING_VERSION, type Recording } from "../../src/machine/recording.js";
import { replay } from "../../src/machine/replay.js";

const info = {
  serverId: "A",
  serverName: "a",
  version: "2.12.0",
  tlsRequired: false,
  tlsAvailable: false,
  lameDuck: false,
  connectUrls: [],
};
const input = { servers: ["a:4222", "b:4222"], seed: 7, at: 0 };
const events: readonly ConnectionEvent[] = [
  { type: "socket.opened", attempt: 1, at: 1 },
  { type: "server.info", attempt: 1, at: 2, info },
  { type: "server.pong", attempt: 1, at: 3 },
  { type: "socket.closed", attempt: 1, at: 9, failure: null, halfClosed: false },
  {
    type: "socket.closed",
    attempt: 2,
    at: 10,
    failure: { code: "CONNECTION_REFUSED", message: "no" },
    halfClosed: false,
  },
  { type: "user.close", at: 11, unconfirmed: 0, failure: null },
];
const whole: Recording = { version: RECORDING_VERSION, input, from: null, events };

test("a recording is replayed step by step", () => {
  const steps = replay(whole);
  expect(steps.map((step) => step.event?.type)).toEqual([undefined, ...events.map((event) => event.type)]);
  expect(steps.map((step) => step.state)).toEqual([
    { connecting: "dialing" },
    { connecting: "greeting" },
    { connecting: "authenticating" },
    "connected",
    { reconnecting: "dialing" },
    { reconnecting: "backingOff" },
    "closed",
  ]);
  expect(steps[4]?.effects.map((effect) => effect.type)).toEqual([
    "stopTimer",
    "holdOutbound",
    "notifyStatus",
    "startTimer",
    "notifyStatus",
    "openSocket",
  ]);
});

test("a recording that begins in the middle goes on in the same way", () => {
  const steps = replay(whole);
  for (let cut = 0; cut < events.length; cut++) {
    const at = steps[cut];
    if (at === undefined) throw new Error("a step for each event");
    const rest = replay({
      version: RECORDING_VERSION,
      input,
      from: { value: at.state, context: at.context },
      events: events.slice(cut),
    });
    expect(rest[0]).toEqual({ event: null, state: at.state, context: at.context, effects: [] });
    expect(rest.slice(1)).toEqual(steps.slice(cut + 1));
  }
});

test("a recording survives being written down", () => {
  expect(replay(JSON.parse(JSON.stringify(whole)) as Recording)).toEqual(replay(whole));
});

test.each([null, undefined, {}, { version: "2" }])("%j is no recording", (other) => {
  expect(() => replay(other as unknown as Recording)).toThrow("no recording of nats-statechart");
});

test.each([
  [1, "this recording has version 1, of an older nats-statechart; this one replays version 4."],
  [2, "this recording has version 2, of an older nats-statechart; this one replays version 4."],
  [5, "this recording has version 5, of a newer nats-statechart; this one replays version 4."],
])(
  "a recording of version %i is refused, and the message says by what it can be replayed",
  (version, says) => {
    const other = { ...whole, version } as unknown as Recording;
    expect(() => replay(other)).toThrow(`${says} Replay it with the nats-statechart that recorded it`);
  },
);
