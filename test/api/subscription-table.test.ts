// The table of all subscriptions: their numbers, draining all, what the server does not permit, and the end. One of them
// alone: subscription.test.ts. What each server is told: subscription-view.test.ts. Limits over a reconnect, with servers
// that count: subscription-limit.test.ts.

import { describe, expect, test, vi } from "vitest";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import type { SubscriptionImpl } from "../../src/api/subscription.js";
import { bound, msg, readAll, Scene, stateOf } from "./subscription-scene.js";

const failure = new NatsError("no", ErrorCode.PermissionsViolation);

test("a subscription has a number that is never used again", () => {
  const { table, subscribe, sent } = bound(new Scene());
  expect([subscribe({}, "a").getID(), subscribe({}, "b").getID()]).toEqual([1, 2]);
  subscribe({}, "c").unsubscribe();
  expect(subscribe({}, "d").getID()).toBe(4);
  expect(sent()).toEqual(["SUB a 1", "SUB b 2", "SUB c 3", "UNSUB 3", "SUB d 4"]);
  expect(table.size).toBe(3);
  expect(table.get(3)).toBeUndefined();
});

test("each of many is found by its number, in any order and after others ended", () => {
  const { table, subscribe } = bound(new Scene());
  const all = Array.from({ length: 3_000 }, (_, i) => subscribe({ callback: () => {} }, `s.${i}`));
  // The same ones more than once, and those whose numbers end alike, in turn.
  for (const sid of [1, 1, 1_025, 1, 2_049, 1_025, 1_024, 2_048, 3_000, 1_976, 3_000]) {
    expect(table.get(sid)).toBe(all[sid - 1]);
  }
  all[2_048]?.unsubscribe();
  all[1_024]?.unsubscribe();
  expect([table.get(2_049), table.get(1_025)]).toEqual([undefined, undefined]);
  expect(table.get(1)).toBe(all[0]);
  expect([table.get(0), table.get(3_001)]).toEqual([undefined, undefined]);
  expect(table.size).toBe(2_998);
});

describe("draining all", () => {
  test("leaves inboxes open, and waits for loops to take what had arrived", async () => {
    const { table, pings, subscribe, sent } = bound(new Scene());
    const inbox = subscribe({ callback: () => {} }, "_INBOX.x.*");
    inbox.isInbox = true;
    subscribe({ callback: () => {} }, "a");
    const read = subscribe({}, "b");
    const loop = read[Symbol.asyncIterator]();
    read.deliver(msg("one"));
    await loop.next();
    sent();
    const drained = table.drainAll();
    expect(sent()).toEqual(["UNSUB 2", "PING", "UNSUB 3", "PING"]);
    for (const ping of pings) ping.answered();
    expect(await stateOf(drained)).toBe("pending");
    await loop.next();
    await drained;
    expect([inbox.isClosed(), table.size]).toEqual([false, 1]);
  });

  test("waits for those who still read from one that has ended, unless it was unsubscribed", async () => {
    const { table, pings, subscribe } = bound(new Scene());
    const [limited, drained, unsubscribed, disposed, unread] = ["l", "d", "u", "s", "n"].map((subject) =>
      subscribe({}, subject),
    ) as [SubscriptionImpl, SubscriptionImpl, SubscriptionImpl, SubscriptionImpl, SubscriptionImpl];
    const loops = [limited, drained, unsubscribed, disposed].map((subscription) => {
      const loop = subscription[Symbol.asyncIterator]();
      for (const text of ["one", "two"]) subscription.deliver(msg(text));
      void loop.next();
      return loop;
    });
    unread.deliver(msg("one"));
    limited.unsubscribe(2);
    unsubscribed.unsubscribe();
    const ended = [drained.drain(), disposed[Symbol.asyncDispose]()];
    for (const ping of pings) ping.answered();
    await Promise.all(ended);
    expect(table.size).toBe(1);
    expect(table.unread()).toEqual([
      { subject: "l", messages: 2 },
      { subject: "d", messages: 2 },
    ]);

    const all = table.drainAll();
    for (const ping of pings) ping.answered();
    for (const turn of ["two", undefined]) {
      expect(await stateOf(all)).toBe("pending");
      for (const loop of loops.slice(0, 2)) expect((await loop.next()).value?.subject).toBe(turn);
    }
    await all;
    expect(table.unread()).toEqual([]);
  });

  test("is done although one of them ended just before", async () => {
    const { table, pings, subscribe } = bound(new Scene());
    const subscription = subscribe({ callback: () => {} });
    vi.spyOn(subscription, "drain").mockRejectedValue(failure);
    const drained = table.drainAll();
    expect(pings).toHaveLength(0);
    await drained;
  });
});

