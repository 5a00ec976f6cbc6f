// A subscription as nats-core's, in a simulated world: what it counts, how it ends and what ends it, and who is told that its
// reader is slow. The same with a real server, beside the official client: test/integration/nats-core-connection.test.ts.

import { type errors, InvalidOperationError, type Msg, type Subscription } from "@nats-io/nats-core";
import { describe, expect, it } from "vitest";
import { asNatsCore } from "../../src/nats-core/index.js";
import type { CoreMsgImpl } from "../../src/nats-core/msg.js";
import type { CoreSubscriptionImpl } from "../../src/nats-core/subscription.js";
import { all, kinds, limited, outcome, scene } from "./scene.js";

const counts = (sub: Subscription) => [sub.getReceived(), sub.getProcessed(), sub.getPending()];
const ends = (sub: Subscription) => [sub.isClosed(), sub.isDraining()];
const texts = (messages: readonly Msg[]) => messages.map((msg) => msg.string());

/** A scene, and a way to publish numbered messages that have arrived when it is done. */
async function sending(...given: Parameters<typeof scene>) {
  const { world, core, ...others } = await scene(...given);
  let number = 0;
  const send = async (subject: string, count: number) => {
    for (let n = 0; n < count; n++) core.publish(subject, `${number++}`);
    await world.until(core.flush());
  };
  return { world, core, send, ...others };
}

describe("a subscription as nats-core's", () => {
  it("is read by one loop, and counts what came, what was read and what waits", async () => {
    const { world, core, send } = await sending();
    const sub = core.subscribe("s");
    expect([sub.getSubject(), sub.getMax(), counts(sub), ends(sub)]).toEqual([
      "s",
      undefined,
      [0, 0, 0],
      [false, false],
    ]);
    await send("s", 3);
    expect(counts(sub)).toEqual([3, 0, 3]);
    const reader = sub[Symbol.asyncIterator]();
    expect((await reader.next()).value.string()).toBe("0");
    expect(counts(sub)).toEqual([3, 1, 2]);
    expect(() => sub[Symbol.asyncIterator]()).toThrow(InvalidOperationError);
    expect(() => sub[Symbol.asyncIterator]()).toThrow("a subscription can be iterated once");
    await world.until(core.close());
  });

  it("hands messages to its callback, and cannot be iterated then", async () => {
    const { core, send } = await sending();
    const seen: unknown[] = [];
    const sub = core.subscribe("s", { callback: (error, msg) => void seen.push([error, msg.string()]) });
    await send("s", 2);
    expect(seen).toEqual([
      [null, "0"],
      [null, "1"],
    ]);
    expect(counts(sub)).toEqual([2, 2, 0]);
    expect(() => sub[Symbol.asyncIterator]()).toThrow(InvalidOperationError);
    expect(() => sub[Symbol.asyncIterator]()).toThrow("a subscription with a callback cannot be iterated");
  });

  it("takes options that are null for none", async () => {
    const { world, core, send } = await sending();
    const names = ["callback", "queue", "max", "timeout", "slow"];
    const subs = [
      core.subscribe("s", null as never),
      core.subscribe("s", Object.fromEntries(names.map((name) => [name, null]))),
    ];
    await send("s", 3);
    for (const sub of subs) expect(texts(await world.until(all(sub, 3)))).toEqual(["0", "1", "2"]);
  });

  it("shares messages with the others of its queue group; an empty queue is none", async () => {
    const { core, send } = await sending();
    const members = [core.subscribe("s", { queue: "q" }), core.subscribe("s", { queue: "q" })];
    const alone = [core.subscribe("s", { queue: "" }), core.subscribe("s")];
    await send("s", 20);
    const [one = 0, other = 0] = members.map((sub) => sub.getReceived());
    expect(one + other).toBe(20);
    expect(alone.map((sub) => sub.getReceived())).toEqual([20, 20]);
  });

  it("is told at the server by its number, which its messages have", async () => {
    const { world, core, send } = await sending();
    const [one, other] = [core.subscribe("s"), core.subscribe("s")];
    await send("s", 1);
    const [msg] = (await world.until(all(other, 1))) as [Msg];
    expect(msg.sid).toBe(other.getID());
    expect(one.getID()).not.toBe(other.getID());
  });
});

