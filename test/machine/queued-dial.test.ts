// A dial that waits for others of the process: that is nobody's fault, and takes none of the attempt's time.

import { describe, expect, test } from "vitest";
import {
  begin,
  close,
  drain,
  fires,
  type Happening,
  info,
  lost,
  opened,
  reconnect,
  setServers,
  unreachable,
} from "./story.js";

const queued: Happening = { type: "dial.queued" };
const begun: Happening = { type: "dial.begun" };

describe("a dial that waits for its turn", () => {
  test("is not given up, however long it waits", () => {
    const story = begin().happens(queued);
    for (let i = 0; i < 5; i++) {
      story.after(20_000).happens(fires("attempt"));
      expect([story.state, story.did]).toEqual(["connecting.dialing", ["startTimer attempt"]]);
    }
  });

  test("has all the time that an attempt has, from when it begins", () => {
    const story = begin().happens(queued).after(19_000).happens(begun);
    expect(story.did).toEqual(["stopTimer attempt", "startTimer attempt"]);
    expect(story.last("startTimer")?.ms).toBe(20_000);
    story.after(20_000).happens(fires("attempt"));
    expect(story.errors.map(({ failure }) => failure.code)).toEqual(["TIMEOUT"]);
  });

  test("has in a reconnect as much time to be greeted as any other, and then what is left from its dial", () => {
    const story = begin().connects().happens(lost(), queued).after(60_000).happens(begun);
    expect(story.last("startTimer")?.ms).toBe(2_000);
    story.after(500).happens(opened, info());
    expect(story.last("startTimer")).toMatchObject({ timer: "attempt", ms: 19_500 });
  });

  test("begins the backoff of its server when it begins", () => {
    const story = begin({}, ["a"]).connects().happens(lost(), queued);
    story.after(60_000).happens(fires("reconnect"), queued).after(5_000).happens(begun);
    const { lastAttemptAt } = story.server("a:4222");
    story.happens(unreachable);
    expect(story.state).toBe("reconnecting.backingOff");
    expect([lastAttemptAt, story.last("startTimer")?.ms]).toEqual([65_000, 2_000]);
  });

  test("has not opened its socket, whoever says so", () => {
    const story = begin().happens(queued, opened);
    expect([story.state, story.context.next?.queued]).toEqual(["connecting.dialing", true]);
    expect(story.happens(begun, opened).state).toBe("connecting.greeting");
    const secured = begin({ tls: "first" }).happens(queued, opened);
    expect(secured.state).toBe("connecting.dialing");
    expect(secured.happens(begun, opened).state).toBe("connecting.securing");
  });

  test("does not keep the user from closing, draining, reconnecting or naming other servers", () => {
    const waiting = () => begin().happens(queued);
    expect(waiting().happens(close()).state).toBe("closed");
    expect(waiting().happens(drain).state).toBe("closed");
    expect(waiting().happens(setServers("c")).last("openSocket")?.server.name).toBe("c:4222");
    const again = waiting().happens(reconnect);
    expect([again.last("openSocket")?.server.name, again.context.next?.queued]).toEqual(["b:4222", false]);
  });

  test("may fail like any other", () => {
    const story = begin().happens(queued, unreachable);
    expect(story.did).toContain("closeSocket");
    expect(story.last("openSocket")?.server.name).toBe("b:4222");
  });
});

test("only a dial that waits can begin", () => {
  const story = begin();
  story.after(5_000).happens(begun);
  expect([story.did, story.server("a:4222").lastAttemptAt]).toEqual([[], 0]);
});

test("a dial of the past that is told to wait, or to begin, changes nothing", () => {
  const story = begin().happens(unreachable);
  for (const late of [queued, begun]) {
    const before = story.snapshot;
    story.happens({ ...late, attempt: 1 });
    expect([story.did, story.context]).toEqual([[], before.context]);
  }
});
