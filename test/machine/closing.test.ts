// `closing`: all that waited is settled, and what is left are sockets that hand over their last bytes, or ask before whether these
// arrived. It waits for each, for LINGER at most; then `closed`. That it waits for what had arrived to be processed, too, is in
// processing.test.ts. What absorbs everything is in closed.test.ts.

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
  type Happening,
  halfClosed,
  info,
  lost,
  of,
  opened,
  ping,
  pong,
  reconnect,
  refused,
  type Story,
  setServers,
  unreachable,
  violated,
} from "./story.js";

const lameDuck = info({ lameDuck: true });

/** A link that a move has left, in a phase before its last bytes: how it gets there, and the timer that runs then. */
const beingLeft = [
  ["overlapping", [], "overlap"],
  ["unsubscribing", [of(1, fires("overlap"))], "retire"],
] as const;

const moves = [lameDuck, opened, info(), pong, pong, flushed] as const;
/** The connection has moved from link 1 to link 2. */
const moved = () =>
  begin({ onLameDuck: "migrate" }, ["a", "b", "c"])
    .connects()
    .happens(...moves);
const closing = () => begin().connects().happens(close());
const failure = { code: "ABORTED", message: "the signal was aborted" };

describe("closing waits", () => {
  // Every way in which a link in use is ended, and may take its time.
  const ways: readonly (readonly [string, () => Story])[] = [
    ["a close", closing],
    [
      "a close in the middle of a move",
      () => begin({ onLameDuck: "migrate" }).connects().happens(lameDuck, close()),
    ],
    ["a close in the middle of a drain", () => begin().connects().happens(drain, close())],
    ["a finished drain", () => begin().connects().happens(drain, drained, flushed)],
    ["a drain that took too long", () => begin().connects().happens(drain, fires("drain"))],
    ["a half closed socket in a drain", () => begin().connects().happens(drain, drained, halfClosed())],
    [
      "a half closed socket without a reconnect",
      () => begin({ reconnect: false }).connects().happens(halfClosed()),
    ],
  ];

  test.each(ways)("after %s, until the socket has handed over its last bytes", (_way, play) => {
    const story = play();
    expect(story.state).toBe("closing");
    expect(story.snapshot.status).toBe("active");
    expect(story.did).toContain("endSocket");
    expect(story.last("startTimer")).toEqual({ timer: "linger", attempt: 1, ms: LINGER });
    expect(story.did).not.toContain("settleClosed");
    expect(story.context).toMatchObject({ live: null, next: null, retiring: [{ id: 1, phase: "ending" }] });
    story.happens(of(1, lost()));
    expect([story.state, story.did]).toEqual(["closed", ["stopTimer linger", "settleClosed"]]);
    expect(story.snapshot.status).toBe("done");
    expect(story.context.retiring).toEqual([]);
  });

  test.each(ways)("after %s, for LINGER at most: then the socket is closed", (_way, play) => {
    const story = play().happens(of(1, fires("linger")));
    expect([story.state, story.did]).toEqual(["closed", ["closeSocket", "settleClosed"]]);
    expect(story.last("closeSocket")).toEqual({ attempt: 1 });
    expect(story.context.retiring).toEqual([]);
  });

  test("for a link that was left before and is handing over its last bytes, as long as its own timer runs", () => {
    const story = moved().happens(of(1, fires("overlap")), of(1, drained));
    story.happens(close());
    expect(story.did).toEqual(["stopTimer ping", "endSocket", "startTimer linger", "settlePending"]);
    expect(story.last("endSocket")).toEqual({ attempt: 2 });
    expect(story.context.retiring).toMatchObject([
      { id: 1, phase: "ending" },
      { id: 2, phase: "ending" },
    ]);
    story.happens(of(2, lost()));
    expect([story.state, story.did]).toEqual(["closing", ["stopTimer linger"]]);
    story.happens(of(1, fires("linger")));
    expect([story.state, story.did]).toEqual(["closed", ["closeSocket", "settleClosed"]]);
  });

  test("while disconnected, too: for the link that was in use and is handing over its last bytes", () => {
    const story = begin().connects().happens(halfClosed(), close());
    expect(story.state).toBe("closing");
    story.happens(of(1, lost()));
    expect([story.state, story.did]).toEqual(["closed", ["stopTimer linger", "settleClosed"]]);
  });
});

