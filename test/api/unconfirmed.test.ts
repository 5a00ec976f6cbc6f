// What left the client's hands and was not confirmed: told by number by statuses, flush, drain, close and closed(), or sent once
// more. In the simulated world, so that time is virtual; on a real cluster: ../integration/accounting.test.ts.

import { describe, expect, it } from "vitest";
import {
  type ConnectionOptions,
  ErrorCode,
  Events,
  headers,
  type NatsConnection,
  type NatsError,
  type Status,
} from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

/** A client of the first of two servers, and a listener at the other, which lives. */
async function scene(options: ConnectionOptions = {}, latency = 1) {
  const world = new Simulation({ seed: 1, latency: [latency, latency] });
  const cluster = world.cluster(2);
  const node = cluster.node(0);
  const received: string[] = [];
  const listener = await world.connect({ servers: cluster.node(1).address, ignoreClusterUpdates: true });
  listener.subscribe(">", { callback: (_error, msg) => void received.push(msg.string()) });
  await world.until(listener.flush());
  const statuses: Status[] = [];
  const nc = await world.connect({
    servers: node.address,
    ignoreClusterUpdates: true,
    maxReconnectAttempts: -1,
    pingInterval: 2_000,
    maxPingOut: 1,
    onStatus: (status) => void statuses.push(status),
    ...options,
  });
  const publish = (from: number, count: number) => {
    for (let i = from; i < from + count; i++) nc.publish("numbers", `${i}`);
  };
  const told = (type: Events) => statuses.filter((status) => status.type === type);
  const socket = () => {
    const [one] = world.sockets(nc);
    if (one === undefined) throw new Error("there is no socket");
    return one;
  };
  return { world, cluster, node, nc, publish, received, told, statuses, socket };
}

const rejection = (promise: Promise<unknown>): Promise<NatsError | undefined> =>
  promise.then(
    () => undefined,
    (error: NatsError) => error,
  );

/** The link swallows what the client says and then breaks. */
async function swallowed({ world, publish, socket }: Awaited<ReturnType<typeof scene>>, count: number) {
  socket().vanish("toServer");
  publish(0, count);
  await world.advance(10);
  socket().reset();
  await world.advance(10_000);
}

