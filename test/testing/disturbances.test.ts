// Disturbances as users of the package draw them: within what was asked for, survived by a client that does not give up, and
// shrunk, where a service has a bug, to the one disturbance that shows it.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NatsConnection, NatsError } from "../../src/index.js";
import { type Disturbance, disturbances, type Fault, Simulation } from "../../src/testing/index.js";

const kinds: readonly Fault["type"][] = [
  "crash",
  "powerOff",
  "pause",
  "cut",
  "vanish",
  "reset",
  "lameDuck",
  "greet",
  "mislead",
  "say",
  "expel",
  "slow",
  "isolate",
  "join",
  "leave",
  "lockOut",
];

/** The simplest list of disturbances for which that is true. */
function shortest(
  arbitrary: fc.Arbitrary<Disturbance[]>,
  isTrue: (list: readonly Disturbance[]) => boolean,
): Disturbance[] {
  const { counterexample } = fc.check(
    fc.property(arbitrary, (list) => !isTrue(list)),
    { seed: 1, numRuns: 2_000 },
  );
  if (counterexample === null) throw new Error("no list is like that");
  return counterexample[0];
}

/** Publishes a number every second for as long as it is told to. */
async function tick(world: Simulation, nc: NatsConnection, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await world.sleep(1_000);
    nc.publish("ticks", `${i}`);
  }
}

describe("disturbances", { timeout: 60_000 }, () => {
  it("stay within what was asked for, in the order of their times", () => {
    const seen = new Set<string>();
    const size = { servers: 2, clients: 3, within: 500, lasting: 20, most: 4, kinds };
    fc.assert(
      fc.property(disturbances(fc, size), (list) => {
        expect(list.length).toBeLessThanOrEqual(4);
        expect(list.map(({ at }) => at)).toEqual(list.map(({ at }) => at).sort((a, b) => a - b));
        for (const { at, fault } of list) {
          seen.add(fault.type);
          const { node, client, ms } = { node: null, client: 0, ms: 1, ...fault };
          expect(0 <= at && at <= 500).toBe(true);
          expect([null, 0, 1]).toContain(node);
          expect([0, 1, 2]).toContain(client);
          expect(1 <= ms && ms <= 20).toBe(true);
        }
      }),
      { seed: 1, numRuns: 500 },
    );
    expect([...seen].sort()).toEqual([...kinds].sort());
  });

  it("say what is wrong with a request that leaves nothing to choose from", () => {
    expect(() => disturbances(fc, { kinds: [] })).toThrow("kinds is empty");
    expect(() => disturbances(fc, { servers: 0 })).toThrow("servers is 0: it must be a whole number from 1");
    expect(() => disturbances(fc, { within: 0.5 })).toThrow("within is 0.5");
    expect(fc.sample(disturbances(fc, { most: 0 }), 1)).toEqual([[]]);
  });

  it("shrink to the one that matters, at once, as short and as simple as it can be", () => {
    const isLongPause = ({ fault }: Disturbance) => fault.type === "pause" && fault.ms > 1_000;
    expect(shortest(disturbances(fc), (list) => list.some(isLongPause))).toEqual([
      { at: 0, fault: { type: "pause", node: 0, ms: 1_001 } },
    ]);
    expect(shortest(disturbances(fc), (list) => list.length >= 2)).toEqual([
      { at: 0, fault: { type: "crash", node: 0, ms: 1 } },
      { at: 0, fault: { type: "crash", node: 0, ms: 1 } },
    ]);
    expect(shortest(disturbances(fc, { kinds }), (list) => list.some(({ at }) => at >= 7_000))).toEqual([
      { at: 7_000, fault: { type: "crash", node: 0, ms: 1 } },
    ]);
  });

  it("of the kinds that are drawn by default are survived by a client that does not give up", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), disturbances(fc, { clients: 2 }), async (seed, trouble) => {
        const world = new Simulation({ seed });
        const cluster = world.cluster(3);
        const options = { servers: cluster.urls, maxReconnectAttempts: -1, pingInterval: 10_000 };
        const [one, other] = [await world.connect(options), await world.connect(options)];
        const received: number[] = [];
        other.subscribe("ticks", { callback: (_error, msg) => void received.push(Number(msg.string())) });
        await world.until(other.flush());
        world.schedule(trouble);
        await world.until(tick(world, one, 90));
        world.heal();
        await world.advance(120_000);
        // What was on a wire that broke may be lost, and what a server that stood still had read comes late; nothing
        // comes twice, and now all comes.
        expect(received).toHaveLength(new Set(received).size);
        received.length = 0;
        await world.until(tick(world, one, 10));
        await world.advance(1_000);
        expect(received).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        // What was on a wire that broke is told before: by the first flush, or not at all.
        await world.until(one.flush().catch((error: NatsError) => expect(error.unconfirmed).toBeDefined()));
        await Promise.all([world.until(one.drain()), world.until(other.drain())]);
        expect(world.running).toEqual({ timers: 0, sockets: 0 });
      }),
      { seed: 7, numRuns: 40 },
    );
  });

  it("find the bug of a service that forgets to subscribe again to what it dropped, in one disturbance", async () => {
    // Its author thought that a new connection needs new subscriptions, and ends the old ones when one is lost.
    const forgetful = (nc: NatsConnection) => {
      const sub = nc.subscribe("ask", { callback: (_error, msg) => void msg.respond("answer") });
      void (async () => {
        for await (const status of nc.status()) if (status.type === "disconnect") sub.unsubscribe();
      })();
    };
    const answersAgain = fc.asyncProperty(disturbances(fc), async (trouble) => {
      const world = new Simulation();
      const options = { servers: world.cluster(3).urls, maxReconnectAttempts: -1 };
      const nc = await world.connect(options);
      forgetful(nc);
      const customer = await world.connect(options);
      world.schedule(trouble);
      await world.advance(600_000);
      const answer = await world.until(customer.request("ask", "", { timeout: 5_000 }));
      expect(answer.string()).toBe("answer");
    });
    const { failed, counterexample } = await fc.check(answersAgain, { seed: 3, numRuns: 100 });
    expect(failed).toBe(true);
    const list = counterexample?.[0] ?? [];
    expect(list).toHaveLength(1);
    expect(list[0]).toMatchObject({ at: 0, fault: { type: "crash", ms: 1 } });
  });
});
