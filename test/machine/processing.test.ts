// `closing` while messages that had arrived are processed, although there is no connection any more. It is over when all of them
// are, when that took as long as a drain may take, or when the user waits no longer; and `closed` waits for it as well as for each
// socket. How a drain comes to it is in draining.test.ts, how `closing` waits for sockets alone in closing.test.ts.

import { describe, expect, test } from "vitest";
import { transition } from "xstate";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import { timerNames } from "../../src/machine/effects.js";
import type { ConnectionEvent } from "../../src/machine/events.js";
import type { Failure } from "../../src/machine/failure.js";
import { inPhase } from "../../src/machine/link.js";
import {
  begin,
  chosen,
  close,
  delay,
  drain,
  drained,
  error,
  fires,
  flushed,
  type Happening,
  halfClosed,
  info,
  keepServers,
  lost,
  noCredentials,
  of,
  opened,
  ping,
  pong,
  reconnect,
  type Story,
  secured,
  setServers,
  stateName,
  violated,
} from "./story.js";

const aborted = { code: "ABORTED", message: "the signal was aborted" };
const timedOut = {
  code: "TIMEOUT",
  message: "the drain did not finish within 30000 ms (option drainTimeout)",
};
const whileDraining = (cause: Failure) => ({
  code: "DISCONNECT",
  message: `the connection was lost while draining: ${cause.message}`,
  cause,
});
const closedBy = (server: string) =>
  whileDraining({ code: "DISCONNECT", message: `${server} closed the connection (step: draining)` });
const nonsense = whileDraining({
  code: "NATS_PROTOCOL_ERR",
  message: "a:4222 does not speak the NATS protocol: unknown operation HTTP/1.1",
});

/** A way to come to it, and the reason that there is then. */
type Way = readonly [string, () => Story, Failure | null];
const connected = () => begin().connects();
const alone: readonly Way[] = [
  ["in a drain while disconnected", () => connected().happens(lost(), drain), null],
  ["where the connection was lost in a drain", () => connected().happens(drain, lost()), closedBy("a:4222")],
  ["where the server spoke nonsense in a drain", () => connected().happens(drain, violated), nonsense],
];
/** The same where the socket of link 1 hands over its last bytes meanwhile. */
const withSocket: readonly Way[] = [
  ["in a drain after the server sent no more", () => connected().happens(halfClosed(), drain), null],
  [
    "where the server sent no more in a drain",
    () => connected().happens(drain, halfClosed()),
    closedBy("a:4222"),
  ],
];
const ways = [...alone, ...withSocket];

/** What can end it: what the chart does then, and which reason there is, in place of the one before. */
const ends: readonly (readonly [
  string,
  Happening,
  readonly string[],
  (before: Failure | null) => Failure | null,
])[] = [
  ["all is processed", drained, ["stopTimer drain"], (before) => before],
  ["it took too long", fires("drain"), [], (before) => before ?? timedOut],
  ["the user closes", close(), ["stopTimer drain"], (before) => before],
  ["the user closes before all is confirmed", close(3), ["stopTimer drain"], (before) => before],
  ["the user closes for a reason", close(0, aborted), ["stopTimer drain"], () => aborted],
  ["the user closes for a reason, unconfirmed", close(3, aborted), ["stopTimer drain"], () => aborted],
];

function isWaiting(story: Story): void {
  expect([story.state, story.snapshot.status]).toEqual(["closing", "active"]);
}

function changesNothing(story: Story, event: Happening): void {
  const { context } = story.snapshot;
  expect([event, story.happens(event).did]).toEqual([event, []]);
  isWaiting(story);
  expect(story.snapshot.context).toBe(context);
}

