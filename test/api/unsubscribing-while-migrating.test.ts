// A member leaves its queue group while its connection moves to another server (lame duck mode). Two servers know the
// subscription then, and each must be told of its end: what one of them still sends there is lost to the group. In the
// simulated world, with one member that moves and another that takes all the work from then on. What is subscribed in a
// move: subscribing-while-migrating.test.ts.

import { describe, expect, test } from "vitest";
import type { ConnectionOptions, NatsConnection, Subscription } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

/** One way between the client that moves and a server: each step of the move takes two. */
const ONE_WAY = 100;

/** Where in the move the subscription ends. */
type Place = "subscribing" | "handingOver" | "overlap";
const places: readonly Place[] = ["subscribing", "handingOver", "overlap"];

/** A client that is told of two servers, and connected to the first of them. */
async function scene() {
  const world = new Simulation({ seed: 3, latency: [1, 1] });
  const cluster = world.cluster(3);
  const [old, next, third] = cluster.nodes.map(({ address }) => address);
  let state = "";
  let hasSubscribed = false;
  const inspect: NonNullable<ConnectionOptions["inspect"]> = (event) => {
    if (event.type !== "@xstate.snapshot") return;
    const { value } = event.snapshot as { readonly value?: unknown };
    if (value !== undefined) state = JSON.stringify(value);
  };
  const alone = { ignoreClusterUpdates: true, noRandomize: true };
  const mover = await world.connect({
    ...alone,
    servers: [`${old}`, `${next}`],
    onLameDuck: "migrate",
    inspect,
  });
  const stayer = await world.connect({ ...alone, servers: `${next}` });
  const sender = await world.connect({ ...alone, servers: `${third}` });
  const taken = new Set<string>();
  stayer.subscribe("work", { queue: "workers", callback: (_, msg) => void taken.add(msg.string()) });
  await world.until(stayer.flush());
  for (const node of cluster.nodes) world.route(mover, node).latency = [ONE_WAY, ONE_WAY];
  const isSubscribing = () => state.includes("subscribing");
  const isAt: Readonly<Record<Place, () => boolean>> = {
    subscribing: isSubscribing,
    handingOver: () => hasSubscribed && !isSubscribing() && mover.getServer() === old,
    overlap: () => mover.getServer() === next,
  };
  /** Begins the move, and resolves at that place in it. */
  const moveTo = async (place: Place) => {
    cluster.node(0).lameDuck(60_000);
    for (let ms = 0; !isAt[place](); ms++) {
      hasSubscribed ||= isSubscribing();
      expect(ms).toBeLessThan(5_000);
      await world.advance(1);
    }
  };
  const over = async (sub: Subscription) => {
    for (let ms = 0; !sub.isClosed(); ms++) {
      expect(ms).toBeLessThan(5_000);
      await world.advance(1);
    }
  };
  /** Once each server can have read what the client said by now: which of these messages the other member does not get. */
  const lost = async () => {
    await world.advance(ONE_WAY + 5);
    const sent = Array.from({ length: 50 }, (_, number) => `late ${number}`);
    for (const message of sent) {
      sender.publish("work", message);
      await world.advance(1);
    }
    await world.advance(10_000);
    expect(mover.getServer()).toBe(next);
    return sent.filter((message) => !taken.has(message));
  };
  return { world, mover, sender, moveTo, over, lost };
}

const queue = "workers";
const callback = () => {};

/** Gives the group some work, of which that member takes a part. */
function work(sender: NatsConnection): void {
  for (let number = 0; number < 8; number++) sender.publish("work", `early ${number}`);
}

describe.each(places)("a member that leaves its queue group while the connection moves (%s)", (place) => {
  test("by unsubscribe() gets no more work", async () => {
    const { mover, moveTo, lost } = await scene();
    const sub = mover.subscribe("work", { queue, callback });
    await moveTo(place);
    sub.unsubscribe();
    expect(await lost()).toEqual([]);
  });

  test("by unsubscribe(max) gets no more work than that", async () => {
    const { mover, sender, moveTo, over, lost } = await scene();
    const sub = mover.subscribe("work", { queue, callback });
    await moveTo(place);
    sub.unsubscribe(1);
    work(sender);
    await over(sub);
    expect(await lost()).toEqual([]);
  });

  test("since it has reached the option max gets no more work than that", async () => {
    const { mover, sender, moveTo, over, lost } = await scene();
    const sub = mover.subscribe("work", { queue, callback, max: 1 });
    await moveTo(place);
    work(sender);
    await over(sub);
    expect(await lost()).toEqual([]);
  });

  test("by its signal gets no more work", async () => {
    const { mover, moveTo, lost } = await scene();
    const abort = new AbortController();
    mover.subscribe("work", { queue, callback, signal: abort.signal });
    await moveTo(place);
    abort.abort();
    expect(await lost()).toEqual([]);
  });

  test("by break gets no more work", async () => {
    const { mover, sender, moveTo, over, lost } = await scene();
    const sub = mover.subscribe("work", { queue });
    const reading = (async () => {
      for await (const _ of sub) break;
    })();
    await moveTo(place);
    work(sender);
    await over(sub);
    await reading;
    expect(await lost()).toEqual([]);
  });

  test("by its timeout gets no more work", async () => {
    const before = await scene();
    before.mover.subscribe("work", { queue, callback });
    const began = before.world.elapsed;
    await before.moveTo(place);
    const { mover, moveTo, over, lost } = await scene();
    // Somewhat later than the other one came there, since there it must still be subscribed.
    const timeout = before.world.elapsed - began + 10;
    const sub = mover.subscribe("work", { queue, callback, timeout });
    await moveTo(place);
    await over(sub);
    expect(await lost()).toEqual([]);
  });

  test("by drain() gets no more work", async () => {
    const { mover, moveTo, lost } = await scene();
    const sub = mover.subscribe("work", { queue, callback });
    await moveTo(place);
    void sub.drain();
    expect(await lost()).toEqual([]);
  });
});