describe("the end of a subscription", () => {
  it.each([
    ["at its limit", { max: 2 }, (_sub: Subscription) => {}],
    ["at the limit of unsubscribe", {}, (sub: Subscription) => sub.unsubscribe(2)],
  ])("comes %s: the loop ends behind the last message", async (_name, options, limit) => {
    const { world, core, send } = await sending();
    const sub = core.subscribe("s", options);
    limit(sub);
    expect(sub.getMax()).toBe(2);
    await send("s", 3);
    expect([counts(sub), ends(sub)]).toEqual([
      [2, 0, 2],
      [true, false],
    ]);
    expect(texts(await world.until(all(sub)))).toEqual(["0", "1"]);
    expect(await world.until(sub.closed)).toBeUndefined();
  });

  it.each([0, -1, undefined])("never comes by a limit of %s", async (max) => {
    const { core, send } = await sending();
    const sub = core.subscribe("s", { ...(max === undefined ? {} : { max }), callback: () => {} });
    await send("s", 3);
    expect([sub.getReceived(), sub.isClosed(), sub.getMax()]).toEqual([3, false, undefined]);
  });

  it("comes at once where more have come than unsubscribe allows, or where it says no number", async () => {
    const { core, send } = await sending();
    const subs = [core.subscribe("s"), core.subscribe("s"), core.subscribe("s")] as const;
    await send("s", 2);
    subs[0].unsubscribe(1);
    subs[1].unsubscribe(2);
    subs[2].unsubscribe();
    expect(subs.map((sub) => sub.isClosed())).toEqual([true, true, true]);
    const wrong = core.subscribe("s");
    expect(await outcome(() => wrong.unsubscribe(0.5))).toBe("InvalidOperationError");
    expect(wrong.isClosed()).toBe(false);
  });

  it("comes where the loop is left: the server has nobody there any more", async () => {
    const { world, core, send } = await sending();
    const sub = core.subscribe("s");
    await send("s", 3);
    expect(texts(await world.until(all(sub, 2)))).toEqual(["0", "1"]);
    expect(await world.until(sub.closed)).toBeUndefined();
    expect([counts(sub), ends(sub)]).toEqual([
      [3, 2, 0],
      [true, false],
    ]);
    expect(await outcome(() => world.until(core.request("s")))).toBe("RequestError of NoRespondersError");
  });

  it("is told once what had arrived has been read, to all who wait", async () => {
    const { world, core, send } = await sending();
    const sub = core.subscribe("s");
    const told: string[] = [];
    const waiting = [sub.closed.then(() => told.push("one")), sub.closed.then(() => told.push("other"))];
    await send("s", 2);
    const reader = sub[Symbol.asyncIterator]();
    await reader.next();
    sub.unsubscribe();
    await world.advance(1_000);
    expect(told).toEqual([]);
    await reader.next();
    expect((await reader.next()).done).toBe(true);
    await world.until(Promise.all(waiting));
    expect(told).toEqual(["one", "other"]);
    expect(await sub.closed).toBeUndefined();
  });

  it("is told with the connection's at the latest, also to who asks later", async () => {
    const { world, core, send } = await sending();
    const [early, late] = [core.subscribe("s"), core.subscribe("s")];
    await send("s", 2);
    const readers = [early, late].map((sub) => sub[Symbol.asyncIterator]());
    for (const reader of readers) await reader.next();
    let isTold = false;
    void early.closed.then(() => {
      isTold = true;
    });
    expect(isTold).toBe(false);
    await world.until(core.close());
    await world.advance(1_000);
    expect(isTold).toBe(true);
    for (const reader of readers) {
      expect((await reader.next()).value?.string()).toBe("1");
      expect((await reader.next()).done).toBe(true);
    }
    expect(await world.until(late.closed)).toBeUndefined();
  });

  it("by drain hands over what had arrived; nobody drains what has ended", async () => {
    const { world, core } = await scene();
    const sub = core.subscribe("s");
    core.publish("s", "x");
    const draining = sub.drain();
    expect([sub.isDraining(), sub.isClosed()]).toEqual([true, false]);
    await world.until(draining);
    expect(ends(sub)).toEqual([true, true]);
    expect(texts(await world.until(all(sub)))).toEqual(["x"]);
    expect(await world.until(sub.closed)).toBeUndefined();
    const over = core.subscribe("s");
    over.unsubscribe();
    expect(await outcome(() => over.drain())).toBe("InvalidOperationError");
    await world.until(core.close());
    expect(await outcome(() => sub.drain())).toBe("ClosedConnectionError");
  });

  it("by `using` is a drain", async () => {
    const { world, core } = await scene();
    const sub = core.subscribe("s");
    core.publish("s", "x");
    await world.until(sub[Symbol.asyncDispose]());
    expect([counts(sub), ends(sub)]).toEqual([
      [1, 0, 1],
      [true, true],
    ]);
  });
});

