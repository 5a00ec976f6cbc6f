// Publish and subscribe against real servers: what a message carries, who receives it, and how a subscription ends.
// Requests are in request.test.ts; the life of the connection itself in life.test.ts.

import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { rm } from "node:fs/promises";
import { promisify } from "node:util";
import { build } from "esbuild";
import * as reference from "nats";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  connect,
  Empty,
  ErrorCode,
  headers,
  JSONCodec,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type NatsError,
  type Payload,
  StringCodec,
  type Subscription,
} from "../../src/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";

describe.each(servers)("over nats-server $label", ({ path }) => {
  let server: TestServer;
  let nc: NatsConnection;
  const open: NatsConnection[] = [];

  beforeAll(async () => {
    server = await startServer({ path });
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    vi.useRealTimers();
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function connected(options: Parameters<typeof connect>[0] = {}): Promise<NatsConnection> {
    nc = await connect({ port: server.port, ...options });
    open.push(nc);
    return nc;
  }

  /** Two ways to read a subscription: each resolves with all its messages, when it has ended. */
  const readers: readonly (readonly [string, (subject: string, max: number) => Promise<Msg[]>])[] = [
    ["iterator", (subject, max) => all(nc.subscribe(subject, { max }))],
    [
      "callback",
      async (subject, max) => {
        const read: Msg[] = [];
        await nc.subscribe(subject, { max, callback: (_error, msg) => void read.push(msg) }).closed;
        return read;
      },
    ],
  ];

  /** The server's own word that it sends messages on that subject to nobody any more. */
  async function nobodyListens(subject: string): Promise<void> {
    await expect(nc.request(subject, "", { timeout: 10_000 })).rejects.toMatchObject({
      code: ErrorCode.NoResponders,
    });
  }

  describe.each(readers)("a message read by %s", (_how, read) => {
    it("carries text, bytes or nothing", async () => {
      await connected();
      const payloads: readonly (Payload | undefined)[] = [
        "plain",
        "žluťoučký 🐎\u0000\u{10ffff}",
        new Uint8Array([0, 13, 10, 255]),
        Buffer.from("a Buffer"),
        undefined,
        Empty,
        "",
      ];
      const reading = read("kinds", payloads.length);
      for (const payload of payloads) nc.publish("kinds", payload);
      const received = await reading;
      expect(received.map((msg) => Buffer.from(msg.data).toString("hex"))).toEqual(
        payloads.map((payload) => Buffer.from(payload ?? "").toString("hex")),
      );
      expect(received[1]?.string()).toBe("žluťoučký 🐎\u0000\u{10ffff}");
      expect(received.every((msg) => msg.data instanceof Uint8Array)).toBe(true);
    });

    it("carries headers, reply and payload together, or any of them", async () => {
      await connected();
      const given = headers();
      given.append("key", "one");
      given.append("key", "two");
      given.set("Unicode", "žluťoučký");
      const reading = read("with", 4);
      nc.publish("with", JSONCodec().encode({ a: 1 }), { headers: given, reply: "back" });
      nc.publish("with", undefined, { headers: given });
      nc.publish("with", "x", { reply: "back" });
      nc.publish("with", "x", {});
      const [full, bare, replied, plain] = await reading;
      expect(full?.headers?.values("key")).toEqual(["one", "two"]);
      expect(full?.headers?.get("Unicode")).toBe("žluťoučký");
      expect([full?.subject, full?.reply]).toEqual(["with", "back"]);
      expect(full?.json()).toEqual({ a: 1 });
      expect(full?.json((key, value) => (key === "a" ? 2 : value))).toEqual({ a: 2 });
      expect(StringCodec().decode(full?.data ?? Empty)).toBe('{"a":1}');
      expect([bare?.headers?.get("key"), bare?.data.length]).toEqual(["one", 0]);
      expect([replied?.reply, replied?.headers]).toEqual(["back", undefined]);
      expect([plain?.reply, plain?.headers]).toEqual(["", undefined]);
      expect(() => plain?.json()).toThrow(expect.objectContaining({ code: ErrorCode.BadJson }));
    });

    it("is one of ten thousand, in order, whatever their size, and stays as it was", async () => {
      await connected();
      const text = (i: number) => `${i}:${"x".repeat(i % 700)}`;
      const numbered = (i: number) => {
        const given = headers();
        given.set("number", `${i}`);
        return given;
      };
      const reading = read("many", 10_000);
      for (let i = 0; i < 10_000; i++) {
        nc.publish("many", text(i), i % 3 === 0 ? { headers: numbered(i), reply: `r.${i}` } : {});
      }
      // Read only now that all have come: each is a window onto bytes that must not have been used again.
      const kept = await reading;
      const wrong = kept.filter((msg, i) => {
        const [reply, number] = i % 3 === 0 ? [`r.${i}`, `${i}`] : ["", undefined];
        return msg.string() !== text(i) || msg.reply !== reply || msg.headers?.get("number") !== number;
      });
      expect([kept.length, wrong.length]).toEqual([10_000, 0]);
    });

    it("may be as large as the server permits, and arrives between small ones in many pieces", async () => {
      await connected();
      const most = nc.info?.max_payload ?? 0;
      expect(most).toBe(1_048_576);
      const large = Uint8Array.from({ length: most }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
      const reading = read("large", 5);
      nc.publish("large", "before");
      nc.publish("large", large);
      nc.publish("large", "between");
      nc.publish("large", "é".repeat(most / 2));
      nc.publish("large", "after");
      const received = await reading;
      expect([0, 2, 4].map((i) => received[i]?.string())).toEqual(["before", "between", "after"]);
      expect(Buffer.compare(received[1]?.data ?? Empty, large)).toBe(0);
      expect(received[3]?.string() === "é".repeat(most / 2)).toBe(true);
    });
  });

  describe("publish", () => {
    it("takes a copy: what is done to the bytes and headers afterwards is not sent", async () => {
      await connected();
      const reading = all(nc.subscribe("copied", { max: 2 }));
      const bytes = new Uint8Array(100_000).fill(1);
      const given = headers();
      given.set("a", "before");
      nc.publish("copied", bytes, { headers: given });
      nc.publish("copied", bytes.subarray(0, 10), { headers: given });
      bytes.fill(2);
      given.set("a", "after");
      const received = await reading;
      expect(received.map((msg) => msg.data.every((byte) => byte === 1))).toEqual([true, true]);
      expect(received.map((msg) => msg.headers?.get("a"))).toEqual(["before", "before"]);
    });

    it("refuses what is larger than max_payload, headers included, and the connection goes on", async () => {
      await connected();
      const most = nc.info?.max_payload ?? 0;
      const given = headers();
      given.set("a", "b");
      const tooLarge = expect.objectContaining({ code: ErrorCode.MaxPayloadExceeded });
      expect(() => nc.publish("big", new Uint8Array(most + 1))).toThrow(tooLarge);
      expect(() => nc.publish("big", "é".repeat(most / 2 + 1))).toThrow(tooLarge);
      expect(() => nc.publish("big", new Uint8Array(most), { headers: given })).toThrow(tooLarge);
      await nc.flush();
      expect(nc.stats()).toEqual({ inBytes: 0, inMsgs: 0, outBytes: 0, outMsgs: 0 });
    });

    it("refuses what is no payload", async () => {
      await connected();
      for (const payload of [1, null, { a: 1 }, [1]]) {
        expect(() => nc.publish("bad", payload as never)).toThrow(
          expect.objectContaining({ code: ErrorCode.BadPayload }),
        );
      }
    });

    it("passes messages on: publishMessage, respondMessage, respond", async () => {
      await connected();
      const given = headers();
      given.set("passed", "on");
      const first = nc.subscribe("first", { max: 1 });
      nc.publish("first", "hi", { reply: "second", headers: given });
      const [msg] = (await all(first)) as [Msg];
      const second = nc.subscribe("second", { max: 3 });
      const again = nc.subscribe("first", { max: 1 });
      expect(msg.respond("by respond", { headers: given, reply: "third" })).toBe(true);
      expect(msg.respond()).toBe(true);
      expect(nc.respondMessage(msg)).toBe(true);
      nc.publishMessage(msg);
      const answers = await all(second);
      expect(answers.map((one) => one.string())).toEqual(["by respond", "", "hi"]);
      expect(answers.map((one) => one.headers?.get("passed"))).toEqual(["on", undefined, "on"]);
      expect(answers[0]?.reply).toBe("third");
      const [copy] = await all(again);
      expect([copy?.reply, copy?.string(), copy?.headers?.get("passed")]).toEqual(["second", "hi", "on"]);
    });

    it("does not respond to a message that expects no reply", async () => {
      await connected();
      const sub = nc.subscribe("silent", { max: 1 });
      nc.publish("silent");
      const [msg] = (await all(sub)) as [Msg];
      expect([msg.respond("x"), nc.respondMessage(msg)]).toEqual([false, false]);
      expect(nc.stats().outMsgs).toBe(1);
    });

    it("with noEcho reaches others and does not come back", async () => {
      const other = await connected();
      await connected({ noEcho: true });
      const mine: string[] = [];
      nc.subscribe("echo", { callback: (_error, msg) => void mine.push(msg.string()) });
      const theirs = other.subscribe("echo", { max: 1 });
      await Promise.all([nc.flush(), other.flush()]);
      nc.publish("echo", "from the one");
      expect((await all(theirs)).map((msg) => msg.string())).toEqual(["from the one"]);
      other.publish("echo", "from the other");
      await other.flush();
      await nc.flush();
      expect(mine).toEqual(["from the other"]);
    });

    it("may go on when the socket has taken what was published", async () => {
      await connected();
      server.pause();
      for (let i = 0; i < 128; i++) nc.publish("much", new Uint8Array(500_000));
      const pending = nc.pendingBytes;
      const ready = nc.ready();
      server.resume();
      expect(pending).toBeGreaterThan(2_000_000);
      await ready;
      expect(nc.pendingBytes).toBeLessThanOrEqual(1_048_576);
      await nc.ready(0);
      expect(nc.pendingBytes).toBe(0);
    });
  });

  describe("a subscription", () => {
    it("receives by wildcards what they match, once for each subscription", async () => {
      await connected();
      const seen: string[] = [];
      for (const subject of ["w.b.c", "w.*.c", "w.*", "w.>", "*.b.>", "w.*.*"]) {
        nc.subscribe(subject, { callback: (_error, msg) => void seen.push(`${subject} ${msg.subject}`) });
      }
      for (const subject of ["w", "w.b", "w.b.c", "w.b.c.d", "v.b.c"]) nc.publish(subject);
      await nc.flush();
      expect(seen.sort()).toEqual(
        [
          "w.b.c w.b.c",
          "w.*.c w.b.c",
          "w.* w.b",
          "w.> w.b",
          "w.> w.b.c",
          "w.> w.b.c.d",
          "*.b.> w.b.c",
          "*.b.> w.b.c.d",
          "*.b.> v.b.c",
          "w.*.* w.b.c",
        ].sort(),
      );
    });

    it("shares with its queue group: each message goes to one member, and to each other group", async () => {
      const groups: Record<string, string[][]> = { workers: [], auditors: [] };
      for (let i = 0; i < 3; i++) {
        await connected();
        for (const [queue, members] of Object.entries(groups)) {
          const received: string[] = [];
          members.push(received);
          nc.subscribe("q", { queue, callback: (_error, msg) => void received.push(msg.string()) });
        }
        await nc.flush();
      }
      const publisher = await connected();
      const sent = Array.from({ length: 600 }, (_, i) => `${i}`);
      for (const text of sent) publisher.publish("q", text);
      await publisher.flush();
      await Promise.all(open.map((one) => one.flush()));
      for (const members of Object.values(groups)) {
        expect(members.flat().sort((a, b) => Number(a) - Number(b))).toEqual(sent);
        expect(members.map((received) => received.length > 0)).toEqual([true, true, true]);
      }
    });

    it("tells what it is and how far it got", async () => {
      await connected();
      const sub = nc.subscribe("about.*", { max: 5, queue: "group" });
      const next = nc.subscribe("about.*", { callback: () => {} });
      expect([sub.getSubject(), sub.getMax(), next.getMax()]).toEqual(["about.*", 5, undefined]);
      expect(next.getID()).toBeGreaterThan(sub.getID());
      expect([sub.isClosed(), sub.isDraining()]).toEqual([false, false]);
      for (let i = 0; i < 3; i++) nc.publish("about.x", `${i}`);
      await nc.flush();
      expect(counts(sub)).toEqual({ received: 3, processed: 0, pending: 3 });
      expect(counts(next)).toEqual({ received: 3, processed: 3, pending: 0 });
      for await (const msg of sub) {
        expect(msg.sid).toBe(sub.getID());
        // The one that is being worked on is processed already, and still pending.
        const at = Number(msg.string());
        expect(counts(sub)).toEqual({ received: 3, processed: at + 1, pending: 3 - at });
        if (at === 2) break;
      }
      await sub.closed;
      expect(counts(sub)).toEqual({ received: 3, processed: 3, pending: 0 });
      expect(sub.isClosed()).toBe(true);
    });

    it("ends after max messages, and the server knows", async () => {
      await connected();
      let called = 0;
      const sub = nc.subscribe("max", { max: 2, callback: () => void called++ });
      const read = nc.subscribe("max", { max: 3 });
      for (let i = 0; i < 10; i++) nc.publish("max", `${i}`);
      expect((await all(read)).map((msg) => msg.string())).toEqual(["0", "1", "2"]);
      await Promise.all([sub.closed, read.closed]);
      expect([called, sub.getReceived(), sub.isClosed(), read.isClosed()]).toEqual([2, 2, true, true]);
      await nobodyListens("max");
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
      await sub.closed;
      await nobodyListens("once");
      expect([received, sub.isClosed(), sub.isDraining()]).toEqual([1, true, false]);
      sub.unsubscribe();
      sub.unsubscribe(7);
      expect(sub.isClosed()).toBe(true);
    });

    it("ended by unsubscribe still gives its iterator what had arrived", async () => {
      await connected();
      const sub = nc.subscribe("arrived");
      for (let i = 0; i < 3; i++) nc.publish("arrived", `${i}`);
      await nc.flush();
      sub.unsubscribe();
      nc.publish("arrived", "late");
      await nc.flush();
      expect((await all(sub)).map((msg) => msg.string())).toEqual(["0", "1", "2"]);
    });

    it("ends by unsubscribe(max) after that many in all, counted from its beginning", async () => {
      await connected();
      const received: string[] = [];
      const sub = nc.subscribe("later", { callback: (_error, msg) => void received.push(msg.string()) });
      nc.publish("later", "0");
      await nc.flush();
      sub.unsubscribe(3);
      expect([sub.getMax(), sub.isClosed()]).toEqual([3, false]);
      for (let i = 1; i < 10; i++) nc.publish("later", `${i}`);
      await sub.closed;
      expect(received).toEqual(["0", "1", "2"]);
      await nobodyListens("later");
    });

    it("ends by unsubscribe(max) at once where as many have come", async () => {
      await connected();
      const more = nc.subscribe("enough");
      const exactly = nc.subscribe("enough");
      for (let i = 0; i < 5; i++) nc.publish("enough", `${i}`);
      await nc.flush();
      more.unsubscribe(2);
      exactly.unsubscribe(5);
      expect([more.isClosed(), exactly.isClosed()]).toEqual([true, true]);
      await nobodyListens("enough");
      expect([(await all(more)).length, (await all(exactly)).length]).toEqual([5, 5]);
    });

    it("takes the last word of several: unsubscribe(max) may be raised, lowered, or be followed by now", async () => {
      await connected();
      const raised = nc.subscribe("word", { max: 1 });
      raised.unsubscribe(3);
      const lowered = nc.subscribe("word", { max: 9 });
      lowered.unsubscribe(2);
      const ended = nc.subscribe("word", { max: 9 });
      ended.unsubscribe();
      for (let i = 0; i < 5; i++) nc.publish("word");
      await nc.flush();
      expect([raised, lowered, ended].map((sub) => sub.getReceived())).toEqual([3, 2, 0]);
      await nobodyListens("word");
    });

    it("refuses a max that is no number of messages", async () => {
      await connected();
      const sub = nc.subscribe("bad");
      for (const max of [-1, 1.5, Number.NaN, "3" as never]) {
        expect(() => sub.unsubscribe(max)).toThrow("max");
        expect(() => nc.subscribe("bad", { max })).toThrow(
          expect.objectContaining({ code: ErrorCode.InvalidOption }),
        );
      }
      expect(sub.isClosed()).toBe(false);
    });

    it("ends when its reader leaves the loop, by break or by a throw", async () => {
      await connected();
      const left = nc.subscribe("left");
      const thrown = nc.subscribe("left");
      for (let i = 0; i < 3; i++) nc.publish("left");
      for await (const _ of left) break;
      const reading = (async () => {
        for await (const _ of thrown) throw new Error("from the loop");
      })();
      await expect(reading).rejects.toThrow("from the loop");
      await Promise.all([left.closed, thrown.closed]);
      expect([left.isClosed(), thrown.isClosed()]).toEqual([true, true]);
      await nobodyListens("left");
    });

    it.each(["callback", "iterator"])(
      "ends by its drain when all that was sent has arrived (%s)",
      async (how) => {
        await connected();
        const received: string[] = [];
        const callback = (_error: NatsError | null, msg: Msg) => void received.push(msg.string());
        const sub = nc.subscribe("drained", how === "callback" ? { callback } : {});
        for (let i = 0; i < 50; i++) nc.publish("drained", `${i}`);
        const drained = sub.drain();
        expect([sub.isDraining(), sub.isClosed()]).toEqual([true, false]);
        nc.publish("drained", "late");
        await drained;
        expect([sub.getReceived(), sub.isClosed()]).toEqual([50, true]);
        if (how === "iterator") for await (const msg of sub) received.push(msg.string());
        await sub.closed;
        expect(received).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
        await nobodyListens("drained");
      },
    );

    it("is closed only when its reader has taken the last message", async () => {
      await connected();
      const sub = nc.subscribe("closing");
      const order: string[] = [];
      void sub.closed.then(() => order.push("closed"));
      let drained: Promise<void> | undefined;
      for (let i = 0; i < 3; i++) nc.publish("closing", `${i}`);
      for await (const msg of sub) {
        drained ??= sub.drain();
        await drained;
        await nc.flush();
        order.push(msg.string());
      }
      await sub.closed;
      expect(order).toEqual(["0", "1", "2", "closed"]);
    });

    it("is drained once: a second drain is the same, one of an ended subscription an error", async () => {
      await connected();
      const sub = nc.subscribe("twice", { callback: () => {} });
      await Promise.all([sub.drain(), sub.drain()]);
      await sub.drain();
      const ended = nc.subscribe("twice");
      ended.unsubscribe();
      await expect(ended.drain()).rejects.toMatchObject({ code: ErrorCode.SubClosed });
      const left = nc.subscribe("twice");
      await nc.close();
      await expect(left.drain()).rejects.toMatchObject({ code: ErrorCode.ConnectionClosed });
    });

    it("reports that no message came in time, once, and ends", async () => {
      await connected();
      const timedOut = expect.objectContaining({ code: ErrorCode.Timeout });
      const errors: (NatsError | null)[] = [];
      const sub = nc.subscribe("late", { timeout: 20, callback: (error) => void errors.push(error) });
      await sub.closed;
      await expect(all(nc.subscribe("late", { timeout: 20 }))).rejects.toEqual(timedOut);
      expect([errors, sub.isClosed(), sub.getReceived()]).toEqual([[timedOut], true, 0]);
      await nobodyListens("late");
    });

    it("does not mind how long the second message takes", async () => {
      await connected();
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const errors: (NatsError | null)[] = [];
      const called = nc.subscribe("early", { timeout: 500, callback: (error) => void errors.push(error) });
      const read = nc.subscribe("early", { timeout: 500 });
      const late = nc.subscribe("never", { timeout: 500, callback: () => {} });
      nc.publish("early");
      await nc.flush();
      vi.advanceTimersByTime(500);
      expect([called, read, late].map((sub) => sub.isClosed())).toEqual([false, false, true]);
      nc.publish("early");
      await nc.flush();
      expect([errors, read.getReceived()]).toEqual([[null, null], 2]);
    });

    // setTimeout makes 1 ms of these: they would be over at once.
    it.each([Number.POSITIVE_INFINITY, 2 ** 31])(
      "refuses %s ms, which no timer can wait",
      async (timeout) => {
        await connected();
        expect(() => nc.subscribe("late", { timeout })).toThrow(
          expect.objectContaining({ code: ErrorCode.InvalidOption }),
        );
      },
    );

    it("ends when its signal is aborted, and is not begun where it is already", async () => {
      await connected();
      const controller = new AbortController();
      const { signal } = controller;
      const read = nc.subscribe("signal", { signal });
      const called = nc.subscribe("signal", { signal, callback: () => {} });
      nc.publish("signal", "arrived");
      await nc.flush();
      controller.abort();
      expect((await all(read)).map((msg) => msg.string())).toEqual(["arrived"]);
      await called.closed;
      expect([read.isClosed(), called.isClosed()]).toEqual([true, true]);
      expect(() => nc.subscribe("signal", { signal })).toThrow(
        expect.objectContaining({ code: ErrorCode.Cancelled }),
      );
      await nobodyListens("signal");
    });

    it("leaves nothing on a signal that outlives it, however it ended", async () => {
      await connected();
      const { signal } = new AbortController();
      const unsubscribed = nc.subscribe("outlived", { signal });
      unsubscribed.unsubscribe();
      const reached = nc.subscribe("outlived", { signal, max: 1 });
      nc.publish("outlived");
      await all(reached);
      await nc.subscribe("outlived", { signal, callback: () => {} }).drain();
      await nc.subscribe("outlived", { signal, timeout: 1, callback: () => {} }).closed;
      expect(getEventListeners(signal, "abort")).toEqual([]);
      const closed = nc.subscribe("outlived", { signal });
      expect(getEventListeners(signal, "abort")).toHaveLength(1);
      await nc.close();
      await closed.closed;
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });

    it("is drained at the end of a scope, also where it has ended before", async () => {
      await connected();
      let received = 0;
      let outside: Subscription | undefined;
      {
        await using scoped = nc.subscribe("scope", { callback: () => void received++ });
        await using ended = nc.subscribe("scope");
        ended.unsubscribe();
        outside = scoped;
        for (let i = 0; i < 50; i++) nc.publish("scope");
      }
      expect([outside.isClosed(), received]).toEqual([true, 50]);
      await nobodyListens("scope");
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

  describe("a callback that throws", () => {
    /** Runs a script in a process of its own. */
    async function run(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
      const contents = `import { connect } from "./src/index.ts"; const port = ${server.port}; ${script}`;
      const outfile = `.cache/throws-${process.pid}-${server.port}.mjs`;
      const stdin = { contents, resolveDir: ".", loader: "ts" } as const;
      await build({ stdin, bundle: true, platform: "node", format: "esm", packages: "external", outfile });
      return promisify(execFile)(process.execPath, [outfile], { timeout: 20_000 })
        .then(
          ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
          (error) => error,
        )
        .finally(() => rm(outfile));
    }

    it("is an uncaught exception; the next messages arrive all the same, and the connection goes on", async () => {
      const { code, stdout } = await run(`
        const uncaught = [];
        const received = [];
        process.on("uncaughtException", (error) => uncaught.push(error.message + ", " + received.length));
        const nc = await connect({ port });
        nc.subscribe("a", { callback: (_error, msg) => {
          received.push(msg.string());
          if (msg.string() === "2") throw new Error("the user's bug");
        } });
        const other = nc.subscribe("a", { max: 3 });
        for (const text of ["1", "2", "3"]) nc.publish("a", text);
        let others = 0;
        for await (const _ of other) others++;
        nc.subscribe("ask", { callback: (_error, msg) => {
          msg.respond("answer");
          throw new Error("after the answer");
        } });
        received.push((await nc.request("ask", "", { timeout: 10_000 })).string());
        const late = nc.subscribe("late", { timeout: 1, callback: () => { throw new Error("of a timeout"); } });
        await late.closed;
        while (uncaught.length < 3) await nc.flush();
        console.log(JSON.stringify({ received, others, uncaught, closed: nc.isClosed() }));
        await nc.close();
      `);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({
        received: ["1", "2", "3", "answer"],
        others: 3,
        // The third was there before the exception: what is in the same chunk does not wait for the next one.
        uncaught: ["the user's bug, 3", "after the answer, 3", "of a timeout, 4"],
        closed: false,
      });
    });

    it("ends a process that does not handle it, as any event handler does", async () => {
      const { code, stderr } = await run(`
        const nc = await connect({ port });
        nc.subscribe("a", { callback: () => { throw new Error("the user's bug"); } });
        nc.publish("a");
        await nc.flush();
        await new Promise(() => {});
      `);
      expect([code, stderr]).toEqual([1, expect.stringContaining("the user's bug")]);
    });
  });

  describe("stats", () => {
    /** The same traffic for either client; resolves with the counters after each part of it. */
    async function counted(one: NatsConnection, given: () => MsgHdrs): Promise<Record<string, unknown>> {
      const after: Record<string, unknown> = {};
      const part = async (name: string, traffic: () => void | Promise<void>) => {
        await traffic();
        await one.flush();
        after[name] = { ...one.stats() };
      };
      const withHeaders = given();
      withHeaders.append("key", "one");
      withHeaders.append("key", "two");
      withHeaders.append("other", "žluťoučký");
      const sub = one.subscribe("counted", { callback: () => {} });
      await part("nothing", () => {});
      await part("texts, bytes and nothing", () => {
        for (const payload of ["text", "žluťoučký 🐎", new Uint8Array(1_000), "", undefined, Empty]) {
          one.publish("counted", payload);
        }
      });
      await part("headers", () => {
        one.publish("counted", "with", { headers: withHeaders });
        one.publish("counted", undefined, { headers: withHeaders, reply: "back" });
      });
      await part("to nobody", () => one.publish("nobody", "x"));
      await part("to two", () => {
        one.subscribe("*", { max: 2, callback: () => {} });
        for (let i = 0; i < 3; i++) one.publish("counted", "twice");
      });
      await part("refused", () => {
        for (const bad of [
          ["", "x"],
          ["counted", new Uint8Array(1_048_577)],
        ] as const) {
          expect(() => one.publish(bad[0], bad[1])).toThrow();
        }
      });
      await part("requests", async () => {
        one.subscribe("ask", { callback: (_error, msg) => void msg.respond(msg.data) });
        await one.request("ask", "shared", { timeout: 10_000, headers: withHeaders });
        await one.request("ask", "own", { timeout: 10_000, noMux: true });
        await expect(one.request("nobody", "x", { timeout: 10_000 })).rejects.toMatchObject({
          code: ErrorCode.NoResponders,
        });
      });
      await part("after the end", () => {
        one.publish("counted", "on its way");
        sub.unsubscribe();
      });
      return after;
    }

    it("counts as the reference client does", async () => {
      const theirs = await reference.connect({ port: server.port });
      const asOurs = theirs as unknown as NatsConnection;
      // One after the other: each answers its own requests.
      const expected = await counted(asOurs, reference.headers as unknown as () => MsgHdrs).finally(() =>
        theirs.close(),
      );
      expect(await counted(await connected(), headers)).toEqual(expected);
      expect(expected["after the end"]).toMatchObject({ outMsgs: 18 });
    });
  });
});

/** Reads to the end. */
async function all(messages: AsyncIterable<Msg>): Promise<Msg[]> {
  const read: Msg[] = [];
  for await (const msg of messages) read.push(msg);
  return read;
}

function counts(sub: Subscription): { received: number; processed: number; pending: number } {
  return { received: sub.getReceived(), processed: sub.getProcessed(), pending: sub.getPending() };
}
