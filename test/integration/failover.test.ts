// A cluster loses a node: the client is on another at once.

import { afterEach, describe, expect, it } from "vitest";
import { connect, type NatsConnection } from "../../src/index.js";
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
    for await (const msg of sub) expect(msg.string()).toBe("alive");
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
    await first?.kill();
    expect(await nc.closed()).toMatchObject({ code: "CONNECTION_REFUSED" });
  });
});
