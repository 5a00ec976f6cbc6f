// Who holds a drain, and who does not: readers of iterators. What they had not taken when the drain was ended is told in its error.
// What a drain does besides: test/integration/life.test.ts, test/machine/draining.test.ts.

import { describe, expect, it } from "vitest";
import {
  type ConnectionOptions,
  ErrorCode,
  type Msg,
  type NatsConnection,
  type NatsError,
  type Status,
  type Subscription,
} from "../../src/index.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import { Simulation } from "../../src/testing/index.js";

const LIMIT = 30_000;

/** A connection, and a way to have messages arrive on its subscriptions. */
async function connected(options: ConnectionOptions = {}) {
  const world = new Simulation({ seed: 1 });
  const cluster = world.cluster(2);
  const [node, other] = [cluster.node(0), cluster.node(1)];
  const nc = await world.connect({ servers: node.address, ignoreClusterUpdates: true, ...options });
  const customer = await world.connect({ servers: other.address, ignoreClusterUpdates: true });
  const answers: string[] = [];
  customer.subscribe("answers", { callback: (_error, msg) => void answers.push(msg.string()) });
  await world.advance(100);
  const send = async (subject: string, count: number) => {
    await world.advance(100);
    for (let n = 1; n <= count; n++) customer.publish(subject, `${n}`, { reply: "answers" });
    await world.advance(100);
  };
  /** A drain: how it ends, and how long that takes. */
  const drained = async (drain = () => nc.drain()) => {
    const from = world.elapsed;
    const error = await world.until(
      drain().then(
        () => undefined,
        (reason: NatsError) => reason,
      ),
    );
    return { code: error?.code, message: error?.message, tookAll: world.elapsed - from >= LIMIT };
  };
  return { world, nc, node, customer, answers, send, drained };
}

const fine = { code: undefined, message: undefined, tookAll: false };
const timedOut = "the drain did not finish within 30000 ms (option drainTimeout)";
const rule = "(a message counts until its reader takes the next one, or leaves)";
const tookTooLong = (what: string) => ({
  code: ErrorCode.Timeout,
  message: `${timedOut}; ${what}`,
  tookAll: true,
});

/** Takes so many by hand, and leaves without a word. */
async function take(sub: AsyncIterable<unknown>, count: number): Promise<void> {
  const reader = sub[Symbol.asyncIterator]();
  for (let n = 0; n < count; n++) await reader.next();
}

/** Reads in a loop, which takes its time for each message. */
async function work(world: Simulation, sub: AsyncIterable<Msg>, ms: number): Promise<boolean[]> {
  const accepted: boolean[] = [];
  for await (const msg of sub) {
    await world.sleep(ms);
    accepted.push(msg.respond(`done: ${msg.string()}`));
  }
  return accepted;
}

