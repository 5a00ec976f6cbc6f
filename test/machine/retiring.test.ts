// A link that is being left, from the end of its use to the end of its socket: the overlap, the UNSUBs, the last bytes. What
// happens to it is the same whatever the connection does meanwhile, and nothing of it reaches the link in use. How a
// move comes to leave a link is in migrating.test.ts, how the connection waits for the last ones in closing.test.ts.

import { describe, expect, test } from "vitest";
import { LINGER, OVERLAP } from "../../src/machine/link.js";
import {
  begin,
  close,
  drain,
  drained,
  error,
  fires,
  flushed,
  type Happening,
  halfClosed,
  info,
  lost,
  noCredentials,
  of,
  opened,
  ping,
  pong,
  reconnect,
  type Story,
  secured,
  unreachable,
  violated,
} from "./story.js";

const lameDuck = info({ lameDuck: true });
const moves = [lameDuck, opened, info(), pong, pong, flushed] as const;
const three = ["a:4222", "b:4222", "c:4222"];

/** The connection has moved from a (link 1, which is being left) to b (link 2, which is in use). */
const moved = (policy = {}) =>
  begin({ onLameDuck: "migrate", ...policy }, three)
    .connects()
    .happens(...moves);
/** A move to b is given up for a drain over a (link 1): link 2 is being left. */
const drainedInMove = () =>
  begin({ onLameDuck: "migrate" }).connects().happens(lameDuck, opened, info(), pong, drain);

const left = (happening: Happening) => of(1, happening);
/** The ways into each phase of link 1. */
const phases = {
  overlapping: [],
  unsubscribing: [left(fires("overlap"))],
  ending: [left(fires("overlap")), left(drained)],
} as const;
type Phase = keyof typeof phases;
const everyPhase = Object.keys(phases) as readonly Phase[];
const timerOf = { overlapping: "overlap", unsubscribing: "retire", ending: "linger" } as const;

/** The links that are being left, in short: `["1 overlapping"]`. */
const retiring = (story: Story) => story.context.retiring.map(({ id, phase }) => `${id} ${phase}`);

/** What the connection does while link 1 is being left. */
const meanwhile: readonly (readonly [string, (story: Story) => Story])[] = [
  ["connected", (story) => story],
  ["reconnecting.dialing", (story) => story.happens(lost())],
  ["reconnecting.authenticating", (story) => story.happens(lost(), opened, info())],
  ["reconnecting.subscribing", (story) => story.happens(lost(), opened, info(), pong)],
  ["reconnecting.backingOff", (story) => story.happens(lost(), unreachable)],
  ["migrating.dialing", (story) => story.happens(lameDuck)],
  ["migrating.subscribing", (story) => story.happens(lameDuck, opened, info(), pong)],
  ["migrating.cuttingOver", (story) => story.happens(lameDuck, opened, info(), pong, pong)],
  ["draining.subscriptions", (story) => story.happens(drain)],
  ["draining.publishers", (story) => story.happens(drain, drained)],
];