describe("what a lost connection had", () => {
  it("is told by the status disconnect, and by the next flush, once", async () => {
    const the = await scene();
    await swallowed(the, 10);
    const { world, nc, told, received } = the;
    expect(told(Events.Disconnect).map(({ unconfirmed }) => unconfirmed?.messages)).toEqual([10]);
    const error = await world.until(rejection(nc.flush()));
    expect(error).toMatchObject({ code: ErrorCode.Disconnect, unconfirmed: { messages: 10 } });
    expect(error?.message).toContain("10 published messages were sent, but no server confirmed them");
    await world.until(nc.flush());
    await world.until(nc.drain());
    expect([await nc.closed(), received]).toEqual([undefined, []]);
  });

  it.each(["drain", "close"] as const)("is told by the end where no flush was: %s", async (end) => {
    const the = await scene();
    await swallowed(the, 10);
    const { world, nc, told } = the;
    const drained = await world.until(rejection(end === "drain" ? nc.drain() : nc.close()));
    const error = (await nc.closed()) as NatsError;
    expect(error).toMatchObject({ code: ErrorCode.Disconnect, unconfirmed: { messages: 10 } });
    expect(drained).toBe(end === "drain" ? error : undefined);
    // The status does not count what `disconnect` has told.
    expect(told(Events.Close)).toMatchObject([
      { error, unconfirmed: { messages: 0 }, unsent: { messages: 0 } },
    ]);
  });

  it("rejects a flush that was under way, and not the one behind it", async () => {
    const { world, nc, publish, socket } = await scene();
    socket().vanish("toServer");
    publish(0, 3);
    const first = rejection(nc.flush());
    await world.advance(10);
    socket().reset();
    await world.advance(10);
    publish(3, 2);
    const second = rejection(nc.flush());
    expect(await world.until(first)).toMatchObject({
      code: ErrorCode.Disconnect,
      unconfirmed: { messages: 3 },
    });
    expect(await world.until(second)).toBeUndefined();
  });

  it("is only what no PONG confirmed: a flush, or a quiet moment, before takes the rest off it", async () => {
    const { world, nc, publish, socket, told } = await scene();
    publish(0, 5);
    await world.until(nc.flush());
    publish(5, 4);
    // The client asks by itself.
    await world.advance(1_000);
    expect(nc.outboundStats()).toMatchObject({
      waiting: { messages: 0 },
      unconfirmed: { messages: 0 },
      confirmed: { messages: 9 },
    });
    socket().vanish("toServer");
    publish(9, 2);
    await world.advance(10);
    expect(nc.outboundStats().unconfirmed.messages).toBe(2);
    socket().reset();
    await world.advance(10_000);
    expect(told(Events.Disconnect)).toMatchObject([{ unconfirmed: { messages: 2 } }]);
    expect(nc.outboundStats()).toMatchObject({
      unconfirmed: { messages: 0, bytes: 0 },
      confirmed: { messages: 9 },
    });
  });

  it("is told by close() over a half-open link", async () => {
    const { world, nc, publish, socket, told } = await scene();
    socket().vanish("both");
    publish(0, 3);
    await world.advance(10);
    await world.until(nc.close());
    expect(await nc.closed()).toMatchObject({ code: ErrorCode.Disconnect, unconfirmed: { messages: 3 } });
    expect(told(Events.Close)).toMatchObject([{ unconfirmed: { messages: 3 } }]);
  });

  it("is told with what was never sent, where the connection gives up", async () => {
    const { world, nc, node, publish, told } = await scene({ maxReconnectAttempts: 2 });
    publish(0, 2);
    await world.advance(1);
    node.crash();
    await world.advance(100);
    publish(2, 1_000);
    const error = await world.until(nc.closed());
    expect(error).toMatchObject({
      code: ErrorCode.ConnectionRefused,
      unconfirmed: { messages: 2 },
      unsent: { messages: 1_000 },
    });
    expect(error?.message).toMatch(
      /nothing accepts connections there; 1000 published messages were not sent, and 2 published messages were sent, but no server confirmed them$/,
    );
    expect(told(Events.Close)).toMatchObject([{ unconfirmed: { messages: 0 }, unsent: { messages: 1_000 } }]);
  });

  it("is nothing where close() waits for the server's word, no longer than that takes", async () => {
    const { world, nc, publish, received, told } = await scene({}, 300);
    publish(0, 2);
    // Two are on their way, the third waits for the end of the turn.
    await world.advance(100);
    publish(2, 1);
    const begun = world.now();
    await world.until(nc.close());
    // There and back twice: for the PONG, and for the end of the socket.
    expect(world.now() - begun).toBe(4 * 300);
    await world.advance(1_000);
    expect([await nc.closed(), received]).toEqual([undefined, ["0", "1", "2"]]);
    expect(told(Events.Close)).toMatchObject([{ unconfirmed: { messages: 0 }, unsent: { messages: 0 } }]);
    expect(told(Events.Close)[0]).not.toHaveProperty("error");
  });

  it("is nothing where close() comes behind more than the socket takes at once", async () => {
    const { world, nc, received, told } = await scene();
    for (let i = 0; i < 300; i++) nc.publish("numbers", `${i}`.padEnd(1_000));
    await world.until(nc.close());
    await world.advance(1_000);
    expect([await nc.closed(), received.length]).toEqual([undefined, 300]);
    expect(told(Events.Close)).toMatchObject([{ unconfirmed: { messages: 0 }, unsent: { messages: 0 } }]);
  });
});

