// The torture test itself is tested: it repeats itself, it finds bugs that are planted, and it shrinks what it finds.

import fc from "fast-check";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Outbound } from "../../src/effects/outbound.js";
import { Pongs } from "../../src/effects/pings.js";
import { SimulatedWorld } from "../../src/effects/simulated/world.js";
import { decodeText } from "../../src/effects/wire/text.js";
import type { Transport } from "../../src/effects/world.js";
import { drawPlan } from "../../src/testing/draw-plan.js";
import {
  type ClientPlan,
  type Fault,
  type Plan,
  plans,
  type SimulationEvent,
  shrinkPlan,
  simulate,
} from "../../src/testing/index.js";
import { lineOf } from "../../src/testing/simulate.js";
import { firstFailure } from "./first-failure.js";

describe("simulate", { timeout: 60_000 }, () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("does the same for the same seed, to the last event", async () => {
    const size = { acts: 40, faults: 6, duration: 60_000 };
    for (const seed of [11, 12, 13]) {
      const [one, other] = [await simulate({ seed, ...size }), await simulate({ seed, ...size })];
      expect(one.events.length).toBeGreaterThan(10);
      expect(one.events).toEqual(other.events);
      expect(one.counts).toEqual(other.counts);
    }
  });

  it("runs a plan that went through JSON, and reports each event as it happens", async () => {
    const plan = JSON.parse(JSON.stringify(drawPlan(21))) as Plan;
    const seen: unknown[] = [];
    const report = await simulate({ seed: 21, plan, onEvent: (event) => seen.push(event) });
    expect(seen).toEqual(report.events);
    expect(report.events).toEqual((await simulate({ seed: 21 })).events);
  });

  it("is as large as it is told to be", () => {
    const plan = drawPlan(1, { servers: 5, clients: 4, duration: 1_000, acts: 7, faults: 0 });
    expect(plan).toMatchObject({ servers: 5, duration: 1_000 });
    expect([plan.clients.length, plan.entries.length]).toEqual([4, 7]);
  });

  const calm = { faults: 0, acts: 30 };

  it("finds a message that is damaged in an outage, names the seed, and shrinks to a short story", async () => {
    const { hold, publish, release } = Outbound.prototype;
    let isDown = false;
    vi.spyOn(Outbound.prototype, "hold").mockImplementation(function (this: Outbound) {
      isDown = true;
      hold.call(this);
    });
    vi.spyOn(Outbound.prototype, "release").mockImplementation(function (this: Outbound, sink) {
      isDown = false;
      release.call(this, sink);
    });
    vi.spyOn(Outbound.prototype, "publish").mockImplementation(function (
      this: Outbound,
      subject,
      payload,
      ...more
    ) {
      publish.call(this, subject, isDown ? "damaged" : payload, ...more);
    });
    const failure = await firstFailure(200, { clients: 1 });
    expect(failure.broken).toContain("sends what it was not given");
    expect(failure.message).toContain(`npm run simulate -- --seed ${failure.seed}`);
    const shrunk = await shrinkPlan(failure);
    expect(shrunk.broken).toContain("sends what it was not given");
    expect(shrunk.plan.entries.length).toBeLessThan(6);
  });

  it("finds a timer that is left running", async () => {
    vi.spyOn(SimulatedWorld.prototype, "stopTimer").mockImplementation(() => {});
    expect((await firstFailure(5, calm)).broken).toMatch(/is closed, but has \d+ timers/);
  });

  it("finds a promise that is never settled", async () => {
    vi.spyOn(Pongs.prototype, "fail").mockImplementation(() => {});
    expect((await firstFailure(200)).broken).toContain("leaves unsettled");
  });

  it("finds a server that is not told of the end of a member of a queue group", async () => {
    const forever = { pingInterval: 60_000, timeout: 60_000, reconnect: true, verbose: false };
    const { options, list: _, ...client } = drawPlan(1, { clients: 1 }).clients[0] as ClientPlan;
    const to = { client: 0, to: "work" } as const;
    const plan: Plan = {
      ...drawPlan(1, { clients: 1, servers: 1, duration: 60_000, acts: 0, faults: 0 }),
      clients: [{ ...client, options: { ...options, ...forever }, credentials: { type: "none" } }],
      entries: [
        {
          at: 5_000,
          act: { ...to, type: "subscribe", max: null, iterates: false, ms: 5_000, end: "unsubscribe" },
        },
        { at: 15_000, act: { ...to, type: "publish", count: 1, size: 10, headers: false, flush: true } },
      ],
    };
    expect((await simulate({ seed: 1, plan })).counts).toMatchObject({ worked: 0, lost: 0 });
    const { dial } = SimulatedWorld.prototype;
    vi.spyOn(SimulatedWorld.prototype, "dial").mockImplementation(function (this: SimulatedWorld, ...to) {
      const transport = dial.apply(this, to);
      const write: Transport["write"] = (bytes, written) => {
        if (!/^UNSUB \d+\r\n$/.test(decodeText(bytes, 0, bytes.length)))
          return transport.write(bytes, written);
        written?.();
        return true;
      };
      return Object.create(transport, { write: { value: write } }) as Transport;
    });
    const broken = expect.stringMatching(/^message c0:0 to subscription 4 .* has not said so there$/);
    await expect(simulate({ seed: 1, plan })).rejects.toMatchObject({ broken });
  });

  it("knows why each message of a queue group is lost that is", async () => {
    const { counts } = await simulate({ seed: 1, acts: 60 });
    expect(counts.worked).toBeGreaterThan(10);
    expect(counts.lost).toBeLessThan(counts.worked);
  });

  describe("finds a dead connection that is taken for a living one", () => {
    const [silent, patient] = [60_000, 300_000];
    const { options, list: _, ...client } = drawPlan(1, { clients: 1 }).clients[0] as ClientPlan;
    const moving = { ...options, reconnect: true, noRandomize: true, ignoreClusterUpdates: false };
    const pings = { pingInterval: 1_000, maxPingOut: 2, timeout: patient };
    const calm: ClientPlan = {
      ...client,
      options: { ...moving, ...pings, onLameDuck: "migrate" },
      credentials: { type: "none" },
      chooses: null,
      knows: 2,
    };
    const entry = (at: number, act: Fault) => ({ at, act });
    /** While it moves away from a lame duck, it loses that, and the other server does not answer. */
    const plan: Plan = {
      ...drawPlan(1, { clients: 1, servers: 2, duration: silent, acts: 0, faults: 0 }),
      clients: [calm],
      entries: [
        entry(5_000, { type: "cut", client: 0, node: 1, ms: silent }),
        entry(5_000, { type: "lameDuck", node: 0, grace: silent, ms: silent }),
        entry(6_000, { type: "cut", client: 0, node: 0, ms: silent }),
      ],
    };

    it("since nobody asks any more while it moves", async () => {
      const path = "../../src/machine/guards.js";
      // Files share modules: the next one must not get a chart with that guard.
      onTestFinished(() => {
        vi.doUnmock(path);
        vi.resetModules();
      });
      vi.resetModules();
      vi.doMock(path, async (original) => {
        const { guards } = await original<typeof import("../../src/machine/guards.js")>();
        const pingIsDue: typeof guards.pingIsDue = (asked) =>
          asked.context.next === null && guards.pingIsDue(asked);
        return { guards: { ...guards, pingIsDue } };
      });
      const planted = await import("../../src/testing/index.js");
      const broken = expect.stringMatching(/^c0 takes the server at its socket 1 for alive, which has said/);
      await expect(planted.simulate({ seed: 1, plan })).rejects.toMatchObject({ broken });
    });

    it("and nothing where PINGs go on", async () => {
      const { events } = await simulate({ seed: 1, plan });
      expect(events.some(({ what }) => what.startsWith("status staleConnection"))).toBe(true);
    });
  });

  it("finds a client that does not come back", async () => {
    vi.spyOn(Outbound.prototype, "release").mockImplementation(() => {});
    const { broken } = await firstFailure(5, calm);
    expect(broken).toMatch(/does not come back|neither comes back nor ends|never out|unsettled/);
  });

  describe("does not blame a client", () => {
    const { options, list: _, ...client } = drawPlan(1, { clients: 1 }).clients[0] as ClientPlan;
    const steady = { maxReconnectAttempts: -1, ignoreClusterUpdates: false, ignoreAuthErrorAbort: true };
    const calm: ClientPlan = {
      ...client,
      options: { ...options, ...steady, reconnect: true, waitOnFirstConnect: true, onLameDuck: "notify" },
      credentials: { type: "none" },
      chooses: null,
      delay: null,
    };
    const planOf = (servers: number, its: Partial<ClientPlan>, entries: Plan["entries"]): Plan => ({
      ...drawPlan(1, { clients: 1, servers, duration: 60_000, acts: 0, faults: 0 }),
      server: { tls: "none" },
      clients: [{ ...calm, knows: servers, ...its }],
      entries,
    });
    const reconnect = (at: number) => ({ at, act: { type: "reconnect", client: 0 } }) as const;

    it("for a fault that would come after the trouble is over", async () => {
      const late = { at: 61_000, act: { type: "leave", node: 0 } } as const;
      const alone = { knows: 1, options: { ...calm.options, ignoreClusterUpdates: true } };
      await expect(simulate({ seed: 1, plan: planOf(2, alone, [late]) })).resolves.toBeDefined();
    });

    it("that does not dial a server whose name contains its password", async () => {
      const issued = { type: "issued", ms: 1_000_000, takes: 0, fails: 0 } as const;
      const join = { at: 50_000, act: { type: "join" } } as const;
      const plan = planOf(2, { credentials: issued }, [reconnect(10_000), reconnect(30_000), join]);
      await expect(simulate({ seed: 1, plan })).resolves.toBeDefined();
    });

    it("that believes a stranger on the port of its server", async () => {
      const text = `INFO {"server_id":"x","version":"2.9.10","max_payload":1000,"connect_urls":["ok.example:4222"]}\r\n`;
      const greet = { type: "greet", node: 0, handshake: { type: "other", text }, ms: 20_000 } as const;
      const other = { ...greet, node: 1 } as const;
      const entries = [{ at: 5_000, act: greet }, { at: 5_000, act: other }, reconnect(10_000)];
      const plan = planOf(2, {}, entries);
      const { events } = await simulate({ seed: 1, plan });
      expect(events.some(({ what }) => what.includes("ok.example"))).toBe(true);
    });
  });

  it("prints nothing that steers a terminal, whatever a server says", async () => {
    const say: Fault = { type: "say", client: 0, text: "-ERR '\u001b[2Jgone\u009b\u202e'\r\n" };
    const plan = {
      ...drawPlan(1, { clients: 1, servers: 1, acts: 0, faults: 0 }),
      entries: [{ at: 5_000, act: say }],
    };
    const { events } = await simulate({ seed: 1, plan });
    const told = events.map(lineOf).filter((line) => line.includes("gone") && line.includes("status error"));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("\\x1b[2Jgone\\x9b\\u202e");
    const onEvent = ({ who }: SimulationEvent) => {
      if (who === "world") throw new Error("\u001b[2J");
    };
    const failure = simulate({ seed: 1, plan, onEvent });
    await expect(failure).rejects.toMatchObject({ broken: "\\x1b[2J" });
  });

  it("makes plans for fast-check that shrink to fewer entries", () => {
    const isShort = fc.property(plans(fc), (plan) => plan.entries.length < 3);
    const { counterexample } = fc.check(isShort, { seed: 1 });
    expect(counterexample?.[0].entries).toHaveLength(3);
  });
});
