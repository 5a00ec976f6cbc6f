// The queue in which the connections of a process dial, in virtual time: how many, how fast, in which order, and that nobody
// waits for ever. With real sockets: test/integration/herd.test.ts.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DialLimits, DialQueue, type Turn } from "../../../src/effects/node/dial-queue.js";
import { VirtualTime } from "../../../src/effects/simulated/virtual-time.js";

const limits: DialLimits = { atOnce: 100, longest: 500, pace: { atOnce: 50, interval: 1 } };

interface Began {
  readonly server: string;
  readonly at: number;
}

class Scene {
  readonly time = new VirtualTime();
  readonly queue: DialQueue;
  readonly began: Began[] = [];
  readonly told: string[] = [];

  constructor(some: Partial<DialLimits> = {}) {
    this.queue = new DialQueue(this.time, () => this.time.elapsed(), { ...limits, ...some });
  }

  /** Asks for a turn, which ends after that time by itself; never where none is given. */
  ask(server: string, lasts?: number): Turn {
    const told = {
      queued: () => void this.told.push(`queued ${server}`),
      dialing: () => void this.told.push(`dialing ${server}`),
    };
    const turn = this.queue.ask(server, told, () => {
      this.began.push({ server, at: this.time.elapsed() });
      // A dial never ends synchronously.
      if (lasts !== undefined) this.time.startTimer(lasts, () => turn.end());
    });
    return turn;
  }

  of(server: string): readonly number[] {
    return this.began.filter((one) => one.server === server).map(({ at }) => at);
  }
}

describe("a dial", () => {
  it("begins at once, and is told nothing, where nobody else dials", () => {
    const scene = new Scene();
    scene.ask("a");
    expect(scene.began).toEqual([{ server: "a", at: 0 }]);
    expect(scene.told).toEqual([]);
    expect(scene.time.planned).toBe(0);
  });

  it("is told that it waits, and when it begins", async () => {
    const scene = new Scene({ pace: { atOnce: 1, interval: 10 } });
    scene.ask("a");
    scene.ask("b");
    expect(scene.told).toEqual(["queued b"]);
    await scene.time.advance(9);
    expect(scene.of("b")).toEqual([]);
    await scene.time.advance(1);
    expect(scene.told).toEqual(["queued b", "dialing b"]);
    expect(scene.of("b")).toEqual([10]);
  });

  it("that is not wanted any more never begins, and leaves no timer", async () => {
    const scene = new Scene({ atOnce: 1 });
    scene.ask("a");
    const [b, c] = [scene.ask("b"), scene.ask("b")];
    b.end();
    expect(scene.queue.waiting).toBe(1);
    c.end();
    c.end();
    expect([scene.queue.waiting, scene.time.planned]).toEqual([0, 0]);
    await scene.time.advance(10_000);
    expect(scene.of("b")).toEqual([]);
  });

  it("that is given up when it is told that it begins does not begin", async () => {
    const scene = new Scene({ atOnce: 1 });
    const first = scene.ask("a");
    let hasBegun = false;
    const turn: Turn = scene.queue.ask("b", { queued: () => {}, dialing: () => turn.end() }, () => {
      hasBegun = true;
    });
    first.end();
    await scene.time.advance(10_000);
    expect([hasBegun, scene.time.planned]).toEqual([false, 0]);
  });

  it("begins when another one ends, not when that would have counted no more", async () => {
    const scene = new Scene({ atOnce: 1 });
    scene.ask("a", 20);
    scene.ask("b");
    await scene.time.advance(30);
    expect(scene.of("b")).toEqual([20]);
  });
});

