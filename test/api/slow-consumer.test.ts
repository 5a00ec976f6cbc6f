// A reader who is slow: how many messages wait for it, what is dropped, and who is told. Over the model server, with
// real time left out of it.

import { expect, test, vi } from "vitest";
import { ErrorCode, type NatsError } from "../../src/api/errors.js";
import { MsgImpl, type Receiver } from "../../src/api/msg.js";
import { SLOW_BYTES } from "../../src/api/slow-reader.js";
import { Events, type Status } from "../../src/api/status.js";
import type { Subscription, SubscriptionImpl, SubscriptionOptions } from "../../src/api/subscription.js";
import { EMPTY, Received } from "../../src/effects/wire/bytes.js";
import { Simulation } from "../../src/testing/index.js";

/** A client with a subscription, and a way to have it sent messages that are numbered. */
async function subscribed(opts: SubscriptionOptions) {
  const world = new Simulation({ seed: 3 });
  const statuses: Status[] = [];
  const onStatus = (status: Status) => {
    if (status.type === Events.SlowConsumer) statuses.push(status);
  };
  const nc = await world.connect({ servers: world.cluster().urls, onStatus });
  const sub = nc.subscribe("work", opts);
  let number = 0;
  const send = async (count: number) => {
    for (let sent = 0; sent < count; sent++) nc.publish("work", `${number++}`);
    await world.until(nc.flush());
  };
  return { world, nc, sub, statuses, send };
}

/** Reads that many. */
async function read(sub: AsyncIterator<{ string(): string }>, count: number): Promise<string[]> {
  const texts: string[] = [];
  for (let taken = 0; taken < count; taken++) texts.push((await sub.next()).value.string());
  return texts;
}

const counts = (sub: Subscription) => [sub.getReceived(), sub.getPending(), sub.getDropped()];

test("without a limit, everything waits, and nobody is told", async () => {
  const { sub, statuses, send } = await subscribed({});
  await send(5_000);
  expect(counts(sub)).toEqual([5_000, 5_000, 0]);
  expect(statuses).toEqual([]);
});

/** A message that says of itself that it came in so many bytes. */
const messageOf = (bytes: number) =>
  new MsgImpl({ sid: 1 } as Receiver, new Received(EMPTY), 0, 0, 0, 0, 0, bytes);

/** The subscription gets messages of 1 MiB each. */
const deliver = (sub: Subscription, count: number) => {
  for (let n = 0; n < count; n++) (sub as SubscriptionImpl).deliver(messageOf(1_048_576));
};
const FILL = SLOW_BYTES / 1_048_576;

test("without a limit it is told when 64 MiB wait, once until half of that is read, and nothing is dropped", async () => {
  const { sub, statuses } = await subscribed({});
  deliver(sub, FILL - 1);
  expect(statuses).toEqual([]);
  deliver(sub, 10);
  expect([statuses.length, statuses[0]?.pending, ...counts(sub)]).toEqual([1, FILL, FILL + 9, FILL + 9, 0]);
  const iterator = sub[Symbol.asyncIterator]();
  const take = async (count: number) => {
    for (let n = 0; n < count; n++) await iterator.next();
  };
  await take(30);
  deliver(sub, 40);
  expect(statuses).toHaveLength(1);
  await take(60);
  deliver(sub, FILL);
  expect(statuses).toHaveLength(2);
});

test("a limit of messages alone does not keep large ones from being told", async () => {
  const { sub, statuses } = await subscribed({ maxPending: 1_000 });
  deliver(sub, FILL);
  expect([statuses.length, sub.getDropped()]).toEqual([1, 0]);
});

test("where nobody listens, the process is told, once for each subscription", async () => {
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const world = new Simulation({ seed: 3 });
  const nc = await world.connect({ servers: world.cluster().urls });
  const [sub, dropping] = [nc.subscribe("work"), nc.subscribe("play", { maxPending: 1 })];
  deliver(dropping, 2 * FILL);
  expect(warned).not.toHaveBeenCalled();
  deliver(sub, FILL + 1);
  const iterator = sub[Symbol.asyncIterator]();
  for (let n = 0; n < FILL; n++) await iterator.next();
  deliver(sub, FILL + 1);
  // From here on somebody listens.
  nc.status();
  deliver(nc.subscribe("heard"), FILL + 1);
  expect(warned.mock.calls).toEqual([
    [
      `${FILL} messages of "work" wait for a reader that is slow, on the connection to ${nc.getServer()}: memory grows with each`,
      expect.objectContaining({ code: "slowConsumer", detail: expect.stringContaining("maxPendingBytes") }),
    ],
  ]);
  warned.mockRestore();
});

