// How fast the servers of a pool are dialed: a usual cluster at once, a big pool of dead servers one after another. For pools of
// every size and fate: test/properties/chart/pace.test.ts.

import { describe, expect, test } from "vitest";
import { begun, nextAt, type Pace } from "../../src/machine/pace.js";
import { afterDial, defaultPolicy, SERVERS_AT_ONCE, serverPace } from "../../src/machine/reconnect-policy.js";
import {
  begin,
  fires,
  info,
  lost,
  opened,
  pong,
  reconnect,
  type Story,
  setServers,
  unreachable,
} from "./story.js";

const names = (count: number) => Array.from({ length: count }, (_, at) => `10.0.${at >> 8}.${at & 255}:4222`);

/** A client that has learnt so many servers, lost its own, and finds all of them dead. */
function lostWith(learnt: number, policy = {}): Story {
  const story = begin({ maxReconnectAttempts: -1, ...policy }, ["a"]).connects();
  return story
    .happens(info({ connectUrls: names(learnt) }))
    .after(100_000)
    .happens(lost());
}

/** Every server refuses, until the client waits. How many it has dialed. */
function dialsInBurst(story: Story): number {
  const before = story.context.attempt;
  while (story.state === "reconnecting.dialing") story.happens(unreachable);
  return story.context.attempt - before;
}

describe("a pool", () => {
  test.each([3, 10, SERVERS_AT_ONCE])("of %i is dialed to its end at once", (count) => {
    const story = lostWith(count - 1);
    expect(1 + dialsInBurst(story)).toBe(count);
    expect(story.last("startTimer")).toMatchObject({ timer: "reconnect", ms: 2_000 });
  });

  test("of 1,000 is dialed 20 at once, and then one each 50 ms", () => {
    const story = lostWith(999);
    expect(1 + dialsInBurst(story)).toBe(SERVERS_AT_ONCE);
    for (let n = 0; n < 5; n++) {
      expect([story.state, story.last("startTimer")?.ms]).toEqual(["reconnecting.backingOff", 50]);
      story.after(50).happens(fires("reconnect"));
      expect(dialsInBurst(story)).toBe(0);
      expect(story.state).toBe("reconnecting.backingOff");
    }
  });

  test("is spread by reconnectJitter after those", () => {
    const waits = Array.from({ length: 30 }, (_, seed) => {
      const policy = { ...defaultPolicy, reconnectJitter: 100 };
      const pace = serverPace(policy);
      const [until] = afterDial(policy, (pace.atOnce - 1) * pace.interval, 0, seed);
      return nextAt(until, pace);
    });
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...waits)).toBeLessThan(150);
    expect(new Set(waits).size).toBeGreaterThan(10);
  });

  test("is dialed at once again after a rest", () => {
    const story = lostWith(999);
    dialsInBurst(story);
    story.after(100_000).happens(fires("reconnect"));
    expect(1 + dialsInBurst(story)).toBe(SERVERS_AT_ONCE);
  });

  test("is dialed as fast as the user wants it to be dialed again", () => {
    expect(serverPace({ ...defaultPolicy, reconnectTimeWait: 400 }).interval).toBe(10);
    expect(serverPace({ ...defaultPolicy, reconnectTimeWait: 60_000 }).interval).toBe(50);
    const story = lostWith(999, { reconnectTimeWait: 0 });
    for (let n = 0; n < 200; n++) story.happens(unreachable);
    expect(story.state).toBe("reconnecting.dialing");
  });

  test("is dialed at once by reconnect(), and by setServers() with a new server", () => {
    const story = lostWith(999);
    dialsInBurst(story);
    story.happens(reconnect);
    expect(1 + dialsInBurst(story)).toBe(SERVERS_AT_ONCE);
    story.happens(setServers("b"));
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
  });

  test("of which some let the client in and drop it is dialed no faster", () => {
    const story = lostWith(999);
    let dials = 1;
    while (story.state === "reconnecting.dialing") {
      story.happens(opened, info(), pong, pong, lost());
      dials++;
    }
    expect([story.state, dials - 1]).toEqual(["reconnecting.backingOff", SERVERS_AT_ONCE]);
  });

  test("is walked through in a move as far as it is dialed at once: then the connection stays", () => {
    const story = begin({ onLameDuck: "migrate" }, ["a"]).connects();
    story.happens(info({ connectUrls: names(999) })).after(100_000);
    story.happens(info({ connectUrls: names(999), lameDuck: true }));
    let dials = 0;
    while (story.state === "migrating.dialing") {
      story.happens(unreachable);
      dials++;
    }
    expect([story.state, dials]).toEqual(["connected", SERVERS_AT_ONCE]);
  });
});

describe("a pace", () => {
  const pace: Pace = { atOnce: 3, interval: 10 };

  test("lets so many begin at once, and then one each interval", () => {
    let until = 0;
    const times: number[] = [];
    for (let n = 0; n < 6; n++) {
      const at = Math.max(100, nextAt(until, pace));
      until = begun(until, at, pace);
      times.push(at);
    }
    expect(times).toEqual([100, 100, 100, 110, 120, 130]);
  });

  test("without an interval is no limit", () => {
    expect(nextAt(1_000_000, { atOnce: 1, interval: 0 })).toBe(Number.NEGATIVE_INFINITY);
  });
});