describe("closing does not wait", () => {
  test.each(beingLeft)(
    "for a link that is %s: its subscriptions are of no use any more",
    (_phase, way, timer) => {
      const story = moved()
        .happens(...way)
        .happens(close());
      expect(story.effects).toEqual([
        { type: "stopTimer", params: { timer: "ping", attempt: 2 } },
        { type: "endSocket", params: { attempt: 2 } },
        { type: "startTimer", params: { timer: "linger", attempt: 2, ms: LINGER } },
        { type: "closeSocket", params: { attempt: 1 } },
        { type: "stopTimer", params: { timer, attempt: 1 } },
        { type: "settlePending", params: { failure: null } },
      ]);
      expect(story.context.retiring).toMatchObject([{ id: 2, phase: "ending" }]);
      expect(story.happens(of(2, lost())).state).toBe("closed");
    },
  );

  test("where links that do not end yet are the only ones", () => {
    const story = moved().happens(lost()).happens(close());
    expect(story.state).toBe("closed");
    expect(story.did).toEqual([
      "closeSocket",
      "stopTimer attempt",
      "closeSocket",
      "stopTimer overlap",
      "settlePending",
      "settleClosed",
    ]);
    expect(story.context).toMatchObject({ live: null, next: null, retiring: [] });
  });

  test("for the new server of a move: its socket is closed", () => {
    const story = begin({ onLameDuck: "migrate" }).connects().happens(lameDuck, opened).happens(close());
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
    expect(story.context).toMatchObject({ next: null, retiring: [{ id: 1 }] });
  });

  test.each([
    ["the first attempt is made", () => begin().happens(opened), close()],
    ["the first attempt is made, and the user drains", () => begin().happens(opened), drain],
    ["it reconnects", () => begin().connects().happens(lost(), opened), close()],
    ["every server is in its backoff", () => begin({}, ["a"]).connects().happens(lost()), close()],
    ["the user's function is asked", () => begin({ asksForServer: true }), close()],
    [
      "the user's function fails",
      () => begin({ asksForServer: true }),
      { type: "choice.failed", failure } as const,
    ],
    ["the last server fails", () => begin({}, ["a"]), unreachable],
    ["the user wants no reconnect", () => begin({ reconnect: false }).connects(), lost()],
    ["the socket breaks in a drain", () => begin().connects().happens(drain, drained), lost()],
    ["the server speaks nonsense in a drain", () => begin().connects().happens(drain, drained), violated],
  ] as const)("where no link is left: %s", (_when, play, event) => {
    const story = play().happens(event);
    expect([story.state, story.snapshot.status]).toEqual(["closed", "done"]);
    expect(story.context).toMatchObject({ live: null, next: null, retiring: [] });
    expect(story.did.slice(-2)).toEqual(["settlePending", "settleClosed"]);
    expect(story.last("settlePending")).toEqual(story.last("settleClosed"));
  });
});

