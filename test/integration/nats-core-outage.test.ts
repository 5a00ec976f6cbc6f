// The official packages on the adapter, while a nats-server with JetStream is killed (SIGKILL) and started again on the
// same port and store. Without outages, beside the official client: nats-core-packages.test.ts.

import { setTimeout as sleep } from "node:timers/promises";
import {
  AckPolicy,
  type Consumer,
  type JetStreamClient,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { deferred, type NatsConnection } from "@nats-io/nats-core";
import { Objm } from "@nats-io/obj";
import { describe, expect, it } from "vitest";
import { connect, ErrorCode, type NatsError } from "../../src/index.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import type { TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { bytes, ours, servicesOn, startJetStream } from "../nats-core/clients.js";

/** Publishes until the server has acknowledged it: the message id makes the stream store it once, however often it is sent. */
async function publishOnce(js: JetStreamClient, number: number): Promise<void> {
  for (let failures = 1; ; failures++) {
    const options = { msgID: `${number}`, timeout: 1_000 };
    const error = await js.publish("numbers.all", `${number}`, options).then(
      () => undefined,
      (cause: unknown) => new Error(`${number} was not acknowledged, ${failures} times`, { cause }),
    );
    if (error === undefined) return;
    // More than two crashes explain.
    if (failures > 1_000) throw error;
    await sleep(10);
  }
}

/** Publishes the numbers from 1 on, some at a time; `done` is told how many are acknowledged. */
async function publishAll(js: JetStreamClient, count: number, done: (acknowledged: number) => void) {
  let last = 0;
  let acknowledged = 0;
  const publisher = async () => {
    while (last < count) {
      await publishOnce(js, ++last);
      done(++acknowledged);
    }
  };
  await Promise.all(Array.from({ length: 50 }, publisher));
}

/** What became of a number that was consumed. */
interface Consumed {
  /** Its place in the stream. */
  readonly sequence: number;
  /** How often the server confirmed its acknowledgement: 0 where the confirmation was lost, 2 where it forgot the first. */
  confirmations: number;
}

/**
 * Consumes until the server says that all is acknowledged; a number that comes again is told by its place in the stream.
 * It does not wait for one confirmation before the next: a server that crashed does not know the last messages that it
 * delivered, answers no acknowledgement of them, and delivers them again.
 */
async function consumeAll(consumer: Consumer, count: number): Promise<ReadonlyMap<number, Consumed>> {
  const consumed = new Map<number, Consumed>();
  const underWay: Promise<void>[] = [];
  const acknowledge = async (msg: JsMsg) => {
    const number = Number(msg.string());
    const known = consumed.get(number) ?? { sequence: msg.seq, confirmations: 0 };
    if (known.sequence !== msg.seq)
      throw new Error(`${number} is in the stream at ${known.sequence} and ${msg.seq}`);
    consumed.set(number, known);
    // biome-ignore lint/plugin: an outage ends it in many ways; what was confirmed is compared in the end.
    if (await msg.ackAck({ timeout: 1_000 }).catch(() => false)) known.confirmations++;
  };
  const messages = await consumer.consume({ max_messages: 200, expires: 2_000 });
  const reading = (async () => {
    for await (const msg of messages) underWay.push(acknowledge(msg));
  })();
  let last: unknown = "nothing";
  for (let tries = 0; ; tries++) {
    await sleep(100);
    // A server that was killed does not answer.
    const info = await consumer.info().catch((error: Error) => error);
    last = info;
    if (tries > 1_000)
      throw new Error(`timed out: all is acknowledged; the consumer says ${JSON.stringify(last)}`);
    if (info instanceof Error || info.num_pending + info.num_ack_pending > 0) continue;
    if (info.ack_floor.stream_seq >= count) break;
  }
  await messages.close();
  await reading;
  await Promise.all(underWay);
  return consumed;
}

async function crash(server: TestServer): Promise<void> {
  await server.kill();
  await sleep(200);
  await server.start();
}

/** Kills the server; resolves when all these connections know. */
async function killUnder(server: TestServer, ...connections: readonly NatsConnection[]): Promise<void> {
  const know = connections.map(async (nc) => {
    for await (const { type } of nc.status()) if (type === "disconnect") return;
  });
  await server.kill();
  await Promise.all(know);
}

/** Starts the server again; resolves when all these connections stand. */
async function startUnder(server: TestServer, ...connections: readonly NatsConnection[]): Promise<void> {
  const stand = connections.map(async (nc) => {
    for await (const { type } of nc.status()) if (type === "reconnect") return;
  });
  await server.start();
  await Promise.all(stand);
}

describe.each(servers)("the packages of nats-core through crashes of nats-server $label", ({ path }) => {
  it("publishes 10,000 messages and consumes each, none missing, none twice in the stream", async () => {
    const count = 10_000;
    await using server = await startJetStream(path);
    const nc = await ours.connect({ servers: server.url });
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: "NUMBERS", subjects: ["numbers.>"] });
    await jsm.consumers.add("NUMBERS", {
      durable_name: "worker",
      ack_policy: AckPolicy.Explicit,
      ack_wait: 5_000_000_000,
    });
    const js = jetstream(nc);
    const consumer = await js.consumers.get("NUMBERS", "worker");

    let crashes = 0;
    let crashing = Promise.resolve();
    const publishing = publishAll(js, count, (acknowledged) => {
      if (acknowledged !== 3_000 && acknowledged !== 6_000) return;
      crashes++;
      crashing = crashing.then(() => crash(server));
    });
    const [consumed] = await Promise.all([consumeAll(consumer, count), publishing]);
    await crashing;

    expect(crashes).toBe(2);
    const { state } = await jsm.streams.info("NUMBERS");
    expect({ messages: state.messages, last: state.last_seq }).toEqual({ messages: count, last: count });
    const all = Array.from({ length: count }, (_, i) => i + 1);
    const inOrder = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
    expect(inOrder(consumed.keys())).toEqual(all);
    expect(inOrder([...consumed.values()].map(({ sequence }) => sequence))).toEqual(all);
    const info = await consumer.info();
    expect(info.num_pending + info.num_ack_pending).toBe(0);
    expect(info.ack_floor.stream_seq).toBe(count);
    await nc.close();
  }, 120_000);

  it("has no more messages under way after each outage than before: a pull is of its connection", async () => {
    await using server = await startJetStream(path);
    const nc = await ours.connect({ servers: server.url });
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: "S", subjects: ["s"] });
    await jsm.consumers.add("S", { durable_name: "d", ack_policy: AckPolicy.Explicit });
    const js = jetstream(nc);
    for (let i = 0; i < 300; i++) await js.publish("s", `${i}`);
    const messages = await (await js.consumers.get("S", "d")).consume({ max_messages: 20, expires: 2_000 });
    // While it is shut nothing is processed, and so all that was asked for comes to lie here.
    let gate = deferred<void>();
    const reading = (async () => {
      for await (const msg of messages) {
        await gate;
        msg.ack();
      }
    })();
    const unprocessed = () => messages.getReceived() - messages.getProcessed();
    const waiting = async () => {
      await expect.poll(unprocessed, { timeout: 20_000 }).toBeGreaterThan(15);
      await sleep(300);
      // With the one that waits at the gate.
      return unprocessed() + 1;
    };

    const underWay = [await waiting()];
    for (let outage = 0; outage < 3; outage++) {
      await killUnder(server, nc);
      gate.resolve();
      await expect.poll(unprocessed).toBe(0);
      gate = deferred();
      await startUnder(server, nc);
      underWay.push(await waiting());
    }
    expect(underWay).toEqual([20, 20, 20, 20]);
    gate.resolve();
    await messages.close();
    await reading;
    await nc.close();
  }, 120_000);

  it("fetches in an outage: gets what was asked after it, or ends in time and leaves nothing behind", async () => {
    await using server = await startJetStream(path);
    const nc = await ours.connect({ servers: server.url });
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: "S", subjects: ["s"] });
    const js = jetstream(nc);
    for (let i = 1; i <= 10; i++) await js.publish("s", `${i}`);
    const consumerCalled = async (name: string) => {
      await jsm.consumers.add("S", { durable_name: name, ack_policy: AckPolicy.Explicit });
      return js.consumers.get("S", name);
    };
    const consumers = {
      next: await consumerCalled("next"),
      fetch: await consumerCalled("fetch"),
      late: await consumerCalled("late"),
    };
    const acknowledged = (msg: JsMsg | null) => {
      msg?.ack();
      return msg?.seq;
    };
    await killUnder(server, nc);
    const next = consumers.next.next({ expires: 20_000 }).then(acknowledged);
    const fetched = (async () => {
      const seen = [];
      for await (const msg of await consumers.fetch.fetch({ max_messages: 5, expires: 20_000 }))
        seen.push(acknowledged(msg));
      return seen;
    })();
    await expect(consumers.late.next({ expires: 1_000 })).rejects.toThrow("heartbeats missed");
    await startUnder(server, nc);
    expect(await next).toBe(1);
    expect(await fetched).toEqual([1, 2, 3, 4, 5]);
    for (const [name, delivered] of [["next", 1] as const, ["fetch", 5] as const, ["late", 0] as const]) {
      const seen = async () => {
        const info = await jsm.consumers.info("S", name);
        return [info.delivered.stream_seq, info.num_ack_pending, info.num_waiting];
      };
      await expect.poll(seen, { timeout: 5_000, message: name }).toEqual([delivered, 0, 0]);
    }
    await nc.close();
  }, 60_000);

  it("consumes on although the acknowledgements of an outage found no room: it is told, and they come again", async () => {
    await using server = await startJetStream(path);
    const own = await connect({
      servers: server.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
      reconnectBufferSize: 0,
    });
    const nc = asNatsCore(own);
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: "S", subjects: ["s"] });
    const ack_wait = 1_000_000_000;
    await jsm.consumers.add("S", { durable_name: "d", ack_policy: AckPolicy.Explicit, ack_wait });
    const js = jetstream(nc);
    for (let i = 1; i <= 20; i++) await js.publish("s", `${i}`);
    const told: unknown[] = [];
    void (async () => {
      for await (const status of nc.status()) {
        if (status.type === "error") told.push((status.error.cause as NatsError).code);
      }
    })();

    const messages = await (await js.consumers.get("S", "d")).consume({ max_messages: 5, expires: 2_000 });
    const gate = deferred<void>();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const msg of messages) {
        await gate;
        seen.push(msg.seq);
        msg.ack();
      }
    })();
    await expect.poll(() => messages.getReceived()).toBe(5);
    await killUnder(server, nc);
    gate.resolve();
    const noRoom = () => told.filter((code) => code === ErrorCode.ReconnectBufferExceeded).length;
    await expect.poll(noRoom).toBe(5);
    await startUnder(server, nc);
    const left = async () => {
      const info = await jsm.consumers.info("S", "d");
      return info.num_pending + info.num_ack_pending;
    };
    await expect.poll(left, { timeout: 20_000 }).toBe(0);
    const came = (seq: number) => seen.filter((one) => one === seq).length;
    expect([1, 2, 3, 4, 5].filter((seq) => came(seq) < 2)).toEqual([]);
    await messages.close();
    await reading;
    await nc.close();
  }, 60_000);

  it("watches a KV bucket: every change once, in order, also what was put in the outage", async () => {
    await using server = await startJetStream(path);
    const nc = await ours.connect({ servers: server.url });
    const kv = await new Kvm(nc).create("bucket");
    const seen: string[] = [];
    const watch = await kv.watch();
    const watching = (async () => {
      for await (const entry of watch) {
        seen.push(`${entry.key}=${entry.string()}`);
        if (entry.key === "end") break;
      }
    })();
    for (let i = 0; i < 10; i++) await kv.put(`before.${i}`, `${i}`);
    await killUnder(server, nc);
    const inOutage = kv.put("during", "kept");
    await startUnder(server, nc);
    await inOutage;
    for (let i = 0; i < 10; i++) await kv.put(`after.${i}`, `${i}`);
    await kv.put("end", "");
    await watching;
    const numbered = (prefix: string) => Array.from({ length: 10 }, (_, i) => `${prefix}.${i}=${i}`);
    expect(seen).toEqual([...numbered("before"), "during=kept", ...numbered("after"), "end="]);
    await nc.close();
  }, 120_000);

  it("puts an object of 10 MB, half of it before the crash and half after, and gets it back", async () => {
    await using server = await startJetStream(path);
    const nc = await ours.connect({ servers: server.url });
    const store = await new Objm(nc).create("store");
    const content = bytes(10 * 1024 * 1024);
    const piece = 256 * 1024;
    let at = 0;
    let starting: Promise<void> | undefined;
    const source = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (at >= content.length) return controller.close();
          if (at === content.length / 2) {
            await killUnder(server, nc);
            starting = server.start();
          }
          controller.enqueue(content.subarray(at, at + piece));
          at += piece;
        },
      },
      // Asks for a piece when the last one is stored, so that nothing is on the wire when the server dies.
      { highWaterMark: 0 },
    );
    const info = await store.put({ name: "object" }, source, { timeout: 10_000 });
    await starting;
    expect(info.size).toBe(content.length);
    expect(info.chunks).toBe(80);
    const got = await store.getBlob("object");
    expect(got !== null && Buffer.compare(got, content)).toBe(0);
    await nc.close();
  }, 60_000);

  it("gets an object of 10 MB although the server dies when the first piece has come", async () => {
    await using server = await startJetStream(path);
    const nc = await ours.connect({ servers: server.url });
    const store = await new Objm(nc).create("store");
    const content = bytes(10 * 1024 * 1024);
    await store.putBlob({ name: "object" }, content);
    const object = await store.get("object");
    const pieces: Uint8Array[] = [];
    for await (const piece of object?.data ?? []) {
      if (pieces.push(piece) > 1) continue;
      await killUnder(server, nc);
      await startUnder(server, nc);
    }
    expect(await object?.error).toBeUndefined();
    expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0);
    await nc.close();
  }, 120_000);

  it("serves requests again, and is found by discovery", async () => {
    await using server = await startJetStream(path);
    const nc = await ours.connect({ servers: server.url });
    const client = await ours.connect({ servers: server.url });
    const service = await servicesOn(nc).add({ name: "doubler", version: "1.0.0" });
    service.addEndpoint("double", {
      handler: (_err, msg) => void msg.respond(`${2 * Number(msg.string())}`),
    });
    await nc.flush();
    expect((await client.request("double", "21", { timeout: 5_000 })).string()).toBe("42");
    await Promise.all([nc.flush(), client.flush()]);
    await killUnder(server, nc, client);
    await startUnder(server, nc, client);
    // Nothing was on the wire, so nothing is lost.
    await Promise.all([nc.flush(), client.flush()]);
    expect((await client.request("double", "100", { timeout: 5_000 })).string()).toBe("200");
    const found = [];
    for await (const answer of await servicesOn(client).client().ping()) found.push(answer.name);
    expect(found).toEqual(["doubler"]);
    expect((await service.stats()).endpoints?.[0]?.num_requests).toBe(2);
    expect(service.isStopped).toBe(false);
    await Promise.all([nc.close(), client.close()]);
  }, 60_000);
});