describe("a backlog behind connections that die at once", () => {
  /** For six seconds each connection is reset so long after it was made. The first PONG comes before 60 ms, the second before 100 ms. */
  async function cutting(unconfirmed: "report" | "resend", after: number) {
    const the = await scene({ unconfirmed, reconnectTimeWait: 50, reconnectJitter: 0 }, 20);
    const { world, nc, node, publish, statuses } = the;
    node.crash();
    await world.advance(100);
    node.start();
    const seen = new Set<object>();
    let published = 0;
    for (let ms = 0; ms < 6_000; ms += 5) {
      await world.advance(5);
      if (nc.info === undefined && ms % 10 === 0) publish(published++, 1);
      for (const socket of world.sockets(nc)) {
        if (seen.has(socket)) continue;
        seen.add(socket);
        void world.sleep(after).then(() => socket.reset());
      }
    }
    await world.advance(30_000);
    const lost = statuses.reduce((sum, status) => sum + (status.unconfirmed?.messages ?? 0), 0);
    return { ...the, published, lost, cuts: seen.size };
  }

  const all = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

  it("stays where it is until a connection has carried a PING there and its PONG back", async () => {
    const { published, lost, received, cuts } = await cutting("report", 60);
    expect(cuts).toBeGreaterThan(20);
    expect(lost).toBe(0);
    expect(received).toEqual(all(published));
  });

  it("is told by number where it is lost after that", async () => {
    const { published, lost, received } = await cutting("report", 100);
    expect(lost).toBeGreaterThan(100);
    expect(received.length + lost).toBe(published);
  });

  it("is not lost after that, either, where it goes out once more", async () => {
    const { published, lost, received } = await cutting("resend", 100);
    expect(lost).toBeGreaterThan(100);
    expect(received).toEqual(all(published));
  });
});

