// One subscription: what it tells the server, what a user gets, and how it ends. All of them together:
// subscription-table.test.ts. The scene is in subscription-scene.ts.

import { afterEach, describe, expect, test, vi } from "vitest";
import { ErrorCode, NatsError } from "../../src/api/errors.js";
import type { Msg } from "../../src/api/msg.js";
import { throwUncaught } from "../../src/api/uncaught.js";
import { bound, msg, readAll, Scene, stateOf, type Timer, uncaught } from "./subscription-scene.js";

const failure = new NatsError("no", ErrorCode.PermissionsViolation);

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a subscription is told to the server", () => {
  test("with its queue group and its limit", () => {
    const { subscribe, sent } = bound(new Scene());
    subscribe({ queue: "workers", max: 7 });
    expect(sent()).toEqual(["SUB work workers 1", "UNSUB 1 7"]);
  });

  test.each([0, -1])("max %i is no limit", (max) => {
    const { subscribe, sent } = bound(new Scene());
    const subscription = subscribe({ max, callback: () => {} });
    expect(sent()).toEqual(["SUB work 1"]);
    expect(subscription.getMax()).toBeUndefined();
    subscription.deliver(msg("x"));
    expect(subscription.isClosed()).toBe(false);
  });

  test("and what the user asked for can be read back", () => {
    const subscription = new Scene().subscribe({ queue: "workers", max: 7 });
    expect([subscription.getSubject(), subscription.queue, subscription.getMax()]).toEqual([
      "work",
      "workers",
      7,
    ]);
    expect([subscription.isDraining(), subscription.isClosed()]).toEqual([false, false]);
  });
});

describe("messages", () => {
  test("go to the callback of their number, and are counted", () => {
    const { table, subscribe } = bound(new Scene());
    const seen: unknown[] = [];
    const subscription = subscribe({ callback: (error, { subject }) => void seen.push([error, subject]) });
    table.get(1)?.deliver(msg("one"));
    table.get(2)?.deliver(msg("of nobody"));
    table.get(1)?.deliver(msg("two"));
    expect(seen).toEqual([
      [null, "one"],
      [null, "two"],
    ]);
    expect([subscription.getReceived(), subscription.getProcessed(), subscription.getPending()]).toEqual([
      2, 2, 0,
    ]);
  });

  test("that a tool hands over reach the callback uncounted, and so do its errors, which end nothing", () => {
    const seen: unknown[] = [];
    const subscription = new Scene().subscribe({
      callback: (error, { subject }) => void seen.push(error ?? subject),
    });
    subscription.callback(null, msg("made"));
    subscription.callback(failure, {} as Msg);
    expect(seen).toEqual(["made", failure]);
    expect([subscription.getReceived(), subscription.isClosed()]).toEqual([0, false]);
  });

  test("that a tool hands over wait for the loop, which an error ends", async () => {
    const subscription = new Scene().subscribe();
    const loop = subscription[Symbol.asyncIterator]();
    const first = loop.next();
    subscription.callback(null, msg("made"));
    expect(await first).toMatchObject({ value: { subject: "made" } });
    const second = loop.next();
    subscription.callback(failure, {} as Msg);
    await expect(second).rejects.toBe(failure);
    expect(subscription.isClosed()).toBe(true);
  });

  test("are counted before the callback gets them", () => {
    const counts: number[] = [];
    const subscription = bound(new Scene()).subscribe({
      callback: () => void counts.push(subscription.getReceived(), subscription.getProcessed()),
    });
    subscription.deliver(msg("one"));
    subscription.deliver(msg("two"));
    expect(counts).toEqual([1, 1, 2, 2]);
  });

  test("wait for a loop where there is no callback", async () => {
    const { subscribe } = bound(new Scene());
    const subscription = subscribe();
    subscription.deliver(msg("one"));
    subscription.deliver(msg("two"));
    expect([subscription.getReceived(), subscription.getProcessed(), subscription.getPending()]).toEqual([
      2, 0, 2,
    ]);
    const loop = subscription[Symbol.asyncIterator]();
    expect((await loop.next()).value.subject).toBe("one");
    expect([subscription.getProcessed(), subscription.getPending()]).toEqual([1, 2]);
  });

  test("cannot be had twice: a subscription with a callback is no iterator", () => {
    const subscription = new Scene().subscribe({ callback: () => {} });
    expect(() => subscription[Symbol.asyncIterator]()).toThrow(
      expect.objectContaining({
        code: ErrorCode.ApiError,
        message: "a subscription with a callback cannot be iterated",
      }),
    );
  });

  test("are counted to the limit: the last one ends the subscription", async () => {
    const { table, subscribe, sent } = bound(new Scene());
    const subscription = subscribe({ max: 2 });
    sent();
    subscription.deliver(msg("one"));
    expect(subscription.isClosed()).toBe(false);
    subscription.deliver(msg("two"));
    expect(subscription.isClosed()).toBe(true);
    expect(sent()).toEqual(["UNSUB 1"]);
    expect(table.size).toBe(0);
    expect(await readAll(subscription)).toEqual(["one", "two"]);
    expect(await stateOf(subscription.closed)).toBe("settled");
  });

  test("whose callback throws are an uncaught exception, and the next is delivered", () => {
    const { subscribe } = bound(new Scene());
    const thrown = uncaught();
    const subscription = subscribe({
      callback: () => {
        throw new RangeError("user code");
      },
    });
    subscription.deliver(msg("one"));
    subscription.deliver(msg("two"));
    expect(subscription.getReceived()).toBe(2);
    expect(thrown().map(String)).toEqual(["RangeError: user code", "RangeError: user code"]);
  });
});

