// What a network does to the connection with a real server that is well: it is slow, cuts everything into single bytes,
// or resets in the middle of something. Networks that fall silent are in silent-network.test.ts.
//
// Servers that die or stop are in signals.test.ts, servers that misbehave in hostile-server.test.ts.

import { describe, expect, it } from "vitest";
import { headers, type Msg, type Status } from "../../src/index.js";
import { inPieces, type Link, type Passage, type RelayOptions } from "../harness/relay.js";
import { servers } from "../harness/versions.js";
import { nextStatus } from "../harness/waiting.js";
import { numbers, throughRelay } from "./through-relay.js";

const straight: Passage = (chunk, send) => send(chunk);

describe.each(servers)("between a client and nats-server $label, a network that", ({ path }) => {
  const { through, witness, rejection } = throughRelay(path);

  describe("is slow or cuts", () => {
    it.each<[string, RelayOptions]>([
      ["delays every chunk", { delay: 20 }],
      ["cuts at every byte", { fromServer: inPieces(1), fromClient: inPieces(1) }],
      ["cuts at every byte and delays each", { fromServer: inPieces(1), fromClient: inPieces(1), delay: 5 }],
    ])("%s changes no message, header, answer or order", async (_what, options) => {
      const { nc, statuses } = await through(options);
      const received: Msg[] = [];
      nc.subscribe("echo.>", { callback: (_error, msg) => void received.push(msg) });
      nc.subscribe("ask", {
        callback: (_error, msg) => void msg.respond(msg.data, msg.headers ? { headers: msg.headers } : {}),
      });
      const sent = numbers(0, 40).map((number) => {
        const h = headers();
        h.append("Number", `${number}`);
        h.append("Number", "ünïcödé");
        if (number % 3 === 0) h.set("Empty", "");
        const payload = number % 4 === 0 ? "" : `${number}\r\nMSG echo.x 1 2\r\n😀`.repeat(number % 5);
        return { subject: `echo.ü.${number}`, payload, ...(number % 2 === 0 ? {} : { headers: h }) };
      });
      for (const { subject, payload, ...opts } of sent) nc.publish(subject, payload, opts);
      await nc.flush();
      expect(
        received.map((msg) => ({ subject: msg.subject, payload: msg.string(), headers: asText(msg) })),
      ).toEqual(sent.map((one) => ({ subject: one.subject, payload: one.payload, headers: asText(one) })));
      const question = headers();
      question.set("Key", "value");
      const answers = await Promise.all(
        numbers(0, 10).map((number) =>
          nc.request("ask", `${number}`, { headers: question, timeout: 10_000 }),
        ),
      );
      expect(answers.map((msg) => msg.string())).toEqual(numbers(0, 10).map(String));
      expect(answers.map((msg) => msg.headers?.get("Key"))).toEqual(numbers(0, 10).map(() => "value"));
      expect(statuses).toEqual([]);
    });

    it("delays every chunk loses nothing of a drain", async () => {
      const { nc: other, seen } = await witness();
      const { nc } = await through({ delay: 20 });
      for (const number of numbers(0, 1_000)) nc.publish("numbers", `${number}`);
      await nc.drain();
      await other.flush();
      expect(seen).toEqual(numbers(0, 1_000));
    });
  });

  describe("resets", () => {
    /** A passage from the server for the first link only. */
    const onFirst = (make: (link: Link) => Passage) => (link: Link) =>
      link.number === 1 ? make(link) : straight;

    const half = (link: Link): Passage => {
      return (chunk, send) => {
        send(chunk.subarray(0, chunk.length >> 1));
        setImmediate(() => link.reset());
      };
    };
    /** Once the client has greeted back, it has INFO for certain. */
    const onConnect = (link: Link): Passage => {
      return () => link.reset();
    };
    /** The server has answered CONNECT, and the answer is lost. */
    const onPong = (link: Link): Passage => {
      return (chunk, send) => (chunk.includes("PONG") ? link.reset() : send(chunk));
    };

    // Where the end comes together with bytes, the system tells Node of these and of an end, not of what kind it was.
    const reset = /^(ECONNRESET|DISCONNECT)$/;
    const moments: [string, string, (only: typeof onFirst) => RelayOptions][] = [
      ["in the middle of INFO", "greeting", (only) => ({ fromServer: only(half) })],
      ["after INFO", "authenticating", (only) => ({ fromClient: only(onConnect) })],
      ["after CONNECT", "authenticating", (only) => ({ fromServer: only(onPong) })],
    ];

    it.each(moments)("%s fails a first connect, naming the step", async (_when, step, options) => {
      const { error, port } = await rejection(options(onFirst));
      expect(error).toMatchObject({
        code: expect.stringMatching(reset),
        attempts: [{ step, server: `127.0.0.1:${port}` }],
      });
    });

    it.each(moments)(
      "%s is one more failed attempt of a reconnect, and loses nothing",
      async (_when, step, options) => {
        const { nc: other, seen } = await witness();
        const onSecond = (make: (link: Link) => Passage) => (link: Link) =>
          link.number === 2 ? make(link) : straight;
        const failures: Status[] = [];
        const { nc, link, statuses } = await through(options(onSecond), {
          onStatus: (status) => {
            if (status.type === "error") failures.push(status);
            if (status.type === "disconnect")
              for (const number of numbers(0, 100)) nc.publish("numbers", `${number}`);
          },
        });
        const back = nextStatus(nc, "reconnect");
        link.reset();
        await back;
        await nc.flush();
        await other.flush();
        expect(statuses).toEqual(["disconnect", "reconnecting", "error", "reconnecting", "reconnect"]);
        expect(failures).toMatchObject([{ data: expect.stringMatching(reset), step }]);
        expect(seen).toEqual(numbers(0, 100));
      },
    );

    it("a connection: whoever hears of that by onStatus finds it as the status says", async () => {
      const seen: unknown[] = [];
      const { nc, link } = await through(
        {},
        { onStatus: ({ type }) => type !== "reconnecting" && seen.push([type, nc.info !== undefined]) },
      );
      const back = nextStatus(nc, "reconnect");
      link.reset();
      await back;
      expect(seen).toEqual([
        ["disconnect", false],
        ["reconnect", true],
      ]);
    });

    it.each([
      ["in a message's line", "MSG big 1 5".length],
      ["in a message's payload", 40],
      ["in a message's headers", -1],
    ])("%s: nobody gets half a message, and the next one is whole", async (_where, length) => {
      const cut = onFirst((link) => (chunk, send) => {
        const at = chunk.indexOf(length < 0 ? "HMSG big" : "MSG big");
        if (at < 0) return send(chunk);
        send(chunk.subarray(0, length < 0 ? chunk.indexOf("NATS/1.0") + 12 : at + length));
        setImmediate(() => link.reset());
      });
      const { nc, statuses } = await through({ fromServer: cut });
      const received: string[] = [];
      nc.subscribe("big", { callback: (_error, msg) => void received.push(msg.string()) });
      await nc.flush();
      const back = nextStatus(nc, "reconnect");
      const key = headers();
      key.set("Key", "value");
      nc.publish("big", "lost".repeat(100), length < 0 ? { headers: key } : {});
      await back;
      nc.publish("big", "whole");
      await expect(nc.flush()).rejects.toMatchObject({ code: "DISCONNECT", unconfirmed: { messages: 1 } });
      await nc.flush();
      expect(received).toEqual(["whole"]);
      expect(statuses).toEqual(["disconnect", "reconnecting", "reconnect"]);
    });
  });
});

function asText({ headers: given }: { readonly headers?: Msg["headers"] }): unknown {
  return given === undefined ? undefined : [...given];
}