describe('with unconfirmed: "resend"', () => {
  const resend = { unconfirmed: "resend" } as const;

  it("what a lost connection had goes out once more, in order, before what follows", async () => {
    const the = await scene(resend);
    const { world, nc, publish, received, socket, told } = the;
    publish(0, 2);
    await world.until(nc.flush());
    socket().vanish("toServer");
    publish(2, 3);
    const flushed = nc.flush();
    await world.advance(10);
    socket().reset();
    await world.advance(10);
    publish(5, 2);
    expect(nc.outboundStats()).toMatchObject({ waiting: { messages: 2 }, unconfirmed: { messages: 3 } });
    await world.until(flushed);
    await world.until(nc.drain());
    expect(told(Events.Disconnect)).toMatchObject([{ unconfirmed: { messages: 3 } }]);
    expect([await nc.closed(), received]).toEqual([undefined, ["0", "1", "2", "3", "4", "5", "6"]]);
  });

  it("what the lost server had read comes twice, and nothing else does", async () => {
    const { world, nc, publish, received, socket } = await scene(resend);
    socket().vanish("toClient");
    publish(0, 3);
    await world.advance(10_000);
    publish(3, 1);
    await world.until(nc.drain());
    expect(received).toEqual(["0", "1", "2", "0", "1", "2", "3"]);
  });

  it("a request that has ended is not sent again; one that waits is", async () => {
    const { world, nc, received, socket } = await scene(resend);
    socket().vanish("toServer");
    const ended = rejection(nc.request("numbers", "ended", { timeout: 100 }));
    const waits = rejection(nc.request("numbers", "waits", { timeout: 60_000 }));
    await world.advance(10_000);
    expect(await ended).toMatchObject({ code: ErrorCode.Timeout });
    expect(received).toEqual(["waits"]);
    await world.until(nc.close());
    expect(await waits).toMatchObject({ code: ErrorCode.ConnectionClosed });
  });

  it("a request that was answered is not sent again, although no PONG has confirmed it", async () => {
    const { world, nc, cluster, socket, received } = await scene(resend);
    const service = await world.connect({ servers: cluster.node(1).address, ignoreClusterUpdates: true });
    service.subscribe("ask", { callback: (_error, msg) => void msg.respond("answer") });
    await world.until(service.flush());
    nc.publish("numbers", "before");
    await world.until(nc.request("ask", "question", { timeout: 5_000 }));
    expect(nc.outboundStats().unconfirmed.messages).toBe(2);
    socket().reset();
    await world.advance(10_000);
    expect(received.filter((text) => text !== "answer")).toEqual(["before", "question", "before"]);
    await world.until(nc.close());
  });

  it("the error of a request says that it was sent, also while it waits to go out once more", async () => {
    const { world, nc, node, socket } = await scene(resend);
    socket().vanish("toServer");
    const failing = rejection(nc.request("numbers", "", { timeout: 5_000 }));
    await world.advance(10);
    socket().reset();
    await world.advance(10);
    // The next connection is lost before it takes anything.
    node.crash();
    expect((await world.until(failing))?.message).toContain("which was lost before an answer came");
    await world.until(nc.close());
  });

  it("a second loss tells what was not confirmed since: the same messages, and those that came after", async () => {
    const { world, nc, publish, told, received } = await scene(resend, 20);
    const last = () => world.sockets(nc).at(-1);
    last()?.vanish("toServer");
    publish(0, 3);
    await world.advance(30);
    last()?.reset();
    await world.advance(30);
    publish(3, 1);
    // The next connection takes all four, and breaks before their PONG.
    while (nc.outboundStats().waiting.messages > 0) await world.advance(1);
    last()?.reset();
    await world.advance(30);
    publish(4, 1);
    await world.advance(10_000);
    await world.until(nc.drain());
    expect(told(Events.Disconnect).map(({ unconfirmed }) => unconfirmed?.messages)).toEqual([3, 4]);
    expect(received).toEqual(["0", "1", "2", "3", "0", "1", "2", "3", "4"]);
  });

  it("a subscription that has ended in between is not restored by an old SUB", async () => {
    const { world, nc, publish, socket } = await scene(resend);
    socket().vanish("toServer");
    publish(0, 1);
    const gone: string[] = [];
    const stays: string[] = [];
    const sub = nc.subscribe("numbers", { callback: (_error, msg) => void gone.push(msg.string()) });
    nc.subscribe("numbers", { callback: (_error, msg) => void stays.push(msg.string()) });
    await world.advance(10);
    socket().reset();
    sub.unsubscribe();
    await world.advance(10_000);
    publish(1, 1);
    await world.until(nc.flush());
    await world.advance(100);
    expect([gone, stays]).toEqual([[], ["0", "1"]]);
    await world.until(nc.close());
  });

  it("the socket has at most reconnectBufferSize bytes that are not confirmed; the rest waits", async () => {
    const { world, nc, received, socket } = await scene({ ...resend, reconnectBufferSize: 10_000 });
    socket().vanish("both");
    const text = "x".repeat(1_000);
    for (let i = 0; i < 100; i++) {
      nc.publish("numbers", text);
      await world.advance(1);
    }
    const { unconfirmed, waiting } = nc.outboundStats();
    expect(unconfirmed.bytes).toBeGreaterThan(9_000);
    expect(unconfirmed.bytes).toBeLessThan(12_000);
    expect(waiting.messages + unconfirmed.messages).toBe(100);
    await world.advance(10_000);
    await world.until(nc.flush());
    await world.advance(10);
    expect(received).toHaveLength(100);
    await world.until(nc.close());
  });

  it("what is left at the end is told", async () => {
    const { world, nc, publish, node, socket, told } = await scene(resend);
    socket().vanish("toServer");
    publish(0, 3);
    await world.advance(10);
    node.crash();
    await world.advance(1_000);
    publish(3, 2);
    const flushed = rejection(nc.flush());
    await world.until(nc.close());
    expect(await flushed).toMatchObject({ code: ErrorCode.ConnectionClosed });
    expect(await nc.closed()).toMatchObject({ unconfirmed: { messages: 3 }, unsent: { messages: 2 } });
    expect(told(Events.Close)).toMatchObject([{ unconfirmed: { messages: 3 }, unsent: { messages: 2 } }]);
  });

  it("needs room for what it keeps", async () => {
    const world = new Simulation();
    await expect(world.dial({ ...resend, reconnectBufferSize: 0 })).rejects.toMatchObject({
      code: ErrorCode.InvalidOption,
      message: expect.stringContaining("reconnectBufferSize"),
    });
  });
});

