// Requests against real servers: one answer or many, over the shared inbox or an own one, and every way not to get any.
// Time is virtual where it matters (`vi.useFakeTimers`): sockets do not notice. Publishing itself: pubsub.test.ts.

import { getEventListeners } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  connect,
  createInbox,
  ErrorCode,
  headers,
  type Msg,
  type NatsConnection,
  type NatsError,
  type RequestManyOptions,
  RequestStrategy,
} from "../../src/index.js";
import { startServer, type TestServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";

/** Long enough for whatever happens: a test that waits for it has failed. */
const LONG = 20_000;

describe.each(servers)("over nats-server $label", ({ path }) => {
  let server: TestServer;
  let nc: NatsConnection;
  const open: NatsConnection[] = [];

  beforeAll(async () => {
    server = await startServer({ path });
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    vi.useRealTimers();
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function connected(options: Parameters<typeof connect>[0] = {}): Promise<NatsConnection> {
    nc = await connect({ port: server.port, ...options });
    open.push(nc);
    return nc;
  }

  /** Answers each request with its payload and an exclamation mark, and with its headers. */
  function answering(subject: string): Msg[] {
    const asked: Msg[] = [];
    nc.subscribe(subject, {
      callback: (_error, msg) => {
        asked.push(msg);
        msg.respond(`${msg.string()}!`, msg.headers === undefined ? {} : { headers: msg.headers });
      },
    });
    return asked;
  }

  /** Takes requests and does not answer them; the test may. */
  function silent(subject: string, one: NatsConnection = nc): Msg[] {
    const asked: Msg[] = [];
    one.subscribe(subject, { callback: (_error, msg) => void asked.push(msg) });
    return asked;
  }

  /** Resolves when what was published has arrived, and the answers that it was given. */
  async function answered(): Promise<void> {
    await nc.flush();
    await nc.flush();
  }

  async function nobodyListens(subject: string): Promise<void> {
    await expect(nc.request(subject, "", { timeout: LONG })).rejects.toMatchObject({
      code: ErrorCode.NoResponders,
    });
  }

  describe.each([false, true])("a request (noMux: %s)", (noMux) => {
    it("gets an answer, with what it sent and its headers", async () => {
      await connected();
      const asked = answering("ask");
      const given = headers();
      given.append("a", "1");
      given.append("a", "2");
      const options = { timeout: LONG, noMux };
      const answer = await nc.request("ask", "hi", { ...options, headers: given });
      expect([answer.string(), answer.headers?.values("a")]).toEqual(["hi!", ["1", "2"]]);
      const bytes = await nc.request("ask", new Uint8Array([104, 105]), options);
      expect(bytes.string()).toBe("hi!");
      const nothing = await nc.request("ask", undefined, options);
      expect([nothing.string(), nothing.headers]).toEqual(["!", undefined]);
      expect(asked.map((msg) => msg.headers?.values("a"))).toEqual([["1", "2"], undefined, undefined]);
      expect(answer.subject).toBe(asked[0]?.reply);
    });

    it.each([
      ["_INBOX", {}],
      ["my.inbox", { inboxPrefix: "my.inbox" }],
    ])("asks for the answer in an inbox of its own below %s", async (prefix, options) => {
      await connected(options);
      const asked = answering("ask");
      for (let i = 0; i < 3; i++) await nc.request("ask", "", { timeout: LONG, noMux });
      const tokens = asked.map(({ reply = "" }) => {
        expect(reply.startsWith(`${prefix}.`)).toBe(true);
        return reply.slice(prefix.length + 1);
      });
      // The shared inbox has one token more: which request it is.
      expect(tokens).toEqual(tokens.map(() => expect.stringMatching(noMux ? /^\w+$/ : /^\w+\.\w+$/)));
      expect(new Set(tokens).size).toBe(3);
    });

    it("gets its own answer, a hundred at a time, whatever their order", async () => {
      await connected();
      const waiting: Msg[] = [];
      nc.subscribe("echo", {
        callback: (_error, msg) => {
          waiting.push(msg);
          if (waiting.length === 100) for (const one of waiting.reverse()) one.respond(one.data);
        },
      });
      const numbers = Array.from({ length: 100 }, (_, i) => `${i}`);
      const answers = await Promise.all(
        numbers.map((text) => nc.request("echo", text, { noMux, timeout: LONG })),
      );
      expect(answers.map((msg) => msg.string())).toEqual(numbers);
    });

    it("takes the first answer; later ones, and those that come too late, disturb nobody", async () => {
      await connected();
      const asked = silent("slow");
      await expect(nc.request("slow", "1", { noMux, timeout: 20 })).rejects.toMatchObject({
        code: ErrorCode.Timeout,
      });
      const second = nc.request("slow", "2", { noMux, timeout: LONG });
      await answered();
      asked[0]?.respond("too late");
      asked[1]?.respond("first");
      asked[1]?.respond("second");
      expect((await second).string()).toBe("first");
      await answered();
      answering("ask");
      expect((await nc.request("ask", "still", { noMux, timeout: LONG })).string()).toBe("still!");
    });

    it("takes an empty answer, and one that only looks like an error, for what they are", async () => {
      await connected();
      nc.subscribe("empty", { callback: (_error, msg) => void msg.respond() });
      const notFound = headers(404, "not here");
      nc.subscribe("error", { callback: (_error, msg) => void msg.respond("", { headers: notFound }) });
      const busy = headers(503, "busy");
      nc.subscribe("busy", { callback: (_error, msg) => void msg.respond("later", { headers: busy }) });
      const options = { noMux, timeout: LONG };
      expect((await nc.request("empty", "", options)).data).toHaveLength(0);
      expect((await nc.request("error", "", options)).headers?.code).toBe(404);
      // Only without a payload does 503 say that nobody is there.
      expect((await nc.request("busy", "", options)).string()).toBe("later");
    });

    it("fails at once without responders", async () => {
      await connected();
      const none = nc.request("nobody", "", { noMux, timeout: LONG });
      await expect(none).rejects.toMatchObject({
        name: "NatsError",
        code: "503",
        message: expect.stringContaining("nobody"),
      });
    });

    it("fails when its time is over, and not before", async () => {
      await connected();
      silent("silent");
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const settled = vi.fn();
      const late = nc.request("silent", "", { noMux, timeout: 300 });
      const byDefault = nc.request("silent", "", { noMux });
      for (const one of [late, byDefault]) one.catch(settled);
      await answered();
      vi.advanceTimersByTime(299);
      await answered();
      expect(settled).toHaveBeenCalledTimes(0);
      vi.advanceTimersByTime(1);
      await expect(late).rejects.toMatchObject({
        code: ErrorCode.Timeout,
        message: expect.stringContaining("300 ms"),
      });
      vi.advanceTimersByTime(699);
      await answered();
      expect(settled).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(1);
      await expect(byDefault).rejects.toMatchObject({ code: ErrorCode.Timeout });
    });

    it("fails when its signal is aborted, and is not sent where it is already", async () => {
      await connected();
      const asked = silent("silent");
      const controller = new AbortController();
      const { signal } = controller;
      const options = { noMux, timeout: LONG, signal };
      const aborted = nc.request("silent", "", options);
      await answered();
      const reason = new Error("enough");
      controller.abort(reason);
      await expect(aborted).rejects.toMatchObject({ code: ErrorCode.Cancelled, cause: reason });
      await expect(nc.request("silent", "", options)).rejects.toMatchObject({
        code: ErrorCode.Cancelled,
        cause: reason,
      });
      await answered();
      expect(asked).toHaveLength(1);
    });

    it("leaves nothing on a signal that outlives it", async () => {
      await connected();
      answering("ask");
      silent("silent");
      const { signal } = new AbortController();
      const ends: unknown[] = [];
      const listening: number[] = [];
      const ask = async (subject: string, timeout: number) => {
        const asked = nc.request(subject, "", { noMux, timeout, signal }).then(
          () => "answered",
          (error: NatsError) => error.code,
        );
        listening.push(getEventListeners(signal, "abort").length);
        ends.push(await asked);
      };
      await ask("ask", LONG);
      await ask("nobody", LONG);
      await ask("silent", 1);
      await ask("not allowed", LONG);
      expect(ends).toEqual(["answered", ErrorCode.NoResponders, ErrorCode.Timeout, ErrorCode.BadSubject]);
      expect(listening.slice(0, 3)).toEqual([1, 1, 1]);
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });

    it("that cannot be sent fails at once and leaves nothing: a drain does not wait for it", async () => {
      await connected();
      const bad = headers();
      const tooLarge = new Uint8Array((nc.info?.max_payload ?? 0) + 1);
      const options = { noMux, timeout: LONG };
      await expect(nc.request("with space", "", options)).rejects.toMatchObject({
        code: ErrorCode.BadSubject,
      });
      await expect(nc.request("ask", tooLarge, options)).rejects.toMatchObject({
        code: ErrorCode.MaxPayloadExceeded,
      });
      await expect(nc.request("ask", 1 as never, options)).rejects.toMatchObject({
        code: ErrorCode.BadPayload,
      });
      expect(() => bad.set("a\r\nb", "c")).toThrow(expect.objectContaining({ code: ErrorCode.BadHeader }));
      await nc.drain();
    });

    describe("says where it was made", () => {
      const failures: readonly (readonly [string, ErrorCode, () => Promise<unknown>])[] = [
        ["without responders", ErrorCode.NoResponders, () => askedFromHere("nobody", {})],
        ["out of time", ErrorCode.Timeout, () => askedFromHere("silent", { timeout: 20 })],
        [
          "when aborted",
          ErrorCode.Cancelled,
          async () => {
            const controller = new AbortController();
            const asked = askedFromHere("silent", { signal: controller.signal });
            setImmediate(() => controller.abort());
            return asked;
          },
        ],
        [
          "when the connection is closed",
          ErrorCode.ConnectionClosed,
          async () => {
            const asked = askedFromHere("silent", {});
            setImmediate(() => void nc.close());
            return asked;
          },
        ],
      ];

      async function askedFromHere(
        subject: string,
        options: Partial<RequestManyOptions & { timeout: number }>,
      ) {
        return nc.request(subject, "", { timeout: LONG, noMux, ...options });
      }

      it.each(failures)("%s", async (_how, code, ask) => {
        await connected();
        silent("silent");
        const error = await ask().catch((thrown: NatsError) => thrown);
        expect(error).toMatchObject({ code, stack: expect.stringContaining("askedFromHere") });
      });

      it.each(failures)("%s, unless noAsyncTraces", async (_how, code, ask) => {
        await connected({ noAsyncTraces: true });
        silent("silent");
        const error = (await ask().catch((thrown: NatsError) => thrown)) as NatsError;
        expect(error.code).toBe(code);
        expect(error.stack).not.toContain("askedFromHere");
      });
    });
  });

  it("takes a subject of the user's for the answer, with noMux, and ends with it", async () => {
    await connected();
    const asked = answering("ask");
    const reply = createInbox("mine");
    expect((await nc.request("ask", "x", { noMux: true, reply, timeout: LONG })).string()).toBe("x!");
    expect(asked[0]?.reply).toBe(reply);
    await nobodyListens(reply);
    silent("silent");
    await expect(nc.request("silent", "", { noMux: true, reply, timeout: 1 })).rejects.toMatchObject({
      code: ErrorCode.Timeout,
    });
    await nobodyListens(reply);
  });

  it("checks its options", async () => {
    await connected();
    const wrong = { code: ErrorCode.InvalidOption };
    for (const timeout of [0, -1, Number.NaN, "1" as never]) {
      await expect(nc.request("a", "", { timeout })).rejects.toMatchObject(wrong);
    }
    await expect(nc.request("a", "", { reply: "b" })).rejects.toMatchObject(wrong);
    for (const options of [
      { maxWait: -1 },
      { strategy: "all" as never },
      { jitter: -1 },
      { maxMessages: "1" as never },
    ]) {
      await expect(nc.requestMany("a", "", options)).rejects.toMatchObject(wrong);
    }
    await nc.drain();
  });

  // setTimeout makes 1 ms of these: they would be over at once.
  it.each([Number.POSITIVE_INFINITY, 2 ** 31])("refuses %s ms, which no timer can wait", async (ms) => {
    await connected();
    silent("silent");
    const wrong = { status: "rejected", reason: { code: ErrorCode.InvalidOption } };
    const results = await Promise.allSettled([
      nc.request("silent", "", { timeout: ms }),
      nc.request("silent", "", { timeout: ms, noMux: true }),
      nc.requestMany("silent", "", { maxWait: ms }),
      nc.requestMany("silent", "", { jitter: ms, maxWait: 1 }),
    ]);
    expect(results).toMatchObject(results.map(() => wrong));
  });

  it("under way when the connection is closed, each fails with CONNECTION_CLOSED; for many answers in an inbox of its own it just ends", async () => {
    await connected();
    silent("silent");
    const many = (noMux: boolean) => [
      nc.requestMany("silent", "", { noMux, maxWait: LONG }).then(all),
      nc
        .requestMany("silent", "", { noMux, maxWait: LONG, strategy: RequestStrategy.Count, maxMessages: 2 })
        .then(all),
    ];
    const one = (noMux: boolean) => nc.request("silent", "", { noMux, timeout: LONG });
    const failing = Promise.allSettled([one(false), one(true), ...many(false)]);
    const ending = Promise.all(many(true));
    await answered();
    await nc.close();
    for (const result of await failing) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: ErrorCode.ConnectionClosed } });
    }
    expect(await ending).toEqual([[], []]);
  });

  it("under way when the connection is drained, each is waited for", async () => {
    const responder = await connected();
    const asked = silent("slow");
    await responder.flush();
    await connected();
    const other = nc.subscribe("other", { callback: () => {} });
    const order: string[] = [];
    const requests = [false, true].flatMap((noMux) => [
      nc.request("slow", "", { noMux, timeout: LONG }).then((msg) => order.push(msg.string())),
      nc
        .requestMany("slow", "", { noMux, maxWait: LONG, strategy: RequestStrategy.Count, maxMessages: 1 })
        .then(all)
        .then((answers) => order.push(...answers.map((msg) => msg.string()))),
    ]);
    await nc.flush();
    const drained = nc.drain().then(() => order.push("drained"));
    // Its other subscriptions are drained: from here on it waits for the requests only.
    await other.closed;
    await responder.flush();
    expect(asked).toHaveLength(4);
    for (const [i, msg] of asked.entries()) {
      await responder.flush();
      expect([nc.isDraining(), nc.isClosed()]).toEqual([true, false]);
      msg.respond(`${i}`);
    }
    await Promise.all([...requests, drained]);
    // A loop takes a turn longer to give its answer than a promise does.
    expect(order.slice(0, 4).sort()).toEqual(["0", "1", "2", "3"]);
    expect(order.slice(4)).toEqual(["drained"]);
  });

  describe.each([false, true])("requestMany (noMux: %s)", (noMux) => {
    /** Asks a responder that answers "1", "2", "3" and nothing; the messages are being read when this returns. */
    async function asking(options: Partial<RequestManyOptions>) {
      await connected();
      const asked: Msg[] = [];
      nc.subscribe("many", {
        callback: (_error, msg) => {
          asked.push(msg);
          for (const text of ["1", "2", "3", ""]) msg.respond(text);
        },
      });
      await nc.flush();
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const read: string[] = [];
      let ended = false;
      const reading = (async () => {
        for await (const msg of await nc.requestMany("many", "", { noMux, ...options })) {
          read.push(msg.string());
        }
        ended = true;
      })();
      await answered();
      return { asked, read, reading, hasEnded: () => ended };
    }

    /** Virtual time, and what it leads to. */
    async function pass(ms: number): Promise<void> {
      vi.advanceTimersByTime(ms);
      await answered();
    }

    it("takes all until its time is over, by default after a second", async () => {
      const { asked, read, reading, hasEnded } = await asking({});
      await pass(999);
      asked[0]?.respond("just in time");
      await answered();
      expect([read, hasEnded()]).toEqual([["1", "2", "3", "", "just in time"], false]);
      vi.advanceTimersByTime(1);
      asked[0]?.respond("too late");
      await reading;
      await answered();
      expect(read).toEqual(["1", "2", "3", "", "just in time"]);
      if (noMux) await nobodyListens(asked[0]?.reply ?? "");
    });

    it("takes a number of answers", async () => {
      const { read, reading } = await asking({ strategy: RequestStrategy.Count, maxMessages: 2 });
      await reading;
      expect(read).toEqual(["1", "2"]);
    });

    it.each([
      [9, { maxMessages: 9 }],
      ["no", {}],
      [-1, { maxMessages: -1 }],
    ])("takes those that come in time where %s were to be counted", async (_number, count) => {
      const { read, reading, hasEnded } = await asking({ strategy: RequestStrategy.Count, ...count });
      await pass(999);
      expect(hasEnded()).toBe(false);
      await pass(1);
      await reading;
      expect(read).toEqual(["1", "2", "3", ""]);
    });

    it.each([
      [300, {}],
      [50, { jitter: 50 }],
    ])("takes all until none comes for %s ms", async (jitter, options) => {
      const { asked, read, reading, hasEnded } = await asking({
        strategy: RequestStrategy.JitterTimer,
        maxWait: 10_000,
        ...options,
      });
      await pass(jitter - 1);
      asked[0]?.respond("4");
      await answered();
      await pass(jitter - 1);
      expect([read, hasEnded()]).toEqual([["1", "2", "3", "", "4"], false]);
      await pass(1);
      await reading;
    });

    it("that waits for a pause waits for the first answer as long as it may", async () => {
      await connected();
      silent("silent");
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      let ended = false;
      const reading = nc
        .requestMany("silent", "", { noMux, strategy: RequestStrategy.JitterTimer, maxWait: 700 })
        .then(all)
        .finally(() => {
          ended = true;
        });
      await answered();
      await pass(699);
      expect(ended).toBe(false);
      await pass(1);
      expect(await reading).toEqual([]);
    });

    it("takes all until an empty one, which it gives too", async () => {
      const { asked, read, reading } = await asking({ strategy: RequestStrategy.SentinelMsg });
      await reading;
      asked[0]?.respond("behind the last");
      await answered();
      expect(read).toEqual(["1", "2", "3", ""]);
    });

    it("that waits for an empty one ends when its time is over", async () => {
      await connected();
      const asked = silent("silent");
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const strategy = RequestStrategy.SentinelMsg;
      const reading = nc.requestMany("silent", "", { noMux, strategy, maxWait: 700 }).then(all);
      await answered();
      asked[0]?.respond("1");
      await answered();
      await pass(700);
      expect((await reading).map((msg) => msg.string())).toEqual(["1"]);
    });

    it("carries headers both ways", async () => {
      await connected();
      const asked = answering("ask");
      const given = headers();
      given.set("a", "b");
      const strategy = RequestStrategy.Count;
      const options = { noMux, headers: given, strategy, maxMessages: 1, maxWait: LONG };
      const [answer] = await nc.requestMany("ask", "x", options).then(all);
      expect([answer?.string(), answer?.headers?.get("a")]).toEqual(["x!", "b"]);
      expect(asked[0]?.headers?.get("a")).toBe("b");
    });

    it("fails without responders, and says where it was made", async () => {
      await connected();
      async function askedFromHere(one: NatsConnection) {
        return all(await one.requestMany("nobody", "", { noMux, maxWait: LONG }));
      }
      await expect(askedFromHere(nc)).rejects.toMatchObject({
        code: ErrorCode.NoResponders,
        stack: expect.stringContaining("askedFromHere"),
      });
    });

    it("keeps its error for whoever reads it later, and troubles nobody where none does", async () => {
      await connected();
      const troubled: unknown[] = [];
      const note = (error: unknown) => void troubled.push(error);
      process.on("unhandledRejection", note);
      await nc.requestMany("nobody", "", { noMux, maxWait: LONG });
      const readLater = await nc.requestMany("nobody", "", { noMux, maxWait: LONG });
      await answered();
      await expect(all(readLater)).rejects.toMatchObject({ code: ErrorCode.NoResponders });
      await new Promise(setImmediate);
      process.off("unhandledRejection", note);
      expect(troubled).toEqual([]);
    });

    it("gives what came before its signal was aborted, then fails; is not sent where it is already", async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const { read, asked, reading } = await asking({ signal });
      const reason = new Error("enough");
      controller.abort(reason);
      await expect(reading).rejects.toMatchObject({ code: ErrorCode.Cancelled, cause: reason });
      expect(read).toEqual(["1", "2", "3", ""]);
      await expect(nc.requestMany("many", "", { noMux, signal })).rejects.toMatchObject({
        code: ErrorCode.Cancelled,
      });
      await answered();
      expect(asked).toHaveLength(1);
    });

    it("ends when its reader leaves: nobody listens for its answers, no drain waits for it, no signal holds it", async () => {
      await connected();
      const asked = answering("ask");
      const { signal } = new AbortController();
      for await (const msg of await nc.requestMany("ask", "1", { noMux, maxWait: LONG, signal })) {
        expect(msg.string()).toBe("1!");
        break;
      }
      expect(getEventListeners(signal, "abort")).toEqual([]);
      asked[0]?.respond("late");
      await answered();
      if (noMux) await nobodyListens(asked[0]?.reply ?? "");
      await nc.drain();
    });

    it("that cannot be sent fails, and leaves nothing", async () => {
      await connected();
      const tooLarge = new Uint8Array((nc.info?.max_payload ?? 0) + 1);
      const options = { noMux, maxWait: LONG };
      await expect(nc.requestMany("ask", tooLarge, options).then(all)).rejects.toMatchObject({
        code: ErrorCode.MaxPayloadExceeded,
      });
      await nc.drain();
    });
  });
});

/** Reads to the end. */
async function all(messages: AsyncIterable<Msg>): Promise<Msg[]> {
  const read: Msg[] = [];
  for await (const msg of messages) read.push(msg);
  return read;
}