describe("while what had arrived is processed, without a connection", () => {
  test.each(ways)(
    "%s: the end waits, and all that waits for something else is settled",
    (_, play, failure) => {
      const story = play();
      isWaiting(story);
      expect(story.did.filter((name) => name === "settlePending")).toHaveLength(1);
      expect(story.last("settlePending")).toEqual({ failure });
      expect(story.did).not.toContain("settleClosed");
      expect(story.context).toMatchObject({ live: null, next: null, processing: true, leaving: "drain" });
      expect(story.context.failure).toEqual(failure);
    },
  );

  for (const [when, play, failure] of alone) {
    test.each(ends)(`${when}: %s, and that is the end`, (_, event, did, reason) => {
      const story = play();
      const { context } = story;
      story.happens(event);
      expect([story.state, story.snapshot.status]).toEqual(["closed", "done"]);
      expect(story.did).toEqual([...did, "settleClosed"]);
      const stopped = did.map(() => story.last("stopTimer"));
      expect(stopped).toEqual(did.map(() => ({ timer: "drain", attempt: context.attempt })));
      expect(story.last("settleClosed")).toEqual({ failure: reason(failure) });
      expect(story.context).toEqual({ ...context, processing: false, failure: reason(failure) });
    });
  }

  for (const [when, play, failure] of withSocket) {
    for (const [end, event, did, reason] of ends) {
      const socketEnds: readonly (readonly [string, Happening, readonly string[]])[] = [
        ["its socket is closed", of(1, lost()), ["stopTimer linger"]],
        ["its socket takes too long", of(1, fires("linger")), ["closeSocket"]],
      ];
      test.each(socketEnds)(`${when}: ${end}, and then %s`, (_, socket, socketDid) => {
        const story = play();
        const { context } = story;
        story.happens(event);
        isWaiting(story);
        expect(story.did).toEqual(did);
        const stopped = did.map(() => story.last("stopTimer"));
        expect(stopped).toEqual(did.map(() => ({ timer: "drain", attempt: context.attempt })));
        expect(story.context).toEqual({ ...context, processing: false, failure: reason(failure) });
        expect(story.context.retiring).toMatchObject([{ id: 1, phase: "ending" }]);
        story.happens(socket);
        expect([story.state, story.snapshot.status]).toEqual(["closed", "done"]);
        expect(story.did).toEqual([...socketDid, "settleClosed"]);
        expect(story.last("settleClosed")).toEqual({ failure: reason(failure) });
      });

      test.each(socketEnds)(`${when}: %s, and then ${end}`, (_, socket, socketDid) => {
        const story = play();
        const { context } = story;
        story.happens(socket);
        isWaiting(story);
        expect(story.did).toEqual(socketDid);
        expect(story.context).toEqual({ ...context, retiring: [] });
        story.happens(event);
        expect([story.state, story.snapshot.status]).toEqual(["closed", "done"]);
        expect(story.did).toEqual([...did, "settleClosed"]);
        expect(story.last("settleClosed")).toEqual({ failure: reason(failure) });
      });
    }

    test(`${when}: it ends once, whatever comes while the socket is still waited for`, () => {
      for (const [, first] of ends) {
        for (const [, second] of ends) {
          const story = play().happens(first);
          expect(story.context.processing).toBe(false);
          changesNothing(story, second);
        }
        changesNothing(play().happens(first), drain);
      }
    });
  }

  test("how the last socket ends changes nothing of the reason", () => {
    const reset = lost({ code: "ECONNRESET", message: "reset by peer" });
    for (const [, play, failure] of withSocket) {
      expect(play().happens(of(1, reset), drained).last("settleClosed")).toEqual({ failure });
      expect(play().happens(drained, of(1, reset)).last("settleClosed")).toEqual({ failure });
    }
  });

  const saysNothing: readonly Happening[] = [
    drain,
    reconnect,
    setServers("x:4222"),
    keepServers(["a:4222"], "a:4222", "x:4222"),
    opened,
    secured,
    info({ connectUrls: ["x"], lameDuck: true }),
    ping,
    pong,
    error("Authorization Violation"),
    error("Stale Connection"),
    error("Invalid Subject"),
    noCredentials,
    violated,
    halfClosed(),
    flushed,
    delay(0),
    chosen("b:4222"),
    { type: "choice.failed", failure: aborted },
    ...(["attempt", "reconnect", "ping", "overlap", "retire", "confirm"] as const).map((timer) =>
      fires(timer),
    ),
  ];
  for (const [when, play] of ways) {
    test.each(saysNothing)(`${when}: $type changes nothing`, (event) => {
      const story = play();
      for (const attempt of [0, 1, 2, 3]) changesNothing(story, of(attempt, event));
      // It goes on as before.
      expect(story.happens(drained).context.processing).toBe(false);
    });

    test(`${when}: that a link has delivered all is another matter: what is processed is told of no link`, () => {
      const story = play();
      for (const attempt of [1, 2, 3, 99]) changesNothing(story, of(attempt, drained));
    });

    test(`${when}: only the timer that began with it bounds it`, () => {
      const story = play();
      const { attempt } = story.context;
      for (const other of [0, attempt - 1, attempt + 1, 99]) changesNothing(story, of(other, fires("drain")));
      const others = timerNames.filter((timer) => timer !== "drain" && timer !== "linger");
      for (const timer of others) changesNothing(story, fires(timer));
    });
  }

  test("a socket that is closed already is not closed once more, nor is another link's end its end", () => {
    for (const [, play] of alone) {
      const story = play();
      for (const attempt of [0, 1, 2, 3]) {
        changesNothing(story, of(attempt, lost()));
        changesNothing(story, of(attempt, fires("linger")));
      }
    }
    for (const [, play] of withSocket) {
      const story = play();
      for (const attempt of [0, 2, 3]) {
        changesNothing(story, of(attempt, lost()));
        changesNothing(story, of(attempt, fires("linger")));
      }
    }
  });

  test("a close asks no server whether what was published arrived: there is none", () => {
    for (const [, play] of ways) {
      const { did } = play().happens(close(3));
      expect(did).not.toContain("confirmOutbound");
      expect(did).not.toContain("endSocket");
      expect(did).not.toContain("settlePending");
    }
  });
});

