// A scripted outage as users of the package write it: faults that are injected, scheduled and healed, code that connects
// and waits by itself, and several clusters.

import { describe, expect, it } from "vitest";
import { type ConnectionOptions, ErrorCode, type NatsConnection } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

const stubborn = { maxReconnectAttempts: -1 } as const;

/** What a connection says of itself, and when, in milliseconds of virtual time. */
function watch(world: Simulation, options: ConnectionOptions): [ConnectionOptions, string[]] {
  const told: string[] = [];
  const onStatus: ConnectionOptions["onStatus"] = ({ type }) => {
    if (type === "disconnect" || type === "reconnect")
      told.push(`${Math.round(world.elapsed / 1_000)} s ${type}`);
  };
  return [{ ...options, onStatus }, told];
}

describe("a scripted outage", () => {
  it("begins when it is scheduled, counted from then, and ends by itself", async () => {
    const world = new Simulation();
    const [options, told] = watch(world, { servers: world.cluster().urls, ...stubborn, pingInterval: 1_000 });
    await world.connect(options);
    await world.advance(10_000);
    world.schedule([
      { at: 60_000, fault: { type: "crash", node: 0, ms: 30_000 } },
      { at: 5_000, fault: { type: "reset", client: 0 } },
    ]);
    await world.advance(200_000);
    expect(told).toEqual([
      "15 s disconnect",
      expect.stringMatching(/^1[5-8] s reconnect$/),
      "70 s disconnect",
      expect.stringMatching(/^10[0-3] s reconnect$/),
    ]);
  });

  it("is over when it is healed, and what was still to come does not come", async () => {
    const world = new Simulation();
    const cluster = world.cluster(2);
    const [options, told] = watch(world, { servers: cluster.urls, ...stubborn });
    await world.connect(options);
    world.schedule([
      { at: 1_000, fault: { type: "crash", node: 0, ms: 3_600_000 } },
      { at: 1_000, fault: { type: "crash", node: 1, ms: 3_600_000 } },
      { at: 9_000, fault: { type: "leave", node: 1 } },
      { at: 20_000, fault: { type: "reset", client: 0 } },
    ]);
    await world.advance(10_000);
    expect(cluster.nodes.map(({ isRunning }) => isRunning)).toEqual([false]);
    world.heal();
    expect(cluster.nodes.map(({ isRunning }) => isRunning)).toEqual([true, true]);
    await world.advance(60_000);
    expect(told).toEqual(["1 s disconnect", expect.stringMatching(/^1[0-3] s reconnect$/)]);
  });

  it("befalls the clients in the order in which they were connected", async () => {
    const world = new Simulation();
    const servers = world.cluster(1).urls;
    const [options, first] = watch(world, { servers, ...stubborn });
    const [others, second] = watch(world, { servers, ...stubborn });
    await world.connect(options);
    await world.connect(others);
    world.inject({ type: "reset", client: 1 });
    await world.advance(10_000);
    expect([first.length, second.length]).toEqual([0, 2]);
  });

  it("befalls the first of several clusters, or the one that is named", async () => {
    const world = new Simulation();
    expect(() => world.inject({ type: "join" })).toThrow("there is no cluster yet");
    const [here, there] = [world.cluster(1), world.cluster(1)];
    const [options, first] = watch(world, { servers: here.urls, ...stubborn });
    const [others, second] = watch(world, { servers: there.urls, ...stubborn });
    await world.connect(options);
    await world.connect(others);
    world.inject({ type: "crash", node: 0, ms: 1_000 });
    await world.advance(10_000);
    expect([first.length, second.length]).toEqual([2, 0]);
    world.inject({ type: "crash", node: 0, ms: 1_000 }, there);
    await world.advance(10_000);
    expect([first.length, second.length]).toEqual([2, 2]);
    world.schedule([{ at: 0, fault: { type: "crash", node: 0, ms: 1_000 } }], there);
    await world.advance(10_000);
    expect([first.length, second.length]).toEqual([2, 4]);
  });

  it("is lived through by code that connects and waits by itself", async () => {
    const world = new Simulation();
    const cluster = world.cluster(1);
    const service = async (connect: (options: ConnectionOptions) => Promise<NatsConnection>) => {
      const nc = await connect({ servers: cluster.urls, ...stubborn });
      for (let i = 0; i < 5; i++) {
        nc.publish("beats", `${i}`);
        await world.sleep(60_000);
      }
      await nc.drain();
      return world.elapsed;
    };
    world.schedule([{ at: 90_000, fault: { type: "crash", node: 0, ms: 60_000 } }]);
    const elapsed = await world.until(service((options) => world.dial(options)));
    expect(elapsed).toBeGreaterThanOrEqual(300_000);
    expect(elapsed).toBeLessThan(310_000);
    expect(world.running).toEqual({ timers: 0, sockets: 0 });
  });

  it("knows clients of the same name apart, and where each is connected", async () => {
    const world = new Simulation();
    const cluster = world.cluster(2);
    const [a, b] = cluster.nodes.map(({ address }) => ({
      servers: address,
      name: "orders",
      ignoreClusterUpdates: true,
    }));
    const [one, other] = [await world.connect(a), await world.connect(b)];
    expect([world.nodeOf(one), world.nodeOf(other)]).toEqual([cluster.node(0), cluster.node(1)]);
    cluster.node(0).crash();
    await world.advance(100);
    expect([world.nodeOf(one), world.nodeOf(other)]).toEqual([undefined, cluster.node(1)]);
  });

  it("rejects options and signals as connect does, and ends a user who is revoked", async () => {
    const world = new Simulation();
    const ann = { user: "ann", pass: "secret" };
    const cluster = world.cluster(1, { users: [ann] });
    await expect(world.dial({ port: "4222" } as never)).rejects.toMatchObject({
      code: ErrorCode.InvalidOption,
    });
    await expect(world.dial({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: ErrorCode.Cancelled,
    });
    const nc = await world.connect({ servers: cluster.urls, ...ann });
    cluster.revoke(ann);
    expect(await world.until(nc.closed())).toMatchObject({ code: ErrorCode.AuthorizationViolation });
  });

  it("tells a client that is greeted strangely why it is not let in", async () => {
    const world = new Simulation();
    const cluster = world.cluster();
    cluster.node(0).greetNext({ type: "refusing", error: "maximum connections exceeded" });
    await expect(world.connect({ servers: cluster.urls })).rejects.toThrow("maximum connections exceeded");
    await world.connect({ servers: cluster.urls });
  });
});
