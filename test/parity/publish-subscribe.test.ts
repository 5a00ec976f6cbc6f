// Publishing and subscribing by both clients: what arrives, what is on the wire, how subscriptions end.
// Statistics through both clients: ../integration/pubsub.test.ts.

import assert from "node:assert";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Msg, NatsError, Subscription, SubscriptionOptions } from "../../src/index.js";
import { fakeServer } from "../harness/fake-server.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { sleep } from "../harness/waiting.js";
import {
  both,
  codeOf,
  errorOf,
  read,
  same,
  text,
  turns,
  until,
  Watch,
  type Wire,
  welcome,
  wireTo,
} from "./both.js";

/** Reads a subscription to its end. */
async function readAll(sub: Subscription): Promise<void> {
  for await (const _ of sub);
}

const quick = { reconnectTimeWait: 1, reconnectJitter: 0, maxReconnectAttempts: -1 };

describe.each(servers)("publish and subscribe, by both clients, with nats-server $label", ({ path }) => {
  let server: TestServer;
  let wire: Wire;

  beforeAll(async () => {
    server = await startServer({ path });
    wire = await wireTo(server.port);
  });
  afterAll(async () => {
    await wire.close();
    await server.stop();
  });

  describe("publish", () => {
    it("puts the same bytes on the wire", async () => {
      const seen = await both(async ({ connect, lib }) => {
        const nc = await connect({ port: wire.port });
        const given = lib.headers();
        given.append("Key", "one");
        given.append("Key", "two");
        nc.publish("a");
        nc.publish("a", "");
        nc.publish("a.b", "text žluťoučký");
        nc.publish("a", new Uint8Array([1, 13, 10, 2]));
        nc.publish("a", "x", { reply: "back" });
        nc.publish("a", "x", { headers: given });
        nc.publish("a", "x", { headers: given, reply: "back" });
        nc.publish("a", lib.Empty, { headers: lib.headers(204, "No Content") });
        nc.subscribe("s.*");
        nc.subscribe("s.>", { queue: "q" });
        nc.subscribe("m", { max: 3 });
        nc.subscribe("u").unsubscribe();
        nc.subscribe("w").unsubscribe(5);
        await nc.flush();
        // Where the answer takes its time, ours asks once more what has arrived.
        return wire.sent
          .at(-1)
          ?.replace(/^CONNECT .*\r\nPING\r\n/, "")
          .replace(/(PING\r\n)+$/, "PING\r\n");
      });
      expect(seen.ours).toBe(seen.reference);
      expect(seen.ours).toContain("PUB a.b 18\r\ntext žluťoučký\r\n");
      expect(seen.ours).toContain("HPUB a back 32 33\r\nNATS/1.0\r\nKey: one\r\nKey: two\r\n\r\nx\r\n");
      expect(seen.ours).toContain(
        "SUB s.> q 2\r\nSUB m 3\r\nUNSUB 3 3\r\nSUB u 4\r\nUNSUB 4\r\nSUB w 5\r\nUNSUB 5 5\r\n",
      );
    });

    it("leaves out options that are null or empty", async () => {
      const given = [
        null,
        {},
        { headers: null },
        { reply: null },
        { reply: "" },
        { headers: null, reply: "r" },
      ];
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("left.out", { max: given.length });
        for (const options of given) nc.publish("left.out", "x", structuredClone(options) as never);
        return read(sub, (msg) => [msg.reply, msg.headers === undefined, msg.string()]);
      });
      const plain = ["", true, "x"];
      const all = [plain, plain, plain, plain, plain, ["r", true, "x"]];
      expect(seen).toEqual(same({ read: all, code: undefined }));
    });

    it("refuses headers that are none (with a bare TypeError in the reference)", async () => {
      const wrong = [{}, "a: b", new Map([["a", "b"]]), new Headers({ a: "b" })];
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        return Promise.all(
          wrong.map(async (headers) => {
            const error = await errorOf(() => nc.publish("a", "x", { headers } as never));
            return [error?.name, error?.code];
          }),
        );
      });
      expect(seen).toEqual({
        reference: wrong.map(() => ["TypeError", undefined]),
        ours: wrong.map(() => ["NatsError", "INVALID_OPTION"]),
      });
    });

    it("carries subject, reply, headers and data to a message", async () => {
      const seen = await both(async ({ connect, lib }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("msg.*", { max: 2 });
        const given = lib.headers();
        given.set("a", "b");
        nc.publish("msg.1", JSON.stringify({ n: 1 }), { reply: "back", headers: given });
        nc.publish("msg.2");
        return read(sub, (msg) => ({
          subject: msg.subject,
          reply: msg.reply,
          sid: msg.sid,
          data: [...msg.data].length,
          text: msg.string(),
          headers: msg.headers?.get("a"),
          noHeaders: msg.headers === undefined,
        }));
      });
      const first = {
        subject: "msg.1",
        reply: "back",
        sid: 1,
        data: 7,
        text: '{"n":1}',
        headers: "b",
        noHeaders: false,
      };
      const second = {
        subject: "msg.2",
        reply: "",
        sid: 1,
        data: 0,
        text: "",
        headers: undefined,
        noHeaders: true,
      };
      expect(seen).toEqual(same({ read: [first, second], code: undefined }));
    });

    it("gives its data as a Buffer (whose slice copies, in ours; in the reference not always)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("data", { max: 3 });
        for (const payload of ["text", "", "x".repeat(100_000)]) nc.publish("data", payload);
        return read(sub, (msg) => {
          const data = msg.data as Buffer;
          assert.deepEqual(Buffer.from(data), Buffer.from(msg.string()));
          const copies = data.length > 0 && data.slice().buffer !== data.buffer;
          return [Buffer.isBuffer(data), data.toString().slice(0, 4), data.toString("hex").slice(-2), copies];
        });
      });
      const text = (copies: boolean) => [true, "text", "74", copies];
      const empty = [true, "", "", false];
      expect(seen).toEqual({
        // A payload that came in several chunks is a plain Uint8Array there.
        reference: { read: [text(false), empty, [false, "120,", "20", true]], code: undefined },
        ours: { read: [text(true), empty, [true, "xxxx", "78", true]], code: undefined },
      });
    });

    it("gives json with a reviver, and BAD_JSON for what is none", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("json", { max: 2 });
        nc.publish("json", '{"n":1}');
        nc.publish("json", "{");
        const { read: msgs } = await read(sub, (msg) => msg);
        const [good, bad] = msgs as [Msg, Msg];
        return {
          plain: good.json(),
          revived: good.json((_key, value) => (typeof value === "number" ? value + 1 : value)),
          code: await codeOf(() => bad.json()),
        };
      });
      expect(seen).toEqual(same({ plain: { n: 1 }, revived: { n: 2 }, code: "BAD_JSON" }));
    });

    it("is refused by respond and respondMessage with false once closed (true, and an error, in the reference)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const asked = nc.subscribe("ask", { max: 1 });
        nc.publish("ask", "", { reply: "back" });
        const { read: msgs } = await read(asked, (msg) => msg);
        const [msg] = msgs as [Msg];
        await nc.drain();
        let result: boolean | undefined;
        const code = await codeOf(() => {
          result = nc.respondMessage(msg);
        });
        return { respond: msg.respond("late"), respondMessage: code ?? result };
      });
      expect(seen).toEqual({
        reference: { respond: true, respondMessage: "CONNECTION_CLOSED" },
        ours: { respond: false, respondMessage: false },
      });
    });

    it("is done by msg.respond, respondMessage and publishMessage too", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const inbox = nc.subscribe("back", { max: 2 });
        const again = nc.subscribe("again", { max: 2 });
        nc.publish("again", "hi", { reply: "back" });
        const results: boolean[] = [];
        const passed: unknown[] = [];
        for await (const msg of again) {
          passed.push([msg.string(), msg.reply]);
          if (passed.length > 1) break;
          results.push(msg.respond("by respond"), nc.respondMessage(msg));
          nc.publishMessage(msg);
        }
        const lonely = nc.subscribe("lonely", { max: 1 });
        nc.publish("lonely");
        for await (const msg of lonely) results.push(msg.respond("x"), nc.respondMessage(msg));
        return { results, passed, answers: await read(inbox, text) };
      });
      expect(seen).toEqual(
        same({
          results: [true, true, false, false],
          passed: [
            ["hi", "back"],
            ["hi", "back"],
          ],
          answers: { read: ["by respond", "hi"], code: undefined },
        }),
      );
    });

    it("refuses what cannot be sent, with the same codes", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const most = nc.info?.max_payload ?? 0;
        const codes = {
          "no subject": await codeOf(() => nc.publish("")),
          "no payload": await codeOf(() => nc.publish("a", 5 as never)),
          "too large": await codeOf(() => nc.publish("a", new Uint8Array(most + 1))),
          "as large as may be": await codeOf(() => nc.publish("a", new Uint8Array(most))),
        };
        await nc.flush();
        await nc.close();
        return { ...codes, closed: await codeOf(() => nc.publish("a")) };
      });
      expect(seen).toEqual(
        same({
          "no subject": "BAD_SUBJECT",
          "no payload": "BAD_PAYLOAD",
          "too large": "MAX_PAYLOAD_EXCEEDED",
          "as large as may be": undefined,
          closed: "CONNECTION_CLOSED",
        }),
      );
    });

    it("refuses subjects that would break the protocol (the reference sends them)", async () => {
      const bad = ["a b", "a\r\nPUB b 1\r\nx", ".a", "a.", "a..b", "a\tb"];
      const seen = await both(async ({ connect }) => {
        let all = "";
        const fake = await fakeServer((socket) => {
          all = "";
          socket.on("data", (chunk) => (all += chunk));
          welcome(socket);
        });
        const nc = await connect({ port: fake.port });
        const codes = await Promise.all(bad.map((subject) => codeOf(() => nc.publish(subject))));
        const sub = await codeOf(() => nc.subscribe("a b"));
        const queue = await codeOf(() => nc.subscribe("a", { queue: "x y" }));
        const reply = await codeOf(() => nc.publish("a", "", { reply: "a b" }));
        await nc.flush();
        await nc.close();
        await fake.close();
        return { codes, sub, queue, reply, injected: all.includes("\r\nPUB b 1\r\n") };
      });
      const refused = "BAD_SUBJECT";
      expect(seen).toEqual({
        reference: {
          codes: bad.map(() => undefined),
          sub: undefined,
          queue: undefined,
          reply: undefined,
          injected: true,
        },
        ours: {
          codes: bad.map(() => refused),
          sub: refused,
          queue: refused,
          reply: refused,
          injected: false,
        },
      });
    });

    it("refuses a subject longer than a server takes (the reference loses its connection by it)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ ...quick, port: server.port });
        const watch = new Watch(nc);
        const code = await codeOf(() => nc.publish("n".repeat(4_095)));
        await (code === undefined ? watch.until("disconnect") : nc.flush());
        await nc.close();
        return { code, isLost: watch.types.includes("disconnect") };
      });
      expect(seen).toEqual({
        reference: { code: undefined, isLost: true },
        ours: { code: "BAD_SUBJECT", isLost: false },
      });
    });

    it("allows wildcards in the subject of a publish, which are not wildcards there", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("wild.*", { max: 1 });
        nc.publish("wild.*", "literal");
        return read(sub, (msg) => [msg.subject, msg.string()]);
      });
      expect(seen).toEqual(same({ read: [["wild.*", "literal"]], code: undefined }));
    });

    it("keeps in an outage what the reference loses", async () => {
      const seen = await both(async ({ connect }) => {
        const one = await startServer({ path });
        const nc = await connect({ ...quick, port: one.port });
        const sub = nc.subscribe("kept", { max: 4 });
        const received: string[] = [];
        void read(sub, (msg) => received.push(msg.string()));
        await nc.flush();
        const watch = new Watch(nc);
        await one.kill();
        await watch.until("disconnect");
        await sleep(50);
        for (const word of ["1", "2", "3"]) nc.publish("kept", word);
        await sleep(50);
        await one.start();
        await watch.until("reconnect");
        await nc.flush();
        nc.publish("kept", "after");
        await until(() => received.includes("after"));
        await nc.close();
        await one.stop();
        return received;
      });
      expect(seen).toEqual({ reference: ["after"], ours: ["1", "2", "3", "after"] });
    });
  });

  describe("a subscription", () => {
    it("receives by wildcards, and shares with its queue group", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const got: Record<string, string[]> = { star: [], rest: [], queue: [] };
        const into = (name: string): SubscriptionOptions => ({
          callback: (_error, msg) => void got[name]?.push(msg.subject),
        });
        nc.subscribe("w.*", into("star"));
        nc.subscribe("w.>", into("rest"));
        nc.subscribe("w.a", { ...into("queue"), queue: "q" });
        nc.subscribe("w.a", { ...into("queue"), queue: "q" });
        nc.publish("w.a");
        nc.publish("w.b.c");
        await nc.flush();
        return got;
      });
      expect(seen).toEqual(same({ star: ["w.a"], rest: ["w.a", "w.b.c"], queue: ["w.a"] }));
    });

    it("tells of itself: the same until its last message (then the reference forgets its max and counts one too many)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("self", { max: 3 });
        const tell = () => ({
          subject: sub.getSubject(),
          id: sub.getID(),
          max: sub.getMax(),
          received: sub.getReceived(),
          processed: sub.getProcessed(),
          pending: sub.getPending(),
          draining: sub.isDraining(),
          closed: sub.isClosed(),
        });
        const before = tell();
        nc.publish("self", "1");
        nc.publish("self", "2");
        await nc.flush();
        const waiting = tell();
        const within: unknown[] = [];
        for await (const _ of sub) {
          within.push(tell());
          if (within.length === 1) nc.publish("self", "3");
        }
        await sub.closed;
        return { before, waiting, within, after: tell() };
      });
      const self = { subject: "self", id: 1, max: 3, draining: false, closed: false };
      const before = { ...self, received: 0, processed: 0, pending: 0 };
      const waiting = { ...self, received: 2, processed: 0, pending: 2 };
      const first = { ...self, received: 2, processed: 1, pending: 2 };
      const second = { ...self, received: 2, processed: 2, pending: 1 };
      const last = { ...self, received: 3, processed: 3 };
      expect(seen).toEqual({
        reference: {
          before,
          waiting,
          within: [first, second, { ...last, max: undefined, pending: 2 }],
          after: { ...last, max: undefined, pending: 1, closed: true },
        },
        ours: {
          before,
          waiting,
          within: [first, second, { ...last, pending: 1, closed: true }],
          after: { ...last, pending: 0, closed: true },
        },
      });
    });

    it("with a callback tells the same of itself", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("self", { callback: () => {} });
        nc.publish("self");
        nc.publish("self");
        await nc.flush();
        const counts = [sub.getReceived(), sub.getProcessed(), sub.getPending()];
        sub.unsubscribe();
        await sub.closed;
        return { counts, closed: sub.isClosed(), max: sub.getMax() };
      });
      expect(seen).toEqual(same({ counts: [2, 2, 0], closed: true, max: undefined }));
    });

    it("takes what tools hand over by its method callback, uncounted", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const got: unknown[] = [];
        const sub = nc.subscribe("a", { callback: (error, msg) => void got.push(error ?? msg) });
        (sub as unknown as { callback(error: null, msg: unknown): void }).callback(null, "made");
        return [got, sub.getReceived()];
      });
      expect(seen).toEqual(same([["made"], 0]));
    });

    it("ends after max messages, by the option or by unsubscribe(max) counted from the beginning", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const byOption = nc.subscribe("max", { max: 2 });
        const later = nc.subscribe("max");
        nc.publish("max", "1");
        await nc.flush();
        later.unsubscribe(3);
        for (const word of ["2", "3", "4"]) nc.publish("max", word);
        return { byOption: await read(byOption, text), later: await read(later, text) };
      });
      expect(seen).toEqual(
        same({
          byOption: { read: ["1", "2"], code: undefined },
          later: { read: ["1", "2", "3"], code: undefined },
        }),
      );
    });

    it("gives its reader what had arrived before unsubscribe", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("left");
        for (const word of ["1", "2", "3"]) nc.publish("left", word);
        await nc.flush();
        sub.unsubscribe();
        return read(sub, text);
      });
      expect(seen).toEqual(same({ read: ["1", "2", "3"], code: undefined }));
    });

    it("is closed at once for isClosed() by unsubscribe (in the reference once its reader came)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("closes");
        sub.unsubscribe();
        await nc.flush();
        const unread = sub.isClosed();
        await read(sub, text);
        return { unread, read: sub.isClosed() };
      });
      expect(seen).toEqual({ reference: { unread: false, read: true }, ours: { unread: true, read: true } });
    });

    it("ends where its reader leaves the loop, and the server is told", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: wire.port });
        const sub = nc.subscribe("break");
        nc.publish("break");
        nc.publish("break");
        for await (const _ of sub) break;
        await sub.closed;
        await nc.flush();
        return { closed: sub.isClosed(), told: wire.sent.at(-1)?.includes("UNSUB 1\r\n") };
      });
      expect(seen).toEqual(same({ closed: true, told: true }));
    });

    it("has one reader, and none beside a callback", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("one");
        void read(sub, text);
        await turns();
        const second = await read(sub, text);
        const beside = await read(nc.subscribe("two", { callback: () => {} }), text).catch((error) => error);
        return { second: second.code, beside: beside.code };
      });
      expect(seen).toEqual(same({ second: "BAD API", beside: "BAD API" }));
    });

    it("has a timeout for its first message: the iterator throws TIMEOUT", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const late = await read(nc.subscribe("never", { timeout: 20 }), text);
        const sub = nc.subscribe("soon", { timeout: 400 });
        nc.publish("soon");
        const reading = read(sub, text);
        await sleep(450);
        sub.unsubscribe();
        return { late, soon: await reading };
      });
      expect(seen).toEqual(
        same({ late: { read: [], code: "TIMEOUT" }, soon: { read: [""], code: undefined } }),
      );
    });

    it("has a timeout for its callback, which the first message ends (in the reference it runs on)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const told: (string | undefined)[] = [];
        nc.subscribe("soon", { timeout: 200, callback: (error) => void told.push(error?.code) });
        nc.publish("soon");
        await sleep(300);
        return told;
      });
      expect(seen).toEqual({ reference: [undefined, "TIMEOUT"], ours: [undefined] });
    });

    it("that timed out is ended with the server too (in the reference the server goes on sending)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: wire.port });
        const codes: (string | undefined)[] = [];
        let messages = 0;
        nc.subscribe("late", {
          timeout: 20,
          callback: (error) => {
            if (error === null) messages++;
            else codes.push(error.code);
          },
        });
        await until(() => codes.length > 0);
        nc.publish("late");
        await nc.flush();
        return { codes, messages, told: wire.sent.at(-1)?.includes("UNSUB") };
      });
      expect(seen).toEqual({
        reference: { codes: ["TIMEOUT"], messages: 1, told: false },
        ours: { codes: ["TIMEOUT"], messages: 0, told: true },
      });
    });

    it("is restored by a reconnect, with what is left of its max (the reference forgets to tell the server)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ ...quick, port: wire.port });
        nc.subscribe("r", { max: 3, callback: () => {} });
        nc.subscribe("q", { queue: "g", callback: () => {} });
        nc.publish("r");
        await nc.flush();
        const watch = new Watch(nc);
        await nc.reconnect();
        await watch.until("reconnect");
        await nc.flush();
        return wire.sent
          .at(-1)
          ?.replace(/^CONNECT .*\r\nPING\r\n/, "")
          .replace(/PING\r\n$/, "");
      });
      expect(seen).toEqual({
        reference: "SUB r 1\r\nSUB q g 2\r\n",
        // A round trip more, before what was kept is handed over.
        ours: "SUB r 1\r\nUNSUB 1 2\r\nSUB q g 2\r\nPING\r\n",
      });
    });

    it("leaves out options that are null (in the reference a max of null is 1, a callback of null takes all)", async () => {
      const names = ["queue", "timeout", "max", "callback"];
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const counts = await Promise.all(
          names.map(async (name) => {
            const sub = nc.subscribe(`nulls.${name}`, { [name]: null });
            let count = 0;
            void (async () => {
              for await (const _ of sub) count++;
            })();
            for (let i = 0; i < 2; i++) nc.publish(`nulls.${name}`);
            await nc.flush();
            await turns();
            return count;
          }),
        );
        const sub = nc.subscribe("nulls");
        sub.unsubscribe(null as never);
        return [...counts, (await readAll(sub)) ?? "ended"];
      });
      expect(seen).toEqual({ reference: [2, 2, 1, 0, "ended"], ours: [2, 2, 2, 2, "ended"] });
    });

    it("takes null for no options (a bare TypeError in the reference)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        return (await errorOf(() => nc.subscribe("a", null as never)))?.name;
      });
      expect(seen).toEqual({ reference: "TypeError", ours: undefined });
    });

    it("that timed out says in its error where it was made, unless noAsyncTraces", async () => {
      const seen = await both(async ({ connect }) => {
        const stackOf = async (noAsyncTraces: boolean, hasCallback: boolean) => {
          const nc = await connect({ port: server.port, noAsyncTraces });
          return new Promise<boolean>((resolve) => {
            const told = (error: NatsError | null) =>
              resolve(error?.stack?.includes("subscribedHere") === true);
            const callback = hasCallback ? { callback: told } : {};
            const subscribedHere = () => nc.subscribe("silent", { timeout: 20, ...callback });
            const sub = subscribedHere();
            if (!hasCallback) void errorOf(() => readAll(sub)).then((error) => told(error ?? null));
          });
        };
        return [await stackOf(false, true), await stackOf(false, false), await stackOf(true, true)];
      });
      expect(seen).toEqual(same([true, true, false]));
    });

    it("refuses options that make no sense (the reference takes them)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const wrong = [{ max: -1 }, { max: 1.5 }, { timeout: -1 }, { callback: 5 }, { queue: "" }];
        return Promise.all(
          wrong.map((options) => codeOf(() => nc.subscribe("a", options as SubscriptionOptions))),
        );
      });
      const refused = "INVALID_OPTION";
      expect(seen).toEqual({
        reference: [undefined, undefined, undefined, undefined, undefined],
        ours: [refused, refused, refused, refused, "BAD_SUBJECT"],
      });
    });

    it("that is not permitted ends with the error", async () => {
      const permissions = { subscribe: { deny: ["no.>"] } };
      const strict = await startServer({
        path,
        config: { authorization: { users: [{ user: "ann", password: "pw", permissions }] } },
      });
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: strict.port, user: "ann", pass: "pw" });
        const iterated = await read(nc.subscribe("no.1"), text);
        const codes: unknown[] = [];
        const sub = nc.subscribe("no.2", { callback: (error, msg) => void codes.push(error?.code, msg) });
        await sub.closed;
        const context = await errorOf(async () => {
          for await (const _ of nc.subscribe("no.3", { queue: "q" }));
        });
        return { iterated, codes, closed: sub.isClosed(), context: context?.permissionContext };
      });
      await strict.stop();
      expect(seen).toEqual(
        same({
          iterated: { read: [], code: "PERMISSIONS_VIOLATION" },
          codes: ["PERMISSIONS_VIOLATION", {}],
          closed: true,
          context: { operation: "subscription", subject: "no.3", queue: "q" },
        }),
      );
    });
  });
});