describe("a close before all that was published is confirmed", () => {
  const asking = () => begin().connects().happens(close(3));
  const leaving = () => begin({ onLameDuck: "migrate" }).connects().happens(lameDuck);
  /** Each place in which a connection is in use over link 1, and what is given up, or stopped, there. */
  const places: readonly (readonly [string, () => Story, readonly string[]])[] = [
    ["connected", () => begin().connects(), ["stopTimer ping"]],
    ["migrating.dialing", leaving, ["stopTimer ping", "closeSocket", "stopTimer attempt"]],
    [
      "migrating.subscribing",
      () => leaving().happens(opened, info(), pong),
      ["stopTimer ping", "closeSocket", "stopTimer attempt"],
    ],
    [
      "migrating.cuttingOver",
      () => leaving().happens(opened, info(), pong, pong),
      // What was kept goes to the server that is in use, and is asked for, too.
      ["stopTimer ping", "releaseOutbound", "closeSocket", "stopTimer attempt"],
    ],
    ["draining.subscriptions", () => begin().connects().happens(drain), ["stopTimer drain"]],
    ["draining.publishers", () => begin().connects().happens(drain, drained), ["stopTimer drain"]],
  ];

  test.each(places)(
    "in %s asks the server whether it arrived, and does not end the socket yet",
    (state, play, did) => {
      const story = play();
      expect(story.state).toBe(state);
      story.happens(close(3));
      expect(story.state).toBe("closing");
      expect(story.did).toEqual([...did, "confirmOutbound", "startTimer confirm", "settlePending"]);
      expect(story.last("confirmOutbound")).toEqual({ attempt: 1 });
      expect(story.last("startTimer")).toEqual({ timer: "confirm", attempt: 1, ms: LINGER });
      expect(story.last("settlePending")).toEqual({ failure: null });
      expect(story.context).toMatchObject({
        live: null,
        next: null,
        retiring: [{ id: 1, phase: "confirming" }],
        lastInUse: { server: "a:4222" },
      });
    },
  );

  test.each(places)("in %s has nothing to ask where all is confirmed", (_state, play, did) => {
    const story = play().happens(close(0));
    expect(story.did).toEqual([...did, "endSocket", "startTimer linger", "settlePending"]);
    expect(story.context.retiring).toMatchObject([{ id: 1, phase: "ending" }]);
  });

  test.each(places)(
    "in %s: its PONG says so, and the socket is ended, for LINGER at most",
    (_state, play) => {
      const story = play().happens(close(3)).happens(of(1, flushed));
      expect(story.state).toBe("closing");
      expect(story.effects).toEqual([
        { type: "stopTimer", params: { timer: "confirm", attempt: 1 } },
        { type: "endSocket", params: { attempt: 1 } },
        { type: "startTimer", params: { timer: "linger", attempt: 1, ms: LINGER } },
      ]);
      expect(story.context.retiring).toMatchObject([{ id: 1, phase: "ending" }]);
      story.happens(of(1, lost()));
      expect([story.state, story.did]).toEqual(["closed", ["stopTimer linger", "settleClosed"]]);
      expect(story.last("settleClosed")).toEqual({ failure: null });
      expect(story.context.retiring).toEqual([]);
    },
  );

  test.each(places)("in %s: a server that does not answer is not waited for", (_state, play) => {
    const story = play()
      .happens(close(3))
      .happens(of(1, fires("confirm")));
    expect(story.state).toBe("closing");
    expect(story.effects).toEqual([
      { type: "endSocket", params: { attempt: 1 } },
      { type: "startTimer", params: { timer: "linger", attempt: 1, ms: LINGER } },
    ]);
    expect(story.context.retiring).toMatchObject([{ id: 1, phase: "ending" }]);
    story.happens(of(1, fires("linger")));
    expect([story.state, story.did]).toEqual(["closed", ["closeSocket", "settleClosed"]]);
    expect(story.last("closeSocket")).toEqual({ attempt: 1 });
    expect(story.last("settleClosed")).toEqual({ failure: null });
  });

  test("answers PINGs of the server meanwhile", () => {
    expect(asking().happens(ping).effects).toEqual([{ type: "sendPong", params: { attempt: 1, count: 1 } }]);
  });

  test("is over when the socket is closed", () => {
    const story = asking().happens(lost({ code: "ECONNRESET", message: "reset by peer" }));
    expect([story.state, story.did]).toEqual(["closed", ["stopTimer confirm", "settleClosed"]]);
    expect(story.last("stopTimer")).toEqual({ timer: "confirm", attempt: 1 });
    // The user wanted the end: how it comes is no failure.
    expect(story.last("settleClosed")).toEqual({ failure: null });
    expect(story.context.retiring).toEqual([]);
  });

  test("goes on to the end of the socket when the other side sends no more: no PONG comes", () => {
    const story = asking().happens(halfClosed());
    expect(story.state).toBe("closing");
    expect(story.effects).toEqual([
      { type: "stopTimer", params: { timer: "confirm", attempt: 1 } },
      { type: "endSocket", params: { attempt: 1 } },
      { type: "startTimer", params: { timer: "linger", attempt: 1, ms: LINGER } },
    ]);
    expect(story.context.retiring).toMatchObject([{ id: 1, phase: "ending" }]);
    expect(story.happens(lost()).state).toBe("closed");
  });

  test("is over when the server speaks nonsense: its socket is closed", () => {
    const story = asking().happens(violated);
    expect([story.state, story.did]).toEqual([
      "closed",
      ["stopTimer confirm", "closeSocket", "settleClosed"],
    ]);
    expect(story.last("closeSocket")).toEqual({ attempt: 1 });
    expect(story.last("settleClosed")).toEqual({ failure: null });
  });

  const saysNothing: readonly Happening[] = [
    drain,
    close(0),
    close(3, failure),
    reconnect,
    setServers("x:4222"),
    opened,
    info({ lameDuck: true, connectUrls: ["x"] }),
    error("Authorization Violation"),
    error("Stale Connection"),
    error("Invalid Subject"),
    drained,
    pong,
    ...(["attempt", "reconnect", "ping", "drain", "overlap", "retire", "linger"] as const).map((timer) =>
      fires(timer),
    ),
    chosen("b:4222"),
  ];
  test.each(saysNothing)("$type changes nothing, and says nothing of what was published", (event) => {
    const story = asking();
    const { context } = story.snapshot;
    expect(story.happens(event).did).toEqual([]);
    expect(story.state).toBe("closing");
    expect(story.snapshot.context).toBe(context);
  });

  test("is not confirmed, nor out of time, by what is of another link", () => {
    for (const event of [flushed, fires("confirm"), ping, lost(), halfClosed(), violated]) {
      for (const attempt of [0, 2, 3]) {
        const story = asking();
        const { context } = story.snapshot;
        expect(story.happens(of(attempt, event)).did).toEqual([]);
        expect([story.state, story.snapshot.context]).toEqual(["closing", context]);
      }
    }
  });

  test("is confirmed once: a second PONG, or the timer, begins no end anew", () => {
    for (const ended of [flushed, fires("confirm")]) {
      const story = asking().happens(ended);
      const { context } = story.snapshot;
      expect(story.happens(flushed, fires("confirm")).did).toEqual([]);
      expect(story.snapshot.context).toBe(context);
    }
  });

  test("waits for two links, each in its own time: one asks, one that was left before hands over its last bytes", () => {
    const play = () => moved().happens(of(1, fires("overlap")), of(1, drained), close(3));
    const story = play();
    expect(story.context.retiring).toMatchObject([
      { id: 1, phase: "ending" },
      { id: 2, phase: "confirming" },
    ]);
    // What the one that ends still has to say is not about the other.
    expect(story.happens(of(1, flushed), of(1, fires("confirm"))).did).toEqual([]);
    story.happens(of(1, lost()));
    expect([story.state, story.did]).toEqual(["closing", ["stopTimer linger"]]);
    story.happens(of(2, flushed), of(2, lost()));
    expect(story.state).toBe("closed");
    const other = play().happens(of(2, flushed), of(2, lost()));
    expect([other.state, other.did.at(-1)]).toEqual(["closing", "stopTimer linger"]);
    expect(other.happens(of(1, lost())).state).toBe("closed");
  });

  test.each(beingLeft)("does not wait for a link that is %s", (_phase, way, timer) => {
    const story = moved()
      .happens(...way)
      .happens(close(3));
    expect(story.effects).toEqual([
      { type: "stopTimer", params: { timer: "ping", attempt: 2 } },
      { type: "confirmOutbound", params: { attempt: 2 } },
      { type: "startTimer", params: { timer: "confirm", attempt: 2, ms: LINGER } },
      { type: "closeSocket", params: { attempt: 1 } },
      { type: "stopTimer", params: { timer, attempt: 1 } },
      { type: "settlePending", params: { failure: null } },
    ]);
    expect(story.context.retiring).toMatchObject([{ id: 2, phase: "confirming" }]);
  });

  test("keeps a reason that is given, and the way of leaving", () => {
    const story = begin().connects().happens(close(3, failure));
    expect(story.last("settlePending")).toEqual({ failure });
    expect(story.context).toMatchObject({ failure, leaving: "close" });
    expect(story.happens(flushed, lost()).last("settleClosed")).toEqual({ failure });
  });

  test("asks nobody while disconnected, nor before the first connection", () => {
    for (const story of [
      begin().happens(opened),
      begin().connects().happens(lost()),
      begin().connects().happens(lost()).subscribes(),
      begin({}, ["a"]).connects().happens(lost()),
    ]) {
      story.happens(close(3));
      expect(story.state).toBe("closed");
      expect(story.did).not.toContain("confirmOutbound");
      expect(story.did).not.toContain("releaseOutbound");
      expect(story.last("settleClosed")).toEqual({ failure: null });
    }
  });
});