describe("flush", () => {
  it("gives up in time, or by its signal, where an outage has no end", async () => {
    const { world, nc, node, publish } = await scene();
    node.crash();
    await world.advance(100);
    publish(0, 2);
    const abort = new AbortController();
    const late = rejection(nc.flush({ timeout: 5_000 }));
    const aborted = rejection(nc.flush({ signal: abort.signal }));
    const patient = rejection(nc.flush());
    await world.advance(5_000);
    abort.abort();
    expect(await world.until(late)).toMatchObject({
      code: ErrorCode.Timeout,
      message: expect.stringContaining("messages that wait to be sent: 2, sent and not confirmed: 0"),
    });
    expect(await world.until(aborted)).toMatchObject({ code: ErrorCode.Cancelled });
    node.start();
    expect(await world.until(patient)).toBeUndefined();
    await world.until(nc.close());
    expect(world.running.timers).toBeLessThanOrEqual(1);
  });

  it.each([{ timeout: 0 }, { timeout: "1" }, { signal: {} }])("refuses %j", async (opts) => {
    const { world, nc } = await scene();
    const error = await world.until(rejection(nc.flush(opts as never)));
    expect(error).toMatchObject({ code: ErrorCode.InvalidOption });
    await world.until(nc.close());
  });

  it("takes null for nothing, and an aborted signal at its word", async () => {
    const { world, nc } = await scene();
    await world.until(nc.flush({ timeout: null } as never));
    const error = await world.until(rejection(nc.flush({ signal: AbortSignal.abort() })));
    expect(error).toMatchObject({ code: ErrorCode.Cancelled });
    await world.until(nc.close());
  });

  it.each(["in time", "by its signal"])("that gave up %s takes nobody's news away", async (how) => {
    const { world, nc, publish, socket } = await scene();
    socket().vanish("toServer");
    publish(0, 1);
    await world.advance(10);
    const abort = new AbortController();
    const gaveUp = rejection(nc.flush(how === "in time" ? { timeout: 30 } : { signal: abort.signal }));
    await world.advance(40);
    abort.abort();
    expect((await world.until(gaveUp))?.unconfirmed).toBeUndefined();
    publish(1, 1);
    await world.advance(10);
    socket().reset();
    await world.advance(10_000);
    expect(await world.until(rejection(nc.flush()))).toMatchObject({ unconfirmed: { messages: 2 } });
    await world.until(nc.flush());
    await world.until(nc.close());
  });

  it("that is under way at the end rejects with CONNECTION_CLOSED", async () => {
    const { world, nc, publish, socket, node } = await scene({ maxReconnectAttempts: 1 });
    socket().vanish("toServer");
    publish(0, 1);
    await world.advance(10);
    const late = rejection(nc.flush({ timeout: 30 }));
    await world.advance(100);
    node.crash();
    await world.advance(100);
    const pending = rejection(nc.flush({ timeout: 60_000 }).then(() => {}));
    expect(await world.until(late)).toMatchObject({ code: ErrorCode.Timeout });
    expect(await world.until(pending)).toMatchObject({ unconfirmed: { messages: 1 } });
    const last = rejection(nc.flush());
    await world.advance(60_000);
    expect(await last).toMatchObject({ code: ErrorCode.ConnectionClosed });
    expect(await nc.closed()).toMatchObject({ code: ErrorCode.ConnectionRefused });
  });

  it("tells the number once, to the first of those that are under way when the connection is lost", async () => {
    const { world, nc, publish, socket } = await scene();
    socket().vanish("toServer");
    publish(0, 2);
    const all = [1, 2, 3].map(() => rejection(nc.flush()));
    await world.advance(10);
    socket().reset();
    const errors = await world.until(Promise.all(all));
    expect(errors.map((error) => [error?.code, error?.unconfirmed?.messages])).toEqual([
      [ErrorCode.Disconnect, 2],
      [ErrorCode.Disconnect, undefined],
      [ErrorCode.Disconnect, undefined],
    ]);
    await world.until(nc.flush());
    await world.until(nc.close());
  });

  it("that gave up in an outage leaves no PING behind: it takes no room, and nothing goes out", async () => {
    const { world, nc, node, publish } = await scene({ reconnectBufferSize: 100 });
    node.crash();
    await world.advance(100);
    for (let i = 0; i < 200; i++) {
      expect(await world.until(rejection(nc.flush({ timeout: 1 })))).toMatchObject({
        code: ErrorCode.Timeout,
      });
    }
    expect([nc.pendingBytes, nc.outboundStats().waiting]).toEqual([0, { messages: 0, bytes: 0 }]);
    publish(0, 1);
    const before = nc.outboundStats().confirmed.bytes;
    node.start();
    await world.until(nc.flush());
    // PUB and one PING.
    expect(nc.outboundStats().confirmed.bytes - before).toBe("PUB numbers 1\r\n0\r\nPING\r\n".length);
    await world.until(nc.close());
  });

  it("is not what rtt does: that measures, and takes nobody's news away", async () => {
    const the = await scene();
    await swallowed(the, 4);
    const { world, nc } = the;
    // There and back, a millisecond each.
    expect(await world.until(nc.rtt())).toBe(2);
    expect(await world.until(rejection(nc.flush()))).toMatchObject({ unconfirmed: { messages: 4 } });
    await world.until(nc.close());
  });
});

