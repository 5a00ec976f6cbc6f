// What a message says of the line that it came with, and that it can be published again as it is.

import { describe, expect, it } from "vitest";
import type { MsgImpl } from "../../src/api/msg.js";
import { ErrorCode, headers, type Msg, type NatsConnection } from "../../src/index.js";
import { connectIn, ListeningWorld } from "../properties/listening-world.js";

/** A connection, the messages that it is sent on "work", and what its server hears of it. */
async function receiving() {
  const world = new ListeningWorld();
  const nc = (await connectIn(world, {})) as NatsConnection;
  const received: MsgImpl[] = [];
  nc.subscribe("work", { callback: (_error, msg) => void received.push(msg as MsgImpl) });
  await nc.flush();
  const published = () => world.heard.filter(([verb]) => verb === "PUB").map(([, ...rest]) => rest);
  return { nc, received, published, say: (text: string) => world.say(Buffer.from(text)) };
}

const block = "NATS/1.0\r\nKind: a\r\n\r\n";

describe("a message", () => {
  it.each<readonly [line: string, rest: string, reply: string, size: number]>([
    ["MSG work 1 5", "hello", "", 4 + 5],
    ["MSG work\t1\t5", "hello", "", 4 + 5],
    ["MSG \t work  1 \t 5", "hello", "", 4 + 5],
    ["MSG work 1 answers 5", "hello", "answers", 4 + 7 + 5],
    ["MSG work\t1\tanswers\t5", "hello", "answers", 4 + 7 + 5],
    ["MSG  work \t 1  \tanswers \t 5", "hello", "answers", 4 + 7 + 5],
    [`HMSG work 1 ${block.length} ${block.length + 5}`, `${block}hello`, "", 4 + 21 + 5],
    [`HMSG work 1 answers ${block.length} ${block.length + 5}`, `${block}hello`, "answers", 4 + 7 + 21 + 5],
  ])(
    "knows its reply subject, and its size without the line's numbers: %j",
    async (line, rest, reply, size) => {
      const { received, say } = await receiving();
      // Behind another one: it does not lie at the beginning of what came.
      say(`MSG work 1 before 0\r\n\r\n${line}\r\n${rest}\r\n`);
      const [, msg] = received;
      expect([msg?.subject, msg?.sid, msg?.reply, msg?.string()]).toEqual(["work", 1, reply, "hello"]);
      expect([msg?.size(), msg?.headers?.get("Kind")]).toEqual([size, rest === "hello" ? undefined : "a"]);
      expect(msg?.headers).toBe(msg?.headers);
    },
  );

  it("is published again by publishMessage with its reply subject, its headers and its payload", async () => {
    const { nc, received, published, say } = await receiving();
    say(`HMSG work 1 answers ${block.length} ${block.length + 5}\r\n${block}hello\r\n`);
    say("MSG work 1 5\r\nhello\r\n");
    for (const msg of received) nc.publishMessage(msg);
    nc.publishMessage({ subject: "made", data: new Uint8Array(0) } as Msg);
    await nc.flush();
    expect(published()).toEqual([
      ["work", "answers", block, "hello"],
      ["work", undefined, undefined, "hello"],
      ["made", undefined, undefined, ""],
    ]);
  });

  it("is the answer to another by respondMessage: on the reply subject, with its headers", async () => {
    const { nc, received, published, say } = await receiving();
    say(`HMSG work 1 answers ${block.length} ${block.length + 5}\r\n${block}hello\r\n`);
    expect(nc.respondMessage(received[0] as Msg)).toBe(true);
    await nc.flush();
    expect(published()).toEqual([["answers", "answers", block, "hello"]]);
  });

  it.each<readonly [status: string, payload: string, isAnswer: boolean]>([
    ["503", "", false],
    ["503", "x", true],
    ["408", "", true],
  ])("with the status %s and the payload %j answers a request: %s", async (status, payload, isAnswer) => {
    const { nc, published, say } = await receiving();
    const asked = Promise.allSettled([nc.request("ask")]);
    await nc.flush();
    const reply = String(published()[0]?.[1]);
    const line = `NATS/1.0 ${status}\r\n\r\n`;
    say(`HMSG ${reply} 2 ${line.length} ${line.length + payload.length}\r\n${line}${payload}\r\n`);
    const answer = { status: "fulfilled", value: { subject: reply } };
    const refusal = { status: "rejected", reason: { code: ErrorCode.NoResponders } };
    expect(await asked).toMatchObject([isAnswer ? answer : refusal]);
  });

  it.each([false, true])("that is a request has the headers that it is given (noMux: %s)", async (noMux) => {
    const { nc, published } = await receiving();
    const given = headers();
    given.set("Kind", "a");
    const opts = { noMux, headers: given };
    const asked = Promise.allSettled([
      nc.request("ask", "one", opts),
      nc.requestMany("ask", "many", opts),
      nc.request("ask", "plain", { noMux }),
    ]);
    await nc.flush();
    const inbox = expect.stringMatching(/^_INBOX\./);
    expect(published()).toEqual([
      ["ask", inbox, block, "one"],
      ["ask", inbox, block, "many"],
      ["ask", inbox, undefined, "plain"],
    ]);
    await nc.close();
    expect((await asked).map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
  });
});
