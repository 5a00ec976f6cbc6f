// A bug of the client's own: whatever throws where nobody may throw, the connection ends with an error that says so. It
// must not look alive when it is not. The world that a connection lives in breaks here, in each place once.

import { describe, expect, it } from "vitest";
import { Connection } from "../../src/api/connection.js";
import type { World } from "../../src/effects/world.js";
import { type ConnectionOptions, ErrorCode, type NatsError } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

const bug = new Error("nobody expects it");
const fails = () => {
  throw bug;
};

/** A connection in a world that breaks when it is told to. */
function scene(options: ConnectionOptions = {}) {
  const simulation = new Simulation();
  const cluster = simulation.cluster();
  const world = simulation.world();
  const nc = new Connection(world, {
    servers: [...cluster.urls],
    maxReconnectAttempts: -1,
    waitOnFirstConnect: true,
    ...options,
  });
  const breaks = (how: (world: World) => Partial<World>) => void Object.assign(world, how(world));
  return { simulation, cluster, nc, breaks };
}

/** The chart waits a second or more; what the outbound stream waits for is less. */
const A_SECOND = 1_000;

const broken: readonly (readonly [
  string,
  (world: World) => Partial<World>,
  cause: unknown,
  message: string,
])[] = [
  ["where a server is dialed", () => ({ dial: fails }), bug, "the effect openSocket failed"],
  [
    "where a timer is started",
    (world) => {
      const startTimer = world.startTimer.bind(world);
      return { startTimer: (ms, fired) => (ms < A_SECOND ? startTimer(ms, fired) : fails()) };
    },
    bug,
    "the effect startTimer failed",
  ],
  // Its time makes no sense, and the chart cannot count with it.
  [
    "in the chart",
    () => ({ now: () => Symbol("now") as never }),
    expect.any(TypeError),
    "the chart broke down",
  ],
];

describe("a bug", () => {
  it.each(broken)("%s, while it connects, rejects connect", async (_where, how, cause, message) => {
    const { simulation, nc, breaks } = scene();
    const started = nc.start();
    breaks(how);
    const failed = started.then(
      () => expect.unreachable("it connects"),
      (error: NatsError) => error,
    );
    simulation.clusters[0]?.node(0).crash();
    const error = await simulation.until(failed);
    expect(error.message).toContain(`a bug in nats-statechart: ${message}`);
    expect(error).toMatchObject({ code: "UNKNOWN_ERROR", cause });
    expect(nc.isClosed()).toBe(true);
    expect(simulation.running).toEqual({ timers: 0, sockets: 0 });
  });

  it.each(broken)(
    "%s, once it is connected, ends it, and all that waits",
    async (_where, how, cause, message) => {
      const { simulation, cluster, nc, breaks } = scene();
      await simulation.until(nc.start());
      const sub = nc.subscribe("a");
      const read = (async () => {
        for await (const _ of sub) expect.unreachable("nothing was published");
      })();
      const request = nc.request("a", "", { timeout: 3_600_000 }).catch(({ code }: NatsError) => code);
      const types: string[] = [];
      const statuses = (async () => {
        for await (const { type } of nc.status()) types.push(type);
      })();
      cluster.node(0).crash();
      breaks(how);
      const error = await simulation.until(nc.closed());
      expect(error?.message).toContain(`a bug in nats-statechart: ${message}`);
      expect(error).toMatchObject({ code: "UNKNOWN_ERROR", cause });
      await Promise.all([read, statuses]);
      expect(types.at(-1)).toBe("close");
      expect([await request, nc.info]).toEqual([ErrorCode.ConnectionClosed, undefined]);
      expect(() => nc.publish("a")).toThrow(expect.objectContaining({ code: ErrorCode.ConnectionClosed }));
      expect([nc.isClosed(), simulation.running]).toEqual([true, { timers: 0, sockets: 0 }]);
    },
  );

  it("in the chart, in the middle of an established connection, leaves no socket and no timer", async () => {
    const { simulation, cluster, nc, breaks } = scene({ onLameDuck: "migrate" });
    cluster.join();
    await simulation.until(nc.start());
    await simulation.advance(1_000);
    expect(simulation.running).toEqual({ timers: 1, sockets: 1 });
    breaks(() => ({ now: () => Symbol("now") as never }));
    cluster.node(0).lameDuck();
    expect((await simulation.until(nc.closed()))?.message).toContain("a bug in nats-statechart");
    expect(simulation.running).toEqual({ timers: 0, sockets: 0 });
    await simulation.advance(1_000);
    expect(cluster.node(0).clients).toBe(0);
  });

  it("in the chart, while an authenticator works, tells the authenticator that nobody waits", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const { simulation, cluster, nc, breaks } = scene({
      authenticator: (_nonce, signal) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    const started = nc.start().catch(({ message }: NatsError) => message);
    await simulation.advance(1_000);
    expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
    breaks(() => ({ now: () => Symbol("now") as never }));
    cluster.node(0).crash();
    expect(await simulation.until(started)).toContain("a bug in nats-statechart");
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });

  it("where a message is handed over is not swallowed: it is no nonsense of the server's", async () => {
    const { simulation, nc } = scene();
    await simulation.until(nc.start());
    const sub = nc.subscribe("a", { callback: () => {} });
    await simulation.until(nc.flush());
    Object.assign(sub, { deliver: fails });
    nc.publish("a");
    await expect(simulation.advance(1_000)).rejects.toBe(bug);
    await simulation.until(nc.close());
  });
});