describe("what the next server does not accept", () => {
  /** A client that keeps two messages for a server that knows no headers, one of them with some. */
  async function refused(
    onStatus?: (status: Status) => void,
    inOutage = (_nc: NatsConnection, _world: Simulation) => {},
  ) {
    const world = new Simulation({ seed: 1 });
    const [first, second] = [world.cluster(1), world.cluster(1, { headers: false })];
    const nc = await world.connect({
      servers: [...first.urls, ...second.urls],
      ignoreClusterUpdates: true,
      maxReconnectAttempts: -1,
      noRandomize: true,
      ...(onStatus === undefined ? {} : { onStatus }),
    });
    const own = headers();
    own.set("key", "value");
    for (const cluster of [first, second]) cluster.node(0).crash();
    await world.advance(100);
    nc.publish("numbers", "1", { headers: own });
    nc.publish("numbers", "2");
    inOutage(nc, world);
    second.node(0).start();
    await world.advance(60_000);
    return { world, nc };
  }

  it("is told by the next flush, once", async () => {
    const { world, nc } = await refused();
    expect(nc.info?.headers).not.toBe(true);
    const error = await world.until(rejection(nc.flush()));
    expect(error).toMatchObject({ code: ErrorCode.Disconnect, unsent: { messages: 1 } });
    expect(error?.message).toContain("1 published message was not sent");
    expect(error).not.toHaveProperty("unconfirmed");
    await world.until(nc.drain());
  });

  it("is told by the end, where no flush was", async () => {
    const { world, nc } = await refused();
    expect(await world.until(rejection(nc.drain()))).toMatchObject({ unsent: { messages: 1 } });
  });

  it("is told by the end, where the end settles a flush that no server has answered", async () => {
    let flushed: Promise<NatsError | undefined> | undefined;
    let close = () => {};
    const { nc } = await refused(
      ({ type }) => type === Events.Reconnect && close(),
      (one, world) => {
        flushed = rejection(one.flush());
        close = () => {
          world.sockets(one)[0]?.vanish("toServer");
          void one.close();
        };
      },
    );
    expect([nc.isClosed(), (await flushed)?.code]).toEqual([true, ErrorCode.ConnectionClosed]);
    expect(await nc.closed()).toMatchObject({ unsent: { messages: 1 } });
  });
});

