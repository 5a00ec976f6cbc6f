// What becomes of requests that end in an outage: what was not sent is withdrawn, and their errors say whether it was
// sent, and where. In the simulated world, so that time is virtual. Requests against real servers:
// ../integration/request.test.ts.

import { describe, expect, it } from "vitest";
import {
  ErrorCode,
  type Msg,
  type NatsConnection,
  type RequestManyOptions,
  RequestStrategy,
} from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

/** A client that has lost its server, and a service that would answer, whose server lives. */
async function outage() {
  const world = new Simulation({ seed: 1 });
  const cluster = world.cluster(2);
  const [node, other] = [cluster.node(0), cluster.node(1)];
  const nc = await world.connect({
    servers: node.address,
    ignoreClusterUpdates: true,
    maxReconnectAttempts: -1,
  });
  const service = await world.connect({ servers: other.address, ignoreClusterUpdates: true });
  const asked: string[] = [];
  service.subscribe("ask", { callback: (_error, msg) => void asked.push(msg.string()) });
  await world.until(service.flush());
  node.crash();
  await world.advance(100);
  expect(nc.info).toBeUndefined();
  /** The outage is over: what the service has been asked by then. */
  const over = async () => {
    node.start();
    await world.advance(10_000);
    expect(nc.info).toBeDefined();
    return asked;
  };
  return { world, nc, over };
}

/** Reads to the end. */
async function all(messages: Promise<AsyncIterable<Msg>>): Promise<Msg[]> {
  const read: Msg[] = [];
  for await (const msg of await messages) read.push(msg);
  return read;
}

const MINUTE = 60_000;
const { Timer, Count, JitterTimer, SentinelMsg } = RequestStrategy;

describe.each([false, true])("in an outage (noMux: %s)", { timeout: 30_000 }, (noMux) => {
  describe("a request for many answers is not sent after the reconnect", () => {
    const ask = (nc: NatsConnection, opts: Partial<RequestManyOptions>) =>
      nc.requestMany("ask", "many", { noMux, ...opts });

    it.each([Timer, Count, JitterTimer, SentinelMsg])("where its time is over (%s)", async (strategy) => {
      const { world, nc, over } = await outage();
      expect(await world.until(all(ask(nc, { strategy, maxWait: 500 })))).toEqual([]);
      expect(await over()).toEqual([]);
    });

    it("where it is aborted", async () => {
      const { world, nc, over } = await outage();
      const abort = new AbortController();
      const reading = all(ask(nc, { maxWait: MINUTE, signal: abort.signal }));
      abort.abort();
      await expect(world.until(reading)).rejects.toMatchObject({ code: ErrorCode.Cancelled });
      expect(await over()).toEqual([]);
    });

    it("where its reader leaves", async () => {
      const { world, nc, over } = await outage();
      const answers = await ask(nc, { maxWait: MINUTE });
      await world.until(answers[Symbol.asyncIterator]().return?.() as Promise<unknown>);
      expect(await over()).toEqual([]);
    });

    it("but is where it waits still", async () => {
      const { nc, over } = await outage();
      void all(ask(nc, { maxWait: MINUTE }));
      expect(await over()).toEqual(["many"]);
    });
  });

  it("a request is not sent after the reconnect where it is given up, and is where it waits still", async () => {
    const { world, nc, over } = await outage();
    const abort = new AbortController();
    const given = [
      nc.request("ask", "late", { noMux, timeout: 500 }),
      nc.request("ask", "aborted", { noMux, timeout: MINUTE, signal: abort.signal }),
    ];
    nc.request("ask", "waits", { noMux, timeout: MINUTE }).catch(() => {});
    abort.abort();
    await world.until(Promise.allSettled(given));
    expect(await over()).toEqual(["waits"]);
  });
});
