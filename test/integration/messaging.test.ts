// Messages: published, subscribed to, requested and answered, against real servers.

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  connect,
  createInbox,
  Empty,
  ErrorCode,
  headers,
  JSONCodec,
  type Msg,
  type NatsConnection,
  type NatsError,
  RequestStrategy,
  StringCodec,
} from "../../src/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";

describe.each(servers)("messages over nats-server $label", ({ path }) => {
  let server: TestServer;
  let nc: NatsConnection;
  const open: NatsConnection[] = [];

  beforeAll(async () => {
    server = await startServer({ path });
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function connected(options: Parameters<typeof connect>[0] = {}): Promise<NatsConnection> {
    nc = await connect({ port: server.port, ...options });
    open.push(nc);
    return nc;
  }

  /** The messages of a subscription with `max`, read to the end. */
  async function all(messages: AsyncIterable<Msg>): Promise<Msg[]> {
    const read: Msg[] = [];
    for await (const msg of messages) read.push(msg);
    return read;
  }

  describe("publish", () => {
    it("carries text, bytes and nothing", async () => {
      await connected();
      const sub = nc.subscribe("kinds", { max: 5 });
      nc.publish("kinds", "žluťoučký 🐎");
      nc.publish("kinds", new Uint8Array([0, 13, 10, 255]));
      nc.publish("kinds");
      nc.publish("kinds", Empty);
      nc.publish("kinds", "");
      const read = await all(sub);
      expect(read[0]?.string()).toBe("žluťoučký 🐎");
      expect([...(read[1]?.data ?? [])]).toEqual([0, 13, 10, 255]);
      expect(read.slice(2).map((msg) => msg.data.length)).toEqual([0, 0, 0]);
    });

    it("carries headers, reply and payload together, and codecs around it", async () => {
      await connected();
      const sub = nc.subscribe("with", { max: 1 });
      const given = headers();
      given.append("key", "one");
      given.append("key", "two");
      nc.publish("with", JSONCodec().encode({ a: 1 }), { headers: given, reply: "back" });
      const [msg] = await all(sub);
      expect(msg?.headers?.values("key")).toEqual(["one", "two"]);
      expect(msg?.reply).toBe("back");
      expect(msg?.json()).toEqual({ a: 1 });
      expect(StringCodec().decode(msg?.data ?? Empty)).toBe('{"a":1}');
      expect(() => msg?.json(() => JSON.parse("{"))).toThrow(
        expect.objectContaining({ code: ErrorCode.BadJson }),
      );
    });

    it("keeps order over ten thousand messages, whatever their size, and what is kept stays as it was", async () => {
      await connected();
      const sub = nc.subscribe("many", { max: 10_000 });
      for (let i = 0; i < 10_000; i++) nc.publish("many", `${i}:${"x".repeat(i % 700)}`);
      const read = await all(sub);
      read.forEach((msg, i) => {
        expect(msg.string()).toBe(`${i}:${"x".repeat(i % 700)}`);
      });
    });

    it("carries messages up to max_payload, and refuses larger ones", async () => {
      await connected();
      const most = nc.info?.max_payload ?? 0;
      const sub = nc.subscribe("big", { max: 1 });
      const payload = new Uint8Array(most).fill(7);
      nc.publish("big", payload);
      const [msg] = await all(sub);
      expect(Buffer.compare(msg?.data ?? Empty, payload)).toBe(0);
      expect(() => nc.publish("big", new Uint8Array(most + 1))).toThrow(
        expect.objectContaining({ code: ErrorCode.MaxPayloadExceeded }),
      );
      expect(() => nc.publish("big", "é".repeat(most / 2 + 1))).toThrow(
        expect.objectContaining({ code: ErrorCode.MaxPayloadExceeded }),
      );
    });

    it("passes messages on: publishMessage, respondMessage, respond", async () => {
      await connected();
      const first = nc.subscribe("first", { max: 1 });
      nc.publish("first", "hi", { reply: "second" });
      const [msg] = (await all(first)) as [Msg];
      const second = nc.subscribe("second", { max: 2 });
      const again = nc.subscribe("first", { max: 1 });
      expect(msg.respond("by respond")).toBe(true);
      expect(nc.respondMessage(msg)).toBe(true);
      nc.publishMessage(msg);
      expect((await all(second)).map((one) => one.string())).toEqual(["by respond", "hi"]);
      expect((await all(again)).map((one) => one.reply)).toEqual(["second"]);
      const [silent] = await (async () => {
        const sub = nc.subscribe("third", { max: 1 });
        nc.publish("third");
        return all(sub);
      })();
      expect(silent?.respond()).toBe(false);
      expect(nc.respondMessage(silent as Msg)).toBe(false);
    });

    it("with noEcho does not come back", async () => {
      await connected({ noEcho: true });
      let received = 0;
      nc.subscribe("echo", { callback: () => void received++ });
      nc.publish("echo");
      await nc.flush();
      await nc.flush();
      expect(received).toBe(0);
    });

    it("may go on when the socket has taken what was published", async () => {
      await connected();
      server.pause();
      for (let i = 0; i < 128; i++) nc.publish("much", new Uint8Array(500_000));
      expect(nc.pendingBytes).toBeGreaterThan(2_000_000);
      const ready = nc.ready();
      server.resume();
      await ready;
      expect(nc.pendingBytes).toBeLessThanOrEqual(1_048_576);
      await nc.ready(0);
      expect(nc.pendingBytes).toBe(0);
    });
  });

  describe("subscribe", () => {
    it("receives by wildcards", async () => {
      await connected();
      const subjects: string[] = [];
      nc.subscribe("w.*.c", { callback: (_error, msg) => void subjects.push(`* ${msg.subject}`) });
      nc.subscribe("w.>", { callback: (_error, msg) => void subjects.push(`> ${msg.subject}`) });
      for (const subject of ["w.b.c", "w.b", "w.b.d"]) nc.publish(subject);
      await nc.flush();
      expect(subjects.sort()).toEqual(["* w.b.c", "> w.b", "> w.b.c", "> w.b.d"]);
    });

    it("shares messages among a queue group: each goes to one member", async () => {
      await connected();
      const counts = [0, 0, 0];
      for (const member of counts.keys()) {
        nc.subscribe("q", {
          queue: "workers",
          callback: () => {
            counts[member] = (counts[member] ?? 0) + 1;
          },
        });
      }
      for (let i = 0; i < 300; i++) nc.publish("q");
      await nc.flush();
      expect(counts.reduce((sum, count) => sum + count)).toBe(300);
      expect(counts.every((count) => count > 0)).toBe(true);
    });

    it("tells what it is and how far it got", async () => {
      await connected();
      const sub = nc.subscribe("about", { max: 5 });
      expect([sub.getSubject(), sub.getMax(), sub.getID() > 0, sub.isClosed(), sub.isDraining()]).toEqual([
        "about",
        5,
        true,
        false,
        false,
      ]);
      for (let i = 0; i < 3; i++) nc.publish("about");
      await nc.flush();
      expect([sub.getReceived(), sub.getProcessed(), sub.getPending()]).toEqual([3, 0, 3]);
      for await (const _ of sub) {
        expect([sub.getReceived(), sub.getProcessed(), sub.getPending()]).toEqual([3, 1, 3]);
        break;
      }
      await sub.closed;
      expect(sub.isClosed()).toBe(true);
    });

    it("ends by unsubscribe at once: what is still in the chunk is not delivered", async () => {
      await connected();
      let received = 0;
      const sub = nc.subscribe("once", {
        callback: () => {
          received++;
          sub.unsubscribe();
        },
      });
      for (let i = 0; i < 100; i++) nc.publish("once");
      await nc.flush();
      expect(received).toBe(1);
      await sub.closed;
    });

    it("ends by unsubscribe(max) after that many in all, or at once where there were more", async () => {
      await connected();
      let received = 0;
      const sub = nc.subscribe("max", { callback: () => void received++ });
      nc.publish("max");
      await nc.flush();
      sub.unsubscribe(3);
      expect(sub.getMax()).toBe(3);
      for (let i = 0; i < 10; i++) nc.publish("max");
      await nc.flush();
      expect(received).toBe(3);
      expect(sub.isClosed()).toBe(true);
      const other = nc.subscribe("max");
      for (let i = 0; i < 5; i++) nc.publish("max");
      await nc.flush();
      other.unsubscribe(2);
      expect(other.isClosed()).toBe(true);
      expect(() => sub.unsubscribe(-1)).toThrow("max");
    });

    it("ends by its drain when all that was sent has arrived", async () => {
      await connected();
      let received = 0;
      const sub = nc.subscribe("drained", { callback: () => void received++ });
      for (let i = 0; i < 50; i++) nc.publish("drained");
      const drained = sub.drain();
      expect(sub.isDraining()).toBe(true);
      nc.publish("drained");
      await drained;
      expect(received).toBe(50);
      expect(sub.isClosed()).toBe(true);
      await sub.drain();
      const ended = nc.subscribe("drained");
      ended.unsubscribe();
      await expect(ended.drain()).rejects.toMatchObject({ code: ErrorCode.SubClosed });
    });

    it("reports that no message came in time, once, and ends", async () => {
      await connected();
      const errors: (NatsError | null)[] = [];
      const sub = nc.subscribe("late", { timeout: 20, callback: (error) => void errors.push(error) });
      await sub.closed;
      expect(errors).toEqual([expect.objectContaining({ code: ErrorCode.Timeout })]);
      await expect(all(nc.subscribe("late", { timeout: 20 }))).rejects.toMatchObject({
        code: ErrorCode.Timeout,
      });
      let received = 0;
      const inTime = nc.subscribe("early", { timeout: 10_000, callback: () => void received++ });
      nc.publish("early");
      await nc.flush();
      expect([received, inTime.isClosed()]).toEqual([1, false]);
    });

    it("ends when its signal is aborted, and at the end of a scope", async () => {
      await connected();
      const controller = new AbortController();
      const sub = nc.subscribe("signal", { signal: controller.signal });
      controller.abort();
      expect(await all(sub)).toEqual([]);
      expect(sub.isClosed()).toBe(true);
      expect(() => nc.subscribe("signal", { signal: controller.signal })).toThrow(
        expect.objectContaining({ code: ErrorCode.Cancelled }),
      );
      let outside = sub;
      {
        await using scoped = nc.subscribe("scope");
        outside = scoped;
      }
      expect(outside.isClosed()).toBe(true);
    });

    it("has one consumer, and none beside a callback", async () => {
      await connected();
      const sub = nc.subscribe("one");
      const first = all(sub);
      await expect(all(sub)).rejects.toMatchObject({ code: ErrorCode.ApiError });
      sub.unsubscribe();
      await first;
      const called = nc.subscribe("one", { callback: () => {} });
      await expect(all(called)).rejects.toMatchObject({ code: ErrorCode.ApiError });
    });
  });

  describe("request", () => {
    it("gets an answer, over the shared inbox, an own one, or a given subject", async () => {
      await connected();
      const replies: string[] = [];
      nc.subscribe("ask", {
        callback: (_error, msg) => {
          replies.push(msg.reply ?? "");
          msg.respond(`${msg.string()}!`, msg.headers === undefined ? {} : { headers: msg.headers });
        },
      });
      const given = headers();
      given.set("a", "b");
      const answer = await nc.request("ask", "hi", { headers: given });
      expect([answer.string(), answer.headers?.get("a")]).toEqual(["hi!", "b"]);
      expect((await nc.request("ask", "x", { noMux: true, timeout: 1_000 })).string()).toBe("x!");
      const reply = createInbox("mine");
      expect((await nc.request("ask", "y", { noMux: true, reply, timeout: 1_000 })).string()).toBe("y!");
      expect(replies[0]).toMatch(/^_INBOX\.\w+\.\w+$/);
      expect(replies[1]).toMatch(/^_INBOX\.\w+$/);
      expect(replies[2]).toBe(reply);
    });

    it("gets each its own answer, a hundred at a time, whatever their order", async () => {
      await connected({ inboxPrefix: "my.inbox" });
      const waiting: Msg[] = [];
      nc.subscribe("echo", {
        callback: (_error, msg) => {
          waiting.push(msg);
          if (waiting.length === 100) for (const one of waiting.reverse()) one.respond(one.data);
        },
      });
      const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => nc.request("echo", `${i}`)));
      expect(answers.map((msg) => msg.string())).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
      expect(waiting[0]?.reply?.startsWith("my.inbox.")).toBe(true);
    });

    it.each([false, true])(
      "fails without responders, out of time, or aborted (noMux: %s), and says where it was made",
      async (noMux) => {
        await connected();
        nc.subscribe("silent", { callback: () => {} });
        const thisTest = "messaging.test.ts";
        const none = await nc
          .request("nobody", "", { noMux, timeout: 1_000 })
          .catch((error: NatsError) => error);
        expect(none).toMatchObject({
          code: ErrorCode.NoResponders,
          stack: expect.stringContaining(thisTest),
        });
        const late = await nc
          .request("silent", "", { noMux, timeout: 20 })
          .catch((error: NatsError) => error);
        expect(late).toMatchObject({ code: ErrorCode.Timeout, stack: expect.stringContaining(thisTest) });
        const controller = new AbortController();
        const aborted = nc.request("silent", "", { noMux, timeout: 10_000, signal: controller.signal });
        controller.abort(new Error("enough"));
        await expect(aborted).rejects.toMatchObject({
          code: ErrorCode.Cancelled,
          cause: new Error("enough"),
        });
        await expect(nc.request("silent", "", { signal: controller.signal })).rejects.toMatchObject({
          code: ErrorCode.Cancelled,
        });
      },
    );

    it("checks its options", async () => {
      await connected();
      await expect(nc.request("a", "", { timeout: 0 })).rejects.toMatchObject({
        code: ErrorCode.InvalidOption,
      });
      await expect(nc.request("a", "", { reply: "b" })).rejects.toMatchObject({
        code: ErrorCode.InvalidOption,
      });
      await expect(nc.requestMany("a", "", { maxWait: -1 })).rejects.toMatchObject({
        code: ErrorCode.InvalidOption,
      });
      await expect(nc.requestMany("a", "", { strategy: "all" as never })).rejects.toMatchObject({
        code: ErrorCode.InvalidOption,
      });
    });

    it("under way is waited for by a drain", async () => {
      const other = await connected();
      let answer: () => void = () => {};
      other.subscribe("slow", {
        callback: (_error, msg) => {
          answer = () => msg.respond("done");
        },
      });
      await other.flush();
      await connected();
      const asked = nc.request("slow", "", { timeout: 20_000 });
      await nc.flush();
      const drained = nc.drain();
      setTimeout(() => answer(), 20);
      expect((await asked).string()).toBe("done");
      await drained;
    });
  });

  describe.each([false, true])("requestMany (noMux: %s)", (noMux) => {
    async function answers(strategy: RequestStrategy, options = {}): Promise<string[]> {
      await connected();
      nc.subscribe("many", {
        callback: (_error, msg) => {
          for (const text of ["1", "2", "3", ""]) msg.respond(text);
        },
      });
      const messages = await nc.requestMany("many", "", { strategy, maxWait: 100, noMux, ...options });
      return (await all(messages)).map((msg) => msg.string());
    }

    it("takes all until its time is over", async () => {
      expect(await answers(RequestStrategy.Timer)).toEqual(["1", "2", "3", ""]);
    });
    it("takes a number of answers", async () => {
      expect(await answers(RequestStrategy.Count, { maxMessages: 2, maxWait: 10_000 })).toEqual(["1", "2"]);
    });
    it("takes all until none comes for a while", async () => {
      expect(await answers(RequestStrategy.JitterTimer, { jitter: 50, maxWait: 10_000 })).toEqual([
        "1",
        "2",
        "3",
        "",
      ]);
    });
    it("takes all until an empty one", async () => {
      expect(await answers(RequestStrategy.SentinelMsg, { maxWait: 10_000 })).toEqual(["1", "2", "3", ""]);
    });
    it("fails without responders, and when aborted", async () => {
      await connected();
      await expect(nc.requestMany("nobody", "", { noMux }).then(all)).rejects.toMatchObject({
        code: ErrorCode.NoResponders,
      });
      nc.subscribe("silent", { callback: () => {} });
      const controller = new AbortController();
      const reading = nc
        .requestMany("silent", "", { noMux, maxWait: 10_000, signal: controller.signal })
        .then(all);
      await nc.flush();
      controller.abort();
      await expect(reading).rejects.toMatchObject({ code: ErrorCode.Cancelled });
    });
    it("ends when its reader leaves, and with the connection", async () => {
      await connected();
      nc.subscribe("many", { callback: (_error, msg) => void msg.respond("1") });
      for await (const msg of await nc.requestMany("many", "", { noMux, maxWait: 10_000 })) {
        expect(msg.string()).toBe("1");
        break;
      }
      const reading = nc.requestMany("many", "", { noMux, maxWait: 10_000 }).then(all);
      reading.catch(() => {});
      await nc.flush();
      await nc.close();
      await expect(reading).rejects.toMatchObject({ code: ErrorCode.ConnectionClosed });
    });
  });
});