describe("unsubscribe", () => {
  test("ends it at once, and tells the server once", async () => {
    const { subscribe, sent } = bound(new Scene());
    const subscription = subscribe({ callback: () => {} });
    expect(await stateOf(subscription.closed)).toBe("pending");
    sent();
    subscription.unsubscribe();
    subscription.unsubscribe();
    expect(sent()).toEqual(["UNSUB 1"]);
    expect(await stateOf(subscription.closed)).toBe("settled");
    expect([subscription.isClosed(), subscription.isDraining()]).toEqual([true, false]);
  });

  test("of one that has ended changes no limit", () => {
    const { subscribe, sent } = bound(new Scene());
    const subscription = subscribe({ max: 5 });
    subscription.unsubscribe();
    sent();
    subscription.unsubscribe(9);
    expect([sent(), subscription.getMax()]).toEqual([[], 5]);
  });

  test.each([
    [0, 2],
    [1, 2],
    [2, 2],
  ])("%i after %i messages ends it at once", (max, received) => {
    const { subscribe, sent } = bound(new Scene());
    const subscription = subscribe({ callback: () => {} });
    for (let count = 0; count < received; count++) subscription.deliver(msg("x"));
    sent();
    subscription.unsubscribe(max);
    expect(sent()).toEqual(["UNSUB 1"]);
    expect(subscription.isClosed()).toBe(true);
  });

  test("3 after 2 messages takes one more", () => {
    const { subscribe, sent } = bound(new Scene());
    const subscription = subscribe({ callback: () => {} });
    subscription.deliver(msg("x"));
    subscription.deliver(msg("x"));
    sent();
    subscription.unsubscribe(3);
    expect([sent(), subscription.getMax(), subscription.isClosed()]).toEqual([["UNSUB 1 3"], 3, false]);
    subscription.deliver(msg("x"));
    expect([sent(), subscription.isClosed()]).toEqual([["UNSUB 1"], true]);
  });

  test.each([-1, 1.5, Number.NaN])("%d is refused, also when it has ended", (max) => {
    const subscription = new Scene().subscribe();
    const refuses = () =>
      expect(() => subscription.unsubscribe(max)).toThrow(/max.*a whole number of messages/s);
    refuses();
    expect(subscription.isClosed()).toBe(false);
    subscription.unsubscribe();
    refuses();
  });

  test("lets a loop have what had arrived, and is closed when the loop has taken it", async () => {
    const subscription = new Scene().subscribe();
    const loop = subscription[Symbol.asyncIterator]();
    subscription.deliver(msg("one"));
    subscription.deliver(msg("two"));
    await loop.next();
    subscription.unsubscribe();
    expect(await stateOf(subscription.closed)).toBe("pending");
    expect((await loop.next()).value.subject).toBe("two");
    expect(await loop.next()).toEqual({ done: true, value: undefined });
    expect(await stateOf(subscription.closed)).toBe("settled");
  });

  test("happens by itself when the loop is left", async () => {
    const { subscribe, sent } = bound(new Scene());
    const subscription = subscribe();
    subscription.deliver(msg("one"));
    sent();
    for await (const _ of subscription) break;
    expect(sent()).toEqual(["UNSUB 1"]);
    expect(subscription.isClosed()).toBe(true);
    expect(await stateOf(subscription.closed)).toBe("settled");
  });

  test("happens when the signal is aborted, unless it has ended", () => {
    const { subscribe, sent } = bound(new Scene());
    const abort = new AbortController();
    const listeners = vi.spyOn(abort.signal, "removeEventListener");
    const first = subscribe({ signal: abort.signal });
    const second = subscribe({ signal: abort.signal });
    second.unsubscribe();
    expect(listeners).toHaveBeenCalledTimes(1);
    sent();
    abort.abort();
    expect([sent(), first.isClosed()]).toEqual([["UNSUB 1"], true]);
  });
});

