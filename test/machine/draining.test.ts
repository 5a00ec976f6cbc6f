// `draining`: what has arrived is processed, what was published reaches the server; then the connection closes. And how a drain
// begins, or goes on, without a connection: what is processed then is in processing.test.ts.

import { describe, expect, test } from "vitest";
import { LINGER } from "../../src/machine/link.js";
import {
  begin,
  chosen,
  close,
  drain,
  drained,
  error,
  fires,
  flushed,
  halfClosed,
  info,
  lost,
  of,
  opened,
  ping,
  pong,
  reconnect,
  type Story,
  unreachable,
  violated,
} from "./story.js";

const draining = () => begin().connects().happens(drain);
const phases = [
  ["subscriptions", () => draining()],
  ["publishers", () => draining().happens(drained)],
] as const;
const whileDraining = (cause: { readonly code: string; readonly message: string }) => ({
  code: "DISCONNECT",
  message: `the connection was lost while draining: ${cause.message}`,
  cause,
});
const closed = whileDraining({
  code: "DISCONNECT",
  message: "a:4222 closed the connection (step: draining)",
});
const nonsense = whileDraining({
  code: "NATS_PROTOCOL_ERR",
  message: "a:4222 does not speak the NATS protocol: unknown operation HTTP/1.1",
});
const timedOut = {
  code: "TIMEOUT",
  message: "the drain did not finish within 30000 ms (option drainTimeout)",
};

