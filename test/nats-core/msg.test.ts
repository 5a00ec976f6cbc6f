// A message as nats-core's: its fields are those that were sent, and what packages ask of it is answered as nats-core does.

import { headers, type Msg, MsgHdrsImpl } from "@nats-io/nats-core";
import { MsgImpl as OfficialMsg } from "@nats-io/nats-core/internal";
import { describe, expect, it } from "vitest";
import type { Msg as OwnMsg } from "../../src/index.js";
import { CoreMsgImpl } from "../../src/nats-core/msg.js";
import { all, outcome, scene } from "./scene.js";

type Options = { reply?: string; headers?: ReturnType<typeof headers> };

/** A message that was published with that, and arrived. */
async function arrived(payload: string, options: Options = {}) {
  const { world, core } = await scene();
  const sub = core.subscribe("a.*");
  core.publish("a.b", payload, options);
  const [msg] = (await world.until(all(sub, 1))) as [CoreMsgImpl];
  return { world, core, sub, msg };
}

const keyed = (key: string, value: string) => {
  const made = headers();
  made.set(key, value);
  return made;
};

describe("a message as nats-core's", () => {
  it("has what was sent", async () => {
    const { msg, sub } = await arrived('{"n":1}', { reply: "back", headers: keyed("Key", "1") });
    expect({ subject: msg.subject, reply: msg.reply, sid: msg.sid }).toEqual({
      subject: "a.b",
      reply: "back",
      sid: sub.getID(),
    });
    expect([msg.string(), Buffer.from(msg.data).toString()]).toEqual(['{"n":1}', '{"n":1}']);
    expect(msg.json()).toEqual({ n: 1 });
    expect(msg.json((key, value) => (key === "n" ? value + 1 : value))).toEqual({ n: 2 });
    expect(msg.headers).toBeInstanceOf(MsgHdrsImpl);
    expect([...msg.headers]).toEqual([["Key", ["1"]]]);
    // The line NATS/1.0, a line for the key and an empty one.
    expect(msg.size()).toBe("a.b".length + "back".length + 10 + 8 + 2 + 7);
    expect(msg.queuedBytes).toBeGreaterThan(msg.size());
  });

  it("has no headers and an empty reply subject where none were sent", async () => {
    const { msg } = await arrived("x");
    expect([msg.headers, msg.reply, msg.size()]).toEqual([undefined, "", 4]);
  });

  it("has an empty reply subject where ours, of any making, has none", async () => {
    const { msg } = await arrived("x");
    const own = { subject: "made", sid: 1, data: msg.data, string: () => "made" } as unknown as OwnMsg;
    expect(new CoreMsgImpl(own, msg.publisher).reply).toBe("");
  });

  it("has the same headers whenever they are asked for, with what was written into them", async () => {
    const { msg } = await arrived("", { headers: keyed("Key", "1") });
    msg.headers.set("Note", "of the reader");
    expect([...msg.headers].map(([key]) => key)).toEqual(["Key", "Note"]);
  });

  it("is answered with its payload and options; one without a reply subject cannot be", async () => {
    const { world, core, msg } = await arrived("", { reply: "back" });
    const answers = core.subscribe("back");
    expect([msg.respond("one", { headers: keyed("Key", "1") }), core.respondMessage(msg)]).toEqual([
      true,
      true,
    ]);
    const [one, two] = (await world.until(all(answers, 2))) as [Msg, Msg];
    expect([one.string(), one.headers?.get("Key"), two.string()]).toEqual(["one", "1", ""]);
    const plain = await arrived("");
    expect([plain.msg.respond("one"), plain.core.respondMessage(plain.msg)]).toEqual([false, false]);
  });

  it("is passed on as it is, under the subject that it is given", async () => {
    const { world, core, msg } = await arrived("x", { reply: "back", headers: keyed("Key", "1") });
    const relayed = core.subscribe("there");
    const { reply, data } = msg;
    core.publishMessage({ subject: "there", reply, data, headers: msg.headers } as Msg);
    const [got] = (await world.until(all(relayed, 1))) as [Msg];
    expect([got.string(), got.reply, got.headers?.get("Key")]).toEqual(["x", "back", "1"]);
    expect(await outcome(() => core.publishMessage({ subject: "a b", data } as Msg))).toBe(
      "InvalidSubjectError",
    );
    expect(await outcome(() => core.respondMessage({ reply, data: 7 } as unknown as Msg))).toBe(
      "InvalidArgumentError",
    );
  });
});

describe("who made a request", () => {
  /** What nats-core reads from the same header. */
  const official = (json: string) => {
    const block = new TextEncoder().encode(keyedBlock(json));
    const line = { subject: new Uint8Array(0), hdr: block.length, size: block.length, sid: 1 };
    return new OfficialMsg(line as never, block, {} as never).requestInfo();
  };
  const keyedBlock = (json: string) => `NATS/1.0\r\nNats-Request-Info: ${json}\r\n\r\n`;

  it.each([
    '{"acc":"A","start":"2026-01-02T03:04:05.006Z","stop":"2027-01-02T03:04:05Z","user":"u"}',
    '{"start":"","stop":"","acc":"2026-01-02T03:04:05Z"}',
    '{"inner":{"start":"2026-01-02T03:04:05Z"},"rtt":7}',
  ])("is what nats-core reads: %s", async (json) => {
    const { msg } = await arrived("", { headers: keyed("Nats-Request-Info", json) });
    const info = msg.requestInfo();
    expect(info).toEqual(official(json));
    expect(info).not.toBeNull();
  });

  it("is no date where the server tells no text", async () => {
    const { msg } = await arrived("", { headers: keyed("Nats-Request-Info", '{"start":7,"stop":null}') });
    expect(msg.requestInfo()).toEqual({ start: 7, stop: null });
  });

  it("is unknown where the server does not say so", async () => {
    expect((await arrived("")).msg.requestInfo()).toBeNull();
    expect((await arrived("", { headers: keyed("Key", "1") })).msg.requestInfo()).toBeNull();
  });
});
