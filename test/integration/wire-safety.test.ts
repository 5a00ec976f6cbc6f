// No string of a user adds a protocol line, wherever it goes in. The server here keeps every byte it gets.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  connect,
  createInbox,
  headers,
  type MsgHdrs,
  type NatsConnection,
  NatsError,
} from "../../src/index.js";
import { type FakeServer, fakeServer, info } from "../harness/fake-server.js";

const injections = [
  "a\r\nPUB evil 0\r\n\r\n",
  "a\nPUB evil 0",
  "a b",
  "a\tb",
  "a\u0000b",
  "a\rb",
  " ",
  "",
  "a..b",
  ".a",
  "a.",
];

describe("a string that could add a protocol line", () => {
  let server: FakeServer;
  let nc: NatsConnection;
  let received = "";

  beforeEach(async () => {
    received = "";
    server = await fakeServer((socket) => {
      socket.write(info({ headers: true }));
      socket.on("data", (data) => {
        received += data.toString("latin1");
        for (const _ of data.toString().matchAll(/PING\r\n/g)) socket.write("PONG\r\n");
      });
    });
    nc = await connect({ port: server.port });
    await nc.flush();
    received = "";
  });

  afterEach(async () => {
    await nc.close();
    await server.close();
  });

  /** Every line that reached the server, after what was to be refused was tried. */
  async function linesAfter(attempt: () => unknown): Promise<readonly string[]> {
    let thrown: unknown;
    try {
      await attempt();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(NatsError);
    await nc.flush();
    return received.split("\r\n").filter((line) => line !== "" && line !== "PING");
  }

  /** The request's own inbox is subscribed to before its subject is looked at; nothing else may be sent. */
  const harmless = (line: string) => /^(SUB _INBOX\.[A-Za-z0-9]+(\.\*)? \d+|UNSUB \d+( \d+)?)$/.test(line);

  describe.each(injections.map((text) => [JSON.stringify(text), text]))("%s", (_name, text) => {
    it.each<[string, () => unknown]>([
      ["the subject of publish", () => nc.publish(text, "payload")],
      [
        "the subject of publishMessage",
        () => nc.publishMessage({ subject: text, data: new Uint8Array(0) } as never),
      ],
      ["the subject of subscribe", () => nc.subscribe(text)],
      ["the subject of request", () => nc.request(text, "", { timeout: 100 })],
      ["the subject of a noMux request", () => nc.request(text, "", { timeout: 100, noMux: true })],
      [
        "the subject of requestMany",
        async () => {
          for await (const _ of await nc.requestMany(text, "", { maxWait: 100 }));
        },
      ],
    ])("is refused as %s", async (_where, attempt) => {
      expect((await linesAfter(attempt)).filter((line) => !harmless(line))).toEqual([]);
    });
  });

  // An empty reply or inbox prefix means none is given, as in the reference.
  const given = injections.filter((text) => text !== "");
  describe.each(given.map((text) => [JSON.stringify(text), text]))("%s", (_name, text) => {
    it("is refused as the reply of publish", async () => {
      expect(await linesAfter(() => nc.publish("a", "payload", { reply: text }))).toEqual([]);
    });

    it("is refused as the reply of a request", async () => {
      expect(await linesAfter(() => nc.request("a", "", { noMux: true, reply: text, timeout: 100 }))).toEqual(
        [],
      );
    });

    it("is refused as an inbox prefix", async () => {
      expect(() => createInbox(text)).toThrow(NatsError);
      await expect(connect({ port: server.port, inboxPrefix: text })).rejects.toBeInstanceOf(NatsError);
    });
  });

  // A queue name is free text: dots mean nothing in it.
  const badQueues = injections.filter((text) => !/^[a-z.]+$/.test(text));
  it.each(badQueues.map((text) => [JSON.stringify(text), text]))(
    "%s is refused as a queue",
    async (_name, text) => {
      expect(await linesAfter(() => nc.subscribe("a", { queue: text }))).toEqual([]);
    },
  );

  it.each([
    ["in a header's value", () => headers().set("key", "value\r\nPUB evil 0\r\n\r\n")],
    ["in a header's key", () => headers().set("key\r\nevil: yes", "value")],
    ["in a header's key, as a colon", () => headers().set("key: evil", "value")],
    ["in a status", () => headers(503, "no\r\nPUB evil 0")],
  ])("is refused %s", (_where, make) => {
    expect(make).toThrow(NatsError);
  });

  it("is refused in headers of another making", async () => {
    const foreign = {
      code: 0,
      description: "",
      *[Symbol.iterator]() {
        yield ["key", ["value\r\n\r\nPUB evil 0\r\n\r\n"]];
      },
    } as unknown as MsgHdrs;
    expect(await linesAfter(() => nc.publish("a", "payload", { headers: foreign }))).toEqual([]);
  });

  it("is carried as what it is in a payload and in a client's name", async () => {
    nc.publish("a", "x\r\nPUB evil 0\r\n\r\n");
    await nc.flush();
    // One PING, or another where the answer to it takes its time.
    expect(received).toMatch(/^PUB a 17\r\nx\r\nPUB evil 0\r\n\r\n\r\n(PING\r\n){1,2}$/);
    received = "";
    const named = await connect({ port: server.port, name: "x\r\nPUB evil 0\r\n\r\n" });
    await named.close();
    expect(received.split("\r\n").filter((line) => line !== "")).toEqual([
      expect.stringMatching(/^CONNECT \{.*\}$/),
      "PING",
    ]);
  });
});
