// A status comes when the connection is what the status says: whatever a listener asks then, by any getter, agrees.

import { describe, expect, it } from "vitest";
import type { ConnectionOptions, NatsConnection, ServersChanged, Status } from "../../src/index.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import { Simulation } from "../../src/testing/index.js";

/** What the getters say while a status is told. */
interface Seen {
  readonly status: Status;
  readonly server: string;
  readonly servers: readonly string[];
  readonly hasInfo: boolean;
  readonly isLameDuck: boolean;
  readonly isClosed: boolean;
}

/** Connects, and asks every getter at every status from then on. */
async function watched(world: Simulation, options: ConnectionOptions) {
  let nc: NatsConnection | undefined;
  const seen: Seen[] = [];
  const onStatus = (status: Status) => {
    if (nc === undefined) return;
    seen.push({
      status,
      server: nc.getServer(),
      servers: nc.getServers().map(({ listen }) => listen),
      hasInfo: nc.info !== undefined,
      isLameDuck: nc.info?.ldm === true,
      isClosed: nc.isClosed(),
    });
  };
  nc = await world.connect({ ...options, onStatus });
  const of = (type: string) => seen.filter(({ status }) => status.type === type);
  return { nc, seen, of };
}

const two = { noRandomize: true, maxReconnectAttempts: -1 } as const;

describe("a listener who asks the getters", () => {
  it("when connected to another server, is told that server, also after a move", async () => {
    const world = new Simulation();
    const cluster = world.cluster(3);
    const { nc, of } = await watched(world, { servers: cluster.urls, ...two, onLameDuck: "migrate" });
    const old = nc.getServer();
    world.nodeOf(nc)?.lameDuck();
    await world.advance(5_000);
    const [moved] = of("reconnect");
    expect(moved?.status.server).not.toBe(old);
    expect(moved).toMatchObject({ server: moved?.status.server, hasInfo: true, isLameDuck: false });
    expect(of("ldm")[0]).toMatchObject({ server: old, isLameDuck: true });
    world.nodeOf(nc)?.crash();
    await world.advance(60_000);
    expect(of("reconnect").length).toBe(2);
    for (const { status, server, hasInfo } of of("reconnect")) {
      expect([server, hasInfo]).toEqual([status.server, true]);
    }
  });

  it("when disconnected, is told the server that was lost, and no INFO", async () => {
    const world = new Simulation();
    const cluster = world.cluster(2);
    const { nc, of } = await watched(world, { servers: cluster.urls, ...two });
    const lost = nc.getServer();
    world.nodeOf(nc)?.crash();
    await world.advance(60_000);
    expect(of("disconnect")).toMatchObject([{ status: { server: lost }, server: lost, hasInfo: false }]);
    for (const { hasInfo } of of("reconnecting")) expect(hasInfo).toBe(false);
  });

  it("when servers join or leave the cluster, is told the servers that there are now", async () => {
    const world = new Simulation();
    const [first = ""] = world.cluster(3).urls;
    const { of } = await watched(world, { servers: first, ...two });
    world.inject({ type: "join" });
    await world.advance(5_000);
    world.inject({ type: "leave", node: 2 });
    await world.advance(5_000);
    const updates = of("update");
    expect(updates.map(({ status }) => (status.data as ServersChanged).added.length)).toEqual([1, 0]);
    for (const { status, servers } of updates) {
      const { added, deleted } = status.data as ServersChanged;
      expect(servers).toEqual(expect.arrayContaining(added));
      expect(servers.filter((server) => deleted.includes(server))).toEqual([]);
    }
  });

  it("when the last error ends the connection, is told that it is closed", async () => {
    const world = new Simulation();
    const ann = { user: "ann", pass: "secret" };
    const cluster = world.cluster(1, { users: [ann] });
    const { nc, seen } = await watched(world, { servers: cluster.urls, ...ann, reconnect: false });
    cluster.revoke(ann);
    await world.until(nc.closed());
    expect(seen.at(-1)).toMatchObject({ isClosed: true, hasInfo: false });
  });
});

it("a connection is closed as soon as it was asked to, before it has handed over its last bytes", async () => {
  const world = new Simulation();
  const nc = await world.connect({ servers: world.cluster().urls });
  nc.publish("last");
  const closing = nc.close();
  expect([nc.isClosed(), nc.info]).toEqual([true, undefined]);
  expect(() => nc.publish("too late")).toThrow(expect.objectContaining({ code: "CONNECTION_CLOSED" }));
  await world.until(closing);
});

it.each([5, 200])("rtt is the time to the server and back, over a way of %d ms", async (latency) => {
  const world = new Simulation({ latency: [latency, latency] });
  const nc = await world.connect({ servers: world.cluster().urls });
  const rtts = [nc, asNatsCore(nc)].map((one) => world.until(one.rtt()));
  expect(await Promise.all(rtts)).toEqual([2 * latency, 2 * latency]);
  await world.until(nc.close());
});

it("what a getter has given is the caller's: it does not change by itself, and the connection does not change with it", async () => {
  const world = new Simulation();
  const cluster = world.cluster(2);
  const nc = await world.connect({ servers: cluster.urls, record: true, pingInterval: 1_000 });
  nc.subscribe("a", { callback: () => {} });
  const getters: readonly (readonly [string, () => object, isConstant?: true])[] = [
    ["recording", () => nc.recording() as object],
    ["the events of recording", () => nc.recording()?.events as object],
    ["getServers", () => nc.getServers()],
    ["stats", () => nc.stats()],
    ["outboundStats", () => nc.outboundStats()],
    ["what waits of outboundStats", () => nc.outboundStats().waiting, true],
    ["what is unconfirmed of outboundStats", () => nc.outboundStats().unconfirmed, true],
    ["what is confirmed of outboundStats", () => nc.outboundStats().confirmed],
  ];
  for (const [name, get, isConstant = false] of getters) {
    const given = get();
    const before = structuredClone(given);
    nc.publish("a", "x");
    await world.advance(60_000);
    world.inject({ type: "join" });
    await world.advance(1_000);
    expect([name, given]).toEqual([name, before]);
    const now = structuredClone(get());
    expect([name, JSON.stringify(now) === JSON.stringify(before)]).toEqual([name, isConstant]);
    for (const key of Object.keys(given)) Object.assign(given, { [key]: undefined });
    expect([name, get()]).toEqual([name, now]);
  }
  await world.until(nc.close());
});
