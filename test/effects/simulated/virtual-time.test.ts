import { beforeEach, describe, expect, it } from "vitest";
import { VirtualTime } from "../../../src/effects/simulated/virtual-time.js";

describe("virtual time", () => {
  let time: VirtualTime;
  let log: string[];

  beforeEach(() => {
    time = new VirtualTime();
    log = [];
  });

  const note = (what: string) => () => void log.push(`${time.elapsed()} ${what}`);

  it("passes only when told to, and no further", async () => {
    time.startTimer(10, note("a"));
    time.startTimer(30, note("b"));
    await time.advance(20);
    expect(log).toEqual(["10 a"]);
    expect(time.elapsed()).toBe(20);
    await time.advance(10);
    expect(log).toEqual(["10 a", "30 b"]);
  });

  it("keeps the order of times, and of asking where they are the same", async () => {
    for (const ms of [5, 3, 9, 3, 1, 9]) time.startTimer(ms, note(`of ${ms}`));
    time.startTimer(3, note("last of 3"));
    await time.advance(10);
    expect(log).toEqual(["1 of 1", "3 of 3", "3 of 3", "3 last of 3", "5 of 5", "9 of 9", "9 of 9"]);
  });

  it("orders many timers as a sorted list would", async () => {
    const expected: number[] = [];
    const seen: number[] = [];
    for (let i = 0; i < 500; i++) {
      const ms = (i * 7_919) % 1_009;
      const timer = time.startTimer(ms, () => seen.push(ms));
      if (i % 3 === 0) time.stopTimer(timer);
      else expected.push(ms);
    }
    expect(time.planned).toBe(expected.length);
    await time.advance(2_000);
    expect(seen).toEqual(expected.sort((one, other) => one - other));
    expect(time.planned).toBe(0);
  });

  it("stops timers, also those that fired or were stopped", async () => {
    const timer = time.startTimer(10, note("never"));
    time.stopTimer(timer);
    time.stopTimer(timer);
    const fired = time.startTimer(5, note("once"));
    await time.advance(20);
    time.stopTimer(fired);
    expect(log).toEqual(["5 once"]);
    expect(time.planned).toBe(0);
  });

  it("lets every promise that an event settles run to its end before the next event", async () => {
    const longChain = async () => {
      for (let i = 0; i < 1_000; i++) await null;
      queueMicrotask(note("microtask"));
    };
    time.startTimer(1, () => void longChain());
    time.startTimer(1, note("next event"));
    await time.advance(2);
    expect(log).toEqual(["1 microtask", "1 next event"]);
  });

  it("runs deferred calls after the event, as Node runs its next ticks, also those deferred by a promise", async () => {
    time.startTimer(1, () => {
      void Promise.resolve()
        .then(note("promise"))
        .then(() => time.defer(note("deferred by a promise")));
      time.defer(note("deferred"));
      note("event")();
    });
    time.startTimer(1, note("next event"));
    await time.advance(1);
    expect(log).toEqual(["1 event", "1 deferred", "1 promise", "1 deferred by a promise", "1 next event"]);
  });

  it("passes until a promise is settled, and not a moment longer", async () => {
    time.startTimer(50, note("later"));
    const promise = new Promise<string>((resolve) => void time.startTimer(20, () => resolve("done")));
    expect(await time.until(promise)).toBe("done");
    expect(time.elapsed()).toBe(20);
    expect(log).toEqual([]);
    await expect(time.until(Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  });

  it("gives up on a promise that nothing settles, at the limit or when nothing is planned any more", async () => {
    const tick = () => void time.startTimer(1_000, tick);
    tick();
    await expect(time.until(new Promise(() => {}), 10_000)).rejects.toThrow("not settled within 10000 ms");
    await expect(new VirtualTime().until(new Promise(() => {}))).rejects.toThrow("not settled");
  });

  it("is shared by several who let it pass", async () => {
    for (let ms = 1; ms <= 5; ms++) time.startTimer(ms, note("tick"));
    const third = new Promise<void>((resolve) => void time.startTimer(3, resolve));
    await Promise.all([time.until(third).then(note("third")), time.advance(5)]);
    expect(log.filter((line) => line.endsWith("tick"))).toHaveLength(5);
    expect(log).toContain("3 third");
  });

  it("throws what an event throws", async () => {
    time.startTimer(1, () => {
      throw new Error("in the event");
    });
    await expect(time.advance(5)).rejects.toThrow("in the event");
  });

  it("says so when events cause each other in a loop that time never leaves", async () => {
    const again = () => void time.startTimer(0, again);
    again();
    await expect(time.advance(5)).rejects.toThrow("time stands still");
    const other = new VirtualTime();
    const deferred = () => other.defer(deferred);
    other.startTimer(1, deferred);
    await expect(other.advance(5)).rejects.toThrow("time stands still");
  });

  it("counts what happened, what is planned, and what is deferred", async () => {
    for (const ms of [10, 30]) time.startTimer(ms, note("event"));
    time.stopTimer(time.startTimer(20, note("never")));
    expect([time.steps, time.planned, time.hasDeferred]).toEqual([0, 2, false]);
    await time.advance(10);
    expect([time.steps, time.planned]).toEqual([1, 1]);
    time.defer(note("deferred"));
    expect(time.hasDeferred).toBe(true);
    await time.advance(20);
    expect([time.steps, time.planned, time.hasDeferred]).toEqual([2, 0, false]);
    expect(log).toEqual(["10 event", "10 deferred", "30 event"]);
  });

  it("begins at a time as the real world could have it", () => {
    expect(new Date(time.now()).toISOString()).toBe("2020-01-01T00:00:00.000Z");
    expect(time.elapsed()).toBe(0);
  });

  it("does not go back: a timer of less than nothing fires now", async () => {
    await time.advance(10);
    time.startTimer(-5, note("now"));
    await time.advance(0);
    expect(log).toEqual(["10 now"]);
  });

  it("refuses what is no number of milliseconds, and no promise, where it is asked for", async () => {
    const nan = "a timer of NaN milliseconds: what was that computed from?";
    expect(() => time.startTimer(Number.NaN, note("never"))).toThrow(new RangeError(nan));
    await expect(time.advance(-1)).rejects.toThrow("ms is -1: it must be a number of milliseconds");
    await expect(time.advance("1" as never)).rejects.toThrow('ms is "1": it must be');
    const limit = "limit is NaN: it must be a number of milliseconds";
    await expect(time.until(Promise.resolve(), Number.NaN)).rejects.toThrow(limit);
    for (const nothing of [undefined, null, 1, {}]) {
      const waited = time.until(nothing as never);
      await expect(waited).rejects.toThrow(/^what is waited for is .*: it must be a promise$/);
    }
    expect([time.planned, time.elapsed()]).toEqual([0, 0]);
  });

  it("waits for a promise an hour, where nobody says how long, and says how long it was", async () => {
    const tick = () => void time.startTimer(60_000, tick);
    tick();
    const error = await time.until(new Promise(() => {})).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "NotSettled", limit: 3_600_000 });
    expect(error).toHaveProperty("message", expect.stringContaining("see world.sleep"));
    expect(time.elapsed()).toBe(3_600_000);
    expect(await time.until(new Promise((resolve) => time.startTimer(10, () => resolve("late"))), 10)).toBe(
      "late",
    );
  });

  it("lets whoever waited see what it waited for, before the next event of the same time", async () => {
    const promises = ["first", "second"].map(
      (name) => new Promise<string>((resolve) => void time.startTimer(5, () => resolve(name))),
    );
    time.startTimer(5, note("third event"));
    await Promise.all(promises.map((promise) => time.until(promise).then((name) => note(name)())));
    expect(log).toEqual(["5 first", "5 second"]);
    const later = new Promise<void>((resolve) => void time.startTimer(1, resolve));
    time.startTimer(2, note("event after it"));
    await Promise.all([time.until(later).then(note("later")), time.advance(2)]);
    expect(log.slice(2)).toEqual(["5 third event", "6 later", "7 event after it"]);
  });

  it("lets the real world have its say in a long simulation", async () => {
    let turns = 0;
    const turn = () => {
      turns++;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    for (let ms = 1; ms <= 5_000; ms++) time.startTimer(ms, () => {});
    await time.advance(5_000);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(5);
    expect(turns).toBeLessThan(100);
  });

  it("takes many events at one time for no standstill, however many came before", async () => {
    for (const ms of [0, 5, 10]) for (let i = 0; i < 40_000; i++) time.startTimer(ms, () => {});
    await time.advance(20);
    expect(time.steps).toBe(120_000);
  });

  it("lets one who has what it waited for go on before the next event, also where both wait for the same", async () => {
    const first = new Promise<void>((resolve) => void time.startTimer(1, resolve));
    for (const ms of [1, 2, 3]) time.startTimer(ms, note("event"));
    const advanced = time.advance(2).then(note("advanced"));
    await time.until(first).then(note("first"));
    await advanced;
    expect(log).toEqual(["1 first", "1 event", "2 event", "2 advanced"]);
  });

  it("passes on the first reason to halt, and does not pass at all afterwards", async () => {
    time.halt(new Error("first"));
    time.halt(new Error("second"));
    time.startTimer(1, note("never"));
    await expect(time.advance(5)).rejects.toThrow("first");
    await expect(time.until(Promise.resolve())).rejects.toThrow("first");
    expect([log, time.elapsed()]).toEqual([[], 0]);
  });

  it("passes no more once it is halted", async () => {
    time.startTimer(5, () => time.halt(new Error("enough")));
    time.startTimer(10, note("never"));
    await expect(time.advance(20)).rejects.toThrow("enough");
    await expect(time.advance(20)).rejects.toThrow("enough");
    expect(log).toEqual([]);
  });
});
