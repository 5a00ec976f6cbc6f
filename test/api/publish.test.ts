// What goes out of a message, how large it may be, and how it is counted: over a server that writes down what it hears.

import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { type ConnectionOptions, ErrorCode, headers, type NatsConnection } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";
import { connectIn, ListeningWorld } from "../properties/listening-world.js";

async function connected(options: ConnectionOptions = {}) {
  const world = new ListeningWorld();
  const nc = (await connectIn(world, options)) as NatsConnection;
  const heard = () => world.heard.filter(([verb]) => verb === "PUB").map(([, ...rest]) => rest);
  return { world, nc, heard, say: (text: string) => world.say(Buffer.from(text)) };
}

const LIMIT = 1_048_576;
const given = headers();
given.set("Kind", "a");
const HEADERS = "NATS/1.0\r\nKind: a\r\n\r\n".length;

describe("a message", () => {
  it("has the reply subject and the headers that are given, and none where they are empty or null", async () => {
    const { nc, heard } = await connected();
    nc.publish("a", "x", { reply: "answers", headers: given });
    for (const none of [undefined, null, ""]) nc.publish("a", "x", { reply: none, headers: none } as never);
    nc.publish("a");
    await nc.flush();
    const plain = ["a", undefined, undefined, "x"];
    expect(heard()).toEqual([
      ["a", "answers", "NATS/1.0\r\nKind: a\r\n\r\n", "x"],
      plain,
      plain,
      plain,
      ["a", undefined, undefined, ""],
    ]);
  });

  it.each<readonly [string, number, string | Uint8Array, typeof given | undefined]>([
    ["bytes", LIMIT, new Uint8Array(LIMIT), undefined],
    ["text", LIMIT, "x".repeat(LIMIT), undefined],
    ["text of characters of two bytes", LIMIT, "é".repeat(LIMIT / 2), undefined],
    ["bytes with headers", LIMIT, new Uint8Array(LIMIT - HEADERS), given],
    ["text with headers", LIMIT, "x".repeat(LIMIT - HEADERS), given],
  ])(
    "may have as many bytes as the server accepts, and not one more: %s",
    async (_what, size, payload, with_) => {
      const { nc, heard } = await connected();
      const opts = with_ === undefined ? {} : { headers: with_ };
      const larger = typeof payload === "string" ? `${payload}x` : new Uint8Array(payload.length + 1);
      nc.publish("a", payload, opts);
      expect(() => nc.publish("a", larger, opts)).toThrow(
        expect.objectContaining({
          code: ErrorCode.MaxPayloadExceeded,
          message: `the message has ${size + 1} bytes, the server accepts at most ${LIMIT} (max_payload)`,
        }),
      );
      await nc.flush();
      expect(heard()).toHaveLength(1);
    },
  );

  it("may be bytes of another realm, such as another frame of a page or what jsdom is beside Node", async () => {
    const { nc, heard } = await connected();
    nc.publish("a", runInNewContext("new Uint8Array([104, 105])"));
    await nc.flush();
    expect(heard()).toEqual([["a", undefined, undefined, "hi"]]);
  });

  it.each([
    5,
    null,
    {},
    ["x"],
    new ArrayBuffer(1),
    new Uint16Array(1),
    { length: 1, [Symbol.toStringTag]: "Uint8Array" },
    runInNewContext("new Uint16Array(1)"),
  ])("is refused with %o as payload", async (payload) => {
    const { nc } = await connected();
    expect(() => nc.publish("a", payload as never)).toThrow(
      expect.objectContaining({
        code: ErrorCode.BadPayload,
        message: expect.stringContaining('"payload" must be a string or a Uint8Array'),
      }),
    );
  });

  it("is refused with headers where the server does not know them", async () => {
    const { nc, say } = await connected();
    say('INFO {"server_id":"A","version":"2.1.0","max_payload":1048576,"headers":false}\r\n');
    expect(() => nc.publish("a", "", { headers: given })).toThrow(
      expect.objectContaining({
        code: ErrorCode.ServerOptionNotAvailable,
        message: "this server does not know headers",
      }),
    );
    nc.publish("a");
  });
});

describe("the statistics", () => {
  it("count messages and the bytes of their headers and payload, also of one that nobody receives any more", async () => {
    const { nc, say } = await connected();
    nc.publish("a", "five!", { headers: given, reply: "answers" });
    const sub = nc.subscribe("a", { callback: () => {} });
    say("MSG a 1 answers 5\r\nfive!\r\n");
    sub.unsubscribe();
    say(`HMSG a 1 ${HEADERS} ${HEADERS + 3}\r\nNATS/1.0\r\nKind: a\r\n\r\nsix\r\n`);
    expect(nc.stats()).toEqual({ inMsgs: 2, inBytes: 5 + HEADERS + 3, outMsgs: 1, outBytes: HEADERS + 5 });
  });
});

describe("the round trip", () => {
  it("is as long as the way to the server and back", async () => {
    const world = new Simulation({ seed: 1, latency: [50, 50] });
    const nc = await world.connect({ servers: world.cluster().urls });
    expect(await world.until(nc.rtt())).toBe(100);
  });

  it("is refused while disconnected", async () => {
    const world = new Simulation({ seed: 1 });
    const cluster = world.cluster();
    const nc = await world.connect({ servers: cluster.urls, maxReconnectAttempts: -1 });
    cluster.node(0).crash();
    await world.advance(1_000);
    await expect(nc.rtt()).rejects.toMatchObject({ code: ErrorCode.Disconnect });
    expect(nc.isClosed()).toBe(false);
  });
});

describe("ready", () => {
  it.each([-1, Number.NaN, "1", null])("refuses the limit %o", async (limit) => {
    const { nc } = await connected();
    await expect(nc.ready(limit as never)).rejects.toThrow(/"limit" must be a number of bytes, 0 or more/);
  });

  it("waits while more bytes wait than its limit, 1 MiB where there is none, and ends with the connection", async () => {
    const world = new Simulation({ seed: 1 });
    const cluster = world.cluster();
    const nc = await world.connect({
      servers: cluster.urls,
      maxReconnectAttempts: -1,
      reconnectBufferSize: -1,
      onStatus: () => {},
    });
    cluster.node(0).crash();
    await world.advance(1_000);
    nc.publish("a", new Uint8Array(1_000));
    const few = nc.pendingBytes;
    await world.until(Promise.all([nc.ready(few), nc.ready()]));
    const ends = Promise.allSettled([nc.ready(few - 1), nc.ready(0)]);
    // The line and both line ends.
    nc.publish("a", new Uint8Array(LIMIT - few - "PUB a 1000000".length - 4));
    expect(nc.pendingBytes).toBe(LIMIT);
    await world.until(nc.ready());
    nc.publish("a");
    const last = Promise.allSettled([nc.ready()]);
    await world.until(nc.close());
    const closed = { status: "rejected", reason: { code: ErrorCode.ConnectionClosed } };
    expect(await Promise.all([ends, last])).toMatchObject([[closed, closed], [closed]]);
  });
});
