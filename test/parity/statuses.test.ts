// What `status()` reports, by both clients: which events, in which order, in which shape.
//
// The reference reports an `update` at every INFO, also where nothing changed; ours only where something did. So both are
// compared without those that are empty. The first test shows them.

import { afterEach, describe, expect, it } from "vitest";
import { DebugEvents, Events, type Status } from "../../src/index.js";
import { fakeServer, info } from "../harness/fake-server.js";
import { startCluster, startServer, type TestServer } from "../harness/nats-server.js";
import { freePorts } from "../harness/ports.js";
import { servers } from "../harness/versions.js";
import { sleep } from "../harness/waiting.js";
import { both, same, turns, until, Watch, welcome } from "./both.js";

const quick = { reconnectTimeWait: 1, reconnectJitter: 0 };

/** Not the `update` of the reference that says that nothing changed. */
function isTelling({ type, data }: Status): boolean {
  if (type !== "update") return true;
  const { added, deleted } = data as { added: string[]; deleted: string[] };
  return added.length + deleted.length > 0;
}

/** Each as the reference has it. */
const told = (watch: Watch) => watch.statuses.filter(isTelling).map(({ type, data }) => [type, data]);

describe.each(servers)("the statuses of both clients, with nats-server $label", ({ path }) => {
  const running: TestServer[] = [];

  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.stop()));
  });

  async function server(config: Record<string, unknown> | string = ""): Promise<TestServer> {
    const started = await startServer({ path, config });
    running.push(started);
    return started;
  }

  it("have the same names", async () => {
    const seen = await both(({ lib }) => ({ events: { ...lib.Events }, debug: { ...lib.DebugEvents } }));
    const debug = { ...DebugEvents };
    // Of a bound that the reference does not have, and of an end that it does not tell.
    const { SlowConsumer: _bound, Close: _end, ...events } = Events;
    expect(seen).toEqual({ reference: { events, debug }, ours: { events: { ...Events }, debug } });
  });

  it("are disconnect, reconnecting, reconnect where a connection is lost; ours without an empty update", async () => {
    const one = await server();
    const name = `127.0.0.1:${one.port}`;
    const seen = await both(async ({ connect }) => {
      const nc = await connect({ ...quick, port: one.port, maxReconnectAttempts: -1 });
      const watch = new Watch(nc);
      await one.restart();
      await watch.until("reconnect");
      await nc.flush();
      const { statuses } = watch;
      const last = statuses.map(({ type }) => type).lastIndexOf("reconnecting" as Events);
      return {
        first: told(watch).slice(0, 2),
        last: told(watch).slice(-2),
        emptyUpdates: statuses.slice(last).some((status) => !isTelling(status)),
      };
    });
    const common = {
      first: [
        ["disconnect", name],
        ["reconnecting", name],
      ],
      last: [
        ["reconnecting", name],
        ["reconnect", name],
      ],
    };
    expect(seen).toEqual({
      reference: { ...common, emptyUpdates: true },
      ours: { ...common, emptyUpdates: false },
    });
  });

  it("say of a server that is down: nothing in the reference, an error with server and step in ours", async () => {
    const one = await server();
    const name = `127.0.0.1:${one.port}`;
    const seen = await both(async ({ connect }) => {
      if (one.pid === undefined) await one.start();
      const nc = await connect({ ...quick, port: one.port, maxReconnectAttempts: 2 });
      const watch = new Watch(nc);
      await one.kill();
      await nc.closed();
      await turns();
      return watch.statuses
        .filter(isTelling)
        .map(({ type, data, server, step }) =>
          step === undefined ? [type, data] : [type, data, server, step],
        );
    });
    // A port that is just going away may still accept, and reset the connection then.
    const code = expect.stringMatching(/^(CONNECTION_REFUSED|ECONNRESET)$/);
    const step = expect.stringMatching(/^(dialing|greeting)$/);
    expect(seen).toEqual({
      reference: [
        ["disconnect", name],
        ["reconnecting", name],
        ["reconnecting", name],
      ],
      ours: [
        ["disconnect", name],
        ["reconnecting", name],
        ["error", code, name, step],
        ["reconnecting", name],
        ["error", code, name, step],
        ["close", name],
      ],
    });
  });

  it("say of an attempt that is refused: an error, and disconnect again in the reference", async () => {
    const seen = await both(async ({ connect }) => {
      let first = true;
      const fake = await fakeServer((socket) => {
        if (first) welcome(socket);
        else {
          socket.write(info());
          socket.once("data", () => socket.end("-ERR 'Authorization Violation'\r\n"));
        }
        first = false;
      });
      const nc = await connect({ ...quick, port: fake.port });
      const watch = new Watch(nc);
      fake.sockets[0]?.destroy();
      await nc.closed();
      await turns();
      await fake.close();
      return told(watch).map(([type, data]) => (type === "error" ? [type, data] : [type]));
    });
    const refused = ["error", "AUTHORIZATION_VIOLATION"];
    expect(seen).toEqual({
      reference: [
        ["disconnect"],
        ["reconnecting"],
        refused,
        ["disconnect"],
        ["reconnecting"],
        refused,
        ["disconnect"],
      ],
      ours: [["disconnect"], ["reconnecting"], refused, ["reconnecting"], refused, ["close"]],
    });
  });

  it("end when the connection is closed (a loop over those of the reference waits forever)", async () => {
    const one = await server();
    const seen = await both(async ({ connect }) => {
      const nc = await connect({ port: one.port });
      const watch = new Watch(nc);
      let ended = false;
      void watch.ended.then(() => {
        ended = true;
      });
      await nc.close();
      await turns();
      return { ended, types: watch.types.filter((type) => type !== "update") };
    });
    expect(seen).toEqual({
      reference: { ended: false, types: [] },
      ours: { ended: true, types: ["close"] },
    });
  });

  it("say at the end why, and what was lost (in the reference nothing is said)", async () => {
    const seen = await both(async ({ connect }) => {
      const fake = await fakeServer((socket) => welcome(socket));
      // Time enough to publish before the only attempt.
      const nc = await connect({
        ...quick,
        reconnectTimeWait: 500,
        port: fake.port,
        maxReconnectAttempts: 1,
      });
      const watch = new Watch(nc);
      const lost = watch.until("disconnect");
      await fake.close();
      await lost;
      nc.publish("a", "x");
      const error = await nc.closed();
      await turns();
      const { type, data, unsent, unconfirmed, ...rest } = watch.statuses.at(-1) as Status;
      return {
        type,
        here: data === `127.0.0.1:${fake.port}`,
        unsent,
        unconfirmed,
        same: rest.error === error,
      };
    });
    expect(seen).toEqual({
      reference: { type: "reconnecting", here: true, unsent: undefined, unconfirmed: undefined, same: false },
      ours: {
        type: "close",
        here: true,
        unsent: { messages: 1, bytes: "PUB a 1\r\nx\r\n".length },
        unconfirmed: { messages: 0, bytes: 0 },
        same: true,
      },
    });
  });

  it("are client initiated reconnect first where the user asked for it", async () => {
    const one = await server();
    const name = `127.0.0.1:${one.port}`;
    const seen = await both(async ({ connect }) => {
      const nc = await connect({ ...quick, port: one.port });
      const watch = new Watch(nc);
      await nc.reconnect();
      await watch.until("reconnect");
      return told(watch);
    });
    expect(seen).toEqual(
      same([
        ["client initiated reconnect", ""],
        ["disconnect", name],
        ["reconnecting", name],
        ["reconnect", name],
      ]),
    );
  });

  it("are pingTimer at every PING, then staleConnection where maxPingOut are not answered", async () => {
    const seen = await both(async ({ connect }) => {
      let answers = true;
      const fake = await fakeServer((socket) => welcome(socket, {}, () => answers));
      const nc = await connect({ ...quick, port: fake.port, pingInterval: 20, maxPingOut: 2 });
      const watch = new Watch(nc);
      await watch.until("pingTimer", 3);
      const answered = told(watch).slice(0, 3);
      answers = false;
      await watch.until("staleConnection");
      await watch.until("reconnecting");
      const from = watch.types.indexOf("staleConnection") - 3;
      const silent = told(watch).slice(from);
      await nc.close();
      await fake.close();
      return { answered, silent: silent.slice(0, 6), server: silent[4]?.[1] === `127.0.0.1:${fake.port}` };
    });
    expect(seen).toEqual(
      same({
        answered: [
          ["pingTimer", "1"],
          ["pingTimer", "1"],
          ["pingTimer", "1"],
        ],
        silent: [
          ["pingTimer", "1"],
          ["pingTimer", "2"],
          ["pingTimer", "3"],
          ["staleConnection", ""],
          ["disconnect", expect.stringContaining("127.0.0.1:")],
          ["reconnecting", expect.stringContaining("127.0.0.1:")],
        ],
        server: true,
      }),
    );
  });

  it("have the fields of the v3 client too: server, error, added, deleted, pendingPings", async () => {
    const seen = await both(async ({ connect }) => {
      const fake = await fakeServer((socket) => welcome(socket));
      const nc = await connect({ ...quick, port: fake.port, pingInterval: 20 });
      const watch = new Watch(nc);
      await watch.until("pingTimer");
      fake.sockets[0]?.write(`INFO {"connect_urls":["10.0.0.1:4222"],"max_payload":1024}\r\n`);
      fake.sockets[0]?.write(`-ERR 'Permissions Violation for Publish to "a"'\r\n`);
      await watch.until("error");
      const name = `127.0.0.1:${fake.port}`;
      const found = (type: string) => watch.statuses.filter(isTelling).find((status) => status.type === type);
      const [ping, update, error] = [found("pingTimer"), found("update"), found("error")];
      await fake.close();
      return {
        server: [ping, update, error].map((status) => status?.server === name),
        pings: ping?.pendingPings,
        added: update?.added,
        deleted: update?.deleted,
        error: error?.error?.code,
      };
    });
    expect(seen).toEqual({
      reference: { server: [false, false, false] },
      ours: {
        server: [true, true, true],
        pings: 1,
        added: ["10.0.0.1:4222"],
        deleted: [],
        error: "PERMISSIONS_VIOLATION",
      },
    });
  });

  it("are error where something is not permitted, with what it was", async () => {
    const permissions = { publish: { deny: ["p.>"] }, subscribe: { deny: ["s.>"] } };
    const one = await server({ authorization: { users: [{ user: "ann", password: "pw", permissions }] } });
    const seen = await both(async ({ connect }) => {
      const nc = await connect({ port: one.port, user: "ann", pass: "pw" });
      const watch = new Watch(nc);
      nc.publish("p.1");
      await watch.until("error");
      nc.subscribe("s.1", { callback: () => {} });
      await watch.until("error", 2);
      nc.subscribe("s.2", { queue: "q", callback: () => {} });
      await watch.until("error", 3);
      await nc.flush();
      return watch.statuses
        .filter(isTelling)
        .map(({ type, data, permissionContext }) => ({ type, data, ...permissionContext }));
    });
    const denied = { type: "error", data: "PERMISSIONS_VIOLATION" };
    expect(seen).toEqual(
      same([
        { ...denied, operation: "publish", subject: "p.1", queue: undefined },
        { ...denied, operation: "subscription", subject: "s.1", queue: undefined },
        { ...denied, operation: "subscription", subject: "s.2", queue: "q" },
      ]),
    );
  });

  it("are error, then disconnect, where the server ends the connection", async () => {
    const seen = await both(async ({ connect }) => {
      const fake = await fakeServer((socket) => welcome(socket));
      const all = [];
      for (const reason of ["Stale Connection", "maximum connections exceeded", "Authentication Timeout"]) {
        const nc = await connect({ port: fake.port, reconnectTimeWait: 60_000 });
        const watch = new Watch(nc);
        fake.sockets.at(-1)?.end(`-ERR '${reason}'\r\n`);
        await watch.until("disconnect");
        await nc.close();
        all.push(told(watch).map(([type, data]) => (type === "error" ? [type, data] : [type])));
      }
      await fake.close();
      return all;
    });
    const codes = ["NATS_PROTOCOL_ERR", "NATS_PROTOCOL_ERR", "AUTHENTICATION_TIMEOUT"];
    expect(seen).toEqual({
      reference: codes.map((code) => [["error", code], ["disconnect"]]),
      ours: codes.map((code) => [["error", code], ["disconnect"], ["close"]]),
    });
  });

  it("are error, then disconnect, where credentials expire (the reference says staleConnection in between)", async () => {
    const seen = await both(async ({ connect }) => {
      const fake = await fakeServer((socket) => welcome(socket));
      const all = [];
      for (const reason of ["User Authentication Expired", "Account Authentication Expired"]) {
        const nc = await connect({ port: fake.port, reconnectTimeWait: 60_000 });
        const watch = new Watch(nc);
        fake.sockets.at(-1)?.end(`-ERR '${reason}'\r\n`);
        await watch.until("disconnect");
        await nc.close();
        all.push(told(watch).map(([type, data]) => (type === "error" ? [type, data] : [type])));
      }
      await fake.close();
      return all;
    });
    const [user, account] = [
      ["error", "AUTHENTICATION_EXPIRED"],
      ["error", "ACCOUNT_EXPIRED"],
    ];
    expect(seen).toEqual({
      reference: [
        [user, ["staleConnection"], ["disconnect"]],
        [account, ["staleConnection"], ["disconnect"]],
      ],
      ours: [
        [user, ["disconnect"], ["close"]],
        [account, ["disconnect"], ["close"]],
      ],
    });
  });

  it("reach every iterator, each from where it began", async () => {
    const one = await server();
    const seen = await both(async ({ connect }) => {
      const nc = await connect({ ...quick, port: one.port });
      const early = [new Watch(nc), new Watch(nc)];
      await nc.reconnect();
      await early[0]?.until("reconnect");
      const late = new Watch(nc);
      await nc.reconnect();
      await late.until("reconnect");
      await early[1]?.until("reconnect", 2);
      return [...early, late].map((watch) => told(watch).filter(([type]) => type === "reconnect").length);
    });
    expect(seen).toEqual(same([2, 2, 1]));
  });

  describe("of a cluster", () => {
    it("are update with what joined and what left", async () => {
      const seen = await both(async ({ connect }) => {
        const cluster = await startCluster(2, { path, config: `lame_duck_grace_period: "1s"` });
        const [first] = cluster.nodes;
        const nc = await connect({ port: first?.port ?? 0 });
        await nc.flush();
        const known = new Watch(nc);
        const third = await joins(
          first as TestServer,
          cluster.nodes.map(({ port }) => port),
        );
        const name = `127.0.0.1:${third.port}`;
        await until(() => told(known).some(([type]) => type === "update"), "the node that joined");
        await third.stop();
        await until(() => told(known).filter(([type]) => type === "update").length > 1, "the node that left");
        // On a busy machine the cluster may tell of it again, and then of its end, where a word of it comes late.
        const updates = known.statuses
          .filter((status) => status.type === "update" && isTelling(status))
          .slice(0, 2);
        const named = updates.map(({ data }) => {
          const { added, deleted } = data as { added: string[]; deleted: string[] };
          return { added: added.map((one) => one === name), deleted: deleted.map((one) => one === name) };
        });
        await nc.close();
        await cluster.stop();
        return named;
      });
      expect(seen).toEqual(
        same([
          { added: [true], deleted: [] },
          { added: [], deleted: [true] },
        ]),
      );
    });

    it("are not update with ignoreClusterUpdates, and nobody else is known", async () => {
      const seen = await both(async ({ connect }) => {
        const cluster = await startCluster(2, { path });
        const [first, second] = cluster.nodes;
        const nc = await connect({
          ...quick,
          port: first?.port ?? 0,
          ignoreClusterUpdates: true,
          maxReconnectAttempts: 2,
        });
        const watch = new Watch(nc);
        // A client that listens hears of the node that left, before this one does.
        const listening = await connect({ ...quick, port: first?.port ?? 0 });
        const heard = new Watch(listening);
        await second?.stop();
        await until(() => told(heard).some(([type]) => type === "update"), "the node that left");
        await listening.close();
        await nc.flush();
        await first?.kill();
        await nc.closed();
        await turns();
        const dialed = watch.statuses.filter(({ type }) => type === "reconnecting").map(({ data }) => data);
        await cluster.stop();
        return {
          updates: watch.types.filter((type) => type === "update"),
          dialed: dialed.map((name) => name === `127.0.0.1:${first?.port}`),
        };
      });
      expect(seen).toEqual(same({ updates: [], dialed: [true, true] }));
    });

    it("lead to the next server where one dies", async () => {
      const seen = await both(async ({ connect }) => {
        const cluster = await startCluster(2, { path });
        const [first, second] = cluster.nodes;
        const nc = await connect({ ...quick, port: first?.port ?? 0 });
        await nc.flush();
        const watch = new Watch(nc);
        await first?.kill();
        await watch.until("reconnect");
        const moved = nc.getServer() === `127.0.0.1:${second?.port}`;
        await nc.close();
        await cluster.stop();
        return moved;
      });
      expect(seen).toEqual(same(true));
    });

    it("lead to the next server at once where one dies that was dialed a moment ago (the reference waits first)", async () => {
      const seen = await both(async ({ connect, patience }) => {
        const cluster = await startCluster(2, { path });
        const nc = await connect({ reconnectTimeWait: 60_000, port: cluster.nodes[0]?.port ?? 0 });
        await nc.flush();
        const watch = new Watch(nc);
        await cluster.nodes[0]?.kill();
        await watch.until("disconnect");
        await Promise.race([until(() => watch.types.includes("reconnect")), sleep(patience)]);
        await nc.close();
        await cluster.stop();
        return watch.types.filter((type) => type === "reconnect");
      });
      expect(seen).toEqual({ reference: [], ours: ["reconnect"] });
    });

    it("are ldm where a server is about to shut down", async () => {
      const seen = await both(async ({ connect }) => {
        const config = `lame_duck_duration: "30s"\nlame_duck_grace_period: "1s"`;
        const cluster = await startCluster(2, { path, config });
        const [first] = cluster.nodes;
        const nc = await connect({ port: first?.port ?? 0 });
        const watch = new Watch(nc);
        first?.lameDuck();
        const { data } = await watch.until("ldm");
        const own = data === `127.0.0.1:${first?.port}`;
        await nc.close();
        await cluster.stop();
        return own;
      });
      expect(seen).toEqual(same(true));
    });
  });

  /** One more node for a cluster. */
  async function joins(first: TestServer, ports: readonly number[]): Promise<TestServer> {
    const route = /Listening for route connections on 127\.0\.0\.1:(\d+)/.exec(first.log())?.[1];
    const [port = 0, routePort = 0] = await freePorts(2);
    if (ports.includes(port)) throw new Error("a free port was not free");
    const cluster = `cluster { name: "test", listen: "127.0.0.1:${routePort}", routes: ["nats-route://127.0.0.1:${route}"] }`;
    return startServer({ path, port, config: `server_name: "late"\n${cluster}` });
  }
});