describe("requests that were given up in an outage", () => {
  it("leave their room to others, and nothing on the wire", async () => {
    const { world, nc, node, received } = await scene({ reconnectBufferSize: 1_000_000 });
    node.crash();
    await world.advance(100);
    const payload = "x".repeat(2_000);
    const given: Promise<NatsError | undefined>[] = [];
    for (let second = 0; second < 45; second++) {
      for (let i = 0; i < 100; i++) given.push(rejection(nc.request("numbers", payload, { timeout: 1_000 })));
      await world.advance(1_000);
      expect(nc.outboundStats().waiting.bytes).toBeLessThan(450_000);
    }
    await world.advance(2_000);
    nc.publish("numbers", "kept");
    expect(nc.outboundStats().waiting).toMatchObject({ messages: 1 });
    node.start();
    await world.until(nc.flush());
    await world.advance(100);
    expect(received).toEqual(["kept"]);
    // PUB, and PINGs.
    expect(nc.outboundStats().confirmed.bytes).toBeLessThan(100);
    const codes = (await world.until(Promise.all(given))).map((error) => error?.code);
    expect(codes).toEqual(Array(4_500).fill(ErrorCode.Timeout));
    await world.until(nc.close());
  });
});

describe("drain", () => {
  /** Reads what it is given, each message for a second. */
  async function slowly(world: Simulation, nc: NatsConnection, done: string[]): Promise<void> {
    for await (const msg of nc.subscribe("work")) {
      await world.sleep(1_000);
      done.push(msg.string());
    }
  }

  async function working(options: ConnectionOptions = {}) {
    const the = await scene(options);
    const done: string[] = [];
    const reading = slowly(the.world, the.nc, done);
    await the.world.until(the.nc.flush());
    for (let i = 0; i < 5; i++) the.nc.publish("work", `${i}`);
    await the.world.until(the.nc.flush());
    await the.world.advance(100);
    return { ...the, done, reading };
  }

  it("while disconnected lets what had arrived be processed", async () => {
    const { world, nc, node, done, reading } = await working();
    node.crash();
    await world.advance(100);
    await world.until(nc.drain());
    expect(done).toEqual(["0", "1", "2", "3", "4"]);
    await reading;
  });

  it("while disconnected rejects with what was not sent, when what had arrived is processed", async () => {
    const { world, nc, node, done } = await working();
    node.crash();
    await world.advance(100);
    nc.publish("numbers", "late");
    const error = await world.until(rejection(nc.drain()));
    expect(error).toMatchObject({ code: ErrorCode.Disconnect, unsent: { messages: 1 } });
    expect(done).toHaveLength(5);
  });

  it("while disconnected rejects with what was not processed in time", async () => {
    const { world, nc, node, done } = await working({ drainTimeout: 2_500 });
    node.crash();
    await world.advance(100);
    const error = await world.until(rejection(nc.drain()));
    expect(error).toMatchObject({ code: ErrorCode.Timeout, message: expect.stringContaining('3 of "work"') });
    expect(done).toHaveLength(2);
  });

  it("that loses its connection lets what had arrived be processed, and rejects with DISCONNECT and the cause", async () => {
    const { world, nc, socket, done } = await working();
    const drained = rejection(nc.drain());
    await world.advance(10);
    socket().reset();
    const error = await world.until(drained);
    expect(error).toMatchObject({
      code: ErrorCode.Disconnect,
      cause: { code: "ECONNRESET" },
      message: expect.stringContaining("the connection was lost while draining"),
    });
    expect(done).toHaveLength(5);
  });

  it("that loses its connection while the last messages go out tells how many are not confirmed", async () => {
    const { world, nc, publish, socket } = await scene();
    socket().vanish("toServer");
    publish(0, 3);
    const drained = rejection(nc.drain());
    await world.advance(100);
    socket().reset();
    const error = await world.until(drained);
    expect(error).toMatchObject({ code: ErrorCode.Disconnect, unconfirmed: { messages: 3 } });
  });
});
