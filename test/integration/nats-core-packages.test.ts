// JetStream, KV, object store and services on both clients, the official one and ours through the adapter: the packages
// see no difference. The same through crashes of the server, on ours: nats-core-outage.test.ts.

import { createHash } from "node:crypto";
import { inspect, isDeepStrictEqual } from "node:util";
import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiError,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { deferred, headers, type NatsConnection } from "@nats-io/nats-core";
import { Objm } from "@nats-io/obj";
import { ServiceError } from "@nats-io/services";
import { describe, expect, it, vi } from "vitest";
import { servers } from "../harness/versions.js";
import { bytes, type Client, clients, servicesOn, startJetStream } from "../nats-core/clients.js";

// Two clients, one after the other, and ten thousand messages each.
vi.setConfig({ testTimeout: 120_000 });

/** Takes that many from an iterator, and leaves it. */
async function take<T>(from: AsyncIterable<T>, count: number): Promise<T[]> {
  const got: T[] = [];
  for await (const one of from) if (got.push(one) >= count) break;
  return got;
}

/** The fields in which two values differ, with both of each: the message of a failure says them, wherever it is printed. */
function differing(seen: unknown, expected: unknown): string {
  const [own, wanted] = [seen, expected].map((one) => Object(one) as Record<string, unknown>);
  return Object.keys({ ...own, ...wanted })
    .filter((name) => !isDeepStrictEqual(own?.[name], wanted?.[name]))
    .map((name) => `${name}: ${inspect(own?.[name])}, not ${inspect(wanted?.[name])}`)
    .join("; ");
}

