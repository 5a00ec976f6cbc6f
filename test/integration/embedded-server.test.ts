// The embedded server with two clients that were not made for it: ours over real sockets, and nats 2.29.3.

import {
  type NatsConnection as Reference,
  connect as referenceConnect,
  headers as referenceHeaders,
} from "nats";
import { afterEach, describe, expect, it } from "vitest";
import { connect, ErrorCode, headers, type NatsConnection } from "../../src/index.js";
import {
  type EmbeddedServer,
  type EmbeddedServerOptions,
  startEmbeddedServer,
} from "../../src/testing/index.js";
import { nextStatus } from "../harness/waiting.js";

/** What both clients have. */
type Client = NatsConnection | Reference;
const clients = [
  { name: "our client", connect: connect as (options: object) => Promise<Client>, headers },
  {
    name: "nats 2.29.3",
    connect: referenceConnect as (options: object) => Promise<Client>,
    headers: referenceHeaders,
  },
];

const open: Client[] = [];
const running: EmbeddedServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function started(options: EmbeddedServerOptions = {}): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer(options);
  running.push(server);
  return server;
}

describe.each(clients)("the embedded server and $name", ({ connect: connectClient, headers: headersOf }) => {
  async function connected(server: EmbeddedServer, options: object = {}): Promise<Client> {
    const nc = await connectClient({ port: server.port, ...options });
    open.push(nc);
    return nc;
  }

  it("publish and subscribe, with wildcards and headers", async () => {
    const server = await started();
    const [nc, other] = [await connected(server), await connected(server)];
    const received: string[] = [];
    nc.subscribe("orders.*", {
      callback: (
        _error: unknown,
        msg: { subject: string; string(): string; headers?: { get(key: string): string } },
      ) => void received.push(`${msg.subject} ${msg.string()} ${msg.headers?.get("Kind") ?? "-"}`),
    } as never);
    await nc.flush();
    other.publish("orders.new", "1");
    const kind = headersOf();
    kind.set("Kind", "urgent");
    other.publish("orders.old", "2", { headers: kind } as never);
    other.publish("orders.new.too", "3");
    await other.flush();
    await nc.flush();
    expect(received).toEqual(["orders.new 1 -", "orders.old 2 urgent"]);
    expect(server.clients).toBe(2);
  });

  it("ask and answer, and hear at once that nobody responds", async () => {
    const server = await started();
    const nc = await connected(server);
    nc.subscribe("greet", {
      callback: (_error: unknown, msg: { respond(text: string): boolean; string(): string }) =>
        void msg.respond(`hello, ${msg.string()}`),
    } as never);
    expect((await nc.request("greet", "you", { timeout: 5_000 })).string()).toBe("hello, you");
    await expect(nc.request("nobody", "", { timeout: 5_000 })).rejects.toMatchObject({
      code: ErrorCode.NoResponders,
    });
  });

  it("share work in a queue group", async () => {
    const server = await started();
    const workers = await Promise.all([connected(server), connected(server)]);
    const counts = [0, 0];
    workers.forEach((nc, at) => {
      nc.subscribe("work", { queue: "q", callback: () => counts.splice(at, 1, (counts[at] ?? 0) + 1) });
    });
    await Promise.all(workers.map((nc) => nc.flush()));
    for (let i = 0; i < 200; i++) workers[0]?.publish("work");
    await Promise.all(workers.map((nc) => nc.flush()));
    await workers[1]?.flush();
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(200);
    expect(Math.min(...counts)).toBeGreaterThan(20);
  });

  it("carry a megabyte", async () => {
    const server = await started();
    const nc = await connected(server);
    const payload = new Uint8Array(1_048_576).map((_, at) => at % 251);
    const sub = nc.subscribe("big", { max: 1 });
    nc.publish("big", payload);
    const same: boolean[] = [];
    for await (const msg of sub) same.push(Buffer.compare(msg.data, payload) === 0);
    expect(same).toEqual([true]);
  });

  it("are refused with wrong credentials, and let in with the right ones", async () => {
    const server = await started({ users: [{ user: "ann", pass: "secret" }, { token: "t" }] });
    await expect(connected(server, { user: "ann", pass: "wrong" })).rejects.toMatchObject({
      code: ErrorCode.AuthorizationViolation,
    });
    await connected(server, { user: "ann", pass: "secret" });
    await connected(server, { token: "t" });
  });

  it("reconnect when it is killed and started again", async () => {
    const server = await started();
    const nc = await connected(server, { reconnectTimeWait: 50, maxReconnectAttempts: -1 });
    let received = 0;
    nc.subscribe("a", { callback: () => void received++ });
    await nc.flush();
    const lost = nextStatus(nc as NatsConnection, "disconnect");
    await server.kill();
    await lost;
    const back = nextStatus(nc as NatsConnection, "reconnect");
    await server.start();
    await back;
    nc.publish("a");
    await nc.flush();
    expect(received).toBe(1);
  });

  it("drain: what was published arrives, and nobody stays", async () => {
    const server = await started();
    const witness = await connected(server);
    const heard: string[] = [];
    witness.subscribe("a", {
      callback: (_error: unknown, msg: { string(): string }) => void heard.push(msg.string()),
    } as never);
    await witness.flush();
    const nc = await connected(server);
    expect(server.clients).toBe(2);
    nc.publish("a", "last words");
    await nc.drain();
    await witness.flush();
    expect(heard).toEqual(["last words"]);
    await expect.poll(() => server.clients).toBe(1);
  });
});

