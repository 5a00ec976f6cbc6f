// Every promise settles: all that the API hands out, at the latest when the connection is closed, whatever closed it and whoever
// left. What each of them resolves or rejects with is in the tests of its own.

import { describe, expect, it } from "vitest";
import type { ConnectionOptions, NatsConnection } from "../../src/index.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import { Simulation, type VirtualNode } from "../../src/testing/index.js";

/** Longer than any of these connections lives: a request is to be settled by the end, not by its own time. */
const FOREVER = 2_000_000_000;

/** How a connection ends. */
interface End {
  readonly options?: ConnectionOptions;
  /** The connection is lost before, and not back. */
  readonly isLost?: boolean;
  /** Nothing is asked and nobody reads that would hold a drain. */
  readonly isIdle?: boolean;
  end(nc: NatsConnection, node: VirtualNode): void;
}

const drain = (nc: NatsConnection) => void Promise.allSettled([nc.drain()]);
const crash = (_nc: NatsConnection, node: VirtualNode) => node.crash();

/** An error of user code, once the connection is established. */
function failing(): ConnectionOptions {
  let calls = 0;
  return {
    reconnectToServer: () => {
      if (calls++ > 0) throw new Error("user code");
      return null;
    },
  };
}

const ends: Readonly<Record<string, End>> = {
  "by close()": { end: (nc) => void nc.close() },
  "by close() in an outage": { isLost: true, end: (nc) => void nc.close() },
  "by drain()": { isIdle: true, end: drain },
  "by drain() that takes too long": { end: drain },
  "by drain() in an outage": { isLost: true, end: drain },
  "by close() in the middle of a drain": {
    end: (nc) => {
      drain(nc);
      void nc.close();
    },
  },
  "by the loss of its server in the middle of a drain": {
    end: (nc, node) => {
      drain(nc);
      node.crash();
    },
  },
  "when no server is left": { options: { maxReconnectAttempts: 1 }, end: crash },
  "when reconnect is off": { options: { reconnect: false }, end: crash },
  "when reconnectToServer throws": { options: failing(), end: crash },
};

/** Promises by name, and which of them are not settled. */
class Promises {
  readonly #all = new Set<string>();
  readonly #pending = new Set<string>();

