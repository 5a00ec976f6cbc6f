// What the adapter lets go of while its connection lives on, and what becomes of a subscription that moves to another subject.

import type { Msg as CoreMsg } from "@nats-io/nats-core";
import { type MuxSubscription, RequestOne } from "@nats-io/nats-core/internal";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorCode, type NatsConnection } from "../../src/index.js";
import type { CloseListener } from "../../src/nats-core/close-listeners.js";
import type { CoreConnectionImpl } from "../../src/nats-core/connection.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import type { CoreMsgImpl } from "../../src/nats-core/msg.js";
import { Simulation } from "../../src/testing/index.js";
import { heldAfter, type Run } from "../harness/held.js";

let world: Simulation;
let own: NatsConnection;
let core: CoreConnectionImpl;

beforeAll(async () => {
  world = new Simulation();
  own = await world.connect({ servers: world.cluster().urls });
  core = asNatsCore(own) as CoreConnectionImpl;
  core.subscribe("echo", { callback: (_error, msg) => void msg.respond(msg.data) });
  core.subscribe("silent", { callback: () => {} });
  await world.until(core.flush());
});

afterAll(async () => {
  await world.until(own.close());
  expect(world.running).toEqual({ timers: 0, sockets: 0 });
});

/** A message that has arrived. */
async function message(): Promise<CoreMsgImpl> {
  const received: CoreMsg[] = [];
  const sub = core.subscribe("a", { max: 1, callback: (_error, msg) => void received.push(msg) });
  core.publish("a");
  await world.until(sub.closed);
  return received[0] as CoreMsgImpl;
}

/** What a message of JetStream does in `ackAck()`, over that subject in place of the one for acknowledgements. */
function acknowledged({ publisher }: CoreMsgImpl, subject: string, timeout: number) {
  const mux = publisher.muxSubscriptions as unknown as MuxSubscription;
  const request = new RequestOne(mux, subject, { timeout }, false);
  publisher.request(request);
  publisher.publish(subject, "+ACK", { reply: `${publisher.muxSubscriptions.baseInbox}${request.token}` });
  return { request, ended: Promise.race([request.timer, request.deferred]) as Promise<CoreMsg> };
}

const runs: Readonly<Record<string, Run>> = {
  "an acknowledgement that was confirmed, and its message": async () => {
    const msg = await message();
    const { request, ended } = acknowledged(msg, "echo", 60_000);
    return { msg, request, answer: await world.until(ended) };
  },
  "an acknowledgement that was not confirmed in time": async () => {
    const msg = await message();
    const { request, ended } = acknowledged(msg, "silent", 1);
    const error: Error = await ended.then(
      () => expect.unreachable("nobody answers"),
      (reason: Error) => reason,
    );
    const cancelled = Promise.allSettled([request.deferred]);
    request.cancel(error);
    await cancelled;
    await world.advance(1_000);
    return { request };
  },
  "an acknowledgement that nobody could confirm": async () => {
    const { request, ended } = acknowledged(await message(), "nobody", 60_000);
    await world.until(Promise.allSettled([ended]));
    return { request };
  },
  "a message that was responded to": async () => {
    const msg = await message();
    msg.respond("x");
    core.respondMessage(msg);
    await world.until(core.flush());
    return { msg };
  },
  "a subscription whose end somebody waited for": async () => {
    const sub = core.subscribe("a", { callback: () => {} });
    const { closed } = sub;
    sub.unsubscribe();
    await world.until(closed);
    return { sub, closed };
  },
  "a subscription whose loop was left": async () => {
    const sub = core.subscribe("a");
    const { closed } = sub;
    core.publish("a");
    const read = (async () => {
      for await (const msg of sub) return msg;
      return undefined;
    })();
    const msg = (await world.until(read)) as object;
    await world.until(closed);
    return { sub, msg };
  },
  "a subscription that moved to another subject and ended there": async () => {
    const sub = core.subscribe("a");
    core._resub(sub, "b");
    sub.unsubscribe();
    await world.advance(1_000);
    return { sub };
  },
  "a listener to the end that was removed": async () => {
    const listener: CloseListener = { connectionClosedCallback: () => {} };
    core.addCloseListener(listener);
    core.removeCloseListener(listener);
    return { listener };
  },
  "an iterator of statuses that was left": async () => {
    const statuses = core.status();
    await statuses[Symbol.asyncIterator]().return?.();
    return { statuses };
  },
  "a request, and a request for many": async () => {
    const request = core.request("echo");
    const many = await core.requestMany("echo", "", { strategy: "count", maxMessages: 1, maxWait: 1_000 });
    const read = (async () => {
      for await (const msg of many) return msg;
      return undefined;
    })();
    const [answer, one] = await world.until(Promise.all([request, read]));
    return { request, many, answer, one: one as object };
  },
};

it("an adapter that lives on holds nothing of what is over", async () => {
  expect(await heldAfter(runs)).toEqual([]);
});

it("an adapter of a connection that is closed holds no listener that was told", async () => {
  const nc = await world.connect({ servers: world.clusters[0]?.urls ?? [] });
  const adapter = asNatsCore(nc) as CoreConnectionImpl;
  let told = 0;
  const held = await heldAfter({
    close: async () => {
      const listener: CloseListener = { connectionClosedCallback: () => void told++ };
      adapter.addCloseListener(listener);
      await world.until(nc.close());
      return { listener };
    },
  });
  expect([told, held, adapter.isClosed()]).toEqual([1, [], true]);
});

it("a connection has one adapter, however often it is asked for", () => {
  expect(asNatsCore(own)).toBe(core);
});

describe("a subscription that moves to another subject", () => {
  it("counts a new limit from there, and says so", async () => {
    const sub = core.subscribe("first", { max: 9, callback: () => {} });
    const send = async (subject: string, count: number) => {
      for (let n = 0; n < count; n++) core.publish(subject);
      await world.until(core.flush());
    };
    await send("first", 2);
    core._resub(sub, "second", 3);
    expect(sub.getMax()).toBe(5);
    await send("second", 4);
    expect([sub.getReceived(), sub.isClosed()]).toEqual([5, true]);
  });

  it("leaves the first one: what is asked there has no responder", async () => {
    const sub = core.subscribe("first", { callback: (_error, msg) => void msg.respond("") });
    expect((await world.until(core.request("first"))).subject).toBeTypeOf("string");
    core._resub(sub, "second");
    expect((await world.until(core.request("second"))).subject).toBeTypeOf("string");
    await expect(world.until(own.request("first"))).rejects.toMatchObject({ code: ErrorCode.NoResponders });
    sub.unsubscribe();
  });

  it("is waited for by a drain as any other: until its reader is done with what it has", async () => {
    const nc = await world.connect({ servers: world.clusters[0]?.urls ?? [] });
    const adapter = asNatsCore(nc) as CoreConnectionImpl;
    const sub = adapter.subscribe("first");
    const done: string[] = [];
    void (async () => {
      for await (const msg of sub) {
        await world.sleep(5_000);
        done.push(msg.subject);
      }
    })();
    adapter.publish("first");
    await world.advance(1_000);
    adapter._resub(sub, "second");
    adapter.publish("second");
    await world.advance(1_000);
    await world.until(adapter.drain());
    expect(done).toEqual(["first", "second"]);
  });
});