describe("the embedded server", () => {
  it("forms a cluster, and says so when a server is in lame duck mode", async () => {
    const first = await started();
    const second = await started({ joins: first });
    const nc = await connect({ port: first.port, reconnectTimeWait: 50 });
    open.push(nc);
    const other = await connect({ port: second.port });
    open.push(other);
    const received: string[] = [];
    nc.subscribe("a", { callback: (_error, msg) => void received.push(msg.string()) });
    await nc.flush();
    other.publish("a", "across");
    await expect.poll(() => received).toEqual(["across"]);
    const told = nextStatus(nc, "ldm");
    const moved = nextStatus(nc, "reconnect");
    first.lameDuck(20, 20);
    await Promise.all([told, moved]);
    expect(nc.getServer()).toBe(`127.0.0.1:${second.port}`);
  });

  it("stands still, so that a client finds it out by its PINGs, and goes on", async () => {
    const server = await started();
    const nc = await connect({
      port: server.port,
      pingInterval: 50,
      maxPingOut: 2,
      timeout: 300,
      reconnectTimeWait: 50,
      maxReconnectAttempts: -1,
    });
    open.push(nc);
    const stale = nextStatus(nc, "staleConnection");
    const back = nextStatus(nc, "reconnect");
    server.pause();
    await stale;
    server.resume();
    await back;
    await nc.flush();
  });

  it("greets strangely when told to, and resets connections", async () => {
    const server = await started();
    server.model.greetNext({ type: "other", text: "HTTP/1.1 400 Bad Request\r\n\r\n" });
    await expect(connect({ port: server.port })).rejects.toThrow("does not speak the NATS protocol");
    const nc = await connect({ port: server.port, reconnectTimeWait: 20 });
    open.push(nc);
    const back = nextStatus(nc, "reconnect");
    server.reset();
    await back;
  });

  it("takes the port that it is given, or says why not, and frees it", async () => {
    const server = await started();
    await expect(startEmbeddedServer({ port: server.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(server.url).toBe(`nats://127.0.0.1:${server.port}`);
    await server.stop();
    await expect(connect({ port: server.port })).rejects.toMatchObject({ code: ErrorCode.ConnectionRefused });
    const again = await started({ port: server.port });
    expect(again.port).toBe(server.port);
  });
});