describe("what ends a subscription with an error", () => {
  it("is that nothing came in time: told to the loop, and to closed", async () => {
    const { world, core, send } = await sending();
    const sub = core.subscribe("never", { timeout: 20 });
    const reading = outcome(() => all(sub));
    const closed = sub.closed;
    await world.advance(100);
    expect(await reading).toBe("TimeoutError");
    expect(kinds(await closed)).toEqual(["TimeoutError"]);
    expect(kinds(await sub.closed)).toEqual(["TimeoutError"]);
    const inTime = core.subscribe("s", { timeout: 20 });
    await send("s", 1);
    await world.advance(100);
    expect(inTime.isClosed()).toBe(false);
  });

  it("is told to the callback, with a message that has nothing in it", async () => {
    const { world, core } = await scene();
    const told: unknown[] = [];
    const sub = core.subscribe("never", {
      timeout: 20,
      callback: (error, msg) => void told.push([kinds(error), msg]),
    });
    await world.advance(100);
    expect(told).toEqual([[["TimeoutError"], {}]]);
    expect([kinds(await world.until(sub.closed)), counts(sub)]).toEqual([["TimeoutError"], [0, 0, 0]]);
  });

  it("is that the server does not permit it", async () => {
    const { world, connect } = await scene();
    const [, core] = await connect(limited);
    const sub = core.subscribe("secret", { queue: "q" });
    const reading = outcome(() => all(sub));
    const { operation, subject, queue } = (await world.until(sub.closed)) as InstanceType<
      typeof errors.PermissionViolationError
    >;
    expect({ operation, subject, queue }).toEqual({
      operation: "subscription",
      subject: "secret",
      queue: "q",
    });
    expect(await world.until(reading)).toBe("PermissionViolationError");
  });

  it("is told at once where messages wait to be read, which still are", async () => {
    const { world, connect } = await scene();
    const [, core] = await connect(limited);
    const sub = core.subscribe("ok.s");
    for (const text of ["0", "1"]) core.publish("ok.s", text);
    await world.until(core.flush());
    const reader = sub[Symbol.asyncIterator]();
    await reader.next();
    core._resub(sub, "secret");
    expect(kinds(await world.until(sub.closed))).toEqual(["PermissionViolationError"]);
    expect((await reader.next()).value.string()).toBe("1");
    expect(await outcome(() => reader.next())).toBe("PermissionViolationError");
  });

  it("is the first one, whoever tells another", async () => {
    const { world, core } = await scene();
    const sub = core.subscribe("never", { timeout: 20 });
    // Packages call it, too.
    const { callback } = sub as unknown as { callback(error: Error, msg: object): void };
    callback(new Error("first"), {});
    callback(new Error("second"), {});
    expect(await world.until(sub.closed)).toEqual(new Error("first"));
  });

  it("is thrown where it cannot be subscribed at all: nothing is subscribed to", async () => {
    const { core } = await scene();
    expect(await outcome(() => core.subscribe("a b"))).toBe("InvalidSubjectError");
    expect(await outcome(() => core.subscribe("s", { queue: "a b" }))).toBe("InvalidSubjectError");
    expect(await outcome(() => core.subscribe("s", { timeout: -1 }))).toBe("InvalidArgumentError");
    expect(await outcome(() => core.subscribe("s", { max: 0.5 }))).toBe("InvalidArgumentError");
    const noFunction = { callback: "text" } as never;
    expect(await outcome(() => core.subscribe("s", noFunction))).toBe("InvalidArgumentError");
    expect(() => core.subscribe("s", noFunction)).toThrow('The option "callback" must be a function');
  });
});

