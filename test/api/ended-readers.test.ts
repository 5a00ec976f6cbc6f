// Which ended subscriptions a drain still knows, and that they fill no memory.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test, vi } from "vitest";
import { EndedReaders } from "../../src/api/ended-readers.js";
import type { SubscriptionImpl } from "../../src/api/subscription.js";
import type { Subscription } from "../../src/index.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import { Simulation } from "../../src/testing/index.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

const one = (isHeld: boolean) =>
  ({ reader: { isHeld } }) as SubscriptionImpl & { reader: { isHeld: boolean } };

test("those are held whose reader has not come back, in their order", () => {
  const ended = new EndedReaders();
  const all = Array.from({ length: 1_000 }, (_, n) => one(n % 3 === 0));
  for (const subscription of all) ended.add(subscription);
  const held = all.filter(({ reader }) => reader.isHeld);
  expect(ended.held()).toEqual(held);
  const [first] = held;
  if (first !== undefined) first.reader.isHeld = false;
  expect(ended.held()).toEqual(held.slice(1));
});

test("those whose reader has come back, or that nobody holds any more, are forgotten", () => {
  let looked = 0;
  class Ref {
    constructor(readonly target: SubscriptionImpl | undefined) {}
    deref() {
      looked++;
      return this.target;
    }
  }
  vi.stubGlobal("WeakRef", Ref);
  const ended = new EndedReaders();
  for (let n = 0; n < 10_000; n++) ended.add(n % 2 === 0 ? one(false) : (undefined as never));
  looked = 0;
  expect(ended.held()).toEqual([]);
  expect(looked).toBeLessThanOrEqual(64);
});

test("a reader that took one message and left leaves nothing behind when the subscription ends, however it ends", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const world = new Simulation({ seed: 1 });
  const nc = await world.connect({ servers: world.cluster().urls });
  const seen: { readonly sub: WeakRef<object>; readonly end: string }[] = [];
  const takeOne = async (sub: Subscription, [name, end]: (typeof ends)[number]) => {
    seen.push({ sub: new WeakRef(sub), end: name });
    const first = sub[Symbol.asyncIterator]().next();
    for (let n = 0; n < 2; n++) nc.publish("a", "x");
    await first;
    await end(sub);
  };
  const ends: readonly (readonly [name: string, end: (sub: Subscription) => unknown])[] = [
    ["unsubscribe()", (sub) => sub.unsubscribe()],
    ["unsubscribe(2)", (sub) => sub.unsubscribe(2)],
    ["drain()", (sub) => sub.drain()],
    ["the end of its scope", (sub) => sub[Symbol.asyncDispose]()],
  ];
  for (let n = 0; n < 50; n++) {
    const subs = [nc.subscribe("a"), asNatsCore(nc).subscribe("a") as unknown as Subscription];
    const all = Promise.all(subs.map((sub) => takeOne(sub, ends[n % ends.length] as (typeof ends)[number])));
    await world.until(all);
    await world.advance(100);
  }
  await new Promise(setImmediate);
  collect();
  for (const [name] of ends) {
    const all = seen.filter(({ end }) => end === name);
    const held = all.filter(({ sub }) => sub.deref() !== undefined);
    // What the engine still holds for reasons of its own is not counted.
    expect(held.length, name).toBeLessThan(all.length / 4);
  }
  await world.until(nc.close());
});
