// What a connection lets go of while it lives on: what is over is held by nobody, or its memory would grow with its age.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Connection } from "../../src/api/connection.js";
import { withDial } from "../../src/effects/world.js";
import type { Msg, NatsConnection } from "../../src/index.js";
import { RequestStrategy } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";
import { countedSignal, heldAfter, type Run } from "../harness/held.js";

let world: Simulation;
let nc: NatsConnection;

beforeAll(async () => {
  world = new Simulation();
  nc = await world.connect({ servers: world.cluster().urls });
  nc.subscribe("echo", { callback: (_error, msg) => void msg.respond(msg.data) });
  nc.subscribe("silent", { callback: () => {} });
  await world.until(nc.flush());
});

afterAll(async () => {
  await world.until(nc.close());
  expect(world.running).toEqual({ timers: 0, sockets: 0 });
});

/** The only value of an iterator, which is left behind it. */
async function firstOf<T>(iterable: AsyncIterable<T>): Promise<T> {
  for await (const one of iterable) return one;
  throw new Error("it has ended");
}

const another = () => world.dial({ servers: world.clusters[0]?.urls ?? [] });

/** A signal that is aborted in a while of virtual time. */
function abortedSoon(): AbortSignal {
  const abort = new AbortController();
  void world.sleep(1).then(() => abort.abort());
  return abort.signal;
}

const runs: Readonly<Record<string, Run>> = {
  "a subscription that was unsubscribed, its callback and its message": async () => {
    const received: Msg[] = [];
    const callback = (_error: Error | null, msg: Msg) => void received.push(msg);
    const sub = nc.subscribe("a", { callback });
    nc.publish("a");
    await world.until(nc.flush());
    sub.unsubscribe();
    return { sub, callback, msg: received[0] as Msg };
  },
  "a subscription that has reached max, and for whose end somebody waited": async () => {
    const sub = nc.subscribe("a", { callback: () => {}, max: 1 });
    const { closed } = sub;
    nc.publish("a");
    await world.until(closed);
    return { sub, closed };
  },
  "a subscription whose time is over": async () => {
    const sub = nc.subscribe("a", { callback: () => {}, timeout: 10 });
    await world.until(sub.closed);
    return { sub };
  },
  "a subscription that was drained": async () => {
    const sub = nc.subscribe("a", { callback: () => {} });
    await world.until(sub.drain());
    return { sub };
  },
  "a subscription whose loop was left": async () => {
    const sub = nc.subscribe("a");
    const first = firstOf(sub);
    nc.publish("a");
    return { sub, msg: await world.until(first) };
  },
  "a request that was answered, and its answer": async () => {
    const request = nc.request("echo", "x");
    return { request, answer: await world.until(request) };
  },
  "a request over an inbox of its own, and its answer": async () => {
    const request = nc.request("echo", "x", { noMux: true });
    return { request, answer: await world.until(request) };
  },
  "a request that nobody answered, and its error": async () => {
    const request = nc.request("silent", "", { timeout: 10 });
    const error = await world.until(request.catch((reason: Error) => reason));
    return { request, error };
  },
  "a request for many, by each strategy, and the answers": async () => {
    const held: Record<string, object> = {};
    for (const strategy of Object.values(RequestStrategy)) {
      const many = await nc.requestMany("echo", "", { strategy, maxWait: 20, maxMessages: 1, jitter: 5 });
      held[strategy] = many;
      const read = (async () => {
        for await (const msg of many) held[`answer by ${strategy}`] = msg;
      })();
      await world.until(read);
    }
    return held;
  },
  "an iterator of statuses whose loop was left": async () => {
    await world.until(nc.flush());
    const statuses = nc.status();
    const first = firstOf(statuses);
    await nc.reconnect();
    const status = await world.until(first);
    await world.advance(10_000);
    return { statuses, status };
  },
  "an iterator of statuses that was left before it was read": async () => {
    const statuses = nc.status();
    await statuses[Symbol.asyncIterator]().return?.();
    return { statuses };
  },
  "a flush, and one whose time is over": async () => {
    const flush = nc.flush();
    const late = nc.flush({ timeout: 1 }).catch((error: Error) => error);
    await world.until(Promise.all([flush, late]));
    return { flush, late };
  },
  "what rtt and ready gave": async () => {
    const promises = { rtt: nc.rtt(), ready: nc.ready() };
    await world.until(Promise.all(Object.values(promises)));
    return promises;
  },
};