describe.each(servers)("the packages of nats-core on nats-server $label", ({ label, path }) => {
  /** Runs a scenario on both clients, each with a server of its own; both must see that. */
  async function bothSee<T>(scenario: (nc: NatsConnection, is: Client["is"]) => Promise<T>, expected: T) {
    for (const client of clients) {
      await using server = await startJetStream(path);
      const nc = await client.connect({ servers: server.url });
      try {
        const seen = await scenario(nc, client.is);
        expect(seen, `${client.is} differs in ${differing(seen, expected)}`).toEqual(expected);
      } finally {
        await nc.close();
      }
    }
  }

  it("publish and consume 10,000 messages: each is delivered once and its acknowledgement confirmed once", () =>
    bothSee(
      async (nc) => {
        const count = 10_000;
        const jsm = await jetstreamManager(nc);
        await jsm.streams.add({ name: "NUMBERS", subjects: ["numbers.>"] });
        await jsm.consumers.add("NUMBERS", { durable_name: "worker", ack_policy: AckPolicy.Explicit });
        const js = jetstream(nc);
        const consumer = await js.consumers.get("NUMBERS", "worker");
        const confirmed = new Map<number, number>();
        const messages = await consumer.consume();
        const reading = (async () => {
          for await (const msg of messages) {
            const number = Number(msg.string());
            if (await msg.ackAck()) confirmed.set(number, (confirmed.get(number) ?? 0) + 1);
            if (confirmed.size === count) break;
          }
        })();
        for (let i = 0; i < count; i += 500) {
          const some = Array.from({ length: 500 }, (_, at) => `${i + at}`);
          await Promise.all(some.map((number) => js.publish("numbers.all", number, { msgID: number })));
        }
        await reading;
        const { num_pending, num_ack_pending, ack_floor } = await consumer.info();
        const { state } = await jsm.streams.info("NUMBERS");
        return {
          once: [...confirmed.values()].filter((times) => times === 1).length,
          num_pending,
          num_ack_pending,
          floor: ack_floor.stream_seq,
          stored: state.messages,
        };
      },
      { once: 10_000, num_pending: 0, num_ack_pending: 0, floor: 10_000, stored: 10_000 },
    ));

  it("acknowledge, refuse, terminate and ask again; a second acknowledgement does nothing", () =>
    bothSee(
      async (nc) => {
        const jsm = await jetstreamManager(nc);
        await jsm.streams.add({ name: "S", subjects: ["s"] });
        await jsm.consumers.add("S", { durable_name: "d", ack_policy: AckPolicy.Explicit });
        const js = jetstream(nc);
        for (const text of ["acked", "refused"]) await js.publish("s", text);
        const consumer = await js.consumers.get("S", "d");
        const seen: unknown[] = [];
        const step = async (what: string, act: (msg: JsMsg) => unknown) => {
          const msg = await consumer.next();
          if (msg === null) throw new Error(`nothing to be ${what}`);
          seen.push([what, msg.string(), msg.seq, msg.info.deliveryCount, msg.redelivered, await act(msg)]);
          await nc.flush();
        };
        await step("acked", async (msg) => [await msg.ackAck(), await msg.ackAck(), msg.ack()]);
        await step("refused", (msg) => msg.nak());
        await step("worked on", (msg) => {
          msg.working();
          return msg.ackAck({ timeout: 5_000 });
        });
        // Not before: the server comes to a refusal when it does, and would deliver this one first.
        await js.publish("s", "terminated");
        await step("terminated", (msg) => msg.term());
        // The server takes acknowledgements in when it comes to them.
        while ((await consumer.info()).num_ack_pending > 0);
        return { seen, pending: (await consumer.info()).num_pending };
      },
      {
        seen: [
          ["acked", "acked", 1, 1, false, [true, false, undefined]],
          ["refused", "refused", 2, 1, false, undefined],
          ["worked on", "refused", 2, 2, true, true],
          ["terminated", "terminated", 3, 1, false, undefined],
        ],
        pending: 0,
      },
    ));

  it("consume by batches, by bytes, by callback, ordered, and from a push consumer", () =>
    bothSee(
      async (nc) => {
        const jsm = await jetstreamManager(nc);
        await jsm.streams.add({ name: "S", subjects: ["s.>"] });
        const js = jetstream(nc);
        const sent = headers();
        sent.set("Kind", "test");
        for (let i = 1; i <= 20; i++) await js.publish(`s.${i}`, `${i}`, { headers: sent });
        await jsm.consumers.add("S", { durable_name: "d", ack_policy: AckPolicy.None });
        const text = (msg: JsMsg) => `${msg.headers?.get("Kind")} ${msg.string()}`;
        const texts = async (from: ConsumerMessages, count: number) => (await take(from, count)).map(text);
        const consumer = () => js.consumers.get("S", "d");
        const fetched = await texts(await (await consumer()).fetch({ max_messages: 3, expires: 5_000 }), 3);
        const byBytes = await texts(await (await consumer()).consume({ max_bytes: 4_096 }), 3);
        const ordered = await texts(await (await js.consumers.get("S")).consume(), 20);
        const twenty = Array.from({ length: 20 }, (_, i) => `test ${i + 1}`);
        const fromMiddle = await js.consumers.get("S", {
          deliver_policy: DeliverPolicy.StartSequence,
          opt_start_seq: 18,
        });
        const middle = await texts(await fromMiddle.fetch({ max_messages: 3, expires: 5_000 }), 3);
        const called = await new Promise<string[]>((resolve) => {
          const got: string[] = [];
          void js.consumers.get("S").then((one) =>
            one.consume({
              callback: (msg) => {
                if (got.push(text(msg)) === 20) resolve(got);
              },
            }),
          );
        });
        const pushed = await js.consumers.getPushConsumer("S");
        const first = (await take(await pushed.consume(), 1)).map(text);
        // All twenty are too many to be shown.
        const all = [ordered, called].map((one) => isDeepStrictEqual(one, twenty));
        return { fetched, byBytes, middle, first, all };
      },
      {
        fetched: ["test 1", "test 2", "test 3"],
        byBytes: ["test 4", "test 5", "test 6"],
        middle: ["test 18", "test 19", "test 20"],
        first: ["test 1"],
        all: [true, true],
      },
    ));

  it("tell errors of JetStream by their classes", () =>
    bothSee(
      async (nc) => {
        const jsm = await jetstreamManager(nc);
        const js = jetstream(nc);
        const problem = async (work: Promise<unknown>) =>
          work.then(
            () => "none",
            (error: Error) => [error.constructor.name, error instanceof JetStreamApiError ? error.code : 0],
          );
        await jsm.streams.add({ name: "S", subjects: ["s"] });
        const first = await js.publish("s", "", { msgID: "one" });
        const second = await js.publish("s", "", { msgID: "one" });
        return {
          duplicate: [first.duplicate, second.duplicate, second.seq],
          "no stream": await problem(js.publish("nowhere", "")),
          "no stream, twice": await problem(js.publish("nowhere", "", { retries: 2, timeout: 1_000 })),
          "wrong sequence": await problem(js.publish("s", "", { expect: { lastSequence: 7 } })),
          "stream not found": await problem(jsm.streams.info("X")),
          "consumer not found": await problem(js.consumers.get("S", "x")),
        };
      },
      {
        duplicate: [false, true, 1],
        "no stream": ["JetStreamNotEnabled", 0],
        "no stream, twice": ["JetStreamNotEnabled", 0],
        "wrong sequence": ["JetStreamApiError", 10_071],
        "stream not found": ["StreamNotFoundError", 10_059],
        "consumer not found": ["ConsumerNotFoundError", 10_014],
      },
    ));

  it("start an ordered consumer anew where the server forgot it", () =>
    bothSee(
      async (nc) => {
        const jsm = await jetstreamManager(nc);
        await jsm.streams.add({ name: "S", subjects: ["s"] });
        const js = jetstream(nc);
        const send = async (from: number, to: number) => {
          for (let i = from; i <= to; i++) await js.publish("s", `${i}`);
        };
        await send(1, 5);
        const consumer = await js.consumers.get("S");
        const messages = await consumer.consume({ expires: 1_000 });
        const isRecreated = (async () => {
          for await (const { type } of messages.status())
            if (type === "ordered_consumer_recreated") return true;
          return false;
        })();
        const seen: string[] = [];
        for await (const msg of messages) {
          seen.push(msg.string());
          if (msg.seq === 5) {
            await jsm.consumers.delete("S", (await consumer.info(true)).name);
            await send(6, 10);
          }
          if (msg.seq === 10) break;
        }
        return { seen, isRecreated: await isRecreated };
      },
      { seen: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"], isRecreated: true },
    ));

  it("end with the connection: who consumes, watches and serves when it is drained", () =>
    bothSee(
      async (nc) => {
        const jsm = await jetstreamManager(nc);
        await jsm.streams.add({ name: "S", subjects: ["s"] });
        await jsm.consumers.add("S", { durable_name: "d", ack_policy: AckPolicy.Explicit });
        const js = jetstream(nc);
        for (const text of ["1", "2", "3"]) await js.publish("s", text);
        const seen: string[] = [];
        const messages = await (await js.consumers.get("S", "d")).consume();
        const consuming = (async () => {
          for await (const msg of messages) {
            seen.push(msg.string());
            msg.ack();
          }
        })();
        const kv = await new Kvm(nc).create("bucket");
        const watch = await kv.watch();
        const watching = (async () => {
          for await (const { key } of watch) seen.push(key);
        })();
        const service = await servicesOn(nc).add({ name: "none", version: "1.0.0" });
        await kv.put("key", "");
        while (seen.length < 4) await nc.flush();
        await nc.drain();
        await Promise.all([consuming, watching]);
        return { seen: seen.sort(), stopped: (await service.stopped)?.message, closed: await nc.closed() };
      },
      { seen: ["1", "2", "3", "key"], stopped: "required subscription $SRV.PING stopped", closed: undefined },
    ));

  it("end while handlers still run: what these acknowledge and answer is thrown at nobody", () =>
    bothSee(
      async (nc) => {
        const jsm = await jetstreamManager(nc);
        await jsm.streams.add({ name: "S", subjects: ["s"] });
        await jsm.consumers.add("S", { durable_name: "d", ack_policy: AckPolicy.Explicit });
        const js = jetstream(nc);
        for (let i = 0; i < 4; i++) await js.publish("s", `${i}`);
        const ended = deferred<void>();
        const acknowledge: ((msg: JsMsg) => void)[] = [
          (msg) => msg.ack(),
          (msg) => msg.nak(),
          (msg) => msg.working(),
          (msg) => msg.term(),
        ];
        const handled: Promise<string>[] = [];
        const callback = (msg: JsMsg) => {
          const how = acknowledge[msg.seq - 1];
          handled.push(ended.then(() => how?.(msg)).then(() => "ok", String));
        };
        await (await js.consumers.get("S", "d")).consume({ callback });

        // Nobody can catch what a service throws after its handler for statistics.
        const uncaught: unknown[] = [];
        const note = (error: unknown) => void uncaught.push(error);
        process.on("unhandledRejection", note);
        const asked = deferred<void>();
        const statsHandler = () => {
          asked.resolve();
          return ended;
        };
        const service = await servicesOn(nc).add({ name: "slow", version: "1.0.0", statsHandler });
        service.addEndpoint("slow", { handler: () => {} });
        nc.publish("$SRV.STATS.slow", "", { reply: "nobody" });
        await asked;
        while (handled.length < 4) await nc.flush();

        await nc.close();
        ended.resolve();
        const all = await Promise.all(handled);
        // What is rejected is told between two turns.
        for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
        process.off("unhandledRejection", note);
        return { all, uncaught };
      },
      { all: ["ok", "ok", "ok", "ok"], uncaught: [] },
    ));

  it("use what newer servers add, where they add it", () => {
    const isNew = label !== "2.9";
    return bothSee(
      async (nc) => {
        const jsm = await jetstreamManager(nc);
        const config = isNew ? { allow_atomic: true, allow_direct: true } : { allow_direct: true };
        await jsm.streams.add({ name: "S", subjects: ["s.>"], ...config });
        const js = jetstream(nc);
        for (const text of ["a", "b"]) await js.publish(`s.${text}`, text);
        const problem = (error: Error) => error.message;
        const direct = await jsm.direct
          .getBatch("S", { seq: 1, batch: 2 })
          .then(async (got) => (await take(got, 2)).map((msg) => msg.string()), problem);
        if (!isNew) return { direct, atomic: undefined, object: undefined };
        const batch = await js.startBatch("s.1", "one");
        batch.add("s.2", "two");
        const { seq, count } = await batch.commit("s.3", "three");
        // Chunks by fast ingest, which has acknowledgements of its own.
        const store = await new Objm(nc).create("fast", { allowBatched: true } as object);
        const content = bytes(1024 * 1024);
        await store.putBlob({ name: "object" }, content);
        const got = await store.getBlob("object");
        const object = got !== null && Buffer.compare(got, content) === 0;
        return { direct, atomic: { seq, count }, object };
      },
      isNew
        ? { direct: ["a", "b"], atomic: { seq: 5, count: 3 }, object: true }
        : { direct: "batch direct require server 2.11.0", atomic: undefined, object: undefined },
    );
  });

  it("keep keys and values: history, conditions, deletions, watching", () =>
    bothSee(
      async (nc) => {
        const kv = await new Kvm(nc).create("bucket", { history: 3 });
        const watch = await kv.watch({ key: "a.>" });
        const watching = take(watch, 4);
        const first = await kv.create("a.x", "1");
        const again = await kv.create("a.x", "2").then(
          () => "created",
          (error: Error) => error.constructor.name,
        );
        const second = await kv.update("a.x", "3", first);
        const stale = await kv.update("a.x", "4", first).then(
          () => "updated",
          (error: Error) => error.constructor.name,
        );
        await kv.put("b", "other");
        await kv.delete("a.x");
        await kv.put("a.y", JSON.stringify({ n: 5 }));
        const seen = (await watching).map(({ key, operation, revision }) => [key, operation, revision]);
        const history = (await take(await kv.history({ key: "a.x" }), 3)).map((one) => one.string());
        return {
          again,
          stale,
          revisions: [first, second],
          seen,
          history,
          gone: (await kv.get("a.x"))?.operation,
          json: (await kv.get("a.y"))?.json(),
          missing: await kv.get("none"),
          keys: (await take(await kv.keys(), 2)).sort(),
          values: (await kv.status()).values,
        };
      },
      {
        again: "JetStreamApiError",
        stale: "JetStreamApiError",
        revisions: [1, 2],
        seen: [
          ["a.x", "PUT", 1],
          ["a.x", "PUT", 2],
          ["a.x", "DEL", 4],
          ["a.y", "PUT", 5],
        ],
        history: ["1", "3", ""],
        gone: "DEL",
        json: { n: 5 },
        missing: null,
        keys: ["a.y", "b"],
        values: 5,
      },
    ));

  it("store an object of 10 MB and watch the store", () => {
    const content = bytes(10 * 1024 * 1024);
    return bothSee(
      async (nc) => {
        // By default a request to the server may take five seconds, which are over soon on a busy machine.
        const store = await new Objm(jetstream(nc, { timeout: 60_000 })).create("store");
        const watch = await store.watch();
        const watching = take(watch, 2);
        const { size, chunks, digest } = await store.putBlob({ name: "large" }, content);
        await store.putBlob({ name: "empty", headers: headers() }, new Uint8Array(0));
        const got = await store.getBlob("large");
        await store.delete("empty");
        return {
          size,
          chunks,
          digest,
          same: got !== null && Buffer.compare(got, content) === 0,
          empty: await store.getBlob("empty"),
          names: (await store.list()).map(({ name }) => name),
          watched: (await watching).map((one) => one?.name ?? null),
        };
      },
      {
        size: 10 * 1024 * 1024,
        chunks: 80,
        digest: `SHA-256=${createHash("sha256").update(content).digest("base64url")}=`,
        same: true,
        empty: null,
        names: ["large"],
        watched: ["large", "empty"],
      },
    );
  });

  it("offer services: answers, errors, groups, statistics, discovery, end", () =>
    bothSee(
      async (nc) => {
        const services = servicesOn(nc);
        const service = await services.add({ name: "sums", version: "1.2.3", description: "adds" });
        const group = service.addGroup("sums");
        group.addEndpoint("add", {
          handler: (_err, msg) => {
            const numbers = msg.json<number[]>();
            if (!Array.isArray(numbers)) throw new ServiceError(400, "numbers, please");
            msg.respond(`${numbers.reduce((sum, one) => sum + one, 0)}`);
          },
        });
        const read = group.addEndpoint("read");
        void (async () => {
          for await (const msg of read) msg.respond(`read ${msg.string()}`);
        })();
        await nc.flush();
        const added = (await nc.request("sums.add", "[1, 2, 3]", { timeout: 5_000 })).string();
        const refused = await nc.request("sums.add", "{}", { timeout: 5_000 });
        const answered = (await nc.request("sums.read", "it", { timeout: 5_000 })).string();
        const found: string[] = [];
        for await (const { name, version } of await services.client().ping())
          found.push(`${name} ${version}`);
        const infos: unknown[] = [];
        for await (const { endpoints } of await services.client().info("sums")) {
          infos.push(endpoints.map(({ name, subject, queue_group }) => ({ name, subject, queue_group })));
        }
        const stats: unknown[] = [];
        for await (const { endpoints } of await services.client().stats("sums", service.info().id)) {
          stats.push(endpoints?.map(({ num_requests, num_errors }) => [num_requests, num_errors]));
        }
        await service.stop();
        const after = await nc.request("sums.add", "[]", { timeout: 5_000 }).then(
          () => "answered",
          (error: Error) => error.constructor.name,
        );
        return {
          added,
          refused: [
            ServiceError.isServiceError(refused as never),
            refused.headers?.get("Nats-Service-Error"),
          ],
          answered,
          found,
          infos,
          stats,
          after,
        };
      },
      {
        added: "6",
        refused: [true, "numbers, please"],
        answered: "read it",
        found: ["sums 1.2.3"],
        infos: [
          [
            { name: "add", subject: "sums.add", queue_group: "q" },
            { name: "read", subject: "sums.read", queue_group: "q" },
          ],
        ],
        stats: [
          [
            [2, 1],
            [1, 0],
          ],
        ],
        after: "RequestError",
      },
    ));
});
