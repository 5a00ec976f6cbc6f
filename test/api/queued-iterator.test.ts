// The iterator that an owner pushes into and one consumer reads. Counting is compared with nats@2.29.3.

import * as fc from "fast-check";
import { QueuedIteratorImpl } from "nats/lib/nats-base-client/queued_iterator.js";
import { describe, expect, it, vi } from "vitest";
import { ErrorCode } from "../../src/api/errors.js";
import { QueuedIterator } from "../../src/api/queued-iterator.js";
import { heldAfter } from "../harness/held.js";

/** Reads until the end, into an array that can be looked at meanwhile. */
function reader<T>(source: AsyncIterable<T>): { got: T[]; done: Promise<T[]> } {
  const got: T[] = [];
  const done = (async () => {
    for await (const value of source) got.push(value);
    return got;
  })();
  return { got, done };
}

/** Everything that microtasks can do is done. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function filled(...values: number[]): QueuedIterator<number> {
  const iterator = new QueuedIterator<number>();
  for (const value of values) iterator.push(value);
  return iterator;
}

describe("reading", () => {
  it("yields values in their order, whether they came before, while or after somebody waits", async () => {
    const iterator = filled(1, 2);
    const { got, done } = reader(iterator);
    await settled();
    iterator.push(3);
    iterator.push(4);
    await settled();
    expect(got).toEqual([1, 2, 3, 4]);
    iterator.push(5);
    iterator.stop();
    expect(await done).toEqual([1, 2, 3, 4, 5]);
  });

  it("loses nothing that is pushed or stopped inside the loop, unlike the reference client", async () => {
    const iterator = filled(1);
    const got: number[] = [];
    for await (const value of iterator) {
      got.push(value);
      if (value === 1) {
        iterator.push(2);
        iterator.push(3);
        iterator.stop();
      }
    }
    expect(got).toEqual([1, 2, 3]);
  });

  it("keeps order and values through any interleaving of pushes and pulls", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant("pull" as const))),
        async (steps) => {
          const iterator = new QueuedIterator<number>();
          const pulled: Promise<IteratorResult<number, undefined>>[] = [];
          let pushed = 0;
          for (const step of steps) {
            if (step === "pull") pulled.push(iterator.next());
            else for (let i = 0; i < step; i++) iterator.push(pushed++);
          }
          iterator.stop();
          const results = await Promise.all(pulled);
          for (let last = await iterator.next(); last.done !== true; last = await iterator.next())
            results.push(last);
          const values = results.filter((result) => result.done !== true).map((result) => result.value);
          expect(values).toEqual(Array.from({ length: pushed }, (_, i) => i));
          expect(iterator.getProcessed()).toBe(pushed);
        },
      ),
    );
  });

  it("holds a burst much larger than its first ring", async () => {
    const iterator = new QueuedIterator<number>();
    const { got, done } = reader(iterator);
    const bursts = [20_000, 20_000, 3, 20_000];
    for (const burst of bursts) {
      for (let i = 0; i < burst; i++) iterator.push(i);
      await settled();
    }
    iterator.stop();
    await done;
    expect(got).toEqual(bursts.flatMap((burst) => Array.from({ length: burst }, (_, i) => i)));
  });

  it("carries undefined and null as any other value", async () => {
    const iterator = new QueuedIterator<unknown>();
    for (const value of [undefined, null, 0]) iterator.push(value);
    iterator.stop();
    expect(await reader(iterator).done).toEqual([undefined, null, 0]);
  });
});

describe("stop", () => {
  it("lets waiting values through and then ends the loop", async () => {
    const iterator = filled(1, 2);
    iterator.stop();
    expect(iterator.push(3)).toBe(false);
    expect(await reader(iterator).done).toEqual([1, 2]);
  });

  it("ends a loop that waits", async () => {
    const iterator = filled();
    const { done } = reader(iterator);
    await settled();
    iterator.stop();
    expect(await done).toEqual([]);
  });

  it("lets waiting values through and then throws the error, once", async () => {
    const reason = new Error("no permission");
    const iterator = filled(1, 2);
    const { got, done } = reader(iterator);
    iterator.stop(reason);
    await expect(done).rejects.toBe(reason);
    expect(got).toEqual([1, 2]);
    const other = filled();
    other.stop(reason);
    await expect(other.next()).rejects.toBe(reason);
    expect(await other.next()).toEqual({ done: true, value: undefined });
  });

  it("throws the error into a loop that waits, and into one that is busy", async () => {
    const reason = new Error("no permission");
    const waiting = filled();
    const { done } = reader(waiting);
    await settled();
    waiting.stop(reason);
    await expect(done).rejects.toBe(reason);
    const busy = filled(1);
    const loop = (async () => {
      for await (const _ of busy) busy.stop(reason);
    })();
    await expect(loop).rejects.toBe(reason);
  });

  it("counts only the first time", async () => {
    const iterator = filled(1);
    iterator.stop();
    iterator.stop(new Error("too late"));
    expect(await reader(iterator).done).toEqual([1]);
  });
});

describe("leaving", () => {
  it("tells the owner once, and takes nothing more", async () => {
    const onDone = vi.fn();
    const iterator = new QueuedIterator<number>({ onDone });
    iterator.push(1);
    iterator.push(2);
    for await (const _ of iterator) break;
    expect(onDone).toHaveBeenCalledTimes(1);
    expect([iterator.stopped, iterator.push(3), iterator.getPending(), iterator.consuming]).toEqual([
      true,
      false,
      0,
      false,
    ]);
    iterator.stop(new Error("unheard"));
    expect(onDone).toHaveBeenCalledTimes(1);
  });

  it("happens too when the loop throws", async () => {
    const onDone = vi.fn();
    const iterator = new QueuedIterator<number>({ onDone });
    iterator.push(1);
    const loop = (async () => {
      for await (const value of iterator) throw new Error(`bad ${value}`);
    })();
    await expect(loop).rejects.toThrow("bad 1");
    expect(onDone).toHaveBeenCalledTimes(1);
  });

  it("ends calls of next() that wait", async () => {
    const iterator = filled();
    const waiting = [iterator.next(), iterator.next()];
    expect(await iterator.return()).toEqual({ done: true, value: undefined });
    expect(await Promise.all(waiting)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  it("tells the owner when the last value was taken after stop(), or the error thrown", async () => {
    for (const reason of [undefined, new Error("reason")]) {
      const onDone = vi.fn();
      const iterator = new QueuedIterator<number>({ onDone });
      const { done } = reader(iterator);
      await settled();
      iterator.push(1);
      iterator.push(2);
      iterator.stop(reason);
      expect(onDone).not.toHaveBeenCalled();
      const [ended] = await Promise.allSettled([done]);
      expect(ended).toEqual(
        reason === undefined ? { status: "fulfilled", value: [1, 2] } : { status: "rejected", reason },
      );
      expect(onDone).toHaveBeenCalledTimes(1);
    }
  });

  it("is what stop() reports when nobody ever iterated; the values can still be read", async () => {
    const onDone = vi.fn();
    const iterator = new QueuedIterator<number>({ onDone });
    iterator.push(1);
    iterator.stop();
    expect(onDone).toHaveBeenCalledTimes(1);
    expect(await reader(iterator).done).toEqual([1]);
    expect(onDone).toHaveBeenCalledTimes(1);
  });
});

describe("a second consumer", () => {
  const refused = expect.objectContaining({ name: "NatsError", code: ErrorCode.ApiError });

  it("is refused while a loop runs, and after it, as in the reference client; the first goes on", async () => {
    for (const iterator of [new QueuedIterator<number>(), new QueuedIteratorImpl<number>()]) {
      const { got, done } = reader(iterator);
      await settled();
      await expect(reader(iterator).done).rejects.toMatchObject({ code: ErrorCode.ApiError });
      iterator.push(1);
      await settled();
      expect(got).toEqual([1]);
      iterator.stop();
      await done;
      await expect(reader(iterator).done).rejects.toMatchObject({ code: ErrorCode.ApiError });
    }
  });

  it("cannot end what the first reads", async () => {
    const iterator = filled(1);
    const first = iterator[Symbol.asyncIterator]();
    await first.next();
    const second = iterator[Symbol.asyncIterator]();
    await expect(second.next()).rejects.toEqual(refused);
    expect(await second.return?.()).toEqual({ done: true, value: undefined });
    await expect(iterator.next()).rejects.toEqual(refused);
    iterator.push(2);
    expect(await first.next()).toEqual({ done: false, value: 2 });
  });

  it("is not what a loop over a started iterator is: that goes on where it was", async () => {
    const iterator = filled(1, 2, 3);
    const started = iterator[Symbol.asyncIterator]();
    expect(await started.next()).toEqual({ done: false, value: 1 });
    iterator.stop();
    expect(await reader(started).done).toEqual([2, 3]);
  });
});

describe("counts", () => {
  it("say what was received, what was given out, and what waits or is being worked on, as in the reference client", async () => {
    const story = async (iterator: QueuedIterator<number> | QueuedIteratorImpl<number>) => {
      const seen: unknown[] = [];
      const look = (what: string) => seen.push([what, iterator.getProcessed(), iterator.getPending()]);
      look("new");
      for (const value of [1, 2, 3]) iterator.push(value);
      look("pushed");
      const loop = (async () => {
        for await (const value of iterator) {
          look(`working on ${value}`);
          await settled();
          look(`still working on ${value}`);
        }
      })();
      await settled();
      await settled();
      await settled();
      await settled();
      look("idle");
      iterator.push(4);
      await settled();
      iterator.stop();
      await loop;
      look("ended");
      return seen;
    };
    expect(await story(new QueuedIterator<number>())).toEqual(await story(new QueuedIteratorImpl<number>()));
  });

  it("count every value pushed until stop() as received", () => {
    const iterator = filled(1, 2);
    iterator.stop();
    iterator.push(3);
    expect(iterator.getReceived()).toBe(2);
  });
});

describe("a limit", () => {
  it("drops the newest value and says so, by default", async () => {
    const onOverflow = vi.fn();
    const iterator = new QueuedIterator<number>({ limit: 2, onOverflow });
    expect([1, 2, 3].map((value) => iterator.push(value))).toEqual([true, true, false]);
    expect(onOverflow.mock.calls).toEqual([[3]]);
    expect([iterator.getReceived(), iterator.getPending()]).toEqual([3, 2]);
    iterator.stop();
    expect(await reader(iterator).done).toEqual([1, 2]);
  });

  it("drops the oldest value where asked to", async () => {
    const onOverflow = vi.fn();
    const iterator = new QueuedIterator<number>({ limit: 2, drop: "oldest", onOverflow });
    expect([1, 2, 3, 4].map((value) => iterator.push(value))).toEqual([true, true, true, true]);
    expect(onOverflow.mock.calls).toEqual([[1], [2]]);
    iterator.stop();
    expect(await reader(iterator).done).toEqual([3, 4]);
  });

  it("of bytes drops as a limit of values does, and lets a value in that is larger, alone", async () => {
    const sizeOf = (value: number) => value;
    const newest = new QueuedIterator<number>({ limitBytes: 10, sizeOf });
    expect([6, 5, 4, 1].map((value) => newest.push(value))).toEqual([true, false, true, false]);
    expect(newest.waitingBytes).toBe(10);
    const oldest = new QueuedIterator<number>({ limitBytes: 10, sizeOf, drop: "oldest" });
    for (const value of [6, 4, 5, 20, 1]) oldest.push(value);
    expect([oldest.getPending(), oldest.waitingBytes]).toEqual([1, 1]);
    expect(await newest.next()).toEqual({ done: false, value: 6 });
    expect([newest.waitingBytes, newest.push(6), newest.waitingBytes]).toEqual([4, true, 10]);
    await newest.return();
    expect(newest.waitingBytes).toBe(0);
  });

  it("can mark the oldest value that is left with the number of those dropped, once", async () => {
    const mark = (value: string, dropped: number) => `${value} after ${dropped}`;
    const iterator = new QueuedIterator<string>({ limit: 2, drop: "oldest", mark });
    for (const value of ["a", "b", "c", "d"]) iterator.push(value);
    iterator.stop();
    expect(await reader(iterator).done).toEqual(["c after 2", "d"]);
  });

  it("does not count what a waiting consumer gets at once", async () => {
    for (const drop of ["newest", "oldest"] as const) {
      const iterator = new QueuedIterator<number>({ limit: 0, drop });
      expect(iterator.push(1)).toBe(false);
      const next = iterator.next();
      expect(iterator.push(2)).toBe(true);
      expect(await next).toEqual({ done: false, value: 2 });
    }
  });
});

describe("whenConsumed", () => {
  it("waits until the consumer comes back for more after the last value", async () => {
    const iterator = filled(1, 2);
    const events: string[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const loop = (async () => {
      for await (const value of iterator) {
        if (value === 2) await gate;
        events.push(`handled ${value}`);
      }
    })();
    await settled();
    const consumed = iterator.whenConsumed().then(() => events.push("consumed"));
    await settled();
    expect(events).toEqual(["handled 1"]);
    release();
    await consumed;
    expect(events).toEqual(["handled 1", "handled 2", "consumed"]);
    iterator.stop();
    await loop;
  });

  it("resolves at once where nobody iterates, or the consumer waits already", async () => {
    const iterator = filled(1);
    expect(iterator.consuming).toBe(false);
    await iterator.whenConsumed();
    const { done } = reader(iterator);
    await settled();
    expect(iterator.consuming).toBe(true);
    await iterator.whenConsumed();
    iterator.stop();
    await done;
    expect(iterator.consuming).toBe(false);
    await iterator.whenConsumed();
  });

  it("resolves when the consumer leaves, ends, or gets an error, whatever still waits", async () => {
    for (const leave of ["break", "throw", "stop", "error"] as const) {
      const iterator = filled(1, 2, 3);
      const consumed: Promise<void>[] = [];
      const loop = (async () => {
        for await (const _ of iterator) {
          consumed.push(iterator.whenConsumed());
          if (leave === "stop") iterator.stop();
          if (leave === "error") iterator.stop(new Error("reason"));
          if (leave === "break") break;
          if (leave === "throw") throw new Error("bad");
        }
      })();
      const [{ status } = {}] = await Promise.allSettled([loop]);
      expect([leave, status]).toEqual([
        leave,
        leave === "break" || leave === "stop" ? "fulfilled" : "rejected",
      ]);
      expect(consumed).toHaveLength(leave === "break" || leave === "throw" ? 1 : 3);
      await Promise.all([...consumed, iterator.whenConsumed()]);
    }
  });
});

describe("a consumer that has a value", () => {
  it("is held until it comes back, leaves, or reaches the end", async () => {
    for (const leave of ["next", "return", "end"] as const) {
      const iterator = filled(1);
      expect(iterator.isHeld).toBe(false);
      await iterator.next();
      expect(iterator.isHeld).toBe(true);
      if (leave === "end") iterator.stop();
      if (leave === "return") await iterator.return();
      else void iterator.next();
      expect(iterator.isHeld).toBe(false);
    }
  });

  it("is held again by each value, also by one that was waited for", async () => {
    const iterator = filled();
    const waiting = iterator.next();
    expect(iterator.isHeld).toBe(false);
    iterator.push(1);
    await waiting;
    expect([iterator.isHeld, iterator.getPending()]).toEqual([true, 1]);
  });

  it("is not waited for once it is let go, and can read on", async () => {
    const iterator = filled(1, 2);
    await iterator.next();
    const consumed = iterator.whenConsumed();
    iterator.letGo();
    await consumed;
    expect(iterator.isHeld).toBe(false);
    await iterator.whenConsumed();
    iterator.stop();
    expect(await iterator.next()).toEqual({ done: false, value: 2 });
    expect((await iterator.next()).done).toBe(true);
  });
});

describe("what is over is not held", () => {
  const iterator = new QueuedIterator<object>();

  it("of a consumer who comes back for each value, and for the next one", async () => {
    const held = await heldAfter({
      values: async () => {
        const values = { first: {}, second: {}, third: {} };
        for (const value of Object.values(values)) iterator.push(value);
        for (const _ of Object.values(values)) await iterator.next();
        return values;
      },
    });
    expect([held, iterator.getPending()]).toEqual([[], 1]);
  });

  it("of a consumer who leaves what waits", async () => {
    const held = await heldAfter({
      values: async () => {
        const values = { first: {}, second: {} };
        for (const value of Object.values(values)) iterator.push(value);
        await iterator.return();
        return values;
      },
    });
    expect([held, iterator.getPending()]).toEqual([[], 0]);
  });
});