test("while messages are dropped, those that wait hold no more than they need, and are what they were", async () => {
  const { sub } = await subscribed({ maxPending: 100 });
  const encoder = new TextEncoder();
  let number = 0;
  /** One of a flood: alone in what the socket has received. */
  const arrive = () => {
    const memory = new Uint8Array(65_536);
    const line = encoder.encode(`work 1 reply 16 1040\r\n`);
    const headers = encoder.encode("NATS/1.0\r\na: b\r\n\r\n");
    // Towards the end of it.
    const start = 60_000;
    memory.set(line, start);
    const at = start + line.length;
    memory.set(headers, at);
    const payload = at + headers.length;
    memory.set(encoder.encode(`${number++}`.padEnd(1_024)), payload);
    const received = new Received(memory);
    const owner = sub as SubscriptionImpl;
    owner.deliver(new MsgImpl(owner, received, start, start + 4, start + 12, at, payload, payload + 1_024));
  };
  const iterator = sub[Symbol.asyncIterator]();
  for (let n = 0; n < 101; n++) arrive();
  for (let n = 0; n < 1_000; n++) {
    await iterator.next();
    for (let more = 0; more < 3; more++) arrive();
  }
  expect([sub.getPending(), sub.getDropped()]).toEqual([101, 101 + 3_000 - 1_100]);
  for (let n = 0; n < 100; n++) {
    const { value: msg } = await iterator.next();
    expect([msg.subject, msg.reply, msg.headers.get("a")]).toEqual(["work", "reply", "b"]);
    expect(msg.string()).toMatch(/^\d+ +$/);
    expect(msg.data).toHaveLength(1_024);
    expect(msg.data.buffer.byteLength).toBeLessThan(1_100);
  }
});

test("at a limit of bytes messages are dropped as at one of messages; one of any size may wait", async () => {
  const { sub, statuses } = await subscribed({ maxPendingBytes: 2_500_000 });
  deliver(sub, 5);
  expect([counts(sub), statuses.length]).toEqual([[5, 2, 3], 1]);
  const small = await subscribed({ maxPendingBytes: 1 });
  deliver(small.sub, 2);
  expect([counts(small.sub), small.statuses.length]).toEqual([[2, 1, 1], 1]);
});

test("at the limit the newest messages are dropped, counted, and reported once", async () => {
  const { nc, sub, statuses, send } = await subscribed({ maxPending: 10 });
  await send(10);
  expect([counts(sub), statuses]).toEqual([[10, 10, 0], []]);
  await send(5);
  expect(counts(sub)).toEqual([15, 10, 5]);
  expect(statuses).toEqual([{ type: "slowConsumer", data: 10, pending: 10, sub, server: nc.getServer() }]);
  const iterator = sub[Symbol.asyncIterator]();
  expect(await read(iterator, 10)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
});

test("it is reported again when the reader had caught up, and not before", async () => {
  const { sub, statuses, send } = await subscribed({ maxPending: 10 });
  const iterator = sub[Symbol.asyncIterator]();
  await send(12);
  await read(iterator, 3);
  await send(5);
  expect([statuses.length, sub.getDropped()]).toEqual([1, 4]);
  await read(iterator, 8);
  await send(1);
  expect(statuses).toHaveLength(1);
  await send(20);
  expect(statuses).toHaveLength(2);
});

test("half of the limit is where it has caught up, in bytes as well", async () => {
  const { sub, statuses } = await subscribed({ maxPendingBytes: 4 * messageOf(1_048_576).queuedBytes });
  const iterator = sub[Symbol.asyncIterator]();
  deliver(sub, 5);
  for (let taken = 0; taken < 3; taken++) await iterator.next();
  // The third is worked on; with this one, two wait.
  deliver(sub, 1);
  deliver(sub, 3);
  expect(statuses).toHaveLength(2);
});

test("half of the limit is where it has caught up", async () => {
  const { sub, statuses, send } = await subscribed({ maxPending: 4 });
  const iterator = sub[Symbol.asyncIterator]();
  await send(5);
  await read(iterator, 4);
  await send(1);
  expect(sub.getPending()).toBe(2);
  await send(4);
  expect(statuses).toHaveLength(2);
});

test("a limit of one message is reported as well", async () => {
  const { sub, statuses, send } = await subscribed({ maxPending: 1 });
  await send(2);
  expect([counts(sub), statuses.length]).toEqual([[2, 1, 1], 1]);
});

test("what is dropped counts towards the limit of messages, as the server counts it", async () => {
  const { sub, send } = await subscribed({ maxPending: 3, max: 5 });
  await send(9);
  expect([sub.getReceived(), sub.getDropped(), sub.isClosed()]).toEqual([5, 2, true]);
  const texts: string[] = [];
  for await (const msg of sub) texts.push(msg.string());
  expect(texts).toEqual(["0", "1", "2"]);
});

test.each([
  ["no number", { maxPending: "many" as unknown as number }],
  ["nothing", { maxPending: 0 }],
  ["half a message", { maxPending: 1.5 }],
  ["a limit for a callback, where nothing waits", { maxPending: 1, callback: () => {} }],
])("%s is refused as a limit", async (_what, opts) => {
  const { nc } = await subscribed({});
  const refused = () => nc.subscribe("work", opts);
  expect(refused).toThrow(
    expect.objectContaining({ code: ErrorCode.InvalidOption } satisfies Partial<NatsError>),
  );
  expect(refused).toThrow(/maxPending.*a whole number of messages from 1/);
});

test("a limit of bytes is refused as one of messages is", async () => {
  const { nc } = await subscribed({});
  expect(() => nc.subscribe("work", { maxPendingBytes: 0 })).toThrow(
    /maxPendingBytes.*a whole number of bytes from 1/,
  );
});