describe("while closing", () => {
  test.each<Happening>([drain, close(3, failure), reconnect, setServers("x:4222")])(
    "$type changes nothing",
    (event) => {
      const story = closing();
      const { context, value } = story.snapshot;
      story.happens(event);
      expect(story.did).toEqual([]);
      expect(story.snapshot.context).toBe(context);
      expect(story.snapshot.value).toBe(value);
      expect(story.happens(lost()).last("settleClosed")).toEqual({ failure: null });
    },
  );

  test.each<Happening>([
    opened,
    info({ lameDuck: true, connectUrls: ["x"] }),
    pong,
    error("Authorization Violation"),
    drained,
    flushed,
    fires("ping"),
    fires("drain"),
    fires("confirm"),
    fires("attempt"),
    fires("reconnect"),
    chosen("b:4222"),
  ])("$type of the link that ends changes nothing", (event) => {
    const story = closing();
    const { context } = story.snapshot;
    expect(story.happens(event).did).toEqual([]);
    expect(story.snapshot.context).toEqual(context);
    expect(story.state).toBe("closing");
  });

  test("nothing is heard over a socket that hands over its last bytes, but that it is closed", () => {
    const story = closing();
    expect(story.happens(ping, violated).did).toEqual([]);
    expect(story.state).toBe("closing");
  });

  test("how the last socket ends changes nothing of the reason", () => {
    const broken = lost({ code: "ECONNRESET", message: "reset by peer" });
    for (const [play, reason] of [
      [close(), null],
      [close(0, failure), failure],
    ] as const) {
      const story = begin().connects().happens(play);
      expect(story.last("settlePending")).toEqual({ failure: reason });
      expect(story.happens(broken).last("settleClosed")).toEqual({ failure: reason });
    }
  });
});

