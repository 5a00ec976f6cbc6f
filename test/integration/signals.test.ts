// Real servers that are killed, stopped and restarted while a client works. What was accepted while disconnected arrives,
// all of it and in order; of the rest, what was on the wire that died may be lost and is told by number, and nothing arrives twice.
//
// What the network does to a connection while the server is well is in relay-faults.test.ts.

import { afterEach, describe, expect, it } from "vitest";
import { connect, type Msg, type NatsConnection, type NatsError, type Server } from "../../src/index.js";
import { leftovers, nothingLeft } from "../harness/leftovers.js";
import { type Asked, known, Load, witnessOf } from "../harness/load.js";
import { lossBy, lossOf } from "../harness/losses.js";
import { startCluster, startServer, TestCluster, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";

/** What is waited for comes at once; a busy machine may take its time. */
const patience = { timeout: 15_000 };

type Nodes = readonly [TestServer, TestServer, TestServer];

/** What must hold of numbers that arrived: those accepted from the first outage on, all and in order; before it, in order. */
function expectNothingHeldIsLost(seen: readonly number[], { published }: Load): void {
  const firstHeld = published.find(({ held }) => held)?.number ?? Number.NaN;
  const before = seen.filter((number) => number < firstHeld);
  expect(before).toEqual([...new Set(before)].sort((a, b) => a - b));
  const after = published.slice(firstHeld).map(({ number }) => number);
  expect(seen.filter((number) => number >= firstHeld)).toEqual(after);
  // Some were under way all the time: there is a loss to speak of only where something went through before.
  expect(before.length).toBeGreaterThan(0);
}

/** What was lost with connections is told by the next flush, all at once; the one after it is fine. */
async function expectTold(nc: NatsConnection, { told }: Load): Promise<void> {
  const messages = told.reduce((sum, one) => sum + one, 0);
  const unconfirmed = messages === 0 ? undefined : { messages, bytes: expect.any(Number) };
  expect((await lossBy(nc.flush()))?.unconfirmed).toEqual(unconfirmed);
  await nc.flush();
}

/** Each request was answered, or was on its way when the wire died. */
function expectHeldRequestsAnswered(asked: readonly Asked[]): void {
  const held = asked.filter((one) => one.held);
  expect(held.length).toBeGreaterThan(0);
  expect(held.map(({ outcome }) => outcome)).toEqual(held.map(({ number }) => `answer ${number}`));
  const others = asked.filter(({ number, outcome }) => outcome !== `answer ${number}`);
  expect(others.filter(({ outcome }) => outcome !== "TIMEOUT")).toEqual([]);
  expect(others.length).toBeLessThan(asked.length);
}

describe.each(servers)("nats-server $label", ({ path }) => {
  let cluster: TestCluster;
  const open: NatsConnection[] = [];

  afterEach(async () => {
    for (const node of cluster.nodes) node.resume();
    await Promise.all(open.splice(0).map((nc) => nc.close()));
    expect(leftovers()).toEqual(nothingLeft);
    await cluster.stop();
  });

  async function connected(options: Parameters<typeof connect>[0]): Promise<NatsConnection> {
    const nc = await connect(options);
    open.push(nc);
    return nc;
  }

  /** A client on that node for good. */
  const pinned = (node: TestServer) => connected({ servers: node.url, ignoreClusterUpdates: true });

  /** Resolves when that node, too, knows who answers. */
  async function knows(node: TestServer): Promise<void> {
    const probe = await pinned(node);
    await known(probe);
    await probe.close();
  }

  describe("killed under load", () => {
    it("loses nothing that was accepted while disconnected, keeps the order, and leaves no request open", async () => {
      cluster = await startCluster(3, { path });
      const [first, , third] = cluster.nodes as Nodes;
      const witness = await pinned(third);
      const seen = witnessOf(witness);
      for (const node of cluster.nodes) await knows(node);
      const load = new Load();
      const nc = await connected({ servers: cluster.urls, noRandomize: true, onStatus: load.onStatus });
      load.start(nc);
      await expect.poll(() => seen.length, patience).toBeGreaterThan(200);
      const back = nextStatus(nc, "reconnect");
      await first.kill();
      await back;
      const after = seen.length;
      await expect.poll(() => seen.length, patience).toBeGreaterThan(after + 200);
      const asked = await load.stop();
      await expectTold(nc, load);
      await witness.flush();
      const arrived = new Set(seen);
      const missing = load.published.filter(({ number }) => !arrived.has(number));
      expect(missing.filter(({ number }) => !load.doubtful.has(`numbers ${number}`))).toEqual([]);
      expectNothingHeldIsLost(seen, load);
      expectNothingHeldIsLost(load.own, load);
      expectHeldRequestsAnswered(asked);
      expect(load.statuses).toEqual(["disconnect", "reconnecting", "reconnect"]);
    });

    it.each(["SIGKILL", "SIGTERM"] as const)(
      "by %s, one node after the other, and started again: the client is served, and knows all nodes in the end",
      async (signal) => {
        cluster = await startCluster(3, { path });
        const [first] = cluster.nodes as Nodes;
        const load = new Load();
        const nc = await connected({
          servers: first.url,
          maxReconnectAttempts: -1,
          reconnectTimeWait: 50,
          onStatus: load.onStatus,
        });
        // It answers itself: whoever else did could be on a node that is just being killed.
        const seen = witnessOf(nc);
        await known(nc);
        load.start(nc);
        for (const node of cluster.nodes) {
          const isInUse = nc.getServer() === `127.0.0.1:${node.port}`;
          const back = isInUse ? nextStatus(nc, "reconnect") : undefined;
          await node.kill(signal);
          await back;
          const before = load.own.length;
          await node.start();
          await cluster.formed();
          await knows(node);
          await expect.poll(() => load.own.length, patience).toBeGreaterThan(before);
        }
        const asked = await load.stop();
        await expectTold(nc, load);
        // The first node was in use for certain.
        expect(load.statuses.slice(0, 1)).toEqual(["disconnect"]);
        expect(load.statuses.at(-1)).toBe("reconnect");
        for (const numbers of [load.own, seen]) {
          expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
          const heard = new Set(numbers);
          expect(load.published.filter(({ number, held }) => held && !heard.has(number))).toEqual([]);
        }
        expectHeldRequestsAnswered(asked);
        const names = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`);
        const pool = (isWanted: (server: Server) => boolean) =>
          nc
            .getServers()
            .filter(isWanted)
            .map(({ listen }) => listen)
            .sort();
        await expect.poll(() => pool(() => true), patience).toEqual([...names].sort());
        expect(pool(({ gossiped }) => gossiped)).toEqual(names.slice(1).sort());
      },
    );
  });

  describe("stopped", () => {
    const pings = { pingInterval: 400, maxPingOut: 2 };
    /** So many large messages are more than sockets hold. */
    const COUNT = 300;
    const padding = "x".repeat(60_000);
    const numbered = (number: number) => `${number}`.padStart(8, "0") + padding;
    const size = `PUB big 60008\r\n${numbered(0)}\r\n`.length;

    /** The numbers of large messages, as they come. */
    function bigOnes(witness: NatsConnection): readonly number[] {
      const seen: number[] = [];
      const callback = (_error: unknown, msg: Msg) => void seen.push(Number(msg.string().slice(0, 8)));
      witness.subscribe("big", { callback });
      return seen;
    }

    it("is found by its silence and left for another node: what its socket did not take arrives, all and in order", async () => {
      cluster = await startCluster(2, { path, monitor: true });
      const [first, second] = cluster.nodes as readonly [TestServer, TestServer];
      const witness = await pinned(second);
      const seen = bigOnes(witness);
      const ended: string[] = [];
      witness.subscribe("end", { callback: (_error, msg) => void ended.push(msg.string()) });
      witnessOf(witness);
      for (const node of cluster.nodes) await knows(node);
      let next = 0;
      let kept = 0;
      const nc = await connected({
        servers: cluster.urls,
        noRandomize: true,
        ignoreClusterUpdates: true,
        reconnectBufferSize: -1,
        // The other node must not seem silent too, while it is flooded with what was kept.
        pingInterval: 1_000,
        maxPingOut: 2,
        onStatus: ({ type }) => {
          if (type !== "disconnect") return;
          // Nothing is on a wire now: what is pending is what no socket took.
          kept = nc.pendingBytes / size;
          for (let i = 0; i < 10; i++) nc.publish("big", numbered(next++));
        },
      });
      const back = nextStatus(nc, "reconnect");
      await first.freeze();
      while (next < COUNT) nc.publish("big", numbered(next++));
      await back;
      // More than sockets hold, and less than all: both kinds were there.
      expect(kept).toBeGreaterThan(0);
      expect(kept).toBeLessThan(COUNT);
      const taken = COUNT - kept;
      await expect(nc.flush()).rejects.toMatchObject({
        code: "DISCONNECT",
        unconfirmed: { messages: taken, bytes: taken * size },
      });
      await nc.flush();
      await witness.flush();
      expect(seen).toEqual(Array.from({ length: kept + 10 }, (_, i) => taken + i));
      // Alive again, it reads what its socket holds. That is lost or late, as every client has it; never twice.
      first.resume();
      await expect.poll(async () => (await first.monitor("connz"))["num_connections"], patience).toBe(0);
      const probe = await pinned(first);
      probe.publish("end", "the end");
      await expect.poll(() => ended, patience).toEqual(["the end"]);
      const late = seen.slice(kept + 10);
      expect(late).toEqual(Array.from({ length: late.length }, (_, i) => i));
      expect(late.length).toBeLessThanOrEqual(taken);
    });

    it("and alone, takes what was held once it goes on", async () => {
      const server = await startServer({ path });
      cluster = new TestCluster([server]);
      const witness = await pinned(server);
      const seen = witnessOf(witness);
      await witness.flush();
      const statuses: string[] = [];
      const nc = await connected({
        servers: server.url,
        ...pings,
        timeout: 300,
        reconnectTimeWait: 20,
        maxReconnectAttempts: -1,
        onStatus: ({ type }) => void statuses.push(type),
      });
      statuses.length = 0;
      const failed = nextStatus(nc, "error");
      await server.freeze();
      for (let i = 0; i < 10; i++) nc.publish("numbers", `${i}`);
      const error = await failed;
      expect(error).toMatchObject({
        data: "TIMEOUT",
        error: { message: expect.stringContaining("greeting") },
      });
      for (let i = 10; i < 100; i++) nc.publish("numbers", `${i}`);
      const answer = nc.request("ask", "held", { timeout: 20_000 });
      const back = nextStatus(nc, "reconnect");
      server.resume();
      await back;
      expect((await answer).string()).toBe("answer held");
      await expect(nc.flush()).rejects.toMatchObject({
        code: "DISCONNECT",
        unconfirmed: { messages: 10, bytes: 10 * "PUB numbers 1\r\n0\r\n".length },
      });
      await nc.flush();
      await witness.flush();
      expect(seen.filter((number) => number >= 10)).toEqual(Array.from({ length: 90 }, (_, i) => 10 + i));
      // The first ten went onto the wire that died: lost, or late, and never twice.
      const onTheWire = seen.filter((number) => number < 10);
      expect(onTheWire).toEqual(Array.from(onTheWire, (_, i) => i));
      const attempts = statuses.filter((type) => type === "error").flatMap(() => ["reconnecting", "error"]);
      const found = statuses.filter((type) => type !== "pingTimer");
      expect(found).toEqual(["staleConnection", "disconnect", ...attempts, "reconnecting", "reconnect"]);
    });

    it("and soon going on, loses nothing: what it cannot take waits", async () => {
      const server = await startServer({ path });
      cluster = new TestCluster([server]);
      const witness = await pinned(server);
      const seen = bigOnes(witness);
      await witness.flush();
      const statuses: string[] = [];
      const nc = await connected({ servers: server.url, onStatus: ({ type }) => void statuses.push(type) });
      statuses.length = 0;
      await server.freeze();
      for (let i = 0; i < COUNT; i++) nc.publish("big", numbered(i));
      let isReady = false;
      const ready = nc.ready(0).then(() => {
        isReady = true;
      });
      const flushed = nc.flush();
      await expect.poll(() => nc.pendingBytes, patience).toBeLessThan(COUNT * size);
      expect(nc.pendingBytes).toBeGreaterThan(0);
      expect(isReady).toBe(false);
      server.resume();
      await Promise.all([ready, flushed]);
      await witness.flush();
      expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => i));
      expect(statuses).toEqual([]);
    });

    it("lets nobody wait who closes, and says how much it has not confirmed", async () => {
      const server = await startServer({ path });
      cluster = new TestCluster([server]);
      const nc = await connected({ servers: server.url });
      await server.freeze();
      for (let i = 0; i < COUNT; i++) nc.publish("big", numbered(i));
      const flushed = nc.flush().catch((error: NatsError) => error.code);
      const asked = nc.request("ask", "", { timeout: 60_000 }).catch((error: NatsError) => error.code);
      await nc.close();
      expect(await Promise.all([flushed, asked])).toEqual(["CONNECTION_CLOSED", "CONNECTION_CLOSED"]);
      // All of it, and the request.
      const messages = COUNT + 1;
      expect(lossOf(await nc.closed())).toEqual({
        code: "DISCONNECT",
        message: `the connection is closed; ${messages} published messages were sent, but no server confirmed them`,
        unsent: undefined,
        unconfirmed: { messages, bytes: expect.any(Number) },
      });
    });

    it("lets nobody wait who drains", async () => {
      const server = await startServer({ path });
      cluster = new TestCluster([server]);
      const nc = await connected({ servers: server.url, drainTimeout: 100 });
      const sub = nc.subscribe("numbers", { callback: () => {} });
      await nc.flush();
      await server.freeze();
      nc.publish("numbers", "1");
      await expect(nc.drain()).rejects.toMatchObject({
        code: "TIMEOUT",
        unconfirmed: { messages: 1, bytes: "PUB numbers 1\r\n1\r\nUNSUB 1\r\nPING\r\n".length },
      });
      await sub.closed;
    });
  });
});