test("subscriptions first, then publishers, then the end; one timer bounds it all", () => {
  const story = draining();
  expect(story.effects.slice(1)).toEqual([
    { type: "startTimer", params: { timer: "drain", attempt: 1, ms: 30_000 } },
    { type: "drainSubscriptions", params: { attempt: 0 } },
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

test("that a link has delivered all says nothing of the drain: what is processed is told of no link", () => {
  for (const play of [
    draining,
    () => draining().happens(lost()),
    () => begin().connects().happens(lost(), drain),
  ]) {
    const story = play();
    const { value, context } = story.snapshot;
    expect(story.happens(of(1, drained), of(2, drained), of(99, drained)).did).toEqual([]);
    expect([story.snapshot.value, story.snapshot.context]).toEqual([value, context]);
  }
});

test.each(phases)("in %s a PING is still answered", (_, at) => {
  expect(at().happens(ping).did).toEqual(["sendPong"]);
});

test.each(phases)("in %s a late PONG, a second drain and a reconnect change nothing", (_, at) => {
  const story = at();
  const { context, value } = story.snapshot;
  story.happens(pong, drain, reconnect);
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

test("in publishers a lost connection ends the drain with the reason", () => {
  const story = draining().happens(drained).happens(lost());
  expect(story.state).toBe("closed");
  expect(story.did).toEqual(["stopTimer drain", "settlePending", "settleClosed"]);
  expect(story.last("settlePending")).toEqual({ failure: closed });
  expect(story.last("settleClosed")).toEqual({ failure: closed });
});

test("in subscriptions it does so, too, but only when what had arrived is processed", () => {
  const story = draining().happens(lost());
  expect([story.state, story.snapshot.status]).toEqual(["closing", "active"]);
  // The subscriptions are being drained: they are not asked to once more.
  expect(story.effects).toEqual([
    { type: "stopTimer", params: { timer: "drain", attempt: 1 } },
    { type: "startTimer", params: { timer: "drain", attempt: 1, ms: 30_000 } },
    { type: "settlePending", params: { failure: closed } },
  ]);
  expect(story.context).toMatchObject({ live: null, next: null, retiring: [], processing: true });
  expect(story.context).toMatchObject({ failure: closed, leaving: "drain" });
  story.happens(drained);
  expect([story.state, story.snapshot.status]).toEqual(["closed", "done"]);
  expect(story.effects).toEqual([
    { type: "stopTimer", params: { timer: "drain", attempt: 1 } },
    { type: "settleClosed", params: { failure: closed } },
  ]);
});

test.each(phases)("in %s the code says that a drain failed, and the cause what the network said", (_, at) => {
  const reset = { code: "ECONNRESET", message: "reset by peer" };
  const story = at().happens(lost(reset), drained);
  expect(story.last("settleClosed")).toEqual({ failure: whileDraining(reset) });
});

test.each(phases)("in %s the drain timer ends the drain, and names the option", (_, at) => {
  const failure = timedOut;
  const story = at().happens(fires("drain"));
  expect(story.did).toEqual(["stopTimer drain", "endSocket", "startTimer linger", "settlePending"]);
  expect(story.last("settlePending")).toEqual({ failure });
  expect(story.happens(lost()).did).toEqual(["stopTimer linger", "settleClosed"]);
  expect(story.last("settleClosed")).toEqual({ failure });
});

test("in publishers bytes that are not NATS end the drain", () => {
  const story = draining().happens(drained).happens(violated);
  expect(story.did).toEqual(["stopTimer drain", "closeSocket", "settlePending", "settleClosed"]);
  expect(story.last("closeSocket")).toEqual({ attempt: 1 });
  expect(story.last("settleClosed")).toEqual({ failure: nonsense });
});

test("in subscriptions they do so, too, but only when what had arrived is processed", () => {
  const story = draining().happens(violated);
  expect([story.state, story.snapshot.status]).toEqual(["closing", "active"]);
  expect(story.effects).toEqual([
    { type: "stopTimer", params: { timer: "drain", attempt: 1 } },
    { type: "closeSocket", params: { attempt: 1 } },
    { type: "startTimer", params: { timer: "drain", attempt: 1, ms: 30_000 } },
    { type: "settlePending", params: { failure: nonsense } },
  ]);
  expect(story.context).toMatchObject({ live: null, retiring: [], processing: true, failure: nonsense });
  story.happens(drained);
  expect([story.state, story.did]).toEqual(["closed", ["stopTimer drain", "settleClosed"]]);
  expect(story.last("settleClosed")).toEqual({ failure: nonsense });
});

test("in subscriptions a socket over which no more comes is ended as well, in its own time", () => {
  const story = draining().happens(halfClosed());
  expect([story.state, story.snapshot.status]).toEqual(["closing", "active"]);
  expect(story.effects).toEqual([
    { type: "stopTimer", params: { timer: "drain", attempt: 1 } },
    { type: "endSocket", params: { attempt: 1 } },
    { type: "startTimer", params: { timer: "linger", attempt: 1, ms: LINGER } },
    { type: "startTimer", params: { timer: "drain", attempt: 1, ms: 30_000 } },
    { type: "settlePending", params: { failure: closed } },
  ]);
  expect(story.context).toMatchObject({
    live: null,
    retiring: [{ id: 1, phase: "ending" }],
    processing: true,
    failure: closed,
  });
});

test("in publishers all that had arrived is processed already: nothing but the socket is waited for", () => {
  for (const loss of [lost(), violated]) {
    const story = draining().happens(drained).happens(loss);
    expect([story.state, story.context.processing]).toEqual(["closed", false]);
    expect(story.did).not.toContain("startTimer drain");
  }
  const story = draining().happens(drained).happens(halfClosed());
  expect([story.state, story.context.processing]).toEqual(["closing", false]);
  expect(story.did).toEqual(["stopTimer drain", "endSocket", "startTimer linger", "settlePending"]);
  expect(story.happens(lost()).did).toEqual(["stopTimer linger", "settleClosed"]);
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
    story.happens(lost(), drained);
    expect(story.last("settleClosed")?.failure).toMatchObject({
      code: "DISCONNECT",
      cause: { code: "AUTHENTICATION_EXPIRED" },
    });
  },
);

test("closing while not connected is the end, draining when what had arrived is processed; nobody failed", () => {
  const disconnected = () => begin({}, ["a"]).connects().happens(lost(), unreachable);
  expect(disconnected().state).toBe("reconnecting.backingOff");
  for (const unconfirmed of [0, 1, 7]) {
    const story = disconnected().happens(close(unconfirmed));
    expect(story.state).toBe("closed");
    expect(story.last("settleClosed")).toEqual({ failure: null });
  }
  const story = disconnected().happens(drain);
  expect([story.state, story.snapshot.status]).toEqual(["closing", "active"]);
  expect(story.last("settlePending")).toEqual({ failure: null });
  expect(story.happens(drained).last("settleClosed")).toEqual({ failure: null });
});

describe("a drain while disconnected", () => {
  const dropsNext = ["closeSocket", "stopTimer attempt"];
  const lostOnce = (policy = {}, servers = ["a:4222", "b:4222"]) =>
    begin(policy, servers).connects().happens(lost());
  /** Each step in which it may begin, and what is given up there. */
  const steps: readonly (readonly [string, () => Story, readonly string[]])[] = [
    ["dialing", () => lostOnce(), dropsNext],
    ["greeting", () => lostOnce().happens(opened), dropsNext],
    ["securing", () => lostOnce().happens(opened, info({ tlsRequired: true })), dropsNext],
    ["authenticating", () => lostOnce().happens(opened, info()), dropsNext],
    ["subscribing", () => lostOnce().subscribes(), dropsNext],
    ["backingOff", () => lostOnce().happens(unreachable), ["stopTimer reconnect"]],
    ["awaitingDelay", () => lostOnce({ asksForDelay: true }), []],
    [
      "awaitingServerChoice",
      () => begin({ asksForServer: true }).happens(chosen(null)).connects().happens(lost()),
      [],
    ],
  ];

  test.each(steps)(
    "in %s: the attempt is given up, all that waits is settled, and what has arrived is processed",
    (step, play, givenUp) => {
      const story = play();
      expect(story.state).toBe(`reconnecting.${step}`);
      const { attempt } = story.context;
      story.happens(drain);
      expect([story.state, story.snapshot.status]).toEqual(["closing", "active"]);
      expect(story.did).toEqual([...givenUp, "drainSubscriptions", "startTimer drain", "settlePending"]);
      expect(story.last("closeSocket")).toEqual(givenUp === dropsNext ? { attempt } : undefined);
      expect(story.last("drainSubscriptions")).toEqual({ attempt: 0 });
      expect(story.last("startTimer")).toEqual({ timer: "drain", attempt, ms: 30_000 });
      expect(story.last("settlePending")).toEqual({ failure: null });
      expect(story.context).toMatchObject({ live: null, next: null, retiring: [], attempt });
      expect(story.context).toMatchObject({ processing: true, leaving: "drain", failure: null });
      story.happens(drained);
      expect([story.state, story.snapshot.status]).toEqual(["closed", "done"]);
      expect(story.effects).toEqual([
        { type: "stopTimer", params: { timer: "drain", attempt } },
        { type: "settleClosed", params: { failure: null } },
      ]);
    },
  );

  test("before the first connection is the end: nothing can have arrived", () => {
    for (const play of [
      () => begin(),
      () => begin().happens(opened),
      () => begin().happens(opened, info()),
      () => begin({ waitOnFirstConnect: true }).happens(unreachable, unreachable),
      () => begin({ waitOnFirstConnect: true, asksForDelay: true }).happens(unreachable),
      () => begin({ asksForServer: true }),
    ]) {
      const story = play();
      expect(story.state).toMatch(/^connecting[.]/);
      story.happens(drain);
      expect([story.state, story.context.processing]).toEqual(["closed", false]);
      expect(story.context.leaving).toBe("drain");
      expect(story.did).not.toContain("drainSubscriptions");
      expect(story.did).not.toContain("startTimer drain");
    }
  });
});

describe("the drain timer", () => {
  test("has the number of the last attempt, also where the connection in use is an older one", () => {
    const story = begin({ onLameDuck: "migrate" })
      .connects()
      .happens(info({ lameDuck: true }), unreachable)
      .happens(drain);
    expect(story.context).toMatchObject({ attempt: 2, live: { id: 1 } });
    expect(story.last("startTimer")).toEqual({ timer: "drain", attempt: 2, ms: 30_000 });
    expect(story.last("drainSubscriptions")).toEqual({ attempt: 0 });
    expect(story.happens(of(1, fires("drain"))).did).toEqual([]);
    story.happens(of(2, fires("drain")));
    expect([story.state, story.last("stopTimer")]).toEqual(["closing", { timer: "drain", attempt: 2 }]);
    expect(story.last("endSocket")).toEqual({ attempt: 1 });
  });

  test("is the option drainTimeout, and begins anew when the connection is lost", () => {
    const play = () => begin({ drainTimeout: 77 }).connects();
    const timer = { timer: "drain", attempt: 1, ms: 77 };
    expect(play().happens(drain).last("startTimer")).toEqual(timer);
    for (const loss of [lost(), violated, halfClosed()]) {
      const story = play().happens(drain).after(50).happens(loss);
      expect(story.effects.filter(({ type }) => /Timer$/.test(type))[0]).toEqual({
        type: "stopTimer",
        params: { timer: "drain", attempt: 1 },
      });
      expect(story.last("startTimer")).toEqual(timer);
    }
    expect(play().happens(lost(), drain).last("startTimer")).toEqual({ ...timer, attempt: 2 });
  });

  test("has the number of the last attempt, too, when it begins anew", () => {
    const story = begin({ onLameDuck: "migrate" })
      .connects()
      .happens(info({ lameDuck: true }), unreachable)
      .happens(drain)
      .happens(of(1, lost()));
    expect(story.context).toMatchObject({ attempt: 2, live: null });
    expect(story.last("stopTimer")).toEqual({ timer: "drain", attempt: 2 });
    expect(story.last("startTimer")).toEqual({ timer: "drain", attempt: 2, ms: 30_000 });
    expect(story.happens(of(1, fires("drain"))).did).toEqual([]);
    expect(story.happens(of(2, fires("drain"))).state).toBe("closed");
  });
});

test.each(phases)(
  "in %s a close asks whether what was published arrived, where it is not confirmed",
  (_, at) => {
    const story = at().happens(close(1));
    expect(story.did).toEqual(["stopTimer drain", "confirmOutbound", "startTimer confirm", "settlePending"]);
    expect(story.last("confirmOutbound")).toEqual({ attempt: 1 });
    expect(story.context).toMatchObject({ live: null, retiring: [{ id: 1, phase: "confirming" }] });
    // A drain that a close cuts short is still a drain.
    expect(story.context).toMatchObject({ leaving: "drain", failure: null });
    story.happens(flushed, lost());
    expect(story.did).toEqual([
      "stopTimer confirm",
      "endSocket",
      "startTimer linger",
      "stopTimer linger",
      "settleClosed",
    ]);
  },
);

describe("what comes too late for a drain that is over", () => {
  const failure = { code: "ABORTED", message: "the signal was aborted" };
  /** In each of these the drain has ended over a connection, and its socket has not. */
  const ended: readonly (readonly [string, () => Story])[] = [
    ...phases.flatMap(([phase, at]): readonly (readonly [string, () => Story])[] => [
      [`a close in ${phase}`, () => at().happens(close())],
      [`a close in ${phase} before all is confirmed`, () => at().happens(close(1))],
      [`a drain that took too long in ${phase}`, () => at().happens(fires("drain"))],
    ]),
    ["a drain that is done", () => draining().happens(drained, flushed)],
    ["a socket over which no more comes in publishers", () => draining().happens(drained, halfClosed())],
  ];

  test.each(ended)("%s: that all is processed, its timer, a drain and a close change nothing", (_, play) => {
    for (const event of [drained, fires("drain"), drain, close(), close(1, failure)]) {
      const story = play();
      expect([story.state, story.context.processing]).toEqual(["closing", false]);
      const { context } = story.snapshot;
      expect(story.happens(event).did).toEqual([]);
      expect([story.state, story.snapshot.context]).toEqual(["closing", context]);
    }
  });
});
