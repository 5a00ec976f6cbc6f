// What is published while no server is there: kept, in order, and sent after the reconnect. The reference clients
// lose all of it; test/parity shows that beside us.

import { afterEach, describe, expect, it } from "vitest";
import { connect, ErrorCode, headers, type NatsConnection, NatsError } from "../../src/index.js";
import { lossOf } from "../harness/losses.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { nextStatus, sleep } from "../harness/waiting.js";

describe.each(servers)("an outage of nats-server $label", ({ path }) => {
  let server: TestServer;
  const open: NatsConnection[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((nc) => nc.close()));
    await server.stop();
  });

  async function connected(options: Parameters<typeof connect>[0] = {}): Promise<NatsConnection> {
    const nc = await connect({ port: server.port, reconnectTimeWait: 100, ...options });
    open.push(nc);
    return nc;
  }

  it("delivers all that was published in it, over many turns, in order, after the restart", async () => {
    server = await startServer({ path });
    const nc = await connected({ reconnectTimeWait: 20, maxReconnectAttempts: -1 });
    const received: number[] = [];
    nc.subscribe("numbers", { callback: (_error, msg) => void received.push(Number(msg.string())) });
    await nc.flush();
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    let next = 0;
    // Attempts fail meanwhile.
    let failures = 0;
    const failing = (async () => {
      for await (const { type } of nc.status()) if (type === "error" && ++failures === 3) return;
    })();
    while (next < 500 || failures < 3) {
      nc.publish("numbers", `${next++}`);
      await sleep(1);
    }
    await failing;
    expect(received).toEqual([]);
    const back = nextStatus(nc, "reconnect");
    await server.restart();
    await back;
    await nc.flush();
    expect(received).toEqual(Array.from({ length: next }, (_, number) => number));
  });

  it("throws at the limit of 8 MiB, and delivers what it accepted before", async () => {
    server = await startServer({ path });
    const nc = await connected({ maxReconnectAttempts: -1 });
    let received = 0;
    nc.subscribe("big", { callback: () => void received++ });
    await nc.flush();
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    const payload = new Uint8Array(9_000);
    let accepted = 0;
    let refused: NatsError | undefined;
    for (let i = 0; i < 1_000 && refused === undefined; i++) {
      try {
        nc.publish("big", payload);
        accepted++;
      } catch (error) {
        refused = error as NatsError;
      }
    }
    expect(refused).toBeInstanceOf(NatsError);
    expect(refused?.code).toBe(ErrorCode.ReconnectBufferExceeded);
    expect(refused?.message).toContain("reconnectBufferSize");
    expect(accepted).toBe(Math.floor((8 * 1024 * 1024) / (9_000 + "PUB big 9000\r\n\r\n".length)));
    const back = nextStatus(nc, "reconnect");
    await server.restart();
    await back;
    await nc.flush();
    expect(received).toBe(accepted);
  });

  it("keeps nothing where the buffer size is 0, and says so at publish", async () => {
    server = await startServer({ path });
    const nc = await connected({ reconnectBufferSize: 0, maxReconnectAttempts: -1 });
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    expect(() => nc.publish("a", "b")).toThrow(
      expect.objectContaining({ code: ErrorCode.ReconnectBufferExceeded }),
    );
  });

  it.each([
    ["accepts less in a message", "max_payload: 2048", ErrorCode.MaxPayloadExceeded],
    ["does not know headers", "no_header_support: true", ErrorCode.ServerOptionNotAvailable],
  ])(
    "drops only what the next server would close the connection for, and says so: it %s",
    async (_, config, code) => {
      server = await startServer({ path });
      const nc = await connected({ maxReconnectAttempts: -1 });
      const received: string[] = [];
      nc.subscribe("kept.*", { callback: (_error, msg) => void received.push(msg.subject) });
      await nc.flush();
      const lost = nextStatus(nc, "disconnect");
      await server.kill();
      await lost;
      const large = { headers: headers() };
      large.headers.set("Name", "value");
      nc.publish("kept.1", "x".repeat(1_000));
      nc.publish("kept.2", "x".repeat(3_000), large);
      nc.publish("kept.3", "x".repeat(2_000));
      nc.publish("kept.4", "x".repeat(3_000), large);
      nc.publish("kept.5");
      const told = nextStatus(nc, "error", "connected");
      const flushed = nc.flush().catch((error: NatsError) => error);
      server = await startServer({ path, port: server.port, config });
      // The PONG comes, but two of the messages before the PING never went out.
      const dropped = { code: ErrorCode.Disconnect, unsent: { messages: 2, bytes: expect.any(Number) } };
      expect(await flushed).toMatchObject(dropped);
      expect(received).toEqual(["kept.1", "kept.3", "kept.5"]);
      const { error } = await told;
      expect(error).toMatchObject({ code });
      expect(error?.message).toMatch(/: 2 messages were not sent, the first of 30\d\d bytes to "kept.2"$/);
      await nc.flush();
      expect(nc.stats().outMsgs).toBe(5);
      await nc.drain();
      expect(await nc.closed()).toBeUndefined();
    },
  );

  it("restores subscriptions with what is left of their max", async () => {
    server = await startServer({ path });
    const nc = await connected({ maxReconnectAttempts: -1 });
    const received: string[] = [];
    const sub = nc.subscribe("few", { max: 3, callback: (_error, msg) => void received.push(msg.string()) });
    nc.publish("few", "1");
    await nc.flush();
    const back = nextStatus(nc, "reconnect");
    await server.kill();
    await server.restart();
    await back;
    for (const text of ["2", "3", "4", "5"]) nc.publish("few", text);
    await sub.closed;
    await nc.flush();
    expect(received).toEqual(["1", "2", "3"]);
  });

  it("subscribes in an outage, unsubscribes in an outage, and the server knows neither too much nor too little", async () => {
    server = await startServer({ path });
    const nc = await connected({ maxReconnectAttempts: -1 });
    const received: string[] = [];
    const callback = (_error: unknown, msg: { subject: string }) => void received.push(msg.subject);
    const before = nc.subscribe("before", { callback });
    nc.subscribe("kept", { callback });
    await nc.flush();
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    before.unsubscribe();
    nc.subscribe("during", { callback });
    const both = nc.subscribe("both", { callback });
    both.unsubscribe();
    const back = nextStatus(nc, "reconnect");
    await server.restart();
    await back;
    for (const subject of ["before", "kept", "during", "both"]) nc.publish(subject);
    await nc.flush();
    expect(received).toEqual(["kept", "during"]);
  });

  it("flushes across an outage: the promise of a flush made while disconnected resolves after the reconnect", async () => {
    server = await startServer({ path });
    const nc = await connected({ maxReconnectAttempts: -1 });
    let received = 0;
    nc.subscribe("a", { callback: () => void received++ });
    await nc.flush();
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    nc.publish("a");
    const flushed = nc.flush();
    await expect(nc.rtt()).rejects.toMatchObject({ code: ErrorCode.Disconnect });
    await server.restart();
    await flushed;
    expect(received).toBe(1);
  });

  it("answers requests that are made while disconnected", async () => {
    server = await startServer({ path });
    const nc = await connected({ maxReconnectAttempts: -1 });
    nc.subscribe("ask", { callback: (_error, msg) => void msg.respond("answer") });
    await nc.flush();
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    const answer = nc.request("ask", "question", { timeout: 10_000 });
    await server.restart();
    expect((await answer).string()).toBe("answer");
  });

  it("does not send a request that was given up meanwhile: what nobody waits for is not done after all", async () => {
    server = await startServer({ path });
    const nc = await connected({ maxReconnectAttempts: -1 });
    const received: string[] = [];
    nc.subscribe("orders", { callback: (_error, msg) => void received.push(msg.string()) });
    await nc.flush();
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    nc.publish("orders", "before");
    const abort = new AbortController();
    // Larger than a line may be, which is what takes its place.
    const late = [
      nc.request("orders", `late ${"x".repeat(10_000)}`, { timeout: 10 }),
      nc.request("orders", "late too", { timeout: 10, noMux: true }),
      nc.request("orders", "aborted", { timeout: 60_000, signal: abort.signal }),
    ];
    nc.publish("orders", "behind");
    abort.abort();
    const codes = (await Promise.allSettled(late)).map((one) => one.status === "rejected" && one.reason.code);
    expect(codes).toEqual([ErrorCode.Timeout, ErrorCode.Timeout, ErrorCode.Cancelled]);
    const back = nextStatus(nc, "reconnect");
    await server.restart();
    await back;
    await nc.flush();
    expect(received).toEqual(["before", "behind"]);
  });

  it("closes with the last error when the server stays away for maxReconnectAttempts, and says how much was not sent", async () => {
    server = await startServer({ path });
    const nc = await connected({ reconnectTimeWait: 10, reconnectJitter: 0, maxReconnectAttempts: 3 });
    const dialed: string[] = [];
    const watching = (async () => {
      for await (const status of nc.status()) {
        if (status.type === "reconnecting") dialed.push(status.server);
        if (status.type === "disconnect") for (let i = 0; i < 1_000; i++) nc.publish("kept", "xy");
      }
    })();
    await server.kill();
    const error = await nc.closed();
    await watching;
    expect(lossOf(error)).toEqual({
      code: ErrorCode.ConnectionRefused,
      message: `127.0.0.1:${server.port}: nothing accepts connections there; 1000 published messages were not sent`,
      unsent: { messages: 1_000, bytes: 1_000 * "PUB kept 2\r\nxy\r\n".length },
      unconfirmed: undefined,
    });
    expect(dialed).toHaveLength(3);
    expect(() => nc.publish("a")).toThrow(expect.objectContaining({ code: ErrorCode.ConnectionClosed }));
  });

  it("keeps no room for requests that were given up", async () => {
    server = await startServer({ path });
    const nc = await connected({ reconnectBufferSize: 10_000, maxReconnectAttempts: -1 });
    const lost = nextStatus(nc, "disconnect");
    await server.kill();
    await lost;
    // Each needs most of the room there is.
    for (let i = 0; i < 5; i++) {
      const asked = nc.request("orders", "x".repeat(8_000), { timeout: 10 });
      await expect(asked).rejects.toMatchObject({ code: ErrorCode.Timeout });
      expect(nc.outboundStats().waiting.messages).toBe(0);
    }
    nc.publish("kept", "x".repeat(8_000));
    await server.restart();
    await nc.flush();
    const { waiting, confirmed } = nc.outboundStats();
    expect([waiting.messages, confirmed.messages]).toEqual([0, 1]);
  });

  it("finds a stale connection by its PINGs and reconnects", async () => {
    server = await startServer({ path });
    const nc = await connected({ pingInterval: 50, maxPingOut: 2, timeout: 500, maxReconnectAttempts: -1 });
    const seen: string[] = [];
    const watching = (async () => {
      for await (const status of nc.status()) {
        seen.push(status.type);
        if (status.type === "disconnect") return;
      }
    })();
    await server.freeze();
    await watching;
    // Of those before, the server may have answered some.
    expect(seen.slice(0, -5).filter((type) => type !== "pingTimer")).toEqual([]);
    expect(seen.slice(-5)).toEqual(["pingTimer", "pingTimer", "pingTimer", "staleConnection", "disconnect"]);
    const back = nextStatus(nc, "reconnect");
    server.resume();
    await back;
    await nc.flush();
  });
});
