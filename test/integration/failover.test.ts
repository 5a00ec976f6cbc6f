// A cluster loses a node: the client is on another at once.

import { afterEach, describe, expect, it } from "vitest";
import { connect, type NatsConnection, type Server } from "../../src/index.js";
import { startCluster, type TestCluster } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";

describe.each(servers)("a cluster of three nodes of nats-server $label", ({ path }) => {
  let cluster: TestCluster;
  const open: NatsConnection[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((nc) => nc.close()));
    await cluster.stop();
  });

  it("carries a message through another node after kill -9 of the connected one, without waiting", async () => {
    cluster = await startCluster(3, { path });
    const nc = await connect({ servers: cluster.urls, reconnectTimeWait: 2_000 });
    open.push(nc);
    const dead = nc.getServer();
    const statuses: string[] = [];
    const watching = (async () => {
      for await (const status of nc.status()) {
        statuses.push(status.type);
        if (status.type === "reconnect") return;
      }
    })();
    const sub = nc.subscribe("through", { max: 1 });
    await nc.flush();
    const lost = nextStatus(nc, "disconnect");
    await cluster.nodeAt(dead).kill();
    await lost;
    nc.publish("through", "alive");
    const received: string[] = [];
    for await (const msg of sub) received.push(msg.string());
    expect(received).toEqual(["alive"]);
    await watching;
    expect(nc.getServer()).not.toBe(dead);
    // One dial and no timer: the next server was free.
    expect(statuses.filter((type) => type === "reconnecting")).toHaveLength(1);
  });

  it("learns the other nodes from the one it knows, and uses them", async () => {
    cluster = await startCluster(3, { path });
    const [first] = cluster.nodes;
    const nc = await connect({ servers: first?.url ?? "" });
    open.push(nc);
    const back = nextStatus(nc, "reconnect");
    await first?.kill();
    await back;
    expect(cluster.nodes.slice(1).map((node) => `127.0.0.1:${node.port}`)).toContain(nc.getServer());
  });

  it("learns nothing with ignoreClusterUpdates", async () => {
    cluster = await startCluster(3, { path });
    const [first] = cluster.nodes;
    const nc = await connect({
      servers: first?.url ?? "",
      ignoreClusterUpdates: true,
      maxReconnectAttempts: 1,
      reconnectTimeWait: 10,
      reconnectJitter: 0,
    });
    open.push(nc);
    expect(nc.getServers().map((server) => server.port)).toEqual([first?.port]);
    await first?.kill();
    // Refused, or reset where the port is just going away: of the one server it knows, in any case.
    expect(await nc.closed()).toMatchObject({ message: expect.stringContaining(`127.0.0.1:${first?.port}`) });
  });

  it("goes where reconnectToServer says, and shows the pool", async () => {
    cluster = await startCluster(3, { path });
    const [, second, third] = cluster.nodes;
    const wanted = [second, third].map((node) => `127.0.0.1:${node?.port}`);
    const asked: (readonly Server[])[] = [];
    const nc = await connect({
      servers: cluster.urls,
      noRandomize: true,
      reconnectToServer: (pool, info) => {
        expect(info === null).toBe(asked.length === 0);
        asked.push(pool);
        return pool.find((server) => server.listen === wanted[asked.length - 1]) ?? null;
      },
    });
    open.push(nc);
    expect(nc.getServer()).toBe(wanted[0]);
    const back = nextStatus(nc, "reconnect");
    await second?.kill();
    await back;
    expect(nc.getServer()).toBe(wanted[1]);
    expect(asked).toHaveLength(2);
    expect(nc.getServers().find((server) => server.listen === wanted[1])).toMatchObject({
      hostname: "127.0.0.1",
      gossiped: false,
      didConnect: true,
      reconnects: 0,
      lastConnect: expect.any(Number),
    });
  });

  it("closes with the error of a reconnectToServer that throws", async () => {
    cluster = await startCluster(2, { path });
    const cause = new Error("no idea");
    const failed = connect({
      servers: cluster.urls,
      reconnectToServer: () => {
        throw cause;
      },
    });
    await expect(failed).rejects.toMatchObject({
      message: expect.stringContaining("reconnectToServer"),
      cause,
    });
  });

  it("uses the servers of setServers from the next attempt on", async () => {
    cluster = await startCluster(2, { path });
    const [first, second] = cluster.nodes;
    const nc = await connect({
      servers: first?.url ?? "",
      ignoreClusterUpdates: true,
      reconnectTimeWait: 10,
    });
    open.push(nc);
    expect(() => nc.setServers([])).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(() => nc.setServers(["http://x"])).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    nc.setServers([second?.url ?? ""]);
    await nc.flush();
    expect(nc.getServer()).toBe(`127.0.0.1:${first?.port}`);
    const back = nextStatus(nc, "reconnect");
    await nc.reconnect();
    await back;
    expect(nc.getServer()).toBe(`127.0.0.1:${second?.port}`);
    expect(nc.getServers().map((server) => server.listen)).toEqual([`127.0.0.1:${second?.port}`]);
  });
});
