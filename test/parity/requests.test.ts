// Requests by both clients: answers, options, codes of what goes wrong, and the strategies of requestMany.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NatsConnection, RequestManyOptions, RequestStrategy } from "../../src/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { both, codeOf, errorOf, read, same, text, until, type Wire, wireTo } from "./both.js";

describe.each(servers)("requests, by both clients, with nats-server $label", ({ path }) => {
  let server: TestServer;
  let wire: Wire;

  beforeAll(async () => {
    server = await startServer({ path });
    wire = await wireTo(server.port);
  });
  afterAll(async () => {
    await wire.close();
    await server.stop();
  });

  /** Answers with what it was asked, and with its reply subject. */
  function echo(nc: NatsConnection): void {
    nc.subscribe("echo", { callback: (_error, msg) => void msg.respond(msg.data) });
    nc.subscribe("reply", { callback: (_error, msg) => void msg.respond(msg.reply) });
    nc.subscribe("silent", { callback: () => {} });
  }

  /** A subject or a line with `*` for what is unique in an inbox: 22 characters, and for a request one token more. */
  const shape = (line: string) =>
    line.replace(/(_INBOX\.)\w{22}(\.\w+)?/g, (_, inbox, token) => `${inbox}*${token ? ".*" : ""}`);

  describe("request", () => {
    it("is answered over the shared inbox, an inbox of its own, or a given subject", async () => {
      const seen = await both(async ({ connect, lib }) => {
        const nc = await connect({ port: server.port });
        echo(nc);
        const shared = [await nc.request("reply"), await nc.request("reply")].map(text);
        const own = (await nc.request("reply", "", { timeout: 10_000, noMux: true })).string();
        const given = (
          await nc.request("reply", "", { timeout: 10_000, noMux: true, reply: "mine" })
        ).string();
        const headers = lib.headers();
        headers.set("a", "b");
        nc.subscribe("headers", { callback: (_error, msg) => void msg.respond(msg.headers?.get("a")) });
        const [one = "", two = ""] = shared;
        return {
          shape: [...shared, own].map(shape),
          sameInbox: one.slice(0, one.lastIndexOf(".")) === two.slice(0, two.lastIndexOf(".")),
          given,
          headers: (await nc.request("headers", "", { timeout: 10_000, headers })).string(),
          headersNoMux: (await nc.request("headers", "", { timeout: 10_000, headers, noMux: true })).string(),
          echo: (await nc.request("echo", new Uint8Array([65]))).string(),
        };
      });
      expect(seen).toEqual(
        same({
          shape: ["_INBOX.*.*", "_INBOX.*.*", "_INBOX.*"],
          sameInbox: true,
          given: "mine",
          headers: "b",
          headersNoMux: "b",
          echo: "A",
        }),
      );
    });

    it("puts the same lines on the wire", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: wire.port });
        echo(nc);
        await nc.flush();
        await nc.request("echo", "1");
        await nc.request("echo", "2");
        await nc.request("echo", "3", { timeout: 10_000, noMux: true });
        await nc.flush();
        const lines = wire.sent.at(-1)?.split("\r\n") ?? [];
        return lines
          .filter((line) => /^(SUB|UNSUB|PUB)/.test(line))
          .map(shape)
          .slice(3);
      });
      const publishes = ["PUB echo _INBOX.*.* 1", "PUB _INBOX.*.* 1"];
      const [ask = "", answer = ""] = publishes;
      expect(seen).toEqual({
        reference: [
          "SUB _INBOX.*.* 4",
          ask,
          answer,
          ask,
          answer,
          "SUB _INBOX.* 5",
          "UNSUB 5 1",
          "PUB echo _INBOX.* 1",
          "PUB _INBOX.* 1",
          "UNSUB 5",
        ],
        ours: [
          "SUB _INBOX.*.* 4",
          ask,
          answer,
          ask,
          answer,
          "SUB _INBOX.* 5",
          "PUB echo _INBOX.* 1",
          "PUB _INBOX.* 1",
          "UNSUB 5",
        ],
      });
    });

    it("leaves out options that are null or empty", async () => {
      const given = [
        { timeout: null },
        { headers: null },
        { reply: null },
        { reply: "" },
        { noMux: null },
        { signal: null },
        { noMux: true, reply: "" },
        { noMux: true, reply: null },
        { noMux: 1, reply: "mine" },
      ];
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        echo(nc);
        const all: string[] = [];
        for (const options of given) all.push(text(await nc.request("reply", "", { ...options } as never)));
        return all.map(shape);
      });
      const shared = "_INBOX.*.*";
      const own = "_INBOX.*";
      expect(seen).toEqual(same([shared, shared, shared, shared, shared, shared, own, own, "mine"]));
    });

    it("takes null for no options (a bare TypeError in the reference)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        echo(nc);
        const errors = [
          await errorOf(() => nc.request("echo", "", null as never)),
          await errorOf(() => nc.requestMany("echo", "", null as never)),
        ];
        return errors.map((error) => error?.name);
      });
      expect(seen).toEqual({ reference: ["TypeError", "TypeError"], ours: [undefined, undefined] });
    });

    it("fails without responders, after its time, and for options that contradict each other", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        echo(nc);
        return {
          nobody: await codeOf(() => nc.request("nobody")),
          "nobody, noMux": await codeOf(() => nc.request("nobody", "", { timeout: 10_000, noMux: true })),
          late: await codeOf(() => nc.request("silent", "", { timeout: 20 })),
          "late, noMux": await codeOf(() => nc.request("silent", "", { timeout: 20, noMux: true })),
          "no time": await codeOf(() => nc.request("echo", "", { timeout: -1 })),
          "reply without noMux": await codeOf(() => nc.request("echo", "", { timeout: 10_000, reply: "r" })),
          "no subject": await codeOf(() => nc.request("")),
          "no payload": await codeOf(() => nc.request("echo", 5 as never)),
        };
      });
      expect(seen).toEqual(
        same({
          nobody: "503",
          "nobody, noMux": "503",
          late: "TIMEOUT",
          "late, noMux": "TIMEOUT",
          "no time": "INVALID_OPTION",
          "reply without noMux": "INVALID_OPTION",
          "no subject": "BAD_SUBJECT",
          "no payload": "BAD_PAYLOAD",
        }),
      );
    });

    it("has a second by default, also with an options object that does not say (timeout 0: a second, ours refuses)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        echo(nc);
        return {
          omitted: (await nc.request("echo", "1", {} as never)).string(),
          zero: await codeOf(() => nc.request("echo", "1", { timeout: 0 })),
        };
      });
      expect(seen).toEqual({
        reference: { omitted: "1", zero: undefined },
        ours: { omitted: "1", zero: "INVALID_OPTION" },
      });
    });

    it("leaves an answer with an error status of another kind to the requester", async () => {
      const seen = await both(async ({ connect, lib }) => {
        const nc = await connect({ port: server.port });
        nc.subscribe("status", {
          callback: (_error, msg) => void msg.respond(msg.data, { headers: lib.headers(404, "Not Found") }),
        });
        nc.subscribe("full", {
          callback: (_error, msg) => void msg.respond("x", { headers: lib.headers(503, "No Responders") }),
        });
        const status = await nc.request("status");
        const full = await nc.request("full");
        return {
          status: [status.headers?.code, status.headers?.description, status.headers?.hasError],
          full: full.headers?.code,
        };
      });
      expect(seen).toEqual(same({ status: [404, "Not Found", true], full: 503 }));
    });

    it("that is not permitted fails at once", async () => {
      const permissions = { publish: { allow: ["a"] }, subscribe: { deny: ["_INBOX.>"] } };
      const noAsking = { publish: { deny: ["no"] } };
      const users = [
        { user: "deaf", password: "pw", permissions },
        { user: "mute", password: "pw", permissions: noAsking },
      ];
      const strict = await startServer({ path, config: { authorization: { users } } });
      const seen = await both(async ({ connect }) => {
        const deaf = await connect({ port: strict.port, user: "deaf", pass: "pw" });
        const mute = await connect({ port: strict.port, user: "mute", pass: "pw" });
        const options = { timeout: 5_000 };
        return {
          deaf: await codeOf(() => deaf.request("a", "", options)),
          "deaf, noMux": await codeOf(() => deaf.request("a", "", { ...options, noMux: true })),
          mute: await codeOf(() => mute.request("no", "", options)),
          "mute, noMux": await codeOf(() => mute.request("no", "", { ...options, noMux: true })),
          many: (await read(await mute.requestMany("no"), text)).code,
        };
      });
      await strict.stop();
      const denied = "PERMISSIONS_VIOLATION";
      expect(seen).toEqual(
        same({ deaf: denied, "deaf, noMux": denied, mute: denied, "mute, noMux": denied, many: denied }),
      );
    });

    it("under way fails when the connection is closed: TIMEOUT in the reference, CONNECTION_CLOSED in ours", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        echo(nc);
        const asking = codeOf(() => nc.request("silent", "", { timeout: 20_000 }));
        await nc.flush();
        await nc.close();
        return { underWay: await asking, after: await codeOf(() => nc.request("echo")) };
      });
      expect(seen).toEqual({
        reference: { underWay: "TIMEOUT", after: "CONNECTION_CLOSED" },
        ours: { underWay: "CONNECTION_CLOSED", after: "CONNECTION_CLOSED" },
      });
    });

    it("without the shared inbox, under way at close: never settles before its time in the reference", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        echo(nc);
        let settled: string | undefined;
        const asking = codeOf(() => nc.request("silent", "", { timeout: 200, noMux: true })).then((code) => {
          settled = code;
        });
        await nc.flush();
        await nc.close();
        await new Promise(setImmediate);
        const atClose = settled;
        await Promise.race([asking, new Promise((resolve) => setTimeout(resolve, 400))]);
        return { atClose, later: settled };
      });
      expect(seen).toEqual({
        reference: { atClose: undefined, later: undefined },
        ours: { atClose: "CONNECTION_CLOSED", later: "CONNECTION_CLOSED" },
      });
    });

    it("says in its error where it was made", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        echo(nc);
        const stackOf = async (options: { timeout: number; noMux?: boolean }, subject: string) =>
          (
            await errorOf(function askedHere() {
              return nc.request(subject, "", options);
            })
          )?.stack?.includes("askedHere");
        return [
          await stackOf({ timeout: 20 }, "silent"),
          await stackOf({ timeout: 20, noMux: true }, "silent"),
          await stackOf({ timeout: 10_000 }, "nobody"),
          await stackOf({ timeout: 10_000, noMux: true }, "nobody"),
        ];
      });
      expect(seen).toEqual(same([true, true, true, true]));
    });
  });

  describe("requestMany", () => {
    /** A responder that sends these, and an empty one at the end. */
    function answers(nc: NatsConnection, words: readonly string[]): void {
      nc.subscribe("many", {
        callback: (_error, msg) => {
          for (const word of [...words, ""]) msg.respond(word);
        },
      });
    }

    async function many(options: Partial<RequestManyOptions>) {
      return both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        answers(nc, ["1", "2", "3"]);
        return read(await nc.requestMany("many", "", { ...options }), text);
      });
    }
    const all = { read: ["1", "2", "3", ""], code: undefined };

    it.each([{}, { noMux: true }])(
      "takes all until its time is over, by default and by timer (%j)",
      async (how) => {
        expect(await many({ ...how, maxWait: 300 })).toEqual(same(all));
        expect(await many({ ...how, maxWait: 300, strategy: "timer" as RequestStrategy })).toEqual(same(all));
      },
    );

    it("takes maxMessages answers by count; without the shared inbox the reference gives more that came at once", async () => {
      const strategy = "count" as RequestStrategy;
      const two = { read: ["1", "2"], code: undefined };
      expect(await many({ strategy, maxMessages: 2, maxWait: 5_000 })).toEqual(same(two));
      expect(await many({ strategy, maxMessages: 20, maxWait: 300 })).toEqual(same(all));
      const own = await many({ strategy, maxMessages: 2, maxWait: 5_000, noMux: true });
      expect(own).toEqual({ reference: all, ours: two });
    });

    it.each([{}, { noMux: true }])(
      "takes all until none comes for a while by jitterTimer (%j)",
      async (how) => {
        const strategy = "jitterTimer" as RequestStrategy;
        expect(await many({ ...how, strategy, jitter: 50, maxWait: 5_000 })).toEqual(same(all));
      },
    );

    it.each([{}, { noMux: true }])("takes all until an empty one by sentinelMsg (%j)", async (how) => {
      const strategy = "sentinelMsg" as RequestStrategy;
      expect(await many({ ...how, strategy, maxWait: 5_000 })).toEqual(same(all));
    });

    it("fails without responders, for options that make no sense, and when not connected", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const nobody = await read(await nc.requestMany("nobody"), text);
        const own = await read(await nc.requestMany("nobody", "", { noMux: true }), text);
        const noTime = await codeOf(() => nc.requestMany("many", "", { maxWait: -1 }));
        await nc.close();
        return { nobody, own, noTime, closed: await codeOf(() => nc.requestMany("many")) };
      });
      expect(seen).toEqual(
        same({
          nobody: { read: [], code: "503" },
          own: { read: [], code: "503" },
          noTime: "INVALID_OPTION",
          closed: "CONNECTION_CLOSED",
        }),
      );
    });

    it("for what cannot be published: its iterator throws (for an empty subject the call itself, in the reference)", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        const outcome = async (subject: string, payload: string) => {
          let called = false;
          const code = await codeOf(async () => {
            const answers = await nc.requestMany(subject, payload);
            called = true;
            for await (const _ of answers);
          });
          return { called, code };
        };
        return { subject: await outcome("", ""), payload: await outcome("a", 5 as never) };
      });
      const payload = { called: true, code: "BAD_PAYLOAD" };
      expect(seen).toEqual({
        reference: { subject: { called: false, code: "BAD_SUBJECT" }, payload },
        ours: { subject: { called: true, code: "BAD_SUBJECT" }, payload },
      });
    });

    it("carries headers, also with noMux (where the reference leaves them out)", async () => {
      const seen = await both(async ({ connect, lib }) => {
        const nc = await connect({ port: server.port });
        nc.subscribe("headers", {
          callback: (_error, msg) => void msg.respond(msg.headers?.get("a") ?? "none"),
        });
        const headers = lib.headers();
        headers.set("a", "b");
        const strategy = "count" as RequestStrategy;
        const ask = async (options: Partial<RequestManyOptions>) =>
          (
            await read(
              await nc.requestMany("headers", "", { headers, strategy, maxMessages: 1, ...options }),
              text,
            )
          ).read;
        return { shared: await ask({}), own: await ask({ noMux: true }) };
      });
      expect(seen).toEqual({
        reference: { shared: ["b"], own: ["none"] },
        ours: { shared: ["b"], own: ["b"] },
      });
    });

    describe.each(["timer", "count", "jitterTimer", "sentinelMsg"] as RequestStrategy[])(
      "by %s",
      (strategy) => {
        /** What the reader of a request gets, one answer of which came before the connection ended. */
        const readUntil = (end: "close" | "drain", options: Partial<RequestManyOptions>) =>
          both(async ({ connect }) => {
            const [nc, other] = [await connect({ port: server.port }), await connect({ port: server.port })];
            other.subscribe("once", { callback: (_error, msg) => void msg.respond("1") });
            await other.flush();
            const asked = { strategy, maxWait: 500, jitter: 400, maxMessages: 5, ...options };
            const reading = read(await nc.requestMany("once", "", asked), text);
            // The server has the request, its receiver has it and has answered, the server has the answer, and it has come.
            for (const one of [nc, other, other, nc]) await one.flush();
            await nc[end]();
            return reading;
          });

        it("in the shared inbox throws when the connection is closed: TIMEOUT in the reference, CONNECTION_CLOSED in ours", async () => {
          expect(await readUntil("close", {})).toEqual({
            reference: { read: ["1"], code: "TIMEOUT" },
            ours: { read: ["1"], code: "CONNECTION_CLOSED" },
          });
        });

        it("in the shared inbox ends by its strategy while the connection drains: TIMEOUT in the reference", async () => {
          expect(await readUntil("drain", {})).toEqual({
            reference: { read: ["1"], code: "TIMEOUT" },
            ours: { read: ["1"], code: undefined },
          });
        });

        it.each(["close", "drain"] as const)(
          "in an inbox of its own ends with the connection, without an error (%s)",
          async (end) => {
            expect(await readUntil(end, { noMux: true })).toEqual(same({ read: ["1"], code: undefined }));
          },
        );
      },
    );

    it.each([
      { maxWait: 0 },
      { maxWait: null },
      { strategy: "jitterTimer", jitter: 0 },
      { strategy: "jitterTimer", jitter: null, noMux: true },
      { strategy: null, maxMessages: null, headers: null, noMux: null, signal: null },
    ])("leaves out options that are null, maxWait 0 and jitter 0 (%j)", async (options) => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        echo(nc);
        const begun = performance.now();
        const { read: answers, code } = await read(
          await nc.requestMany("echo", "x", { ...options } as never),
          text,
        );
        const seconds = (performance.now() - begun) / 1_000;
        return { answers, code, isDefault: seconds > ("jitter" in options ? 0.29 : 0.99) };
      });
      expect(seen).toEqual(same({ answers: ["x"], code: undefined, isDefault: true }));
    });

    it("ends where its reader leaves", async () => {
      const seen = await both(async ({ connect }) => {
        const nc = await connect({ port: server.port });
        answers(nc, ["1", "2", "3"]);
        const got: string[] = [];
        for await (const msg of await nc.requestMany("many", "", { maxWait: 5_000 })) {
          got.push(msg.string());
          if (got.length === 2) break;
        }
        return got;
      });
      expect(seen).toEqual(same(["1", "2"]));
    });

    it("has the same strategies", async () => {
      const seen = await both(({ lib }) => ({ ...lib.RequestStrategy }));
      expect(seen.ours).toEqual(seen.reference);
      expect(Object.keys(seen.ours)).toEqual(["Timer", "Count", "JitterTimer", "SentinelMsg"]);
    });
  });

  it("in an outage wait for the reconnect (those of the reference are lost)", async () => {
    const seen = await both(async ({ connect, is }) => {
      const one = await startServer({ path });
      const quick = { reconnectTimeWait: 1, reconnectJitter: 0, maxReconnectAttempts: -1 };
      const nc = await connect({ ...quick, port: one.port });
      echo(nc);
      await nc.request("echo");
      await one.kill();
      await until(() => nc.info === undefined);
      const asking = codeOf(() => nc.request("echo", "", { timeout: is === "ours" ? 20_000 : 1_000 }));
      await one.start();
      const code = await asking;
      await nc.close();
      await one.stop();
      return code;
    });
    expect(seen).toEqual({ reference: "TIMEOUT", ours: undefined });
  });
});