describe("and another server is being left", () => {
  /** The connection has moved from link 1 to link 2, and is lost; link 1 is still there. */
  const moved = () =>
    begin({ onLameDuck: "migrate" }, ["a", "b", "c"])
      .connects()
      .happens(info({ lameDuck: true }), opened, info(), pong, pong, flushed);
  const overlapping: readonly Happening[] = [];
  const unsubscribing = [of(1, fires("overlap"))];
  const ending = [...unsubscribing, of(1, drained)];
  const losses: readonly (readonly [string, (story: Story) => Story, Failure | null])[] = [
    ["disconnected before", (story) => story.happens(lost()).happens(drain), null],
    ["lost in the drain", (story) => story.happens(drain).happens(lost()), closedBy("b:4222")],
  ];

  for (const [phase, way, timer] of [
    ["overlapping", overlapping, "overlap"],
    ["unsubscribing", unsubscribing, "retire"],
  ] as const) {
    test.each(losses)(`%s: one that is ${phase} is closed at once`, (_, goOn, failure) => {
      const story = goOn(moved().happens(...way));
      isWaiting(story);
      expect(story.effects.slice(-4)).toEqual([
        { type: "startTimer", params: { timer: "drain", attempt: story.context.attempt, ms: 30_000 } },
        { type: "closeSocket", params: { attempt: 1 } },
        { type: "stopTimer", params: { timer, attempt: 1 } },
        { type: "settlePending", params: { failure } },
      ]);
      expect(story.context).toMatchObject({ retiring: [], processing: true });
      for (const event of [lost(), halfClosed(), drained, ping, violated, fires(timer)]) {
        changesNothing(story, of(1, event));
      }
      story.happens(drained);
      expect([story.state, story.did]).toEqual(["closed", ["stopTimer drain", "settleClosed"]]);
      expect(story.last("settleClosed")).toEqual({ failure });
    });
  }

  test.each(losses)("%s: one that hands over its last bytes does so, whichever is over first", (_, goOn) => {
    const play = () => goOn(moved().happens(...ending));
    const story = play();
    isWaiting(story);
    expect(story.did).not.toContain("stopTimer linger");
    expect(story.last("closeSocket")).not.toEqual({ attempt: 1 });
    expect(story.context).toMatchObject({ retiring: [{ id: 1, phase: "ending" }], processing: true });
    changesNothing(story, of(1, drained));
    story.happens(of(1, lost()));
    expect([story.state, story.did]).toEqual(["closing", ["stopTimer linger"]]);
    expect(story.happens(drained).did).toEqual(["stopTimer drain", "settleClosed"]);
    const other = play().happens(drained);
    expect([other.state, other.did]).toEqual(["closing", ["stopTimer drain"]]);
    expect(other.happens(of(1, lost())).did).toEqual(["stopTimer linger", "settleClosed"]);
  });

  test("two sockets hand over their last bytes: all three are waited for, in whatever order they end", () => {
    const one = of(1, lost());
    const two = of(2, lost());
    const orders: readonly (readonly [Happening, Happening, Happening])[] = [
      [one, two, drained],
      [one, drained, two],
      [two, one, drained],
      [two, drained, one],
      [drained, one, two],
      [drained, two, one],
    ];
    for (const before of [
      [drain, halfClosed()],
      [halfClosed(), drain],
    ] as const) {
      for (const [first, second, last] of orders) {
        const story = moved().happens(...ending);
        for (const event of before) story.happens(event.type === "socket.closed" ? of(2, event) : event);
        expect(story.context.retiring).toMatchObject([
          { id: 1, phase: "ending" },
          { id: 2, phase: "ending" },
        ]);
        isWaiting(story.happens(first));
        isWaiting(story.happens(second));
        expect(story.happens(last).did.at(-1)).toBe("settleClosed");
        expect([story.state, story.context.retiring]).toEqual(["closed", []]);
      }
    }
  });

  test("a server that is asked whether all arrived would be waited for, too", () => {
    // No events lead there, since a close over a connection does not begin to process: the chart is put there.
    const { context } = connected().happens(drain, halfClosed());
    const [link] = context.retiring;
    if (link === undefined) throw new Error("link 1 is being left");
    const retiring = [inPhase(link, "confirming")];
    const both = connectionMachine.resolveState({ value: "closing", context: { ...context, retiring } });
    const following = (...happenings: readonly Happening[]) =>
      happenings.reduce<typeof both>((snapshot, happening) => {
        const event = { attempt: 1, at: 0, ...happening } as ConnectionEvent;
        return transition(connectionMachine, snapshot, event)[0];
      }, both);
    const states = (...happenings: readonly Happening[]) =>
      happenings.map((_, at) => stateName(following(...happenings.slice(0, at + 1)).value));
    expect(states(drained, flushed, lost())).toEqual(["closing", "closing", "closed"]);
    expect(states(flushed, drained, lost())).toEqual(["closing", "closing", "closed"]);
    expect(states(flushed, lost(), drained)).toEqual(["closing", "closing", "closed"]);
    expect(states(fires("confirm"), fires("linger"), fires("drain"))).toEqual([
      "closing",
      "closing",
      "closed",
    ]);
    expect(following(flushed).context.processing).toBe(true);
    expect(following(drained).context.retiring).toEqual(retiring);
  });
});
