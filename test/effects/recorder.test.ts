// The flight recorder holds the last events, and a bounded number of them.

import { expect, test } from "vitest";
import { jsonSize } from "../../src/effects/json-size.js";
import { RECORDED_BYTES, RECORDED_EVENTS, Recorder } from "../../src/effects/recorder.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import { replay } from "../../src/machine/replay.js";

const input = { servers: ["a:4222"], seed: 1, at: 0, policy: { maxReconnectAttempts: -1 } };
const info = {
  serverId: "A",
  serverName: "a",
  version: "2.12.0",
  tlsRequired: false,
  tlsAvailable: false,
  lameDuck: false,
  connectUrls: [],
};

/** A server that lets the client in and loses it, again and again. */
function flapping(count: number): readonly ConnectionEvent[] {
  const events: ConnectionEvent[] = [];
  for (let attempt = 1; events.length < count; attempt++) {
    const at = attempt * 10_000;
    events.push({ type: "socket.opened", attempt, at });
    events.push({ type: "server.info", attempt, at, info });
    events.push({ type: "server.pong", attempt, at });
    events.push({ type: "socket.closed", attempt, at: at + 1, failure: null, halfClosed: false });
    events.push({ type: "timer.fired", timer: "reconnect", attempt, at: at + 9_999 });
  }
  return events.slice(0, count);
}

test("what was recorded is all of it, as long as there is little", () => {
  const recorder = new Recorder(input);
  const events = flapping(100);
  for (const event of events) recorder.record(event);
  expect(recorder.recording()).toEqual({ version: 5, input, from: null, events });
});

test("the oldest events are folded into the beginning, and the replay ends in the same way", () => {
  const recorder = new Recorder(input);
  const events = flapping(2 * RECORDED_EVENTS + 17);
  for (const event of events) recorder.record(event);
  const recording = recorder.recording();
  expect(recording.events.length).toBeGreaterThanOrEqual(RECORDED_EVENTS);
  expect(recording.events.length).toBeLessThan(2 * RECORDED_EVENTS);
  expect(recording.folded).toBe(events.length - recording.events.length);
  const all = replay({ version: 5, input, from: null, events });
  expect(replay(recording).slice(1)).toEqual(all.slice(-recording.events.length));
});

/** Errors of a server with texts of that length, of which no two are alike. */
function* complaining(count: number, length: number): Generator<ConnectionEvent> {
  yield { type: "socket.opened", attempt: 1, at: 1 };
  for (let at = 2; at < count + 2; at++) {
    const message = `${at} `.padEnd(length, "x");
    const error = { kind: "other", code: "NATS_PROTOCOL_ERR", message } as const;
    yield { type: "server.error", attempt: 1, at, error, credentialsVersion: 0 };
  }
}

test("large events are bounded by their bytes, and the replay ends in the same way", () => {
  const recorder = new Recorder(input);
  let most = 0;
  const events = [...complaining(400, 50_000)];
  for (const event of events) {
    recorder.record(event);
    most = Math.max(most, jsonSize(recorder.recording().events));
  }
  const { folded = 0, ...recording } = recorder.recording();
  expect(jsonSize(events)).toBeGreaterThan(4 * RECORDED_BYTES);
  expect(most).toBeLessThan(2.1 * RECORDED_BYTES);
  expect(folded + recording.events.length).toBe(events.length);
  const all = replay({ version: 5, input, from: null, events });
  expect(replay(recording).at(-1)).toEqual(all.at(-1));
});

test("an event that is larger than a recording may be is kept, alone", () => {
  const recorder = new Recorder(input);
  const events = [...complaining(3, 2 * RECORDED_BYTES)];
  for (const event of events) recorder.record(event);
  const { folded, events: kept } = recorder.recording();
  expect([folded, kept]).toEqual([3, events.slice(3)]);
});

test("what was recorded is given as it was then, however much follows", () => {
  const recorder = new Recorder(input);
  const [first, ...others] = flapping(5);
  recorder.record(first as ConnectionEvent);
  const { events } = recorder.recording();
  for (const event of others) recorder.record(event);
  expect(events).toEqual([first]);
});

test("nothing is folded before there are twice as many events as are kept, and then as many are", () => {
  const recorder = new Recorder(input);
  const events = flapping(3 * RECORDED_EVENTS + 1);
  const counts = events.map((event) => {
    recorder.record(event);
    const { folded, events: kept } = recorder.recording();
    return [folded, kept.length];
  });
  const n = RECORDED_EVENTS;
  expect([2 * n - 1, 2 * n, 3 * n - 1, 3 * n, 3 * n + 1].map((count) => counts[count - 1])).toEqual([
    [undefined, 2 * n - 1],
    [n, n],
    [n, 2 * n - 1],
    [2 * n, n],
    [2 * n, n + 1],
  ]);
  expect(recorder.recording().events).toEqual(events.slice(2 * n));
});

test("as many events are kept as may be, however large those were that are folded", () => {
  const recorder = new Recorder(input);
  const [, large] = complaining(1, 1.5 * RECORDED_BYTES);
  const events = [large as ConnectionEvent, ...flapping(2 * RECORDED_EVENTS - 1)];
  for (const event of events) recorder.record(event);
  expect(recorder.recording().events).toEqual(events.slice(RECORDED_EVENTS));
});

test("nothing is folded up to twice as many bytes as are kept, and then as many bytes are, again and again", () => {
  const recorder = new Recorder(input);
  const error = (length: number): ConnectionEvent => ({
    type: "server.error",
    attempt: 1,
    at: 1,
    error: { kind: "other", code: "NATS_PROTOCOL_ERR", message: "x".repeat(length) },
    credentialsVersion: 0,
  });
  const size = RECORDED_BYTES / 4;
  const event = error(size - jsonSize(error(0)));
  const counts = Array.from({ length: 14 }, () => {
    recorder.record(event);
    const { folded = 0, events } = recorder.recording();
    return [folded, events.length];
  });
  // Eight of them are twice as many bytes.
  expect(counts.slice(7)).toEqual([
    [0, 8],
    [5, 4],
    [5, 5],
    [5, 6],
    [5, 7],
    [5, 8],
    [10, 4],
  ]);
});