describe("a drain is held by a reader that does not come back, and then names it", () => {
  it("where it took one message by next() and left", async () => {
    const { nc, send, drained } = await connected();
    void take(nc.subscribe("jobs"), 1);
    await send("jobs", 1);
    const outcome = tookTooLong(`1 message was not processed ${rule}: 1 of "jobs"`);
    expect(await drained()).toEqual(outcome);
    const { code, message } = outcome;
    expect(await nc.closed()).toMatchObject({ code, message });
  });

  it("where it is a loop that is busy, with how many messages wait for it", async () => {
    const { world, nc, send, drained } = await connected();
    void work(world, nc.subscribe("jobs"), 10 * LIMIT);
    await send("jobs", 5);
    expect(await drained()).toEqual(tookTooLong(`5 messages were not processed ${rule}: 5 of "jobs"`));
  });

  it("where there are many, those with the most messages first, and how many more", async () => {
    const { nc, send, drained } = await connected();
    for (const [subject, count] of Object.entries({ a: 1, b: 4, c: 2, d: 1, e: 7 })) {
      void take(nc.subscribe(subject), 1);
      await send(subject, count);
    }
    expect(await drained()).toEqual(
      tookTooLong(
        `15 messages were not processed ${rule}: 7 of "e", 4 of "b", 2 of "c", and 2 of 2 more subscriptions`,
      ),
    );
  });

  it("where there is one more than are named", async () => {
    const { nc, send, drained } = await connected();
    for (const subject of ["a", "b", "c", "d"]) {
      void take(nc.subscribe(subject), 1);
      await send(subject, 1);
    }
    expect((await drained()).message).toContain(`1 of "a", 1 of "b", 1 of "c", and 1 of 1 more subscription`);
  });

  it("by a subject of any length, on one line", async () => {
    const { nc, send, drained } = await connected();
    const subject = `long.${"x".repeat(1_000)}\u2028`;
    void take(nc.subscribe(subject), 1);
    await send(subject, 1);
    expect((await drained()).message).toMatch(/1 of "long\.x{95}…"$/);
  });

  it("where the server is lost in the middle of it", async () => {
    const { world, nc, node, send, drained } = await connected();
    void take(nc.subscribe("jobs"), 1);
    await send("jobs", 2);
    const ending = drained();
    await world.advance(1_000);
    node.crash();
    const { code, message } = await ending;
    expect(code).toBe(ErrorCode.Disconnect);
    expect(message).toMatch(
      /^the connection was lost while draining.*; 2 messages were not processed \(.*\): 2 of "jobs"$/,
    );
  });

  it("where close() ends it before: nothing went wrong with the connection, but the drain is not done", async () => {
    const { nc, send, drained } = await connected();
    void take(nc.subscribe("jobs"), 1);
    await send("jobs", 1);
    const { code, message } = await drained(() => {
      const draining = nc.drain();
      void nc.close();
      return draining;
    });
    expect([code, message]).toEqual([
      ErrorCode.ConnectionClosed,
      `the connection was closed before the drain was done; 1 message was not processed ${rule}: 1 of "jobs"`,
    ]);
    expect(await nc.closed()).toBeUndefined();
  });

  it("beside requests that wait for their answers", async () => {
    const { world, nc, customer, drained } = await connected();
    customer.subscribe("silent", { callback: () => {} });
    await world.advance(100);
    const asked = [false, true].map((noMux) => nc.request("silent", "", { timeout: 10 * LIMIT, noMux }));
    const ended = Promise.allSettled(asked);
    expect(await drained()).toEqual(tookTooLong("2 requests were not answered"));
    expect((await ended).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("of nats-core's subscriptions, too", async () => {
    const { nc, send, drained } = await connected();
    const core = asNatsCore(nc);
    void take(core.subscribe("jobs"), 1);
    await send("jobs", 3);
    let cause: unknown;
    await drained(() =>
      core.drain().catch((error: Error) => {
        ({ cause } = error);
        throw error;
      }),
    );
    const { code, message } = tookTooLong(`3 messages were not processed ${rule}: 3 of "jobs"`);
    expect(cause).toMatchObject({ code, message });
  });
});

describe("a drain in an outage", () => {
  it("does not wait for an answer that cannot come, and is done, also where close() is called as it ends", async () => {
    const onStatus = ({ type }: Status) => {
      if (type === "close") void nc.close();
    };
    const { world, nc, node, customer, drained } = await connected({ onStatus });
    customer.subscribe("silent", { callback: () => {} });
    await world.advance(100);
    const asked = Promise.allSettled([nc.request("silent", "", { timeout: 10 * LIMIT })]);
    await world.until(nc.flush());
    node.crash();
    await world.advance(100);
    expect(await drained()).toEqual(fine);
    const reason = { code: ErrorCode.ConnectionClosed };
    expect(await asked).toMatchObject([{ status: "rejected", reason }]);
  });
});

describe("a drain is not held", () => {
  it("by anything where close() ends it and nothing was left to be done", async () => {
    const { nc, drained } = await connected();
    const ending = drained();
    await nc.close();
    expect(await ending).toEqual(fine);
  });

  type Read = (sub: Subscription) => unknown;
  const readers: readonly (readonly [what: string, Read])[] = [
    ["where nobody reads", () => {}],
    ["by a loop that waits for more", (sub) => take(sub, 3)],
    [
      "by a loop that was left",
      async (sub) => {
        for await (const _ of sub) break;
      },
    ],
    [
      "by a loop that throws",
      async (sub) => {
        for await (const _ of sub) throw new Error("user code");
      },
    ],
    [
      "by a reader that left by return()",
      async (sub) => {
        const reader = sub[Symbol.asyncIterator]();
        await reader.next();
        await reader.return?.();
      },
    ],
    ["by a reader that unsubscribed", (sub) => take(sub, 1).then(() => sub.unsubscribe())],
    [
      "at the end of the scope of the subscription",
      (sub) => take(sub, 1).then(() => sub[Symbol.asyncDispose]()),
    ],
  ];

  it.each(readers)("%s", async (_, read) => {
    const { nc, send, drained } = await connected();
    // One of them throws.
    void Promise.allSettled([read(nc.subscribe("jobs"))]);
    await send("jobs", 2);
    expect(await drained()).toEqual(fine);
  });

  it.each<[string, (sub: Subscription) => void]>([
    ["unsubscribes", (sub) => sub.unsubscribe()],
    ["ends the scope", (sub) => void sub[Symbol.asyncDispose]()],
  ])("any longer once its reader %s", async (_, leave) => {
    const { world, nc, send, drained } = await connected();
    const sub = nc.subscribe("jobs");
    void take(sub, 1);
    await send("jobs", 2);
    const ending = drained();
    await world.advance(1_000);
    expect(nc.isClosed()).toBe(false);
    leave(sub);
    expect(await ending).toEqual(fine);
  });

  it("by a subscription of nats-core that moved to another subject and is read no more", async () => {
    const { nc, send, drained } = await connected();
    const core = asNatsCore(nc) as ReturnType<typeof asNatsCore> & { _resub(sub: unknown, to: string): void };
    const sub = core.subscribe("one");
    void take(sub, 1);
    await send("one", 1);
    core._resub(sub, "two");
    expect((await drained()).message).toContain('1 of "two"');
  });
});

describe("a drain waits for a loop over a subscription that has ended", () => {
  const ways: readonly (readonly [how: string, (nc: NatsConnection, sub: Subscription) => unknown])[] = [
    ["by its limit", (_nc, sub) => sub.unsubscribe(3)],
    ["by a drain of its own", (_nc, sub) => sub.drain()],
    ["by the drain of the connection", () => {}],
  ];

  it.each(ways)("%s, so that its answers arrive", async (_, end) => {
    const { world, nc, answers, send, drained } = await connected();
    const sub = nc.subscribe("jobs");
    const working = work(world, sub, 1_000);
    await send("jobs", 3);
    const ended = end(nc, sub);
    await world.advance(100);
    await ended;
    expect(await drained()).toEqual(fine);
    expect(await working).toEqual([true, true, true]);
    await world.advance(100);
    expect(answers).toEqual(["done: 1", "done: 2", "done: 3"]);
  });

  it("but not where it was unsubscribed: what it has can still be read, and its answers go nowhere", async () => {
    const { world, nc, send, drained } = await connected();
    const sub = nc.subscribe("jobs");
    const working = work(world, sub, 1_000);
    await send("jobs", 3);
    sub.unsubscribe();
    expect(await drained()).toEqual(fine);
    await world.advance(10_000);
    expect(await working).toEqual([false, false, false]);
  });
});
