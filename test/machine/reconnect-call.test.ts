// `reconnect()` while no connection is established: the user does not want to wait. With one: connected.test.ts, migrating.test.ts.

import { describe, expect, test } from "vitest";
import {
  begin,
  chosen,
  delay,
  fires,
  type Happening,
  info,
  lost,
  of,
  opened,
  pong,
  reconnect,
  type Story,
  unreachable,
} from "./story.js";

const steps: readonly (readonly [step: string, way: readonly Happening[]])[] = [
  ["dialing", []],
  ["greeting", [opened]],
  ["securing", [opened, info({ tlsRequired: true })]],
  ["authenticating", [opened, info()]],
];
const stepsAgain = [...steps, ["subscribing", [opened, info(), pong]]] as const;
const dialed = (story: Story) => story.last("openSocket")?.server.name;

describe("while an attempt to connect is made", () => {
  test.each(stepsAgain)("in %s: it is given up, and another server that is ready is dialed", (step, way) => {
    const story = begin({}, ["a", "b", "c"])
      .connects()
      .happens(lost(), ...way);
    expect(story.state).toBe(`reconnecting.${step}`);
    story.happens(reconnect);
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).toEqual([
      "notifyStatus client initiated reconnect",
      "closeSocket",
      "stopTimer attempt",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket c:4222",
    ]);
    expect(story.last("closeSocket")).toEqual({ attempt: 2 });
    expect(story.last("stopTimer")).toEqual({ timer: "attempt", attempt: 2 });
    expect(story.context).toMatchObject({ attempt: 3, next: { id: 3 }, failure: null, attempts: [] });
  });

  test.each(steps)(
    "in %s of the first connection: it is among the attempts that are reported",
    (step, way) => {
      const story = begin()
        .happens(...way)
        .after(3)
        .happens(reconnect);
      expect(dialed(story)).toBe("b:4222");
      // Since it has not failed, it is tried once more.
      story.happens(unreachable).after(2_000).happens(fires("reconnect"), unreachable);
      const message = "a:4222: the attempt was given up, since reconnect() was called";
      expect(story.last("rejectConnect")?.attempts).toMatchObject([
        { attempt: 1, server: "a:4222", step, failure: { code: "CANCELLED", message }, at: 3 },
        { attempt: 2, server: "b:4222", step: "dialing", at: 3 },
        { attempt: 3, server: "a:4222", step: "dialing", at: 2_003 },
      ]);
    },
  );

  test("its server has not failed: it goes to the back, and is left alone for its wait", () => {
    const story = begin({ maxReconnectAttempts: 1, reconnectTimeWait: 70 }, ["a", "b", "c"]).connects();
    story.happens(lost()).after(5).happens(reconnect);
    expect(story.pool).toEqual(["c:4222", "a:4222", "b:4222"]);
    expect(story.server("b:4222")).toMatchObject({ failures: 0, wait: 70, lastAttemptAt: 0 });
  });

  test("where all others are within their wait, nobody waits: all are ready, the one given up last", () => {
    const story = begin({ maxReconnectAttempts: -1 }, ["a", "b"]).connects().happens(lost()).after(1);
    story.happens(reconnect);
    expect([story.state, dialed(story)]).toEqual(["reconnecting.dialing", "a:4222"]);
    expect(story.server("b:4222").lastAttemptAt).toBeNull();
    expect(dialed(story.happens(unreachable))).toBe("b:4222");
  });

  test("the only server is dialed again at once", () => {
    for (const story of [begin({}, ["a"]), begin({ waitOnFirstConnect: true }, ["a"])]) {
      story.happens(opened).after(1).happens(reconnect);
      expect([story.state, dialed(story)]).toEqual(["connecting.dialing", "a:4222"]);
      expect(story.context.attempt).toBe(2);
    }
  });

  test("in the first round servers that failed stay out of it", () => {
    const story = begin({}, ["a", "b"]).happens(unreachable).after(1).happens(reconnect);
    expect(dialed(story)).toBe("b:4222");
    expect(story.happens(unreachable).state).toBe("closed");
    expect(story.last("rejectConnect")?.attempts.map(({ server }) => server)).toEqual([
      "a:4222",
      "b:4222",
      "b:4222",
    ]);
  });

  test("what the socket that was given up still has to say changes nothing", () => {
    const story = begin().connects().happens(lost(), opened, reconnect);
    const { context } = story.snapshot;
    expect(story.happens(of(2, info()), of(2, lost()), of(2, fires("attempt"))).did).toEqual([]);
    expect(story.snapshot.context).toBe(context);
  });

  test("no function of the user is asked how long to leave that server alone", () => {
    const story = begin({ asksForDelay: true }, ["a", "b", "c"]).connects().happens(lost(), delay(0));
    story.happens(reconnect);
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).not.toContain("askReconnectDelay");
  });

  test("the user's function is asked anew which server is next", () => {
    const story = begin({ asksForServer: true }).happens(chosen("a:4222")).happens(reconnect);
    expect(story.state).toBe("connecting.awaitingServerChoice");
    expect(story.last("askNextServer")?.pool.map(({ name }) => name)).toEqual(["b:4222", "a:4222"]);
  });
});

describe("between two attempts", () => {
  test("every wait is over: the first server is dialed at once", () => {
    const story = begin({}, ["a", "b"]).connects().happens(lost(), unreachable).after(10);
    expect(story.state).toBe("reconnecting.backingOff");
    story.happens(reconnect);
    expect(story.state).toBe("reconnecting.dialing");
    expect(story.did).toEqual([
      "stopTimer reconnect",
      "notifyStatus client initiated reconnect",
      "startTimer attempt",
      "notifyStatus reconnecting",
      "openSocket a:4222",
    ]);
    expect(story.context).toMatchObject({ attempt: 3, now: 10, next: { begunAt: 10 } });
  });

  test("what the servers failed counts on", () => {
    const story = begin({ maxReconnectAttempts: 2 }, ["a"])
      .connects()
      .happens(lost(), reconnect, unreachable);
    expect(story.server("a:4222").failures).toBe(1);
    expect(story.happens(reconnect, unreachable).state).toBe("closed");
  });

  test("a time that the user's function asked for is over, too, and it is asked anew", () => {
    const story = begin({ asksForServer: true }).happens(chosen("b:4222", 500));
    expect(story.state).toBe("connecting.backingOff");
    story.happens(reconnect);
    expect(story.state).toBe("connecting.awaitingServerChoice");
    expect(story.context.chosen).toBeNull();
  });

  test("it is told with the server that was in use last", () => {
    const story = begin({}, ["a", "b"]).connects().happens(lost(), unreachable).happens(reconnect);
    expect(story.effects).toContainEqual({
      type: "notifyStatus",
      params: { status: { type: "client initiated reconnect", server: "a:4222" } },
    });
  });
});