describe("timeout", () => {
  test("without a message in time it ends with an error, in the callback", () => {
    const { table, timers, subscribe, sent } = bound(new Scene());
    const seen: unknown[] = [];
    const subscription = subscribe({
      timeout: 250,
      callback: (...args) => void seen.push(args),
    });
    sent();
    const [timer] = timers as Set<Timer>;
    expect(timer?.ms).toBe(250);
    timers.clear();
    timer?.fired();
    expect(seen).toEqual([
      [
        expect.objectContaining({ code: ErrorCode.Timeout, message: 'no message on "work" within 250 ms' }),
        {},
      ],
    ]);
    expect([sent(), subscription.isClosed(), table.size]).toEqual([["UNSUB 1"], true, 0]);
  });

  test("without a message in time the loop throws", async () => {
    const { timers, subscribe } = bound(new Scene());
    const read = readAll(subscribe({ timeout: 250 }));
    for (const timer of timers) timer.fired();
    await expect(read).rejects.toMatchObject({ code: ErrorCode.Timeout });
  });

  test("is over with the first message, and with the end", () => {
    const { timers, subscribe } = bound(new Scene());
    const first = subscribe({ timeout: 250, callback: () => {} });
    const second = subscribe({ timeout: 250, callback: () => {} });
    expect(timers.size).toBe(2);
    first.deliver(msg("one"));
    expect(timers.size).toBe(1);
    second.unsubscribe();
    expect(timers.size).toBe(0);
  });

  test("a timer is stopped once", () => {
    const scene = new Scene();
    const stopTimer = vi.spyOn(scene.table.world, "stopTimer");
    const subscription = scene.subscribe({ timeout: 250, callback: () => {} });
    subscription.deliver(msg("one"));
    subscription.deliver(msg("two"));
    subscription.unsubscribe();
    scene.subscribe({ callback: () => {} }).unsubscribe();
    expect(stopTimer).toHaveBeenCalledTimes(1);
  });

  test.each([0, -1])("%i is none", (timeout) => {
    const { timers, subscribe } = bound(new Scene());
    subscribe({ timeout });
    expect(timers.size).toBe(0);
  });
});

