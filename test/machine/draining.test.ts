// `draining`: what has arrived is processed, what was published reaches the server; then the connection closes.

import { expect, test } from "vitest";
import {
  begin,
  close,
  drain,
  drained,
  error,
  fires,
  flushed,
  info,
  lost,
  ping,
  pong,
  reconnect,
  unreachable,
  violated,
} from "./story.js";

const draining = () => begin().connects().happens(drain());
const phases = [
  ["subscriptions", () => draining()],
  ["publishers", () => draining().happens(drained)],
] as const;

test("subscriptions first, then publishers, then the end; one timer bounds it all", () => {
  const story = draining();
  expect(story.effects.slice(1)).toEqual([
    { type: "startTimer", params: { timer: "drain", attempt: 1, ms: 30_000 } },
    { type: "drainSubscriptions", params: { attempt: 1 } },
  ]);
  story.happens(drained);
  expect(story.state).toBe("draining.publishers");
  expect(story.effects).toEqual([{ type: "finishOutbound", params: { attempt: 1 } }]);
  story.happens(flushed);
  expect(story.state).toBe("closing");
  expect(story.did).toEqual(["stopTimer drain", "endSocket", "startTimer linger", "settlePending"]);
  expect(story.last("settlePending")).toEqual({ failure: null });
  expect(story.context).toMatchObject({ live: null, next: null, retiring: [{ id: 1, phase: "ending" }] });
  story.happens(lost());
  expect(story.state).toBe("closed");
  expect(story.did).toEqual(["stopTimer linger", "settleClosed"]);
  expect(story.last("settleClosed")).toEqual({ failure: null });
  expect(story.context).toMatchObject({ live: null, next: null, retiring: [] });
});

test("a drain that is done has no reason, whatever the server complained of", () => {
  const story = draining().happens(error("Stale Connection"), drained, flushed, lost());
  expect(story.last("settleClosed")).toEqual({ failure: null });
});

test("a flush that was not asked for yet does not end the drain", () => {
  expect(draining().happens(flushed).state).toBe("draining.subscriptions");
});

test.each(phases)("in %s a PING is still answered", (_, at) => {
  expect(at().happens(ping).did).toEqual(["sendPong"]);
});

test.each(phases)("in %s a late PONG, a second drain and a reconnect change nothing", (_, at) => {
  const story = at();
  const { context, value } = story.snapshot;
  story.happens(pong, drain(), reconnect);
  expect(story.did).toEqual([]);
  expect(story.snapshot.context).toBe(context);
  expect(story.snapshot.value).toEqual(value);
});

test.each(phases)("in %s news of the cluster is reported", (_, at) => {
  expect(at().happens(info({ connectUrls: ["c"], lameDuck: true })).did).toEqual([
    "notifyStatus update",
    "notifyStatus ldm",
  ]);
});

test.each(phases)("in %s a lost connection ends the drain with the reason", (phase, at) => {
  const story = at().happens(lost());
  expect(story.state).toBe("closed");
  expect(story.did).toEqual(["stopTimer drain", "settlePending", "settleClosed"]);
  expect(story.last("settlePending")?.failure).toEqual(story.last("settleClosed")?.failure);
  expect(story.last("settleClosed")?.failure).toEqual({
    code: "DISCONNECT",
    message: "a:4222 closed the connection (step: draining)",
  });
  expect(["subscriptions", "publishers"]).toContain(phase);
});

test.each(phases)("in %s the drain timer ends the drain, and names the option", (_, at) => {
  const failure = {
    code: "TIMEOUT",
    message: "the drain did not finish within 30000 ms (option drainTimeout)",
  };
  const story = at().happens(fires("drain"));
  expect(story.did).toEqual(["stopTimer drain", "endSocket", "startTimer linger", "settlePending"]);
  expect(story.last("settlePending")).toEqual({ failure });
  expect(story.happens(lost()).did).toEqual(["stopTimer linger", "settleClosed"]);
  expect(story.last("settleClosed")).toEqual({ failure });
});

test.each(phases)("in %s bytes that are not NATS end the drain", (_, at) => {
  const story = at().happens(violated);
  expect(story.did).toEqual(["stopTimer drain", "closeSocket", "settlePending", "settleClosed"]);
  expect(story.last("settleClosed")?.failure?.code).toBe("NATS_PROTOCOL_ERR");
});

test.each(phases)("in %s user.close ends the drain at once", (_, at) => {
  const story = at().happens(close());
  expect(story.did).toEqual(["stopTimer drain", "endSocket", "startTimer linger", "settlePending"]);
  expect(story.last("settlePending")).toEqual({ failure: null });
  expect(story.happens(lost()).did).toEqual(["stopTimer linger", "settleClosed"]);
  expect(story.last("settleClosed")).toEqual({ failure: null });
});

test.each(phases)("in %s -ERR about one subject is reported, and the drain goes on", (_, at) => {
  const story = at().happens(error('Permissions Violation for Publish to "secret"'));
  expect(story.did).toEqual(["notifyStatus error"]);
  expect(story.errors[0]?.step).toBe("draining");
  story.happens(drained, flushed);
  // Where the drain is in its last phase already, the first answer is ignored.
  expect(story.happens(lost()).last("settleClosed")).toEqual({ failure: null });
});

test.each(phases)(
  "in %s a fatal -ERR is reported, and is the reason when the server closes the socket",
  (_, at) => {
    const story = at().happens(error("User Authentication Expired"));
    expect(story.did).toEqual(["notifyStatus error"]);
    expect(story.errors[0]?.step).toBe("draining");
    expect(story.happens(lost()).last("settleClosed")?.failure?.code).toBe("AUTHENTICATION_EXPIRED");
  },
);

test("draining or closing while not connected is the end, and what stays unsent is an error", () => {
  const disconnected = () => begin({}, ["a"]).connects().happens(lost(), unreachable);
  for (const leave of [drain, close]) {
    expect(disconnected().state).toBe("reconnecting.backingOff");
    expect(disconnected().happens(leave(0)).last("settleClosed")).toEqual({ failure: null });
    expect(disconnected().happens(leave(1)).last("settleClosed")?.failure).toEqual({
      code: "DISCONNECT",
      message: "closed while not connected: 1 message that was published could not be sent",
    });
    expect(disconnected().happens(leave(7)).last("settleClosed")?.failure?.message).toBe(
      "closed while not connected: 7 messages that were published could not be sent",
    );
  }
});
