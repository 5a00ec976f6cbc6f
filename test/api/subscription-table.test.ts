// The table of all subscriptions: their numbers, draining all, what the server does not permit, what a new server is
// told, and the end. One of them alone: subscription.test.ts. Limits over a reconnect, with servers that count:
// subscription-limit.test.ts.

import { describe, expect, test, vi } from "vitest";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import { bound, msg, readAll, Scene, stateOf, WrittenLine } from "./subscription-scene.js";

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

  test("is told nothing of what a loop does later", async () => {
    const { table, subscribe, sent } = bound(new Scene());
    const subscription = subscribe();
    table.close();
    sent();
    table.unsubscribe(subscription, undefined);
    expect(sent()).toEqual([]);
  });
});

describe("another server", () => {
  test("is told of every subscription, with what is left of its limit, but of none that drains", () => {
    const { subscribe, another } = bound(new Scene());
    subscribe({}, "a");
    subscribe({ queue: "workers", max: 5, callback: () => {} }, "b").deliver(msg("one"));
    void subscribe({}, "c").drain();
    subscribe({}, "d").unsubscribe();
    const { restored, sent } = another();
    expect(restored).toBe("SUB a 1\r\nSUB b workers 2\r\nUNSUB 2 4\r\n");
    expect(sent()).toEqual([]);
  });

  test("is told of every change from then on, as the one before is, and counts from what it was told", () => {
    const { subscribe, sent, another } = bound(new Scene());
    const ended = subscribe({}, "ended");
    const drains = subscribe({}, "drains");
    const limited = subscribe({ callback: () => {} }, "limited");
    subscribe({ max: 9 }, "same");
    limited.deliver(msg("one"));
    sent();
    const next = another();
    limited.deliver(msg("two"));
    ended.unsubscribe();
    void drains.drain();
    limited.unsubscribe(10);
    subscribe({ max: 3 }, "new");
    void subscribe({}, "short").drain();
    subscribe({}, "gone").unsubscribe();
    subscribe({ queue: "workers" }, "last");
    const told = (limit: string) => [
      "UNSUB 1",
      ...["UNSUB 2", "PING"],
      limit,
      ...["SUB new 5", "UNSUB 5 3"],
      ...["SUB short 6", "UNSUB 6", "PING"],
      ...["SUB gone 7", "UNSUB 7"],
      "SUB last workers 8",
    ];
    expect(sent()).toEqual(told("UNSUB 3 10"));
    // It counts from the second message on.
    expect(next.sent()).toEqual(told("UNSUB 3 9"));
    limited.unsubscribe(12);
    expect([sent(), next.sent()]).toEqual([["UNSUB 3 12"], ["UNSUB 3 11"]]);
  });

  test("that is gone is told nothing, and the one before counts on from where it began", () => {
    const { subscribe, sent, another } = bound(new Scene());
    const limited = subscribe({ callback: () => {} }, "limited");
    limited.deliver(msg("one"));
    const next = another();
    limited.deliver(msg("two"));
    next.view.close();
    sent();
    limited.unsubscribe(10);
    expect([sent(), next.sent()]).toEqual([["UNSUB 1 10"], []]);
  });

  test("counts a subscription that is new from its own first message", () => {
    const { subscribe, sent, another } = bound(new Scene());
    const next = another();
    const late = subscribe({ callback: () => {} }, "late");
    expect(next.sent()).toEqual(["SUB late 1"]);
    late.deliver(msg("one"));
    sent();
    late.unsubscribe(5);
    expect([sent(), next.sent()]).toEqual([["UNSUB 1 5"], ["UNSUB 1 5"]]);
  });

  test("has a drain wait for it, too", async () => {
    const scene = new Scene();
    const { pings, subscribe } = bound(scene);
    const subscription = subscribe({ callback: () => {} });
    const line = new WrittenLine();
    scene.table.view(line).restore();
    const drained = subscription.drain();
    pings[0]?.answered();
    expect(await stateOf(drained)).toBe("pending");
    line.pings[0]?.answered();
    expect(await stateOf(drained)).toBe("settled");
  });
});

describe("a server that is being left", () => {
  test("is told of no new subscription, but of the end and the limit of one that it knows", () => {
    const { subscribe, sent, view } = bound(new Scene());
    const known = subscribe({}, "known");
    const limited = subscribe({ callback: () => {} }, "limited");
    view.leave();
    sent();
    const late = subscribe({}, "new");
    late.unsubscribe(5);
    known.unsubscribe();
    limited.unsubscribe(7);
    expect(sent()).toEqual(["UNSUB 1", "UNSUB 2 7"]);
  });

  test("is told the end of every subscription that it knows", () => {
    const { subscribe, view } = bound(new Scene());
    subscribe({}, "a");
    subscribe({}, "b").unsubscribe();
    subscribe({ queue: "workers" }, "c");
    view.leave();
    subscribe({}, "d");
    expect(view.unsubscribeAll()).toBe("UNSUB 1\r\nUNSUB 3\r\n");
  });
});