describe("drain", () => {
  test("unsubscribes, and ends when the server has seen it; what comes until then is delivered", async () => {
    const { pings, subscribe, sent } = bound(new Scene());
    const seen: string[] = [];
    const subscription = subscribe({ callback: (_error, { subject }) => void seen.push(subject) });
    sent();
    const drained = subscription.drain();
    expect([sent(), subscription.isDraining(), subscription.isClosed()]).toEqual([
      ["UNSUB 1", "PING"],
      true,
      false,
    ]);
    subscription.deliver(msg("late"));
    expect(await stateOf(drained)).toBe("pending");
    pings[0]?.answered();
    await drained;
    expect([seen, subscription.isClosed()]).toEqual([["late"], true]);
  });

  test("asked for twice is one drain", async () => {
    const { pings, subscribe } = bound(new Scene());
    const subscription = subscribe({ callback: () => {} });
    const drained = subscription.drain();
    expect(subscription.drain()).toBe(drained);
    pings[0]?.answered();
    await drained;
    expect(subscription.drain()).toBe(drained);
    expect(pings).toHaveLength(1);
  });

  test("that an error ends is over once, and what it gave is kept", async () => {
    const { pings, subscribe } = bound(new Scene());
    const callback = vi.fn();
    const subscription = subscribe({ callback });
    const drained = subscription.drain();
    subscription.fail(failure);
    expect([subscription.isClosed(), subscription.isDraining()]).toEqual([true, true]);
    pings[0]?.answered();
    await drained;
    expect([subscription.drain() === drained, subscription.isDraining()]).toEqual([true, true]);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test("of one that has ended, or of a closed connection, is refused", async () => {
    const { table, subscribe } = bound(new Scene());
    const subscription = subscribe();
    subscription.unsubscribe();
    await expect(subscription.drain()).rejects.toMatchObject({ code: ErrorCode.SubClosed });
    const other = subscribe();
    table.close();
    await expect(other.drain()).rejects.toMatchObject({ code: ErrorCode.ConnectionClosed });
  });

  test("is what `await using` does, where there is something to drain", async () => {
    const { table, pings, subscribe } = bound(new Scene());
    const subscription = subscribe({ callback: () => {} });
    const disposed = subscription[Symbol.asyncDispose]();
    expect(await stateOf(disposed)).toBe("pending");
    pings[0]?.answered();
    await disposed;
    await subscription[Symbol.asyncDispose]();
    const ended = subscribe();
    ended.unsubscribe();
    await ended[Symbol.asyncDispose]();
    const other = subscribe();
    table.close();
    await other[Symbol.asyncDispose]();
    expect(pings).toHaveLength(1);
  });
});

describe("an error", () => {
  test("ends it: the callback gets it, once", () => {
    const { table, subscribe, sent } = bound(new Scene());
    const callback = vi.fn();
    const subscription = subscribe({ callback });
    sent();
    subscription.fail(failure);
    subscription.fail(failure);
    expect(callback.mock.calls).toEqual([[failure, {}]]);
    expect([subscription.isClosed(), table.size, sent()]).toEqual([true, 0, []]);
  });

  test("ends it: the loop throws it, after what had arrived", async () => {
    const subscription = new Scene().subscribe();
    subscription.deliver(msg("one"));
    subscription.fail(failure);
    const loop = subscription[Symbol.asyncIterator]();
    expect((await loop.next()).value.subject).toBe("one");
    await expect(loop.next()).rejects.toBe(failure);
  });

  test("whose callback throws is an uncaught exception", () => {
    const thrown = uncaught();
    new Scene()
      .subscribe({
        callback: () => {
          throw new RangeError("user code");
        },
      })
      .fail(failure);
    expect(thrown().map(String)).toEqual(["RangeError: user code"]);
  });
});

test("what a user's code throws leaves in a turn of its own", () => {
  const thrown = uncaught();
  throwUncaught(new RangeError("user code"));
  expect(thrown().map(String)).toEqual(["RangeError: user code"]);
});