describe("a subscription that moved to another subject", () => {
  it("counts on, and its limit from there; that of unsubscribe counts from the beginning", async () => {
    const { world, core, send } = await sending();
    const seen: string[] = [];
    const subs = [1, 2].map(() =>
      core.subscribe("one", { callback: (_error, msg) => void seen.push(msg.subject) }),
    );
    const [limitedThere, limitedLater] = subs as [Subscription, Subscription];
    await send("one", 3);
    core._resub(limitedThere, "two", 2);
    core._resub(limitedLater, "two");
    expect(subs.map((sub) => [sub.getSubject(), sub.getReceived(), sub.getMax()])).toEqual([
      ["two", 3, 5],
      ["two", 3, undefined],
    ]);
    limitedLater.unsubscribe(4);
    expect(limitedLater.getMax()).toBe(4);
    await send("two", 1);
    expect(subs.map((sub) => [sub.getReceived(), sub.isClosed()])).toEqual([
      [4, false],
      [4, true],
    ]);
    expect(limitedThere.getMax()).toBe(5);
    limitedThere.unsubscribe(6);
    expect(limitedThere.getMax()).toBe(6);
    await send("two", 3);
    expect([limitedThere.getReceived(), limitedThere.isClosed()]).toEqual([6, true]);
    expect(await world.until(limitedThere.closed)).toBeUndefined();
    expect(seen.slice(6)).toEqual(["two", "two", "two", "two"]);
  });

  it.each([0, undefined])("has no limit any more by one of %s", async (max) => {
    const { core, send } = await sending();
    const sub = core.subscribe("one", { max: 4, callback: () => {} });
    await send("one", 2);
    core._resub(sub, "two", max);
    expect(sub.getMax()).toBeUndefined();
    await send("two", 4);
    expect([sub.getReceived(), sub.isClosed()]).toEqual([6, false]);
  });

  it("ends at once where it has had more than unsubscribe allows", async () => {
    const { core, send } = await sending();
    const sub = core.subscribe("one", { callback: () => {} });
    await send("one", 3);
    core._resub(sub, "two");
    sub.unsubscribe(2);
    expect([sub.isClosed(), sub.getReceived()]).toEqual([true, 3]);
  });

  it("goes on: neither its loop nor closed ends by the move, and its timeout is over", async () => {
    const { world, core, send } = await sending();
    const sub = core.subscribe("one", { timeout: 50 });
    let isClosed = false;
    void sub.closed.then(() => {
      isClosed = true;
    });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const msg of sub) seen.push(msg.subject);
    })();
    await send("one", 1);
    core._resub(sub, "two");
    await world.advance(1_000);
    await send("one", 1);
    await send("two", 1);
    expect([isClosed, sub.isClosed(), seen]).toEqual([false, false, ["one", "two"]]);
    sub.unsubscribe();
    await world.until(reading);
    await world.until(sub.closed);
  });
});

describe("a subscription whose reader is slow", () => {
  it("is reported each time that more wait than it said, once", async () => {
    const { world, core, send } = await sending();
    const told: [Subscription, number][] = [];
    void (async () => {
      for await (const status of core.status())
        if (status.type === "slowConsumer") told.push([status.sub, status.pending]);
    })();
    const sub = core.subscribe("s", { slow: 2 });
    const reader = sub[Symbol.asyncIterator]();
    const read = async (count: number) => {
      for (let n = 0; n < count; n++) await reader.next();
    };
    await send("s", 2);
    expect(told).toEqual([]);
    await send("s", 8);
    expect(told).toEqual([[sub, 3]]);
    await read(8);
    // More wait than it said all the time.
    await send("s", 3);
    expect(told).toHaveLength(1);
    await read(5);
    // Beside the one that the reader has: two, as many as may wait. And three.
    await send("s", 2);
    expect(told).toHaveLength(1);
    await send("s", 1);
    expect(told).toEqual([
      [sub, 3],
      [sub, 3],
    ]);
    await world.until(core.close());
  });

  it("counts a message that a waiting reader was given until the reader has it", async () => {
    const { world, core } = await sending();
    const sub = core.subscribe("s", { slow: 5 }) as CoreSubscriptionImpl;
    const reader = sub[Symbol.asyncIterator]();
    const first = reader.next();
    const msg = { queuedBytes: 1 } as CoreMsgImpl;
    sub.callback(null, msg);
    const given = sub.getPending();
    sub.callback(null, msg);
    const both = sub.getPending();
    await first;
    expect([given, both, sub.getPending()]).toEqual([1, 2, 1]);
    const last = [reader.next(), reader.next()];
    sub.callback(null, msg);
    await Promise.all(last);
    expect([sub.getReceived(), sub.getProcessed(), sub.getPending()]).toEqual([3, 3, 0]);
    await world.until(core.close());
  });

  it("is reported with the first message where none may wait", async () => {
    const { world, core, send } = await sending();
    const told: number[] = [];
    void (async () => {
      for await (const status of core.status()) if (status.type === "slowConsumer") told.push(status.pending);
    })();
    core.subscribe("s", { slow: 0 });
    await send("s", 2);
    await world.until(core.close());
    expect(told).toEqual([1]);
  });

  it("is not reported with a callback, nor where the messages are few", async () => {
    const { world, core, own, send } = await sending();
    const told: string[] = [];
    void (async () => {
      for await (const { type } of asNatsCore(own).status()) told.push(type);
    })();
    core.subscribe("s", { slow: 1, callback: () => {} });
    core.subscribe("s");
    await send("s", 100);
    await world.until(core.close());
    await world.advance(1_000);
    expect(told).toEqual(["close"]);
  });
});