describe("a link that is being left", () => {
  test("keeps its subscriptions for the overlap: until the cluster knows those of the new server", () => {
    const story = moved();
    expect(retiring(story)).toEqual(["1 overlapping"]);
    expect(story.effects).toContainEqual({
      type: "startTimer",
      params: { timer: "overlap", attempt: 1, ms: OVERLAP },
    });
    expect(story.did).not.toContain("unsubscribe");
    expect(story.did).not.toContain("endSocket");
  });

  test("then unsubscribes: what its server still has to deliver comes before it confirms", () => {
    const story = moved().happens(left(fires("overlap")));
    expect(retiring(story)).toEqual(["1 unsubscribing"]);
    expect(story.effects).toEqual([
      { type: "unsubscribe", params: { attempt: 1 } },
      { type: "startTimer", params: { timer: "retire", attempt: 1, ms: LINGER } },
    ]);
  });

  test("hands over its last bytes when its server has confirmed", () => {
    const story = moved()
      .happens(left(fires("overlap")))
      .happens(left(drained));
    expect(retiring(story)).toEqual(["1 ending"]);
    expect(story.effects).toEqual([
      { type: "stopTimer", params: { timer: "retire", attempt: 1 } },
      { type: "endSocket", params: { attempt: 1 } },
      { type: "startTimer", params: { timer: "linger", attempt: 1, ms: LINGER } },
    ]);
  });

  test("does so without it when its server takes too long", () => {
    const story = moved()
      .happens(left(fires("overlap")))
      .happens(left(fires("retire")));
    expect(retiring(story)).toEqual(["1 ending"]);
    expect(story.effects).toEqual([
      { type: "endSocket", params: { attempt: 1 } },
      { type: "startTimer", params: { timer: "linger", attempt: 1, ms: LINGER } },
    ]);
  });

  test("is no more when its socket is closed", () => {
    const story = moved()
      .happens(...phases.ending)
      .happens(left(lost()));
    expect(story.context.retiring).toEqual([]);
    expect(story.effects).toEqual([{ type: "stopTimer", params: { timer: "linger", attempt: 1 } }]);
  });

  test("is closed when it does not hand over its last bytes in time", () => {
    const story = moved()
      .happens(...phases.ending)
      .happens(left(fires("linger")));
    expect(story.context.retiring).toEqual([]);
    expect(story.effects).toEqual([{ type: "closeSocket", params: { attempt: 1 } }]);
  });

  test("is confirmed only after the UNSUBs, and once", () => {
    for (const phase of ["overlapping", "ending"] as const) {
      const story = moved().happens(...phases[phase]);
      expect(story.happens(left(drained)).did).toEqual([]);
      expect(retiring(story)).toEqual([`1 ${phase}`]);
    }
  });

  test.each(["overlapping", "unsubscribing"] as const)(
    "answers the PINGs of its server while it is %s",
    (phase) => {
      const story = moved().happens(...phases[phase]);
      const { context } = story;
      expect(story.happens(left(ping)).effects).toEqual([
        { type: "sendPong", params: { attempt: 1, count: 1 } },
      ]);
      expect(story.context).toEqual(context);
    },
  );

  test.each(everyPhase)("is gone at once when its socket breaks while it is %s", (phase) => {
    const story = moved().happens(...phases[phase]);
    story.happens(left(lost({ code: "ECONNRESET", message: "reset by peer" })));
    expect(story.effects).toEqual([{ type: "stopTimer", params: { timer: timerOf[phase], attempt: 1 } }]);
    expect(story.context).toMatchObject({ live: { id: 2 }, retiring: [], failure: null });
  });

  test.each(["overlapping", "unsubscribing"] as const)(
    "is closed at once when its server speaks nonsense while it is %s",
    (phase) => {
      const story = moved()
        .happens(...phases[phase])
        .happens(left(violated));
      expect(story.effects).toEqual([
        { type: "stopTimer", params: { timer: timerOf[phase], attempt: 1 } },
        { type: "closeSocket", params: { attempt: 1 } },
      ]);
      expect(story.context).toMatchObject({ live: { id: 2 }, retiring: [], failure: null });
    },
  );

  test.each(["overlapping", "unsubscribing"] as const)(
    "hands over its last bytes when its server sends no more while it is %s",
    (phase) => {
      const story = moved()
        .happens(...phases[phase])
        .happens(left(halfClosed()));
      expect(retiring(story)).toEqual(["1 ending"]);
      expect(story.effects).toEqual([
        { type: "stopTimer", params: { timer: timerOf[phase], attempt: 1 } },
        { type: "endSocket", params: { attempt: 1 } },
        { type: "startTimer", params: { timer: "linger", attempt: 1, ms: LINGER } },
      ]);
    },
  );

  test("hears nothing while it hands over its last bytes, but that its socket is closed", () => {
    const story = moved().happens(...phases.ending);
    const { context } = story;
    story.happens(...[ping, violated, halfClosed()].map(left));
    expect(story.did).toEqual([]);
    expect(story.context).toEqual(context);
  });

  test("is over for good: no event of it is heard any more", () => {
    const story = moved().happens(...phases.ending, left(lost()));
    const { context } = story;
    story.happens(...[ping, pong, lost(), violated, fires("linger"), fires("overlap")].map(left));
    expect(story.did).toEqual([]);
    expect(story.context).toEqual(context);
  });
});