it("a connection that lives on holds nothing of what is over", async () => {
  expect(await heldAfter(runs)).toEqual([]);
});

it("a connection that has reconnected holds nothing of the sockets that it had before", async () => {
  const own = world.world();
  // What a server was offered over a socket is held by whoever speaks over it.
  const offered = new Map<string, object>();
  let sockets = 0;
  const seen = withDial(own, (server, events, given) => {
    offered.set(`socket ${++sockets}`, given as object);
    return own.dial(server, events);
  });
  const servers = [...(world.clusters[0]?.urls ?? [])];
  const one = new Connection(seen, { servers, reconnectTimeWait: 0 });
  const held = await heldAfter({
    reconnects: async () => {
      await world.until(one.start());
      while (sockets < 4) {
        await one.reconnect();
        await world.advance(5_000);
      }
      const all = Object.fromEntries(offered);
      offered.clear();
      return all;
    },
  });
  expect(held).toEqual(["reconnects: socket 4"]);
  await world.until(one.close());
});

describe("no timer runs any more of", () => {
  const HOUR = 3_600_000;

  it.each<readonly [string, () => Promise<unknown>]>([
    ["a flush", () => nc.flush({ timeout: HOUR })],
    [
      "a flush that was aborted",
      () => Promise.allSettled([nc.flush({ timeout: HOUR, signal: abortedSoon() })]),
    ],
    ["a request", () => nc.request("echo", "", { timeout: HOUR })],
    ["a request over an inbox of its own", () => nc.request("echo", "", { timeout: HOUR, noMux: true })],
    ["a request that nobody hears", () => Promise.allSettled([nc.request("nobody", "", { timeout: HOUR })])],
    [
      "a request that was aborted",
      () => Promise.allSettled([nc.request("silent", "", { timeout: HOUR, signal: abortedSoon() })]),
    ],
    [
      "a request for many",
      async () => {
        const strategy = RequestStrategy.Count;
        for await (const _ of await nc.requestMany("echo", "", { strategy, maxMessages: 1, maxWait: HOUR }));
      },
    ],
    [
      "a subscription that was unsubscribed",
      async () => nc.subscribe("a", { callback: () => {}, timeout: HOUR }).unsubscribe(),
    ],
    [
      "a subscription that has had its first message",
      async () => {
        const sub = nc.subscribe("echo", { callback: () => {}, timeout: HOUR });
        nc.publish("echo");
        await nc.flush();
        sub.unsubscribe();
      },
    ],
    ["a connection that was closed", async () => (await another()).close()],
    ["a connection that was drained", async () => (await another()).drain()],
  ])("%s", async (_what, run) => {
    await world.advance(10_000);
    const before = world.running;
    await world.until(run());
    // What the outbound stream waits for, to be confirmed.
    await world.advance(10_000);
    expect(world.running).toEqual(before);
  });
});

describe("a signal that lives on has no listener of", () => {
  it.each<readonly [string, (signal: AbortSignal) => Promise<unknown>]>([
    [
      "a subscription that was unsubscribed",
      async (signal) => nc.subscribe("a", { callback: () => {}, signal }).unsubscribe(),
    ],
    [
      "a subscription whose time is over",
      (signal) => nc.subscribe("a", { callback: () => {}, signal, timeout: 10 }).closed,
    ],
    ["a request that was answered", (signal) => nc.request("echo", "", { signal })],
    ["a request over an inbox of its own", (signal) => nc.request("echo", "", { signal, noMux: true })],
    [
      "a request that nobody answered",
      (signal) => Promise.allSettled([nc.request("silent", "", { signal, timeout: 10 })]),
    ],
    [
      "a request for many",
      async (signal) => {
        for await (const _ of await nc.requestMany("echo", "", { signal, maxWait: 10 }));
      },
    ],
    ["a flush", (signal) => nc.flush({ signal })],
    ["a flush whose time is over", (signal) => Promise.allSettled([nc.flush({ signal, timeout: 1 })])],
    [
      "a connection that stands",
      async (signal) => (await world.dial({ servers: world.clusters[0]?.urls ?? [], signal })).close(),
    ],
    [
      "a connection that could not be made",
      (signal) => Promise.allSettled([world.dial({ servers: "10.9.9.9:1", signal })]),
    ],
  ])("%s", async (_what, run) => {
    const { signal, listeners } = countedSignal();
    const ran = run(signal);
    await world.until(ran);
    expect(listeners()).toBe(0);
  });
});