describe("an error of permissions", () => {
  test("to subscribe ends the subscription of that subject and queue group, and no other", () => {
    const { table, subscribe } = bound(new Scene());
    const others = [
      subscribe({}, "x"),
      subscribe({ queue: "workers" }, "a"),
      subscribe({ queue: "others" }, "a"),
    ];
    const concerned = subscribe({}, "a");
    const permission = { operation: "subscription", subject: "a" };
    expect(table.refuse(permission, failure)).toBe(true);
    expect(concerned.isClosed()).toBe(true);
    expect(table.refuse(permission, failure)).toBe(false);
    expect(table.refuse({ ...permission, queue: "workers" }, failure)).toBe(true);
    expect(others.map((other) => other.isClosed())).toEqual([false, true, false]);
  });

  test("to publish ends what waits for the answer to that request, and no other", () => {
    const { table, subscribe } = bound(new Scene());
    const plain = subscribe({}, "request");
    const request = subscribe({}, "_INBOX.1");
    request.requestSubject = "request";
    expect(table.refuse({ operation: "publish", subject: "elsewhere" }, failure)).toBe(false);
    expect(table.refuse({ operation: "other", subject: "request" }, failure)).toBe(false);
    const ofGroup = { operation: "publish", subject: "request", queue: "workers" } as const;
    expect(table.refuse(ofGroup, failure)).toBe(false);
    expect(table.refuse({ operation: "publish", subject: "request" }, failure)).toBe(true);
    expect([plain.isClosed(), request.isClosed()]).toEqual([false, true]);
  });
});

describe("a closed connection", () => {
  test("ends every subscription without a word to the server; what had arrived may still be read", async () => {
    const { table, subscribe, sent } = bound(new Scene());
    const first = subscribe();
    const second = subscribe({ callback: () => {} });
    first.deliver(msg("one"));
    sent();
    expect(table.isClosed()).toBe(false);
    table.close();
    expect([table.isClosed(), table.size, sent()]).toEqual([true, 0, []]);
    expect(await readAll(first)).toEqual(["one"]);
    await second.closed;
    await second.whenConsumed();
  });

  test("settles what waits for readers who have not come back; they may still read on", async () => {
    const { table, subscribe } = bound(new Scene());
    const [left, unsubscribed, unasked] = [subscribe(), subscribe(), subscribe()];
    const loops = [left, unsubscribed, unasked].map((subscription) => {
      const loop = subscription[Symbol.asyncIterator]();
      for (const text of ["one", "two"]) subscription.deliver(msg(text));
      void loop.next();
      return loop;
    });
    const promises = [left.closed, unsubscribed.closed];
    expect(left.closed).toBe(promises[0]);
    unsubscribed.unsubscribe();
    table.close();
    expect(await Promise.all(promises.map(stateOf))).toEqual(["pending", "pending"]);
    table.settle();
    expect(await Promise.all([...promises, unasked.closed].map(stateOf))).toEqual([
      "settled",
      "settled",
      "settled",
    ]);
    for (const loop of loops) {
      expect((await loop.next()).value.subject).toBe("two");
      expect((await loop.next()).done).toBe(true);
    }
  });

  test("is told nothing of what a loop does later", async () => {
    const { table, subscribe, sent } = bound(new Scene());
    const subscription = subscribe();
    table.close();
    sent();
    table.unsubscribe(subscription, undefined);
    expect(sent()).toEqual([]);
  });
});
