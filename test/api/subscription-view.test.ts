// What each server is told of the subscriptions. There may be several: the one in use, one that a connection moves to, and
// those that it is leaving.

import { describe, expect, test } from "vitest";
import { bound, msg, Scene, Server, stateOf } from "./subscription-scene.js";

/** A server that learns of all subscriptions now. */
function another({ table }: Pick<Scene, "table">): Server & { readonly restored: string } {
  const server = new Server(table);
  return Object.assign(server, { restored: server.view.restore() });
}

describe("a server that is taken into use", () => {
  test("learns of every subscription, with what is left of its limit, but of none that drains", () => {
    const { table, subscribe } = bound(new Scene());
    subscribe({}, "a");
    subscribe({ queue: "workers", max: 5, callback: () => {} }, "b").deliver(msg("one"));
    void subscribe({}, "c").drain();
    subscribe({}, "d").unsubscribe();
    expect(another({ table }).restored).toBe("SUB a 1\r\nSUB b workers 2\r\nUNSUB 2 4\r\n");
  });

  test("counts from its own first message towards a limit that is set later", () => {
    const { table, server, subscribe } = bound(new Scene());
    const limited = subscribe({ callback: () => {} }, "limited");
    limited.deliver(msg("one"));
    server.view.close();
    const second = another({ table });
    limited.deliver(msg("two"));
    limited.unsubscribe(10);
    expect(second.told()).toEqual(["UNSUB 1 9"]);
  });

  test("is told of a subscription that is made later, and counts from its first message", () => {
    const { table, server, subscribe } = bound(new Scene());
    server.view.close();
    const second = another({ table });
    const late = subscribe({ callback: () => {} }, "late");
    late.deliver(msg("one"));
    late.unsubscribe(5);
    expect(second.told()).toEqual(["SUB late 1", "UNSUB 1 5"]);
    expect(server.told()).toEqual([]);
  });
});

describe("with two servers that know them", () => {
  test("every change goes to both, each with its own count", () => {
    const { table, server, subscribe, sent } = bound(new Scene());
    const ended = subscribe({}, "ended");
    const limited = subscribe({ callback: () => {} }, "limited");
    limited.deliver(msg("one"));
    const second = another({ table });
    limited.deliver(msg("two"));
    sent();
    ended.unsubscribe();
    limited.unsubscribe(10);
    subscribe({ queue: "workers", max: 3 }, "new");
    expect(server.told()).toEqual(["UNSUB 1", "UNSUB 2 10", "SUB new workers 3", "UNSUB 3 3"]);
    // The second server counts from the second message on.
    expect(second.told()).toEqual(["UNSUB 1", "UNSUB 2 9", "SUB new workers 3", "UNSUB 3 3"]);
  });

  test("a subscription that reaches its limit ends with both", () => {
    const { table, subscribe, sent } = bound(new Scene());
    const limited = subscribe({ max: 2, callback: () => {} }, "limited");
    const second = another({ table });
    sent();
    limited.deliver(msg("one"));
    limited.deliver(msg("two"));
    expect([sent(), second.told()]).toEqual([["UNSUB 1"], ["UNSUB 1"]]);
  });

  test("a drain waits for both, and is told to both", async () => {
    const { table, server, subscribe, sent } = bound(new Scene());
    const subscription = subscribe({ callback: () => {} });
    const second = another({ table });
    sent();
    const drained = subscription.drain();
    expect([sent(), second.told()]).toEqual([
      ["UNSUB 1", "PING"],
      ["UNSUB 1", "PING"],
    ]);
    server.pings[0]?.answered();
    expect(await stateOf(drained)).toBe("pending");
    second.pings[0]?.answered();
    await drained;
  });

  test("one that is gone is told nothing more, and nobody waits for it", async () => {
    const { table, server, subscribe, sent } = bound(new Scene());
    const subscription = subscribe({ callback: () => {} });
    const second = another({ table });
    sent();
    server.view.close();
    const drained = subscription.drain();
    second.pings[0]?.answered();
    await drained;
    subscribe({}, "late");
    expect(sent()).toEqual([]);
    expect(second.told()).toEqual(["UNSUB 1", "PING", "SUB late 2"]);
  });
});

describe("a server that is being left", () => {
  test("is told of no new subscription, but of every end", () => {
    const { table, server, subscribe, sent } = bound(new Scene());
    const old = subscribe({}, "old");
    const second = another({ table });
    sent();
    server.view.leave();
    const late = subscribe({}, "late");
    late.unsubscribe(4);
    old.unsubscribe();
    expect(sent()).toEqual(["UNSUB 1"]);
    expect(second.told()).toEqual(["SUB late 2", "UNSUB 2 4", "UNSUB 1"]);
  });

  test("is told the end of every subscription that it knows", () => {
    const { server, subscribe } = bound(new Scene());
    subscribe({}, "a");
    subscribe({}, "b").unsubscribe();
    subscribe({ queue: "workers" }, "c");
    server.view.leave();
    subscribe({}, "d");
    expect(server.view.unsubscribeAll()).toBe("UNSUB 1\r\nUNSUB 3\r\n");
  });

  test("has no part in the drain of a subscription that it was never told of", async () => {
    const { table, server, subscribe, sent } = bound(new Scene());
    const second = another({ table });
    server.view.leave();
    const drained = subscribe({ callback: () => {} }, "late").drain();
    expect([sent(), second.told()]).toEqual([[], ["SUB late 1", "UNSUB 1", "PING"]]);
    second.pings[0]?.answered();
    await drained;
  });

  test("may still deliver what it sent before: a drain waits for that", async () => {
    const { table, server, subscribe, sent } = bound(new Scene());
    const subscription = subscribe({ callback: () => {} });
    const second = another({ table });
    server.view.leave();
    server.view.unsubscribeAll();
    sent();
    const drained = subscription.drain();
    second.pings[0]?.answered();
    expect(await stateOf(drained)).toBe("pending");
    server.pings[0]?.answered();
    await drained;
  });
});