  add(name: string, promise: PromiseLike<unknown>): void {
    if (this.#all.has(name)) throw new Error(`there are two of ${name}`);
    this.#all.add(name);
    this.#pending.add(name);
    const settle = () => void this.#pending.delete(name);
    promise.then(settle, settle);
  }

  get pending(): string[] {
    return [...this.#pending];
  }
}

/** What ours and that of nats-core have in common, as far as it is waited for. */
interface AnySubscription extends AsyncIterable<unknown> {
  readonly closed: Promise<unknown>;
  unsubscribe(max?: number): void;
  drain(): Promise<void>;
  [Symbol.asyncDispose](): PromiseLike<void>;
}

interface AnyConnection {
  subscribe(subject: string, options?: { callback?: () => void }): AnySubscription;
  request(subject: string, payload: string, options: { timeout: number; noMux: boolean }): Promise<unknown>;
  requestMany(
    subject: string,
    payload: string,
    options: { maxWait: number; noMux: boolean },
  ): Promise<AsyncIterable<unknown>>;
  status(): AsyncIterable<unknown>;
  flush(): Promise<void>;
  rtt(): Promise<number>;
  drain(): Promise<void>;
  close(): Promise<void>;
  closed(): Promise<unknown>;
  reconnect(): Promise<void>;
  [Symbol.asyncDispose](): PromiseLike<void>;
}

const bothOf = (nc: NatsConnection): readonly (readonly [whose: string, AnyConnection])[] => [
  ["ours", nc as AnyConnection],
  ["nats-core's", asNatsCore(nc) as AnyConnection],
];

const next = (from: AsyncIterable<unknown>) => from[Symbol.asyncIterator]().next();

async function readAll(from: AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>): Promise<void> {
  for await (const _ of await from);
}

/** Calls `next` that often, and never again. */
async function readSome(from: AsyncIterable<unknown>, count: number): Promise<void> {
  const iterator = from[Symbol.asyncIterator]();
  for (let n = 0; n < count; n++) await iterator.next();
}

async function readForever(from: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of from) await new Promise(() => {});
}

/** What became of a subscription before the connection ends. Each has received two messages. */
const idle: Readonly<Record<string, (sub: AnySubscription) => void>> = {
  "that nobody reads": () => {},
  "whose reader waits for more": (sub) => void readSome(sub, 3),
  "whose reader called next three times": (sub) => {
    const iterator = sub[Symbol.asyncIterator]();
    for (let n = 0; n < 3; n++) void iterator.next();
  },
  "whose loop was left": async (sub) => {
    for await (const _ of sub) break;
  },
  "whose reader left before it was unsubscribed": (sub) =>
    void readSome(sub, 1).then(() => sub.unsubscribe()),
};
const busy: typeof idle = {
  "whose reader took one message and left": (sub) => void readSome(sub, 1),
  "whose reader took all messages and left": (sub) => void readSome(sub, 2),
  "whose loop is busy for ever": (sub) => void readForever(sub),
  "whose reader left before it was drained": (sub) => void readSome(sub, 1).then(() => sub.drain()),
  "whose reader left before its limit was reached": (sub) =>
    void readSome(sub, 1).then(() => sub.unsubscribe(2)),
};

/** Subscriptions and their readers, each in the situation of its name once time has passed. */
function subscribeAll(
  nc: NatsConnection,
  prefix: string,
  readers: typeof idle,
): Map<string, AnySubscription> {
  const all = new Map<string, AnySubscription>();
  for (const [whose, one] of bothOf(nc)) {
    all.set(`one of ${whose} with a callback`, one.subscribe("unheard", { callback: () => {} }));
    for (const [what, read] of Object.entries(readers)) {
      const subject = `${prefix}.${all.size}`;
      const sub = one.subscribe(subject);
      all.set(`one of ${whose} ${what}`, sub);
      read(sub);
      for (let n = 0; n < 2; n++) nc.publish(subject, `${n}`);
    }
  }
  return all;
}

/** All that can be waited for when a connection is about to end. */
function askBefore(nc: NatsConnection, isIdle: boolean, promises: Promises): void {
  for (const [whose, one] of bothOf(nc)) {
    const add = (name: string, promise: PromiseLike<unknown>) => promises.add(`${whose}: ${name}`, promise);
    add("closed()", one.closed());
    add("flush()", one.flush());
    add("rtt()", one.rtt());
    for (const noMux of isIdle ? [] : [false, true]) {
      const ask = () => one.requestMany("silent", "", { maxWait: FOREVER, noMux });
      add(`request(), noMux ${noMux}`, one.request("silent", "", { timeout: FOREVER, noMux }));
      add(`requestMany(), noMux ${noMux}`, ask());
      add(`a loop over requestMany(), noMux ${noMux}`, readAll(ask()));
      add(`next() of requestMany(), noMux ${noMux}`, ask().then(next));
    }
    add("a loop over status()", readAll(one.status()));
    const statuses = one.status()[Symbol.asyncIterator]();
    for (let n = 0; n < 50; n++) add(`next() of status(), ${n}`, statuses.next());
    const sub = one.subscribe(`drained by ${whose.length}`.replaceAll(" ", "."));
    add("next() of a subscription that drains", next(sub));
    for (let n = 0; n < 2; n++) add(`drain() of a subscription, ${n}`, sub.drain());
    add("the end of the scope of a subscription", one.subscribe("scope")[Symbol.asyncDispose]());
  }
  nc.publish("backlog", "x".repeat(1_000));
  promises.add("ready()", nc.ready(0));
}

/** What can be waited for of a connection that has ended. */
function askAfter(nc: NatsConnection, subs: ReadonlyMap<string, AnySubscription>, promises: Promises): void {
  for (const [whose, one] of bothOf(nc)) {
    const add = (name: string, promise: PromiseLike<unknown>) =>
      promises.add(`${whose}, afterwards: ${name}`, promise);
    add("closed()", one.closed());
    add("close()", one.close());
    add("drain()", one.drain());
    add("flush()", one.flush());
    add("rtt()", one.rtt());
    add("reconnect()", one.reconnect());
    add("request()", one.request("silent", "", { timeout: FOREVER, noMux: false }));
    add("requestMany()", one.requestMany("silent", "", { maxWait: FOREVER, noMux: false }));
    add("status()", readAll(one.status()));
    add("the end of the scope", one[Symbol.asyncDispose]());
  }
  promises.add("afterwards: ready()", nc.ready());
  for (const [name, sub] of subs) {
    promises.add(`afterwards: closed of ${name}`, sub.closed);
    promises.add(`afterwards: drain() of ${name}`, sub.drain());
    promises.add(`afterwards: the end of the scope of ${name}`, sub[Symbol.asyncDispose]());
  }
}

describe("a connection that ends", () => {
  it.each(Object.keys(ends))("%s settles every promise", async (name) => {
    const { options, isLost = false, isIdle = false, end } = ends[name] as End;
    const world = new Simulation({ seed: 1 });
    const cluster = world.cluster(2);
    const [node, other] = [cluster.node(0), cluster.node(1)];
    const elsewhere = await world.connect({ servers: other.address, ignoreClusterUpdates: true });
    elsewhere.subscribe("silent", { callback: () => {} });
    const nc = await world.connect({
      servers: node.address,
      ignoreClusterUpdates: true,
      maxReconnectAttempts: -1,
      drainTimeout: 10_000,
      ...options,
    });
    const [asked, unasked] = ["asked.before", "asked.afterwards"].map((prefix) =>
      subscribeAll(nc, prefix, isIdle ? idle : { ...idle, ...busy }),
    ) as [Map<string, AnySubscription>, Map<string, AnySubscription>];
    const promises = new Promises();
    for (const [what, sub] of asked) promises.add(`closed of ${what}`, sub.closed);
    await world.advance(1_000);
    if (isLost) node.crash();
    await world.advance(10_000);
    expect([nc.info === undefined, nc.isClosed()]).toEqual([isLost, false]);
    askBefore(nc, isIdle, promises);
    end(nc, node);
    await world.until(nc.closed() as Promise<unknown>);
    await world.advance(0);
    expect(promises.pending).toEqual([]);

    askAfter(nc, unasked, promises);
    await world.advance(0);
    expect(promises.pending).toEqual([]);
    await world.until(elsewhere.close());
  });
});
