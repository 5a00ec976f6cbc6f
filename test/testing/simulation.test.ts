// The simulated world as its users see it: real connections, model servers, virtual hours.

import { describe, expect, it } from "vitest";
import { ErrorCode, type NatsConnection, type Status } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

const HOUR = 3_600_000;

/** Numbers that a connection receives on a subject. */
function numbersOn(nc: NatsConnection, subject: string): number[] {
  const received: number[] = [];
  nc.subscribe(subject, { callback: (_error, msg) => void received.push(Number(msg.string())) });
  return received;
}

describe("a simulated world", { timeout: 30_000 }, () => {
  it("keeps what is published while every server is down, and delivers it in order when one is back", async () => {
    const world = new Simulation({ seed: 1 });
    const cluster = world.cluster(3);
    const nc = await world.connect({ servers: cluster.urls, maxReconnectAttempts: -1 });
    const received = numbersOn(nc, "orders");
    await world.until(nc.flush());
    for (const node of cluster.nodes) node.crash();
    await world.advance(1_000);
    for (let i = 0; i < 100; i++) nc.publish("orders", `${i}`);
    await world.advance(HOUR / 10);
    expect(received).toEqual([]);
    cluster.node(1).start();
    await world.advance(10_000);
    expect(received).toEqual(Array.from({ length: 100 }, (_, i) => i));
    await world.until(nc.drain());
    expect(world.running).toEqual({ timers: 0, sockets: 0 });
  });

  it("knows the server that a client is connected to, in whichever cluster", async () => {
    const world = new Simulation();
    const clusters = [world.cluster(2), world.cluster(2)];
    for (const cluster of clusters) {
      const node = cluster.node(1);
      const nc = await world.connect({ servers: node.address, ignoreClusterUpdates: true });
      expect(world.nodeOf(nc)).toBe(node);
    }
  });

  it("tells whose request nobody answers by its own subscription, whoever else listens on the reply subject", async () => {
    const world = new Simulation();
    const cluster = world.cluster();
    const heard: string[] = [];
    const listen = (nc: NatsConnection, subject: string, name: string) =>
      nc.subscribe(subject, { callback: (_error, msg) => void heard.push(`${name} ${msg.headers?.code}`) });
    const other = await world.connect({ servers: cluster.urls });
    listen(other, "reply", "other");
    await world.until(other.flush());
    const nc = await world.connect({ servers: cluster.urls });
    listen(nc, "something", "not asked");
    listen(nc, "reply", "asked");
    nc.publish("nobody", "", { reply: "reply" });
    await world.advance(1_000);
    expect(heard).toEqual(["asked 503"]);
  });

  it("finds another server within a moment when one dies", async () => {
    const world = new Simulation({ seed: 2, latency: [1, 2] });
    const cluster = world.cluster(3);
    const statuses: Status[] = [];
    const nc = await world.connect({
      servers: cluster.urls,
      onStatus: (status) => void statuses.push(status),
    });
    const before = nc.getServer();
    cluster.nodeOf(world.nameOf(nc))?.crash();
    await world.advance(50);
    expect(nc.getServer()).not.toBe(before);
    expect(statuses.map(({ type }) => type).filter((type) => type.includes("connect"))).toEqual([
      "reconnecting",
      "disconnect",
      "reconnecting",
      "reconnect",
    ]);
  });

  it("tells of servers that join, leave and are about to shut down", async () => {
    const world = new Simulation();
    const cluster = world.cluster(2);
    const statuses: Status[] = [];
    const nc = await world.connect({
      servers: cluster.node(0).address,
      onStatus: (status) => void statuses.push(status),
    });
    const joined = cluster.join();
    await world.advance(1_000);
    expect(statuses.at(-1)).toMatchObject({ type: "update", data: { added: [joined.address], deleted: [] } });
    cluster.leave(joined);
    await world.advance(1_000);
    expect(statuses.at(-1)).toMatchObject({ type: "update", data: { added: [], deleted: [joined.address] } });
    cluster.node(0).lameDuck(5_000, 1_000);
    await world.advance(1_000);
    expect(statuses.map(({ type }) => type)).toContain("ldm");
    await world.advance(10_000);
    expect(nc.getServer()).toBe(cluster.node(1).address);
    expect(cluster.node(0).clients).toBe(0);
  });

  it("carries messages from one server of a cluster to another, and gives a queue group one copy", async () => {
    const world = new Simulation({ seed: 3 });
    const cluster = world.cluster(3);
    const clients = await Promise.all(
      cluster.nodes.map(({ address }) => world.connect({ servers: address, ignoreClusterUpdates: true })),
    );
    expect(cluster.nodes.map(({ clients }) => clients)).toEqual([1, 1, 1]);
    const all = clients.map((nc) => numbersOn(nc, "all.>"));
    let worked = 0;
    for (const nc of clients) nc.subscribe("work", { queue: "workers", callback: () => void worked++ });
    await Promise.all(clients.map((nc) => world.until(nc.flush())));
    for (let i = 0; i < 10; i++) {
      clients[i % 3]?.publish("all.numbers", `${i}`);
      clients[i % 3]?.publish("work");
    }
    await world.advance(1_000);
    for (const received of all)
      expect(received.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(worked).toBe(10);
    cluster.model.isolate(cluster.node(0).model);
    clients[0]?.publish("all.numbers", "10");
    await world.advance(1_000);
    expect(all.map((received) => received.length)).toEqual([11, 10, 10]);
  });

  it("keeps the order of a publisher's messages from one server of a cluster to another", async () => {
    const world = new Simulation({ seed: 3 });
    const [here, there] = world.cluster(2).nodes.map(({ address: servers }) => world.dial({ servers }));
    const reader = await world.until(there as Promise<NatsConnection>);
    const publisher = await world.until(here as Promise<NatsConnection>);
    const received = numbersOn(reader, "orders");
    await world.until(reader.flush());
    for (let i = 0; i < 100; i++) publisher.publish("orders", `${i}`);
    await world.advance(1_000);
    expect(received).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("waits for a promise no longer than it is told to", async () => {
    const world = new Simulation();
    const never = new Promise(() => {});
    await expect(world.until(never, 5_000)).rejects.toThrow("within 5000 ms of virtual time");
  });

  it("answers requests, and says at once where nobody responds", async () => {
    const world = new Simulation();
    const cluster = world.cluster();
    const [nc, service] = [
      await world.connect({ servers: cluster.urls }),
      await world.connect({ servers: cluster.urls }),
    ];
    service.subscribe("greet", { callback: (_error, msg) => void msg.respond(`hello, ${msg.string()}`) });
    await world.until(service.flush());
    expect((await world.until(nc.request("greet", "you"))).string()).toBe("hello, you");
    const before = world.time.elapsed();
    await expect(world.until(nc.request("nobody"))).rejects.toMatchObject({ code: ErrorCode.NoResponders });
    expect(world.time.elapsed() - before).toBeLessThan(50);
  });

  it("finds a half-open connection by its PINGs", async () => {
    const world = new Simulation({ seed: 4 });
    const cluster = world.cluster(2);
    const nc = await world.connect({ servers: cluster.urls, pingInterval: 10_000, maxPingOut: 2 });
    const before = nc.getServer();
    for (const socket of world.sockets(nc)) socket.vanish("both");
    await world.advance(29_000);
    expect(nc.getServer()).toBe(before);
    await world.advance(2_000);
    expect(nc.getServer()).not.toBe(before);
  });

  it("survives a partition that is shorter than the PINGs' patience, without a reconnect", async () => {
    const world = new Simulation({ seed: 5 });
    const cluster = world.cluster();
    const nc = await world.connect({ servers: cluster.urls });
    const received = numbersOn(nc, "n");
    const link = world.route(nc, cluster.node(0));
    link.cut();
    for (let i = 0; i < 3; i++) nc.publish("n", `${i}`);
    await world.advance(60_000);
    expect(received).toEqual([]);
    link.heal();
    await world.advance(100);
    expect(received).toEqual([0, 1, 2]);
    expect(world.sockets(nc)).toHaveLength(1);
  });

  it("refuses and expires credentials", async () => {
    const world = new Simulation();
    const expiresAt = world.time.now() + HOUR;
    const cluster = world.cluster(1, {
      users: [
        { user: "ann", pass: "secret", expiresAt },
        { token: "t", publish: { allow: ["ok.>"] } },
      ],
    });
    const servers = cluster.urls;
    await expect(world.connect({ servers, user: "ann", pass: "wrong" })).rejects.toMatchObject({
      code: ErrorCode.AuthorizationViolation,
    });
    const ann = await world.connect({ servers, user: "ann", pass: "secret" });
    const other = await world.connect({ servers, token: "t" });
    const errors: (string | undefined)[] = [];
    void (async () => {
      for await (const { error } of other.status()) errors.push(error?.code);
    })();
    other.publish("forbidden");
    await world.until(other.flush());
    expect(errors).toEqual([ErrorCode.PermissionsViolation]);
    await world.advance(2 * HOUR);
    expect(await world.until(ann.closed())).toMatchObject({ code: ErrorCode.AuthorizationViolation });
    expect(other.isClosed()).toBe(false);
  });

  it("keeps the subscriptions with both servers for a quarter of a second in a move, until all servers know the new ones", async () => {
    const world = new Simulation({ latency: [1, 1] });
    const cluster = world.cluster(2);
    const nc = await world.connect({ servers: cluster.urls, onLameDuck: "migrate" });
    numbersOn(nc, "orders");
    await world.until(nc.flush());
    const subscribed = () =>
      cluster.nodes.filter(({ model }) =>
        [...model.connections].some(({ subscriptions }) => subscriptions.size > 0),
      ).length;
    const moved = world.until(
      (async () => {
        for await (const { type } of nc.status()) if (type === "reconnect") return;
      })(),
    );
    world.nodeOf(nc)?.lameDuck();
    await moved;
    const counts: number[] = [];
    await world.advance(25);
    for (let waited = 0; waited < 500; waited += 50) {
      counts.push(subscribed());
      await world.advance(50);
    }
    expect(counts).toEqual([2, 2, 2, 2, 2, 1, 1, 1, 1, 1]);
    expect(world.sockets(nc)).toHaveLength(1);
  });

  it("leaves each of two servers from which it moves in its own time, also where the first one dies meanwhile", async () => {
    const world = new Simulation({ latency: [1, 1] });
    const cluster = world.cluster(3);
    const nc = await world.connect({ servers: cluster.urls, onLameDuck: "migrate" });
    const move = async () => {
      const [left, server] = [world.nodeOf(nc), nc.getServer()];
      left?.lameDuck();
      while (nc.getServer() === server) await world.advance(1);
      return left;
    };
    const first = await move();
    await move();
    expect(world.sockets(nc)).toHaveLength(3);
    first?.crash();
    await world.advance(200);
    expect(world.sockets(nc)).toHaveLength(2);
    await world.advance(100);
    expect(world.sockets(nc)).toHaveLength(1);
  });

  it.each(["close", "drain"] as const)(
    "waits for a second at most for a server that takes no last bytes: %s",
    async (end) => {
      const world = new Simulation();
      const cluster = world.cluster();
      const nc = await world.connect({ servers: cluster.urls, drainTimeout: 5_000 });
      cluster.node(0).pause();
      nc.publish("orders");
      await world.advance(10);
      const before = world.elapsed;
      const told = nc.closed();
      await world.until(Promise.allSettled([nc[end]()]));
      await told;
      const limit = end === "drain" ? 5_000 : 0;
      expect(world.elapsed - before - limit).toBeGreaterThanOrEqual(900);
      expect(world.elapsed - before - limit).toBeLessThanOrEqual(2_100);
      expect(world.running).toEqual({ timers: 0, sockets: 0 });
    },
  );

  it("greets strangely when told to", async () => {
    const world = new Simulation();
    const cluster = world.cluster();
    cluster
      .node(0)
      .model.greetNext({ type: "other", text: "HTTP/1.1 400 Bad Request\r\n\r\n" }, { type: "mute" });
    const options = { servers: cluster.urls, timeout: 1_000 };
    await expect(world.connect(options)).rejects.toThrow("does not speak the NATS protocol");
    await expect(world.connect(options)).rejects.toMatchObject({ code: ErrorCode.Timeout });
    await world.connect(options);
  });

  it("gives the same course of events for the same seed, and another for another", async () => {
    const courseOf = async (seed: number) => {
      const world = new Simulation({ seed });
      const cluster = world.cluster(3);
      const course: string[] = [];
      const onStatus = ({ type, server }: Status) =>
        void course.push(`${world.time.elapsed()} ${type} ${server}`);
      const nc = await world.connect({ servers: cluster.urls, onStatus });
      for (let i = 0; i < 5; i++) {
        cluster.nodeOf(world.nameOf(nc))?.crash();
        await world.advance(5_000);
      }
      await world.until(nc.close());
      return course;
    };
    const [first, again, other] = [await courseOf(7), await courseOf(7), await courseOf(8)];
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
  });
});