describe("a server that says nothing", () => {
  // 5,000 dials that never end, and 100 at a time: without a limit for each, the others would never begin.
  const deadly = () => {
    const scene = new Scene();
    for (let i = 0; i < 5_000; i++) scene.ask("dead");
    return scene;
  };

  it("keeps the connections to another one waiting for the length of a turn, not for its own queue", async () => {
    const scene = deadly();
    await scene.time.advance(1_000);
    const asked = scene.time.elapsed();
    for (let i = 0; i < 10; i++) scene.ask("alive", 5);
    await scene.time.advance(20_000);
    const [first = Number.NaN] = scene.of("alive");
    expect(first - asked).toBeLessThanOrEqual(limits.longest);
    // Then every other turn is theirs: between the first and the last there are nine of the others.
    const between = scene.began.filter(({ at, server }) => server === "dead" && at > first).length;
    expect(scene.of("alive")).toHaveLength(10);
    expect(between).toBeGreaterThan(1_000);
    const last = scene.of("alive").at(-1) as number;
    expect(
      scene.began.filter(({ at, server }) => server === "dead" && at >= first && at <= last).length,
    ).toBeLessThan(limits.atOnce + 10);
  });

  it("is dialed by all who want to: after the length of a turn the next ones begin", async () => {
    const scene = deadly();
    await scene.time.advance((5_000 / limits.atOnce) * limits.longest);
    expect(scene.of("dead")).toHaveLength(5_000);
    expect(scene.time.planned).toBe(0);
  });
});

describe("whatever is asked for", () => {
  interface Ask {
    readonly at: number;
    readonly server: string;
    /** Undefined: never. */
    readonly lasts: number | undefined;
    /** After how long it is given up; undefined: never. */
    readonly patience: number | undefined;
  }

  const asks = fc.array(
    fc.record({
      at: fc.nat({ max: 300 }),
      server: fc.constantFrom("a", "b", "c", "d"),
      lasts: fc.option(fc.nat({ max: 80 }), { nil: undefined }),
      patience: fc.option(fc.nat({ max: 200 }), { nil: undefined, freq: 6 }),
    }),
    { maxLength: 60, size: "max" },
  );
  const someLimits = fc.record({
    atOnce: fc.integer({ min: 1, max: 10 }),
    longest: fc.integer({ min: 1, max: 50 }),
    pace: fc.record({ atOnce: fc.integer({ min: 1, max: 10 }), interval: fc.nat({ max: 10 }) }),
  });

  async function play(given: DialLimits, all: readonly Ask[]) {
    const scene = new Scene(given);
    const { time } = scene;
    const spans: { from: number; to: number }[] = [];
    let begunOrGivenUp = 0;
    for (const { at, server, lasts, patience } of all)
      time.startTimer(at, () => {
        let span: { from: number; to: number } | undefined;
        let isSettled = false;
        const end = () => {
          if (!isSettled) begunOrGivenUp++;
          isSettled = true;
          if (span !== undefined) span.to = Math.min(span.to, time.elapsed());
          turn.end();
        };
        const turn: Turn = scene.queue.ask(server, { queued: () => {}, dialing: () => {} }, () => {
          if (!isSettled) begunOrGivenUp++;
          isSettled = true;
          span = { from: time.elapsed(), to: time.elapsed() + given.longest };
          spans.push(span);
          if (lasts !== undefined) time.startTimer(lasts, end);
        });
        if (patience !== undefined) time.startTimer(patience, end);
      });
    await time.advance(
      500 + all.length * (given.longest + given.pace.interval) + given.pace.atOnce * given.pace.interval,
    );
    return { spans, begunOrGivenUp, scene };
  }

  it("no more than so many begin in any time, no more than so many last, and all of them begin", async () => {
    await fc.assert(
      fc.asyncProperty(someLimits, asks, async (given, all) => {
        const { spans, begunOrGivenUp, scene } = await play(given, all);
        expect(begunOrGivenUp).toBe(all.length);
        expect([scene.queue.waiting, scene.time.planned]).toEqual([0, 0]);
        const { atOnce, pace } = given;
        for (const [first, { from }] of spans.entries()) {
          const isOn = (span: { from: number; to: number }) => span.from <= from && from < span.to;
          expect(spans.filter(isOn).length).toBeLessThanOrEqual(atOnce);
          if (pace.interval === 0) continue;
          for (const [later, { from: to }] of spans.slice(first + 1).entries())
            expect(later + 2).toBeLessThanOrEqual(pace.atOnce + (to - from) / pace.interval);
        }
      }),
      { numRuns: 60 },
    );
  });
});
