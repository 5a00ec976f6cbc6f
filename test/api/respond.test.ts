// What `respond` and `respondMessage` return, and what they throw: false where an answer can go nowhere any more, an error only
// for what is wrong with the answer. In a process: test/integration/late-answers.test.ts. As nats-core has it:
// test/nats-core/simulated.test.ts.

import { describe, expect, it } from "vitest";
import { goesNowhere } from "../../src/api/answers.js";
import type { PublishOptions } from "../../src/api/msg.js";
import {
  type ConnectionOptions,
  ErrorCode,
  headers,
  type Msg,
  type NatsConnection,
  NatsError,
} from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

/** A service that was asked, and a customer who reads the answers. */
async function asked(options: ConnectionOptions = {}, reply = "answers") {
  const world = new Simulation({ seed: 1 });
  const cluster = world.cluster(2);
  const [node, other] = [cluster.node(0), cluster.node(1)];
  const nc = await world.connect({
    servers: node.address,
    ignoreClusterUpdates: true,
    maxReconnectAttempts: -1,
    ...options,
  });
  const customer = await world.connect({ servers: other.address, ignoreClusterUpdates: true });
  const answers: string[] = [];
  customer.subscribe("answers", { callback: (_error, msg) => void answers.push(msg.string()) });
  let received: Msg | undefined;
  nc.subscribe("ask", {
    callback: (_error, msg) => {
      received = msg;
    },
  });
  await world.advance(1_000);
  customer.publish("ask", "question", { reply });
  await world.advance(1_000);
  if (received === undefined) throw new Error("the service was not asked");
  return { world, nc, node, msg: received, answers };
}

/** Both ways to answer: each a word of its own. */
const both = (nc: NatsConnection, msg: Msg) => [msg.respond("answer"), nc.respondMessage(msg)];

describe("an answer that is accepted is true, and arrives", () => {
  it("while the connection is established, and while it drains and works", async () => {
    const { world, nc, msg, answers } = await asked();
    expect(both(nc, msg)).toEqual([true, true]);
    const drained = nc.drain();
    expect(both(nc, msg)).toEqual([true, true]);
    await world.until(drained);
    await world.advance(1_000);
    expect(answers).toEqual(["answer", "question", "answer", "question"]);
  });

  it("while disconnected, as long as the reconnect buffer has room", async () => {
    const { world, nc, node, msg, answers } = await asked();
    node.crash();
    await world.advance(1_000);
    expect(both(nc, msg)).toEqual([true, true]);
    node.start();
    await world.advance(60_000);
    expect(answers).toEqual(["answer", "question"]);
  });
});

describe("an answer that can go nowhere is false", () => {
  it("once the connection is closed, or about to be", async () => {
    const { world, nc, msg, answers } = await asked();
    const closed = nc.close();
    const atOnce = both(nc, msg);
    await world.until(closed);
    expect([atOnce, both(nc, msg)]).toEqual([
      [false, false],
      [false, false],
    ]);
    await world.advance(1_000);
    expect(answers).toEqual([]);
  });

  it("in the last phase of a drain; every answer that was accepted before arrives", async () => {
    const { world, nc, msg, answers } = await asked();
    const drained = nc.drain();
    let accepted = 0;
    while (msg.respond("answer")) {
      accepted++;
      await world.advance(1);
    }
    expect([nc.isClosed(), both(nc, msg)]).toEqual([false, [false, false]]);
    await world.until(drained);
    await world.advance(1_000);
    expect(answers).toEqual(Array(accepted).fill("answer"));
    expect(accepted).toBeGreaterThan(0);
  });

  it("while disconnected, where the reconnect buffer has no room", async () => {
    const { world, nc, node, msg, answers } = await asked({ reconnectBufferSize: 0 });
    node.crash();
    await world.advance(1_000);
    expect(both(nc, msg)).toEqual([false, false]);
    node.start();
    await world.advance(60_000);
    expect(both(nc, msg)).toEqual([true, true]);
    await world.advance(1_000);
    expect(answers).toEqual(["answer", "question"]);
  });

  it("when the connection has given up", async () => {
    const { world, nc, node, msg } = await asked({ maxReconnectAttempts: 1 });
    node.crash();
    await world.until(nc.closed() as Promise<unknown>);
    expect(both(nc, msg)).toEqual([false, false]);
  });

  it("where no answer is expected, whatever the answer is", async () => {
    const { nc, msg } = await asked({}, "");
    expect([msg.reply, ...both(nc, msg)]).toEqual(["", false, false]);
    const noPayload = 5 as never;
    const unasked = ["", undefined].map(
      (reply) => ({ subject: "ask", reply, data: noPayload }) as unknown as Msg,
    );
    expect([msg.respond(noPayload), ...unasked.map((one) => nc.respondMessage(one))]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it.each(["a..b", ".a", "a.", "a\u0001b", "x".repeat(5_000)])(
    "where the sender of the message chose a reply subject that is none: %j",
    async (reply) => {
      const { nc, msg } = await asked();
      const foul = { ...msg, subject: "ask", data: msg.data, reply } as Msg;
      const responder = nc as NatsConnection & { respond(reply: string, payload: string): boolean };
      expect([responder.respond(reply, "answer"), nc.respondMessage(foul)]).toEqual([false, false]);
    },
  );
});

describe("what is wrong with the answer is thrown", () => {
  const answers: readonly (readonly [what: string, ErrorCode, payload: unknown, PublishOptions?])[] = [
    ["a payload that is none", ErrorCode.BadPayload, 5],
    ["a payload that is too large", ErrorCode.MaxPayloadExceeded, new Uint8Array(10_000_000)],
    ["headers that are none", ErrorCode.InvalidOption, "x", { headers: {} as never }],
    ["a reply subject that is none", ErrorCode.BadSubject, "x", { reply: "a b" }],
    ["a reply subject that is too long", ErrorCode.BadSubject, "x", { reply: "x".repeat(5_000) }],
  ];

  it.each(answers)("%s", async (_, code, payload, opts) => {
    const { msg } = await asked();
    expect(() => msg.respond(payload as string, opts as PublishOptions)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it("also while disconnected, and where the reconnect buffer has no room", async () => {
    const { world, node, msg } = await asked({ reconnectBufferSize: 0 });
    node.crash();
    await world.advance(1_000);
    for (const [, code, payload, opts] of answers.slice(0, 3)) {
      expect(() => msg.respond(payload as string, opts)).toThrow(expect.objectContaining({ code }));
    }
  });

  it("as what the user's own code throws that gives the headers is", async () => {
    const { msg } = await asked();
    const own = headers();
    Object.defineProperty(own, "encode", {
      value: () => {
        throw new RangeError("user code");
      },
    });
    expect(() => msg.respond("x", { headers: own })).toThrow(RangeError);
  });

  it("unless the reply subject of the message is none: then the answer goes nowhere, whatever it is", () => {
    const error = new NatsError("no", ErrorCode.BadSubject);
    expect(goesNowhere(error, "a..b", { reply: "c d" })).toBe(true);
    expect(goesNowhere(error, "a.b", { reply: "c d" })).toBe(false);
  });
});
