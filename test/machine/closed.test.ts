// `closed` is absorbing and quiet. And what an earlier attempt still has to say changes nothing, anywhere.

import { describe, expect, test } from "vitest";
import {
  begin,
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
  lost,
  noCredentials,
  opened,
  ping,
  pong,
  reconnect,
  type Story,
  secured,
  unreachable,
  violated,
} from "./story.js";

const ofAnAttempt: readonly Happening[] = [
  opened,
  secured,
  lost(),
  halfClosed(),
  info({ connectUrls: ["x"], lameDuck: true }),
  ping,
  pong,
  error("Authorization Violation"),
  error("Invalid Subject"),
  violated,
  noCredentials,
  fires("attempt"),
  fires("reconnect"),
  fires("ping"),
  fires("drain"),
  fires("overlap"),
  fires("retire"),
  fires("confirm"),
  fires("linger"),
  delay(1),
  drained,
  flushed,
];
const everything: readonly Happening[] = [...ofAnAttempt, drain, close(3), reconnect];

function changesNothing(story: Story, event: Happening): void {
  const { context, value, status } = story.snapshot;
  story.happens(event);
  expect(story.did).toEqual([]);
  expect(story.snapshot.context).toEqual(context);
  expect(story.snapshot.value).toEqual(value);
  expect(story.snapshot.status).toBe(status);
}

describe("closed", () => {
  const ways: readonly (readonly [string, () => Story])[] = [
    ["a close", () => begin().connects().happens(close(), lost())],
    ["a drain", () => begin().connects().happens(drain, drained, flushed, lost())],
    ["what had arrived was processed", () => begin().connects().happens(lost(), drain, drained)],
    ["that took too long", () => begin().connects().happens(lost(), drain, fires("drain"))],
    ["the user waited no longer for it", () => begin().connects().happens(lost(), drain, close())],
    ["it was processed after a loss", () => begin().connects().happens(drain, lost(), drained)],
    ["the first attempt was given up", () => begin().happens(drain)],
  ];
  for (const [way, play] of ways) {
    test.each(everything)(`after ${way} absorbs $type without an effect`, (event) => {
      const story = play();
      expect([story.state, story.snapshot.status]).toEqual(["closed", "done"]);
      changesNothing(story, event);
    });
  }

  test("settleClosed comes once, and as the last effect of all", () => {
    expect(begin().happens(unreachable, unreachable).did.slice(-3)).toEqual([
      "rejectConnect",
      "settlePending",
      "settleClosed",
    ]);
    const { did } = begin().connects().happens(close(), lost());
    expect(did.at(-1)).toBe("settleClosed");
    expect(did.filter((name) => name === "settleClosed")).toHaveLength(1);
  });

  test("connect is settled once: resolved by the first connection, or else rejected at the end", () => {
    const settlings = (story: Story) => story.did.filter((name) => /^(resolve|reject)Connect$/.test(name));
    const all = begin().connects();
    expect(settlings(all)).toEqual(["resolveConnect"]);
    expect(settlings(all.happens(lost()).connects())).toEqual([]);
    expect(settlings(all.happens(close(), lost()))).toEqual([]);
    const rejected = begin().happens(unreachable, unreachable);
    expect(settlings(rejected)).toEqual(["rejectConnect"]);
    expect(rejected.last("rejectConnect")?.failure.code).toBe("CONNECTION_REFUSED");
  });
});

describe("what an earlier attempt has to say", () => {
  // In each of these, attempts 1 and 2 are over.
  const later: readonly (readonly [string, () => Story])[] = [
    ["reconnecting.dialing", () => again()],
    ["reconnecting.greeting", () => again().happens(opened)],
    ["reconnecting.securing", () => again().happens(opened, info({ tlsRequired: true }))],
    ["reconnecting.authenticating", () => again().happens(opened, info())],
    ["reconnecting.subscribing", () => again().subscribes()],
    ["reconnecting.backingOff", () => again().happens(unreachable)],
    ["reconnecting.awaitingDelay", () => again(true).happens(unreachable)],
    ["connecting.dialing", () => first()],
    ["connecting.greeting", () => first().happens(opened)],
    ["connecting.securing", () => first().happens(opened, info({ tlsRequired: true }))],
    ["connecting.authenticating", () => first().happens(opened, info())],
    ["migrating.dialing", () => moving()],
    ["migrating.authenticating", () => moving().happens(opened, info())],
    ["migrating.subscribing", () => moving().happens(opened, info(), pong)],
    ["migrating.cuttingOver", () => moving().happens(opened, info(), pong, pong)],
    ["connected", () => again().connects()],
    ["draining.subscriptions", () => again().connects().happens(drain)],
    ["draining.publishers", () => again().connects().happens(drain, drained)],
    ["closing", () => again().connects().happens(close())],
    ["closing", () => again().connects().happens(close(1))],
    ["closing", () => again().happens(drain)],
    ["closing", () => again().connects().happens(drain, lost())],
  ];
  function again(asksForDelay = false): Story {
    const story = begin({ asksForDelay, onLameDuck: "migrate" }, ["a", "b", "c"]).connects();
    for (let ended = 0; ended < 2; ended++) {
      story.happens(lost());
      if (asksForDelay) story.happens(delay(1_000));
    }
    return story;
  }

  function first(): Story {
    return begin({}, ["a", "b", "c"]).happens(unreachable, unreachable);
  }
  function moving(): Story {
    return again()
      .connects()
      .after(60_000)
      .happens(info({ lameDuck: true }));
  }

  for (const [state, at] of later) {
    test.each(ofAnAttempt)(`$type changes nothing in ${state}`, (event) => {
      const story = at();
      expect(story.state).toBe(state);
      changesNothing(story, { ...event, attempt: 1 });
      changesNothing(story, { ...event, attempt: 2 });
      changesNothing(story, { ...event, attempt: 99 });
    });
  }

  test("a socket that was closed has nothing to say while a server is waited for", () => {
    const story = again().happens(unreachable);
    for (const event of ofAnAttempt) {
      if (event.type !== "timer.fired") changesNothing(story, event);
    }
  });
});
