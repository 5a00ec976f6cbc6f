// What a simulated world has of TLS and of those who lie about servers: certificates carry names, and a machine in the way of a
// server says what it likes until TLS begins.

import { describe, expect, it } from "vitest";
import type { NatsConnection, Status } from "../../src/index.js";
import { type Fault, Simulation } from "../../src/testing/index.js";

const lie: Fault & { type: "mislead" } = {
  type: "mislead",
  node: 0,
  by: "path",
  connectUrls: ["foreign.example:4222"],
  lameDuck: false,
  tls: "honest",
  cuts: false,
  ms: 60_000,
};

const names = (nc: NatsConnection) => nc.getServers().map(({ listen }) => listen);

async function misled(tls: "none" | "required", change: Partial<typeof lie>) {
  const world = new Simulation();
  const cluster = world.cluster(2, { tls, certificate: ["10.0.1.1"] });
  const statuses: Status[] = [];
  const nc = await world.connect({
    servers: cluster.node(0).address,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 1_000,
    onStatus: (status) => void statuses.push(status),
  });
  await world.advance(1_000);
  world.inject({ ...lie, ...change });
  await world.advance(1_000);
  return { world, cluster, nc, statuses };
}

describe("in a simulated world", () => {
  it("a client does not talk to a server whose certificate is for another host", async () => {
    const world = new Simulation();
    const cluster = world.cluster(1, { tls: "required", certificate: ["other.example"] });
    const connecting = world.connect({ servers: cluster.urls });
    await expect(connecting).rejects.toThrow("the certificate of the server is for another host");
    expect(world.running).toEqual({ timers: 0, sockets: 0 });
  });

  it("a server that wants TLS before its greeting greets inside TLS, though nobody has to say who they are", async () => {
    const world = new Simulation();
    const cluster = world.cluster(1, { tls: "first" });
    const nc = await world.connect({
      servers: cluster.urls,
      tls: { handshakeFirst: true },
      reconnect: false,
    });
    expect(nc.getServer()).toBe(cluster.node(0).address);
  });

  it("the certificate of a server carries the host of its address where nothing else is said", async () => {
    const world = new Simulation();
    const nc = await world.connect({ servers: world.cluster(1, { tls: "required" }).urls });
    expect(nc.info?.host).toBe("10.0.1.1");
  });

  it("somebody in the way of a server names others in the clear, at once, and until it is over", async () => {
    const { world, nc } = await misled("none", {});
    expect(names(nc)).toEqual(["10.0.1.1:4222", "foreign.example:4222"]);
    await world.advance(60_000);
    expect(names(nc)).toEqual(["10.0.1.1:4222", "10.0.1.2:4222"]);
  });

  it("nobody in the way of a server speaks inside TLS, but the server does", async () => {
    expect(names((await misled("required", {})).nc)).toEqual(["10.0.1.1:4222", "10.0.1.2:4222"]);
    expect(names((await misled("required", { by: "server" })).nc)).toEqual([
      "10.0.1.1:4222",
      "foreign.example:4222",
    ]);
  });

  it("somebody in the way of a server tells of a shutdown that is none", async () => {
    const { statuses } = await misled("none", { lameDuck: true });
    expect(statuses.map(({ type }) => type)).toContain("ldm");
  });

  it("a client that spoke TLS before goes on under TLS, though INFO says nothing of it", async () => {
    const { world, nc, statuses } = await misled("required", { tls: "none", connectUrls: [] });
    await world.until(nc.reconnect());
    await world.advance(5_000);
    expect(world.nodeOf(nc)?.address).not.toBe("10.0.1.1:4222");
    expect(statuses.some(({ error }) => error?.message.includes("does not offer it"))).toBe(true);
    await world.advance(60_000);
    await world.until(nc.flush());
  });

  it("a client that is told to begin TLS with a server that speaks none fails, and is back later", async () => {
    const { world, cluster, nc, statuses } = await misled("none", { tls: "required", connectUrls: [] });
    cluster.node(1).stop();
    await world.until(nc.reconnect());
    await world.advance(5_000);
    expect(statuses.some(({ error }) => error?.message.includes("does not speak TLS"))).toBe(true);
    await world.advance(60_000);
    await world.until(nc.flush());
  });

  it("a greeting is cut off behind INFO, and no connection that stands is", async () => {
    const { world, cluster, nc, statuses } = await misled("none", { cuts: true, connectUrls: [] });
    await world.until(nc.flush());
    cluster.node(1).stop();
    await world.until(nc.reconnect());
    await world.advance(5_000);
    expect(statuses.filter(({ error }) => error?.message.includes("reset")).length).toBeGreaterThan(0);
    expect(cluster.node(0).clients).toBe(0);
    await world.advance(60_000);
    await world.until(nc.flush());
  });
});
