// Lame duck mode: a server announces that it will shut down. By default that is reported; with `migrate` the client is
// elsewhere by then, and nothing was lost.

import { afterEach, describe, expect, it } from "vitest";
import { connect, type NatsConnection, type NatsError, type Status } from "../../src/index.js";
import { startCluster, type TestCluster } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { nextStatus, sleep } from "../harness/waiting.js";

const config = `lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"`;

/**
 * Resolves when messages from each node reach the clients of every other one. Between two nodes there are several routes,
 * and those for messages may come after the one by which the nodes know each other.
 */
async function carriesEverywhere(urls: readonly string[]): Promise<void> {
  const clients = await Promise.all(urls.map((url) => connect({ servers: url, ignoreClusterUpdates: true })));
  for (const [place, client] of clients.entries()) {
    client.subscribe(`probe.${place}`, { callback: (_error, msg) => void msg.respond() });
    await client.flush();
  }
  const answers = (client: NatsConnection, place: number) =>
    client.request(`probe.${place}`).then(
      () => true,
      () => false,
    );
  for (const client of clients) {
    for (const place of clients.keys()) await expect.poll(() => answers(client, place)).toBe(true);
  }
  // And every node knows who answers.
  for (const client of clients)
    await expect
      .poll(() =>
        client.request("ask", "").then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  await Promise.all(clients.map((client) => client.close()));
}

describe.each(servers)("lame duck mode of nats-server $label", ({ path }) => {
  let cluster: TestCluster;
  const open: NatsConnection[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((nc) => nc.close()));
    await cluster.stop();
  });

  async function connected(options: Parameters<typeof connect>[0] = {}): Promise<NatsConnection> {
    const nc = await connect({ servers: cluster.urls, ...options });
    open.push(nc);
    return nc;
  }

  it("is reported, and by default nothing else happens", async () => {
    cluster = await startCluster(2, { path, config });
    const nc = await connected();
    const server = nc.getServer();
    const ldm = nextStatus(nc, "ldm");
    cluster.nodeAt(server).lameDuck();
    expect(await ldm).toMatchObject({ type: "ldm", data: server, server });
    await nc.flush();
    expect(nc.getServer()).toBe(server);
  });

  it("makes a client with migrate move: subscriptions, requests and publishes go on", async () => {
    cluster = await startCluster(2, { path, config });
    const seen: Status[] = [];
    const nc = await connected({ onLameDuck: "migrate", onStatus: (status) => seen.push(status) });
    const other = await connected();
    const left = nc.getServer();
    const received: string[] = [];
    nc.subscribe("a", { callback: (_error, msg) => void received.push(msg.string()) });
    let answer: () => void = () => {};
    other.subscribe("slow", {
      callback: (_error, msg) => {
        answer = () => msg.respond("late");
      },
    });
    other.subscribe("ready", { callback: (_error, msg) => void msg.respond("yes") });
    await Promise.all([nc.flush(), other.flush()]);
    // Until the cluster knows who listens.
    const ready = () =>
      nc.request("ready").then(
        (msg) => msg.string(),
        ({ code }: NatsError) => code,
      );
    await expect.poll(ready).toBe("yes");
    const underWay = nc.request("slow", "", { timeout: 20_000 });
    await nc.flush();
    seen.length = 0;
    const moved = nextStatus(nc, "reconnect");
    cluster.nodeAt(left).lameDuck();
    await moved;
    expect(nc.getServer()).not.toBe(left);
    expect(seen.map((status) => status.type).filter((type) => type !== "update")).toEqual([
      "ldm",
      "reconnecting",
      "reconnect",
    ]);
    nc.publish("a", "1");
    await nc.flush();
    // Until the old server has forgotten the subscription, a message may come by way of both: twice, and no more.
    await expect.poll(() => received).toContain("1");
    answer();
    expect((await underWay).string()).toBe("late");
    // Once it has, no message comes twice any more.
    await cluster.nodeAt(left).ended();
    nc.publish("a", "2");
    await nc.flush();
    expect(received.filter((one) => one === "1").length).toBeLessThanOrEqual(2);
    expect(received.filter((one) => one !== "1")).toEqual(["2"]);
  });

  it("fails no request during a rolling restart", async () => {
    cluster = await startCluster(3, { path, config });
    const requester = await connected({ onLameDuck: "migrate" });
    const responder = await connected({ onLameDuck: "migrate" });
    responder.subscribe("ask", { callback: (_error, msg) => void msg.respond(msg.data) });
    await responder.flush();
    await carriesEverywhere(cluster.nodes.map(({ url }) => url));
    let asked = 0;
    const failures: unknown[] = [];
    let goesOn = true;
    const asking = (async () => {
      const underWay = new Set<Promise<void>>();
      while (goesOn) {
        const question = `${asked++}`;
        const one = requester
          .request("ask", question, { timeout: 5_000 })
          .then(
            (answer) => {
              if (answer.string() !== question) failures.push([question, answer.string()]);
            },
            (error: unknown) => void failures.push(error),
          )
          .finally(() => underWay.delete(one));
        underWay.add(one);
        await sleep(2);
      }
      await Promise.all(underWay);
    })();
    for (const node of cluster.nodes) {
      const toMove = [requester, responder].filter((nc) => nc.getServer().endsWith(`:${node.port}`));
      const moved = toMove.map((nc) => nextStatus(nc, "reconnect"));
      node.lameDuck();
      await Promise.all(moved);
      await node.ended();
      await node.start();
      await cluster.formed();
      // As an operator would: the next one is touched when this one knows who listens to what.
      await carriesEverywhere(cluster.nodes.map(({ url }) => url));
    }
    goesOn = false;
    await asking;
    expect(asked).toBeGreaterThan(100);
    expect(failures).toEqual([]);
  });
});