describe("whatever the connection does meanwhile", () => {
  test.each(meanwhile)("in %s a link is left in the same steps, and nothing else changes", (state, goOn) => {
    const story = goOn(moved());
    const { live, next } = story.context;
    const step = (happening: Happening, did: readonly string[], rest: readonly string[]) => {
      story.happens(left(happening));
      expect([story.state, story.did, retiring(story)]).toEqual([state, did, rest]);
      for (const { params } of story.effects) expect(params).toMatchObject({ attempt: 1 });
      expect(story.context.live).toBe(live);
      expect(story.context.next).toBe(next);
    };
    step(ping, ["sendPong"], ["1 overlapping"]);
    step(fires("overlap"), ["unsubscribe", "startTimer retire"], ["1 unsubscribing"]);
    step(drained, ["stopTimer retire", "endSocket", "startTimer linger"], ["1 ending"]);
    step(lost(), ["stopTimer linger"], []);
  });

  test.each(meanwhile)("in %s the timers end a link whose server says nothing", (state, goOn) => {
    const story = goOn(moved());
    story.happens(...(["overlap", "retire", "linger"] as const).map((timer) => left(fires(timer))));
    expect(story.did).toEqual([
      "unsubscribe",
      "startTimer retire",
      "endSocket",
      "startTimer linger",
      "closeSocket",
    ]);
    expect([story.state, retiring(story)]).toEqual([state, []]);
  });

  test("the link goes on when the user forces a reconnect of the one in use", () => {
    const story = moved().happens(reconnect);
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
    expect(retiring(story)).toEqual(["1 overlapping"]);
  });

  test("a second move leaves a second link: each has its timers, and its own end", () => {
    const story = moved()
      .happens(left(fires("overlap")))
      .happens(...moves);
    expect(story.context.live?.id).toBe(3);
    expect(retiring(story)).toEqual(["1 unsubscribing", "2 overlapping"]);
    expect(story.effects).toContainEqual({
      type: "startTimer",
      params: { timer: "overlap", attempt: 2, ms: OVERLAP },
    });
    story.happens(of(2, fires("overlap")));
    expect(story.last("unsubscribe")).toEqual({ attempt: 2 });
    expect(retiring(story)).toEqual(["1 unsubscribing", "2 unsubscribing"]);
    story.happens(of(2, drained));
    expect(story.effects[0]).toEqual({ type: "stopTimer", params: { timer: "retire", attempt: 2 } });
    expect(retiring(story)).toEqual(["1 unsubscribing", "2 ending"]);
    story.happens(of(2, lost()));
    expect(retiring(story)).toEqual(["1 unsubscribing"]);
    story.happens(left(fires("retire")), left(lost()));
    expect(story.context).toMatchObject({ live: { id: 3 }, next: null, retiring: [] });
  });

  test("the new link of a move that a drain gives up is left in the same way", () => {
    const story = drainedInMove();
    expect(story.state).toBe("draining.subscriptions");
    expect(retiring(story)).toEqual(["2 overlapping"]);
    story.happens(of(2, pong), of(2, fires("overlap")));
    expect(story.did).toEqual(["unsubscribe", "startTimer retire"]);
    story.happens(of(2, drained), of(2, lost()));
    expect(story.did).toEqual(["stopTimer retire", "endSocket", "startTimer linger", "stopTimer linger"]);
    expect(story.state).toBe("draining.subscriptions");
    expect(story.context).toMatchObject({ live: { id: 1 }, next: null, retiring: [] });
  });
});

describe("nothing of it reaches the link in use", () => {
  const saysNothing: readonly Happening[] = [
    info({ connectUrls: ["x"], lameDuck: true }),
    error("Authorization Violation"),
    error("Stale Connection"),
    error("Invalid Subject"),
    opened,
    secured,
    noCredentials,
    pong,
    flushed,
    fires("attempt"),
    fires("reconnect"),
    fires("ping"),
    fires("drain"),
    fires("confirm"),
  ];
  for (const [state, goOn] of meanwhile) {
    test.each(saysNothing)(`$type changes nothing in ${state}`, (event) => {
      for (const phase of everyPhase) {
        const story = goOn(moved().happens(...phases[phase]));
        const { context } = story.snapshot;
        story.happens(left(event));
        expect([story.state, story.did]).toEqual([state, []]);
        expect(story.snapshot.context).toEqual(context);
      }
    });
  }

  test("a timer of another phase changes nothing", () => {
    for (const phase of everyPhase) {
      for (const timer of ["overlap", "retire", "confirm", "linger"] as const) {
        if (timer === timerOf[phase]) continue;
        const story = moved().happens(...phases[phase]);
        const { context } = story.snapshot;
        expect(story.happens(left(fires(timer))).did).toEqual([]);
        expect(story.snapshot.context).toEqual(context);
      }
    }
  });

  test("its PONG does not say that the server in use is there", () => {
    const story = moved().happens(fires("ping"), left(fires("overlap")), left(pong));
    expect(story.context.live).toMatchObject({ id: 2, pingsOut: 1 });
  });

  test("what it complained of is not the reason when the link in use is lost", () => {
    const story = begin({ onLameDuck: "migrate", reconnect: false }, three)
      .connects()
      .happens(error("Stale Connection"), ...moves, lost());
    expect(story.last("settlePending")?.failure).toEqual({
      code: "DISCONNECT",
      message: "b:4222 closed the connection (step: connected)",
    });
  });
});