describe("what waits is settled in order", () => {
  test("connect first, then all that waits, and closed() as the last of all", () => {
    const { did } = begin().happens(unreachable, unreachable);
    expect(did.slice(-3)).toEqual(["rejectConnect", "settlePending", "settleClosed"]);
  });

  test("all that waits at once, closed() only when every socket is closed", () => {
    const story = closing();
    expect(story.did.at(-1)).toBe("settlePending");
    story.happens(of(1, lost()));
    expect(story.did).toEqual(["stopTimer linger", "settleClosed"]);
  });

  test("links are closed before anybody is told", () => {
    const story = moved().happens(lost()).happens(close());
    const told = story.did.indexOf("settlePending");
    expect(story.did.lastIndexOf("closeSocket")).toBeLessThan(told);
    expect(told).toBeLessThan(story.did.indexOf("settleClosed"));
  });

  test("the way of leaving is remembered: by drain, by close(), or by nobody", () => {
    const leaving = (story: Story) => story.context.leaving;
    expect(leaving(closing())).toBe("close");
    expect(leaving(begin().connects().happens(drain, drained, flushed))).toBe("drain");
    // A drain that a close cuts short is still a drain, as a user asks for it.
    expect(leaving(begin().connects().happens(drain, close()))).toBe("drain");
    expect(leaving(begin().happens(drain))).toBe("drain");
    expect(leaving(begin().connects().happens(lost(), close()))).toBe("close");
    expect(leaving(begin().happens(unreachable, unreachable))).toBeNull();
  });
});

test("nothing follows closed: no link is left, and no event changes anything", () => {
  const story = begin({ onLameDuck: "migrate" }, ["a", "b", "c"]).connects();
  story.happens(...moves).happens(...moves, close(), lost());
  expect(story.state).toBe("closed");
  const { context } = story.snapshot;
  for (const attempt of [1, 2, 3]) {
    for (const event of [lost(), halfClosed(), ping, pong, violated, refused])
      story.happens(of(attempt, event));
    for (const timer of ["overlap", "retire", "confirm", "linger", "ping"] as const) {
      expect(story.happens(of(attempt, fires(timer))).did).toEqual([]);
    }
  }
  story.happens(close(1), drain, reconnect, setServers("x"));
  expect(story.did).toEqual([]);
  expect(story.snapshot.context).toEqual(context);
});
