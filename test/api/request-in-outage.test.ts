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
  const lost = node.address;
  /** The outage is over: what the service has been asked by then. */
  const over = async () => {
    node.start();
    await world.advance(10_000);
    expect(nc.info).toBeDefined();
    return asked;
  };
  return { world, nc, over, lost, service };
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
    const waiting = messageOf(nc.request("ask", "waits", { noMux, timeout: MINUTE }));
    abort.abort();
    const ended = await world.until(Promise.all(given.map(messageOf)));
    expect(ended).toEqual([expect.stringContaining("within 500 ms"), expect.stringContaining("was aborted")]);
    expect(await over()).toEqual(["waits"]);
    // The service says nothing.
    expect(await world.until(waiting)).toContain("within 60000 ms");
  });
});

/** The message that it fails with; empty where it does not. */
const messageOf = (failing: Promise<unknown>): Promise<string> =>
  failing.then(
    () => "",
    (error: Error) => error.message,
  );

describe.each([false, true])("the error of a request (noMux: %s)", { timeout: 30_000 }, (noMux) => {
  it("says that it was not sent, and how long there has been no connection", async () => {
    const { world, nc, lost } = await outage();
    await world.advance(3_600);
    const abort = new AbortController();
    const failing = [
      nc.request("ask", "", { noMux, timeout: 500 }),
      nc.request("ask", "", { noMux, timeout: MINUTE, signal: abort.signal }),
      all(nc.requestMany("ask", "", { noMux, maxWait: MINUTE, signal: abort.signal })),
      nc.request("ask", "", { noMux, timeout: MINUTE }),
      all(nc.requestMany("ask", "", { noMux, maxWait: MINUTE })),
    ].map(messageOf);
    await world.advance(600);
    abort.abort();
    await world.until(nc.close());
    const notSent = (span: string) => `not sent, disconnected from ${lost} for ${span}`;
    expect(await world.until(Promise.all(failing))).toEqual([
      `no answer to the request on "ask" within 500 ms: ${notSent("4.2 s")}`,
      `the request on "ask" was aborted by its signal: ${notSent("4.3 s")}`,
      `the request on "ask" was aborted by its signal: ${notSent("4.3 s")}`,
      `the connection was closed while the request on "ask" waited: ${notSent("4.3 s")} (CONNECTION_CLOSED)`,
      // In an inbox of its own one for many just ends.
      noMux
        ? ""
        : `the connection was closed while the request on "ask" waited: ${notSent("4.3 s")} (CONNECTION_CLOSED)`,
    ]);
  });

  it("says where it was sent, and how many answers came", async () => {
    const { world, nc, over, lost, service } = await outage();
    service.subscribe("twice", {
      callback: (_error, msg) => void [msg.respond("1"), msg.respond("2")],
    });
    await over();
    const abort = new AbortController();
    const failing = [
      nc.request("ask", "", { noMux, timeout: 500 }),
      nc.request("ask", "", { noMux, timeout: MINUTE, signal: abort.signal }),
      all(nc.requestMany("twice", "", { noMux, maxWait: MINUTE, signal: abort.signal })),
      nc.request("ask", "", { noMux, timeout: MINUTE }),
      all(nc.requestMany("twice", "", { noMux, maxWait: MINUTE })),
    ].map(messageOf);
    await world.advance(600);
    abort.abort();
    await world.until(nc.close());
    expect(await world.until(Promise.all(failing))).toEqual([
      `no answer to the request on "ask" within 500 ms: sent to ${lost}, no answer came`,
      `the request on "ask" was aborted by its signal: sent to ${lost}, no answer came`,
      `the request on "twice" was aborted by its signal: sent to ${lost}, 2 answers came`,
      `the connection was closed while the request on "ask" waited: sent to ${lost}, no answer came (CONNECTION_CLOSED)`,
      noMux
        ? ""
        : `the connection was closed while the request on "twice" waited: sent to ${lost}, 2 answers came (CONNECTION_CLOSED)`,
    ]);
  });

  it("says that the server which had it was lost, also where another one is in use since", async () => {
    const world = new Simulation({ seed: 2 });
    const cluster = world.cluster(2);
    const nc = await world.connect({ servers: cluster.urls, maxReconnectAttempts: -1 });
    nc.subscribe("ask", { callback: () => {} });
    const first = nc.getServer();
    const asked = messageOf(nc.request("ask", "", { noMux, timeout: 2_000 }));
    await world.advance(100);
    cluster.nodeOf(world.nameOf(nc))?.crash();
    await world.advance(100);
    expect(nc.getServer()).not.toBe(first);
    expect(await world.until(asked)).toBe(
      `no answer to the request on "ask" within 2000 ms: sent to ${first}, which was lost before an answer came`,
    );
  });

  it("names the server that it was sent to after the outage", async () => {
    const { world, nc, over, lost } = await outage();
    const asked = messageOf(nc.request("ask", "", { noMux, timeout: MINUTE }));
    await over();
    expect(await world.until(asked)).toBe(
      `no answer to the request on "ask" within 60000 ms: sent to ${lost}, no answer came`,
    );
  });

  it("does not name the server that had it where that is not known any more", async () => {
    const { world, nc, over } = await outage();
    await over();
    const asked = messageOf(nc.request("ask", "", { noMux, timeout: MINUTE }));
    await world.advance(100);
    for (let i = 0; i < 2; i++) {
      for (const socket of world.sockets(nc)) socket.reset();
      await world.advance(10_000);
    }
    expect(await world.until(asked)).toBe(
      `no answer to the request on "ask" within 60000 ms: sent to a server that is no longer in use, no answer came`,
    );
  });
});