describe("the server sends no more over the link in use, but may still take what was written", () => {
  test("the connection is lost, and the link hands over its last bytes while the next server is dialed", () => {
    const story = begin().connects().happens(halfClosed());
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).toEqual([
      "stopTimer ping",
      "holdOutbound",
      "endSocket",
      "startTimer linger",
      "notifyStatus disconnect",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket b:4222",
    ]);
    expect(story.last("endSocket")).toEqual({ attempt: 1 });
    // What no socket has taken is kept for the next server: it is held before the last bytes are handed over.
    expect(story.effects[3]?.params).toEqual({ timer: "linger", attempt: 1, ms: LINGER });
    expect(story.context).toMatchObject({
      live: null,
      next: { id: 2 },
      retiring: [{ id: 1, phase: "ending" }],
      lastInUse: { server: "a:4222" },
    });
  });

  test("when it takes too long, its socket is closed, and the attempt goes on", () => {
    const story = begin()
      .connects()
      .happens(halfClosed())
      .happens(left(fires("linger")));
    expect(story.effects).toEqual([{ type: "closeSocket", params: { attempt: 1 } }]);
    expect(story.context).toMatchObject({ next: { id: 2 }, retiring: [] });
    expect(story.state).toBe("reconnecting.dialing");
  });

  test("the reason is the same as where all of it is closed", () => {
    for (const closes of [lost, halfClosed]) {
      const failure = { code: "ECONNRESET", message: "reset by peer" };
      const policy = { reconnect: false };
      expect(begin(policy).connects().happens(closes(failure)).last("settlePending")).toEqual({ failure });
      expect(begin(policy).connects().happens(closes()).last("settlePending")?.failure?.message).toBe(
        "a:4222 closed the connection (step: connected)",
      );
    }
  });

  test("in a move it is a loss like any other: the server that was being dialed is dialed anew", () => {
    const story = begin({ onLameDuck: "migrate" }).connects().happens(lameDuck, left(halfClosed()));
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.context).toMatchObject({ live: null, next: { id: 3 } });
    expect(story.last("endSocket")).toEqual({ attempt: 1 });
    expect(story.effects).toContainEqual({
      type: "startTimer",
      params: { timer: "linger", attempt: 1, ms: LINGER },
    });
    expect(retiring(story)).toEqual(["1 ending"]);
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
  });

  test("during the cutover the move is complete, and the old link hands over its last bytes", () => {
    const story = begin({ onLameDuck: "migrate" })
      .connects()
      .happens(lameDuck, opened, info(), pong, pong)
      .happens(left(halfClosed()));
    expect(story.state).toBe("connected");
    expect(story.effects.slice(1, 7)).toEqual([
      { type: "stopTimer", params: { timer: "attempt", attempt: 2 } },
      // Held first, as in any loss: what no socket has taken is for the next server.
      { type: "holdOutbound", params: undefined },
      { type: "notifyStatus", params: { status: { type: "disconnect", server: "a:4222" } } },
      { type: "endSocket", params: { attempt: 1 } },
      { type: "startTimer", params: { timer: "linger", attempt: 1, ms: LINGER } },
      { type: "releaseOutbound", params: { attempt: 2 } },
    ]);
    expect(story.context).toMatchObject({ live: { id: 2 }, next: null });
    expect(retiring(story)).toEqual(["1 ending"]);
  });

  test("over the link of an attempt it is the end of the attempt: nothing of use was written", () => {
    const story = begin().happens(opened, info(), halfClosed());
    expect(story.last("closeSocket")).toEqual({ attempt: 1 });
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
    expect(story.context.retiring).toEqual([]);
  });

  test("in a drain it ends the drain with the reason, when the last bytes are handed over", () => {
    const story = begin().connects().happens(drain, drained).happens(halfClosed());
    expect(story.state).toBe("closing");
    expect(story.did).toEqual(["stopTimer drain", "endSocket", "startTimer linger", "settlePending"]);
    expect(story.last("settlePending")?.failure?.message).toBe(
      "the connection was lost while draining: a:4222 closed the connection (step: draining)",
    );
    expect(story.happens(lost()).did).toEqual(["stopTimer linger", "settleClosed"]);
  });

  test("a close does not begin its end anew", () => {
    const story = begin().connects().happens(halfClosed()).happens(close());
    expect(story.did).toEqual(["closeSocket", "stopTimer attempt", "settlePending"]);
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
    expect(retiring(story)).toEqual(["1 ending"]);
  });
});
