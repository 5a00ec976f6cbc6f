// How many messages a subscription still takes, as its server knows it: over a reconnect, a server counts anew. In the
// simulated world, whose servers can be asked. Nothing is more than the client's own limit either way; but what a
// server sends beyond it is lost to the other members of a queue group.

import { expect, test } from "vitest";
import type { NatsConnection } from "../../src/api/nats-connection.js";
import { Simulation } from "../../src/testing/index.js";

/** A cluster, a client that takes messages, and one that sends them. */
async function two(servers = 1) {
  const world = new Simulation({ seed: 7 });
  const cluster = world.cluster(servers);
  const options = {
    servers: cluster.urls,
    noRandomize: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 0,
  };
  const taker = await world.connect({ ...options, name: "taker", onLameDuck: "migrate" });
  const sender = await world.connect({ ...options, name: "sender" });
  const send = async (subject: string, count: number) => {
    for (let sent = 0; sent < count; sent++) sender.publish(subject);
    await world.advance(1_000);
  };
  /** How many messages the taker's server would still send to a subscription. */
  const left = (nc: NatsConnection, sid: number) => {
    const known = cluster.connectionOf(world.nameOf(nc), nc.getServer())?.subscriptions.get(`${sid}`);
    return known?.max === undefined ? undefined : known.max - known.delivered;
  };
  return { world, cluster, taker, send, left };
}

test("a limit that is set after a reconnect is told as what is left of it", async () => {
  const { world, cluster, taker, send, left } = await two();
  const sub = taker.subscribe("work", { callback: () => {} });
  await send("work", 5);
  cluster.nodes[0]?.crash();
  await world.advance(1_000);
  cluster.nodes[0]?.start();
  await world.advance(1_000);
  await send("work", 2);
  sub.unsubscribe(10);
  await world.advance(1_000);
  expect([sub.getReceived(), left(taker, sub.getID())]).toEqual([7, 3]);
});

test("what a limited member of a queue group does not take goes to the others, also after a reconnect", async () => {
  const { world, cluster, taker, send } = await two();
  const limited = taker.subscribe("work", { queue: "workers", callback: () => {} });
  await send("work", 5);
  cluster.nodes[0]?.crash();
  await world.advance(1_000);
  cluster.nodes[0]?.start();
  await world.advance(1_000);
  const other = taker.subscribe("work", { queue: "workers", callback: () => {} });
  limited.unsubscribe(8);
  await world.until(taker.flush());
  await send("work", 40);
  expect([limited.getReceived(), other.getReceived()]).toEqual([8, 37]);
});

test("a limit that is set at any moment of a move to another server is known there", async () => {
  for (let moment = 0; moment < 40; moment += 0.5) {
    const { world, cluster, taker, send, left } = await two(2);
    const sub = taker.subscribe("work", { callback: () => {} });
    await world.until(taker.flush());
    await send("work", 2);
    cluster.nodes[0]?.lameDuck(60_000);
    await world.advance(moment);
    sub.unsubscribe(6);
    await world.advance(1_000);
    expect([moment, taker.getServer(), left(taker, sub.getID())]).toEqual([
      moment,
      cluster.nodes[1]?.address,
      4,
    ]);
  }
});
