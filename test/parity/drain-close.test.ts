// How connections and subscriptions end, by both clients: drain, close, closed, flush, rtt, and what is refused then.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NatsConnection } from "../../src/index.js";
import { fakeServer } from "../harness/fake-server.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { relay } from "../harness/relay.js";
import { servers } from "../harness/versions.js";
import { sleep } from "../harness/waiting.js";
import {
  both,
  type Client,
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

const quick = { reconnectTimeWait: 1, reconnectJitter: 0, maxReconnectAttempts: -1 };

/** How a promise stands: settled with a code or without, or not yet. */
async function standing(promise: Promise<unknown>, ms = 0): Promise<string> {
  const waited = ms === 0 ? turns() : sleep(ms);
  return Promise.race([
    promise.then(
      () => "resolved",
      (error) => String(error?.code),
    ),
    waited.then(() => "waits"),
  ]);
}

describe.each(servers)("ends, by both clients, with nats-server $label", ({ path }) => {
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

  describe("of a connection", () => {
    it("tells the same of itself before, while it drains and after", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const tell = (one: NatsConnection) => ({
          closed: one.isClosed(),
          draining: one.isDraining(),
          server: one.getServer(),
          info: one.info !== undefined,
        });
        const before = tell(nc);
        const drained = nc.drain();
        const during = tell(nc);
        await drained;
        const after = tell(nc);
        const other = await connect({ port: server.port });
        await other.close();
        return { before, during, after, closed: tell(other) };
      });
      const server_ = `127.0.0.1:${server.port}`;
      const up = { closed: false, draining: false, server: server_, info: true };
      const down = { closed: true, server: server_, info: false };
      expect(seen).toEqual(
        same({
          before: up,
          during: { ...up, draining: true },
          after: { ...down, draining: true },
          closed: { ...down, draining: false },
        }),
      );
    });

    it("tells of the server in info, as the server says it", async () => {
      const seen = await both(async ({ connect }) => {
        const { client_id, ...info } = { ...(await connect({ port: server.port })).info } as Record<
          string,
          unknown
        >;
        return { info, id: typeof client_id };
      });
      expect(seen.ours).toEqual(seen.reference);
      expect(seen.ours.info).toMatchObject({
        port: server.port,
        max_payload: 1_048_576,
        headers: true,
        proto: 1,
      });
    });

    it("refuses by the same codes once it is closed", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        await nc.close();
        const codes = {
          publish: await codeOf(() => nc.publish("a")),
          subscribe: await codeOf(() => nc.subscribe("a")),
          request: await codeOf(() => nc.request("a")),
          requestMany: await codeOf(() => nc.requestMany("a")),
          flush: await codeOf(() => nc.flush()),
          rtt: await codeOf(() => nc.rtt()),
          drain: await codeOf(() => nc.drain()),
          reconnect: await codeOf(() => nc.reconnect()),
          close: await codeOf(() => nc.close()),
          closed: await nc.closed(),
        };
        return codes;
      });
      const refused = "CONNECTION_CLOSED";
      const asked = { publish: refused, subscribe: refused, request: refused, requestMany: refused };
      expect(seen).toEqual(
        same({
          ...asked,
          flush: refused,
          rtt: refused,
          drain: refused,
          reconnect: refused,
          close: undefined,
          closed: undefined,
        }),
      );
    });

    it("refuses by the same codes while it drains; publish still works", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const drained = nc.drain();
        const codes = {
          publish: await codeOf(() => nc.publish("a")),
          subscribe: await codeOf(() => nc.subscribe("a")),
          request: codeOf(() => nc.request("a")),
          requestMany: codeOf(() => nc.requestMany("a")),
          drain: codeOf(() => nc.drain()),
          reconnect: codeOf(() => nc.reconnect()),
        };
        const all = Object.fromEntries(
          await Promise.all(Object.entries(codes).map(async ([name, code]) => [name, await code])),
        );
        await drained;
        return all;
      });
      const refused = "CONNECTION_DRAINING";
      expect(seen).toEqual(
        same({
          publish: undefined,
          subscribe: refused,
          request: refused,
          requestMany: refused,
          drain: refused,
          reconnect: refused,
        }),
      );
    });

    it("sends what was published before drain, and before close", async () => {
      const seen = await both(async ({ connect }) => {
        const other = await connect({ port: server.port });
        let received = 0;
        other.subscribe("last", { callback: () => void received++ });
        await other.flush();
        const drains = await connect({ port: server.port });
        for (let i = 0; i < 1_000; i++) drains.publish("last", "x".repeat(1_000));
        await drains.drain();
        await other.flush();
        const byDrain = received;
        const closes = await connect({ port: server.port });
        closes.publish("last");
        await closes.flush();
        await closes.close();
        await other.flush();
        return { byDrain, byClose: received - byDrain };
      });
      expect(seen).toEqual(same({ byDrain: 1_000, byClose: 1 }));
    });

    it("close without a flush before: ours still sends what was published, the reference may not", async () => {
      const seen = await both(async ({ connect, is }) => {
        const other = await connect({ port: server.port });
        let received = 0;
        other.subscribe("hasty", { callback: () => void received++ });
        await other.flush();
        const nc = await connect({ port: server.port });
        nc.publish("hasty");
        await nc.close();
        await other.flush();
        // Whether the reference's microtask comes before its end is up to it.
        return is === "ours" ? received : received <= 1;
      });
      expect(seen).toEqual({ reference: true, ours: 1 });
    });

    it("drain lets callbacks have all that arrived", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        let received = 0;
        nc.subscribe("work", { callback: () => void received++ });
        for (let i = 0; i < 100; i++) nc.publish("work");
        await nc.drain();
        return { received, error: await nc.closed() };
      });
      expect(seen).toEqual(same({ received: 100, error: undefined }));
    });

    it("drain waits for iterators that are being read, so that their answers arrive (the reference drops them)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const other = await connect({ port: server.port });
        const answers: string[] = [];
        other.subscribe("answers", { callback: (_error, msg) => void answers.push(msg.string()) });
        const sub = nc.subscribe("work");
        await Promise.all([nc.flush(), other.flush()]);
        let worked = 0;
        const working = (async () => {
          for await (const msg of sub) {
            await sleep(5);
            msg.respond(msg.data);
            worked++;
          }
        })();
        for (let i = 0; i < 10; i++) other.publish("work", `${i}`, { reply: "answers" });
        await other.flush();
        await nc.flush();
        await nc.drain();
        await working;
        await other.flush();
        return { worked, all: answers.length === 10 };
      });
      expect(seen).toEqual({ reference: { worked: 10, all: false }, ours: { worked: 10, all: true } });
    });

    it("drain waits for requests under way (the reference fails them)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const other = await connect({ port: server.port });
        other.subscribe("slow", {
          callback: (_error, msg) => void setTimeout(() => msg.respond("late"), 50),
        });
        await other.flush();
        const asking = codeOf(() => nc.request("slow", "", { timeout: 5_000 }));
        await nc.flush();
        await nc.drain();
        return asking;
      });
      expect(seen).toEqual({ reference: "TIMEOUT", ours: undefined });
    });

    it("drain that cannot finish rejects (the reference's waits forever)", async () => {
      const seen = await both(async ({ connect, patience }) => {
        const outcome = async (reconnect: boolean) => {
          let answers = true;
          const fake = await fakeServer((socket) => welcome(socket, {}, () => answers));
          const nc = await connect({ ...quick, reconnect, port: fake.port });
          nc.subscribe("a", { callback: () => {} });
          await nc.flush();
          answers = false;
          const drained = nc.drain();
          const before = await standing(drained);
          fake.sockets[0]?.destroy();
          const after = await standing(drained, patience);
          await nc.close();
          await fake.close();
          return { before, after };
        };
        return { reconnecting: await outcome(true), forGood: await outcome(false) };
      });
      const forever = { before: "waits", after: "waits" };
      const rejects = { before: "waits", after: "DISCONNECT" };
      expect(seen).toEqual({
        reference: { reconnecting: forever, forGood: forever },
        ours: { reconnecting: rejects, forGood: rejects },
      });
    });

    it("drain in an outage closes at once, with an error where something is unsent (the reference stays open)", async () => {
      const seen = await both(async ({ connect, patience }) => {
        const outcome = async (words: readonly string[]) => {
          const one = await startServer({ path });
          const nc = await connect({ ...quick, reconnectTimeWait: 60_000, port: one.port });
          nc.subscribe("a", { callback: () => {} });
          await nc.flush();
          const watch = new Watch(nc);
          await one.kill();
          await watch.until("disconnect");
          for (const word of words) nc.publish("a", word);
          const draining = errorOf(() => nc.drain());
          const drained = await standing(
            draining.then((error) => error && Promise.reject(error)),
            patience,
          );
          const closed = nc.isClosed();
          // The reference's ends with its connection.
          const unsent = closed ? (await draining)?.unsent : undefined;
          return { drained, closed, unsent };
        };
        return { nothing: await outcome([]), something: await outcome(["x", "xy"]) };
      });
      const open = { drained: "waits", closed: false, unsent: undefined };
      const bytes = "PUB a 1\r\nx\r\nPUB a 2\r\nxy\r\n".length;
      expect(seen).toEqual({
        reference: { nothing: open, something: open },
        ours: {
          nothing: { drained: "resolved", closed: true, unsent: undefined },
          something: { drained: "DISCONNECT", closed: true, unsent: { messages: 2, bytes } },
        },
      });
    });

    it("drain in an outage lets readers have all that had arrived (the reference stays open)", async () => {
      const seen = await both(async ({ connect, patience }) => {
        const one = await startServer({ path });
        const nc = await connect({ ...quick, reconnectTimeWait: 60_000, port: one.port });
        const sub = nc.subscribe("work");
        let goOn = () => {};
        const free = new Promise<void>((resolve) => {
          goOn = resolve;
        });
        let worked = 0;
        const working = (async () => {
          for await (const _ of sub) {
            await free;
            await turns();
            worked++;
          }
        })();
        for (let i = 0; i < 5; i++) nc.publish("work");
        await nc.flush();
        const watch = new Watch(nc);
        await one.kill();
        await watch.until("disconnect");
        const draining = nc.drain();
        const before = await standing(draining);
        goOn();
        const drained = await standing(draining, patience);
        const all = worked;
        if (nc.isClosed()) await working;
        return { before, drained, all, closed: nc.isClosed() };
      });
      expect(seen).toEqual({
        reference: { before: "waits", drained: "waits", all: 5, closed: false },
        ours: { before: "waits", drained: "resolved", all: 5, closed: true },
      });
    });

    it("closed() resolves with the error that ended it, and without one by close", async () => {
      const seen = await both(async ({ connect }) => {
        const one = await startServer({ path });
        const nc = await connect({ ...quick, maxReconnectAttempts: 2, port: one.port });
        await one.kill();
        const lost = (await nc.closed()) as { code?: string } | undefined;
        const fine = await connect({ port: server.port });
        await fine.close();
        return { lost: lost?.code, fine: await fine.closed() };
      });
      expect(seen).toEqual(same({ lost: "CONNECTION_REFUSED", fine: undefined }));
    });

    it("close while reconnecting ends at once", async () => {
      const seen = await both(async ({ connect }) => {
        const one = await startServer({ path });
        const nc = await connect({ ...quick, reconnectTimeWait: 60_000, port: one.port });
        const watch = new Watch(nc);
        await one.kill();
        await watch.until("disconnect");
        const closing = await standing(nc.close(), 10_000);
        return { closing, closed: nc.isClosed(), error: await nc.closed() };
      });
      expect(seen).toEqual(same({ closing: "resolved", closed: true, error: undefined }));
    });
  });

  describe("of flush and rtt", () => {
    it("flush resolves when the server has all, rtt with the milliseconds of that", async () => {
      // Each way takes so long, and a timer of Node may be a millisecond early.
      const delay = 30;
      const slow = await relay(server.port, { delay });
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: wire.port });
        const before = wire.sent.at(-1)?.length ?? 0;
        nc.publish("a", "x");
        const flushed = await nc.flush();
        // Where the answer takes its time, ours asks once more what has arrived.
        const sent = wire.sent
          .at(-1)
          ?.slice(before)
          .replace(/(PING\r\n)+$/, "PING\r\n");
        const distant = await connect({ port: slow.port });
        return { flushed, sent, rtt: (await distant.rtt()) >= 2 * (delay - 1) };
      });
      await slow.close();
      expect(seen).toEqual(same({ flushed: undefined, sent: "PUB a 1\r\nx\r\nPING\r\n", rtt: true }));
    });

    it("flush rejects with DISCONNECT where the connection breaks before the answer", async () => {
      const seen = await both(async ({ connect }) => {
        let answers = true;
        const fake = await fakeServer((socket) => welcome(socket, {}, () => answers));
        const nc = await connect({ port: fake.port, reconnectTimeWait: 1, reconnectJitter: 0 });
        answers = false;
        const flushed = codeOf(() => nc.flush());
        await sleep(20);
        answers = true;
        fake.sockets[0]?.destroy();
        const code = await flushed;
        await nc.close();
        await fake.close();
        return code;
      });
      expect(seen).toEqual(same("DISCONNECT"));
    });

    it("flush made in an outage: rejects at the next attempt in the reference, waits for the reconnect in ours", async () => {
      const seen = await both(async ({ connect }) => {
        const one = await startServer({ path });
        const nc = await connect({ ...quick, reconnectTimeWait: 20, port: one.port });
        const watch = new Watch(nc);
        await one.kill();
        await watch.until("disconnect");
        const flushed = codeOf(() => nc.flush());
        const rtt = await codeOf(() => nc.rtt());
        await watch.until("reconnecting", 2);
        await one.start();
        const code = await flushed;
        await nc.close();
        await one.stop();
        return { code, rtt };
      });
      expect(seen).toEqual({
        reference: { code: "DISCONNECT", rtt: "DISCONNECT" },
        ours: { code: undefined, rtt: "DISCONNECT" },
      });
    });
  });

  describe("of what was lost with a connection", () => {
    /** A server that answers no PING and delivers nothing once `silent`; the connection breaks, and another one follows. */
    async function afterLoss<T>(
      { connect }: Client,
      then: (nc: NatsConnection, watch: Watch) => Promise<T>,
    ): Promise<T> {
      let silent = false;
      let received = "";
      const fake = await fakeServer((socket) => {
        welcome(socket, {}, () => !silent);
        socket.on("data", (chunk) => {
          received += chunk;
        });
      });
      const nc = await connect({ ...quick, port: fake.port });
      const watch = new Watch(nc);
      silent = true;
      for (let i = 0; i < 10; i++) nc.publish("lost", "xy");
      await until(() => received.split("PUB lost").length > 10);
      silent = false;
      fake.sockets[0]?.destroy();
      await watch.until("reconnect");
      const outcome = await then(nc, watch);
      await nc.close();
      await fake.close();
      return outcome;
    }
    const lost = { messages: 10, bytes: 10 * "PUB lost 2\r\nxy\r\n".length };

    it("the status disconnect says how much it may be (the reference nothing)", async () => {
      const seen = await both((client) =>
        afterLoss(client, async (_nc, watch) =>
          watch.statuses.map(({ unconfirmed }) => unconfirmed).filter(Boolean),
        ),
      );
      expect(seen).toEqual({ reference: [], ours: [lost] });
    });

    it("the next flush says how much it may be, once (the reference's resolves)", async () => {
      const seen = await both((client) =>
        afterLoss(client, async (nc) => {
          const flushed = () => errorOf(() => nc.flush());
          const [first, second] = [await flushed(), await flushed()];
          return [first?.code, first?.unconfirmed, second, await codeOf(() => nc.drain())];
        }),
      );
      const fine = undefined;
      expect(seen).toEqual({ reference: [fine, fine, fine, fine], ours: ["DISCONNECT", lost, fine, fine] });
    });

    it("drain and closed() say how much it may be (in the reference all is well)", async () => {
      const seen = await both((client) =>
        afterLoss(client, async (nc) => {
          const drained = await errorOf(() => nc.drain());
          const closed = (await nc.closed()) as typeof drained;
          return [drained, closed].map((error) => [error?.code, error?.unconfirmed, error?.unsent]);
        }),
      );
      const fine = undefined;
      const told = ["DISCONNECT", lost, undefined];
      expect(seen).toEqual({
        reference: [
          [fine, fine, fine],
          [fine, fine, fine],
        ],
        ours: [told, told],
      });
    });
  });

  describe("of a subscription", () => {
    it("drain resolves when all that was sent has arrived; it is draining, then closed", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: wire.port });
        let received = 0;
        const sub = nc.subscribe("d", { callback: () => void received++ });
        for (let i = 0; i < 10; i++) nc.publish("d");
        const drained = sub.drain();
        const during = [sub.isDraining(), sub.isClosed()];
        await drained;
        await sub.closed;
        return {
          during,
          after: [sub.isDraining(), sub.isClosed()],
          received,
          told: wire.sent.at(-1)?.includes("UNSUB 1\r\n"),
        };
      });
      expect(seen).toEqual(same({ during: [true, false], after: [true, true], received: 10, told: true }));
    });

    it("drain of an iterator gives its reader all that arrived", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("d");
        const reading = read(sub, text);
        for (const word of ["1", "2", "3"]) nc.publish("d", word);
        await sub.drain();
        return reading;
      });
      expect(seen).toEqual(same({ read: ["1", "2", "3"], code: undefined }));
    });

    it("drain is refused by the same codes: SUB_CLOSED, CONNECTION_CLOSED", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const ended = nc.subscribe("a", { callback: () => {} });
        ended.unsubscribe();
        const sub = nc.subscribe("a", { callback: () => {} });
        const closed = await codeOf(() => ended.drain());
        await nc.close();
        return { closed, connection: await codeOf(() => sub.drain()) };
      });
      expect(seen).toEqual(same({ closed: "SUB_CLOSED", connection: "CONNECTION_CLOSED" }));
    });

    it("drain again, while it drains and after, is the same (after it, SUB_CLOSED in the reference)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("a", { callback: () => {} });
        const [first, second] = [sub.drain(), sub.drain()];
        await first;
        return { same: first === second, after: await codeOf(() => sub.drain()) };
      });
      expect(seen).toEqual({
        reference: { same: true, after: "SUB_CLOSED" },
        ours: { same: true, after: undefined },
      });
    });

    it("drain after unsubscribe, where an iterator has not been read yet: SUB_CLOSED in ours", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("a", { max: 1 });
        nc.publish("a");
        await nc.flush();
        const code = await codeOf(() => sub.drain());
        return { code, read: (await read(sub, text)).read };
      });
      expect(seen).toEqual({
        reference: { code: undefined, read: [""] },
        ours: { code: "SUB_CLOSED", read: [""] },
      });
    });

    it("closed resolves when it has ended and its reader has all; where nobody reads, at once in ours and never in the reference", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const callback = nc.subscribe("a", { callback: () => {} });
        const unread = nc.subscribe("a");
        const iterator = nc.subscribe("a");
        let stay = () => {};
        const reading = (async () => {
          for await (const _ of iterator) {
            await new Promise<void>((resolve) => {
              stay = resolve;
            });
          }
        })();
        nc.publish("a", "1");
        await nc.flush();
        for (const sub of [callback, iterator, unread]) sub.unsubscribe();
        const during = [
          await standing(callback.closed),
          await standing(iterator.closed),
          await standing(unread.closed),
        ];
        stay();
        await reading;
        const after = await standing(iterator.closed, 10_000);
        return { during, after, left: await read(unread, text) };
      });
      const left = { read: ["1"], code: undefined };
      expect(seen).toEqual({
        reference: { during: ["resolved", "waits", "waits"], after: "resolved", left },
        ours: { during: ["resolved", "waits", "resolved"], after: "resolved", left },
      });
    });

    it("closed resolves at the latest when the connection is closed (in the reference only if the reader comes back)", async () => {
      const seen = await both(async ({ connect, patience }) => {
        const nc = await connect({ port: server.port });
        const sub = nc.subscribe("a");
        for (const word of ["1", "2"]) nc.publish("a", word);
        await nc.flush();
        const reader = sub[Symbol.asyncIterator]();
        const first = text((await reader.next()).value);
        await nc.close();
        const closed = await standing(sub.closed, patience);
        const second = text((await reader.next()).value);
        return { first, closed, second, end: (await reader.next()).done };
      });
      const rest = { first: "1", second: "2", end: true };
      expect(seen).toEqual({
        reference: { ...rest, closed: "waits" },
        ours: { ...rest, closed: "resolved" },
      });
    });
  });
});

it.each(servers)(
  "reconnect() of a connection that is down is heeded (the reference does nothing), with nats-server $label",
  async ({ path }) => {
    const seen = await both(async ({ connect }) => {
      const one = await startServer({ path });
      const nc = await connect({ ...quick, port: one.port });
      const watch = new Watch(nc);
      await one.kill();
      await watch.until("disconnect");
      const code = await codeOf(() => nc.reconnect());
      await one.start();
      await watch.until("reconnect");
      await until(() => nc.info !== undefined);
      await nc.close();
      await one.stop();
      return { code, asked: watch.types.includes("client initiated reconnect") };
    });
    expect(seen).toEqual({
      reference: { code: undefined, asked: false },
      ours: { code: undefined, asked: true },
    });
  },
);
