// Scenarios through both clients, the official one and ours as the NatsConnection of nats-core: what a program sees of
// messages, subscriptions, requests, errors and statuses is the same, or what is expected of each is said.

import {
  type errors,
  headers,
  Match,
  type Msg,
  MsgHdrsImpl,
  type NatsConnection,
  type Status,
  type Subscription,
} from "@nats-io/nats-core";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/index.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import { startServer } from "../harness/nats-server.js";
import { servers } from "../harness/versions.js";
import { type Client, type ClientOptions, clients, official, ours } from "../nats-core/clients.js";
import { all, kinds, outcome } from "../nats-core/scene.js";

type Connect = (options?: Partial<ClientOptions>) => Promise<NatsConnection>;
type Scenario<T> = (connect: Connect, is: Client["is"]) => Promise<T>;

/** Statuses that come when they come: of attempts, and of news that the official client tells even where there are none. */
const varying: ReadonlySet<Status["type"]> = new Set(["reconnecting", "error", "update"]);

const user = (name: string, permissions: object) => ({ user: name, password: "secret", permissions });
const config = {
  authorization: {
    users: [
      { user: "anyone", password: "secret" },
      user("limited", { publish: ["ok.>", "_INBOX.>"], subscribe: ["ok.>", "_INBOX.>", "mine.>"] }),
    ],
  },
};
const anyone = { user: "anyone", pass: "secret" };
const limited = { user: "limited", pass: "secret" };

describe.each(servers)("a connection as nats-core's, on nats-server $label", ({ path }) => {
  /** Runs a scenario through both clients; the server is new for each. */
  async function both<T>(scenario: Scenario<T>): Promise<Record<Client["is"], T>> {
    const seen: Partial<Record<Client["is"], T>> = {};
    for (const client of clients) {
      const server = await startServer({ path, config });
      const open: NatsConnection[] = [];
      try {
        const connectTo: Connect = async (options) => {
          const nc = await client.connect({ servers: server.url, ...anyone, ...options });
          open.push(nc);
          return nc;
        };
        seen[client.is] = await scenario(connectTo, client.is);
      } finally {
        await Promise.all(open.map((nc) => nc.close()));
        await server.kill();
      }
    }
    return seen as Record<Client["is"], T>;
  }

  /** For a scenario in which both see that. */
  async function bothSee<T>(scenario: Scenario<T>, expected: T): Promise<void> {
    expect(await both(scenario)).toEqual({ ours: expected, official: expected });
  }

  it("hands over messages with all their fields", () =>
    bothSee(
      async (connectTo) => {
        const nc = await connectTo();
        const sub = nc.subscribe("a.*");
        const own = headers();
        own.append("Key", "one");
        own.append("Key", "two");
        nc.publish("a.plain", "text");
        nc.publish("a.headers", new Uint8Array([123, 125]), { reply: "back", headers: own });
        const [plain, full] = await all(sub, 2);
        const view = (msg: Msg | undefined) => ({
          subject: msg?.subject,
          reply: msg?.reply,
          sid: msg?.sid === sub.getID(),
          data: Buffer.from(msg?.data ?? []).toString("hex"),
          string: msg?.string(),
          keys: msg?.headers?.keys(),
          values: msg?.headers?.values("key", Match.IgnoreCase),
          isCores: msg?.headers === undefined || msg.headers instanceof MsgHdrsImpl,
          status: msg?.headers?.status,
          hasError: msg?.headers?.hasError,
          // Used by the packages.
          size: (msg as Msg & { size(): number }).size(),
        });
        return [view(plain), view(full), full?.json(), plain?.respond()];
      },
      [
        {
          subject: "a.plain",
          reply: "",
          sid: true,
          data: "74657874",
          string: "text",
          keys: undefined,
          values: undefined,
          isCores: true,
          status: undefined,
          hasError: undefined,
          size: 11,
        },
        {
          subject: "a.headers",
          reply: "back",
          sid: true,
          data: "7b7d",
          string: "{}",
          keys: ["Key"],
          values: ["one", "two"],
          isCores: true,
          status: "0",
          hasError: false,
          size: 47,
        },
        {},
        false,
      ],
    ));

  it("answers requests, with headers, and passes messages on", () =>
    bothSee(
      async (connectTo) => {
        const nc = await connectTo();
        nc.subscribe("echo", {
          callback: (_err, msg) => {
            const back = headers(409, "Conflict");
            back.set("Asked", msg.headers?.get("Asked") ?? "nothing");
            msg.respond(msg.data, { headers: back });
          },
        });
        nc.subscribe("relay", {
          callback: (_err, msg) => nc.publishMessage({ ...shape(msg), subject: "echo" }),
        });
        nc.subscribe("respond", { callback: (_err, msg) => void nc.respondMessage(msg) });
        const asked = headers();
        asked.set("Asked", "it");
        const view = (msg: Msg) => ({
          text: msg.string(),
          asked: msg.headers?.get("Asked"),
          status: msg.headers?.status,
          hasError: msg.headers?.hasError,
        });
        return [
          view(await nc.request("echo", "1", { timeout: 5_000, headers: asked })),
          view(await nc.request("echo", "2", { timeout: 5_000, noMux: true })),
          view(await nc.request("echo", "3", { timeout: 5_000, noMux: true, reply: "answer.here" })),
          view(await nc.request("relay", "4", { timeout: 5_000, headers: asked })),
          view(await nc.request("respond", "5")),
          (await nc.request("respond")).data.length,
        ];
      },
      [
        { text: "1", asked: "it", status: "409 Conflict", hasError: true },
        { text: "2", asked: "nothing", status: "409 Conflict", hasError: true },
        { text: "3", asked: "nothing", status: "409 Conflict", hasError: true },
        { text: "4", asked: "it", status: "409 Conflict", hasError: true },
        { text: "5", asked: undefined, status: undefined, hasError: undefined },
        0,
      ],
    ));

  it("asks for a trace by a header, and leaves what it was given alone", () =>
    bothSee(
      async (connectTo, is) => {
        const nc = await connectTo();
        const sub = nc.subscribe("traced");
        const given = headers();
        given.set("Key", "1");
        const options = { traceDestination: "trace.here", headers: given };
        nc.publish("traced", "", options);
        nc.publish("traced", "", { traceDestination: "trace.there" });
        const seen = (await all(sub, 2)).map((msg) => [
          msg.headers?.get("Key"),
          msg.headers?.get("Nats-Trace-Dest"),
        ]);
        // The official client writes into them.
        expect(given.keys()).toEqual(is === "ours" ? ["Key"] : ["Key", "Nats-Trace-Dest"]);
        return seen;
      },
      [
        ["1", "trace.here"],
        ["", "trace.there"],
      ],
    ));

  it("fails with the same errors", () =>
    bothSee(
      async (connectTo) => {
        const nc = await connectTo();
        nc.subscribe("silent", { callback: () => {} });
        const { max_payload = 0 } = nc.info ?? {};
        const seen: Record<string, string> = {
          "nobody there": await outcome(() => nc.request("nobody")),
          "nobody there, own inbox": await outcome(() =>
            nc.request("nobody", "", { timeout: 5_000, noMux: true }),
          ),
          "nobody there, many": await outcome(async () => all(await nc.requestMany("nobody"))),
          "no answer": await outcome(() => nc.request("silent", "", { timeout: 20 })),
          "no answer, own inbox": await outcome(() => nc.request("silent", "", { timeout: 20, noMux: true })),
          "negative timeout": await outcome(() => nc.request("silent", "", { timeout: -1 })),
          "negative maxWait": await outcome(() => nc.requestMany("silent", "", { maxWait: -1 })),
          "reply without noMux": await outcome(() => nc.request("silent", "", { timeout: 9, reply: "r" })),
          "no subject": await outcome(() => nc.publish("")),
          "space in subject": await outcome(() => nc.publish("a b")),
          "space in reply": await outcome(() => nc.publish("a", "", { reply: "a b" })),
          "request without subject": await outcome(() => nc.request("")),
          "subscribe to space": await outcome(() => nc.subscribe("a b")),
          "too large": await outcome(() => nc.publish("a", new Uint8Array(max_payload + 1))),
          "too large request": await outcome(() => nc.request("a", new Uint8Array(max_payload + 1))),
          "servers: none": await outcome(() => nc.setServers([])).then((one) =>
            one === "ok" ? one : "error",
          ),
        };
        const draining = nc.drain();
        seen["drain twice"] = await outcome(() => nc.drain());
        seen["subscribe while draining"] = await outcome(() => nc.subscribe("a"));
        seen["request while draining"] = await outcome(() => nc.request("a"));
        seen["reconnect while draining"] = await outcome(() => nc.reconnect());
        await draining;
        seen["publish when closed"] = await outcome(() => nc.publish("a"));
        seen["subscribe when closed"] = await outcome(() => nc.subscribe("a"));
        seen["request when closed"] = await outcome(() => nc.request("a"));
        seen["many when closed"] = await outcome(() => nc.requestMany("a"));
        seen["flush when closed"] = await outcome(() => nc.flush());
        seen["rtt when closed"] = await outcome(() => nc.rtt());
        seen["drain when closed"] = await outcome(() => nc.drain());
        seen["reconnect when closed"] = await outcome(() => nc.reconnect());
        return seen;
      },
      {
        "nobody there": "RequestError of NoRespondersError",
        "nobody there, own inbox": "RequestError of NoRespondersError",
        "nobody there, many": "NoRespondersError",
        "no answer": "TimeoutError",
        "no answer, own inbox": "TimeoutError",
        "negative timeout": "InvalidArgumentError",
        "negative maxWait": "InvalidArgumentError",
        "reply without noMux": "InvalidArgumentError",
        "no subject": "InvalidSubjectError",
        "space in subject": "InvalidSubjectError",
        "space in reply": "InvalidSubjectError",
        "request without subject": "InvalidSubjectError",
        "subscribe to space": "InvalidSubjectError",
        "too large": "InvalidArgumentError",
        "too large request": "InvalidArgumentError",
        "servers: none": "error",
        "drain twice": "DrainingConnectionError",
        "subscribe while draining": "DrainingConnectionError",
        "request while draining": "DrainingConnectionError",
        "reconnect while draining": "DrainingConnectionError",
        "publish when closed": "ClosedConnectionError",
        "subscribe when closed": "ClosedConnectionError",
        "request when closed": "ClosedConnectionError",
        "many when closed": "ClosedConnectionError",
        "flush when closed": "ClosedConnectionError",
        "rtt when closed": "ClosedConnectionError",
        "drain when closed": "ClosedConnectionError",
        "reconnect when closed": "ClosedConnectionError",
      },
    ));

  it("tells what is not permitted where it was tried", () =>
    bothSee(
      async (connectTo) => {
        const nc = await connectTo(limited);
        const status = all(nc.status(), 3);
        const told: unknown[] = [];
        const refused = nc.subscribe("secret", { callback: (err) => void told.push(kinds(err)) });
        const ended = await refused.closed;
        const read = nc.subscribe("secret", { queue: "q" });
        const iterated = await outcome(() => all(read));
        const asked = await outcome(() => nc.request("secret", "", { timeout: 5_000 }));
        const { operation, subject, queue } = (await read.closed) as InstanceType<
          typeof errors.PermissionViolationError
        >;
        return {
          told,
          ended: kinds(ended),
          isClosed: refused.isClosed(),
          iterated,
          asked,
          read: { operation, subject, queue },
          status: (await status).map((one) => (one.type === "error" ? kinds(one.error) : one.type)),
        };
      },
      {
        told: [["PermissionViolationError"]],
        ended: ["PermissionViolationError"],
        isClosed: true,
        iterated: "PermissionViolationError",
        asked: "RequestError of PermissionViolationError",
        read: { operation: "subscription", subject: "secret", queue: "q" },
        status: [["PermissionViolationError"], ["PermissionViolationError"], ["PermissionViolationError"]],
      },
    ));

  it("gathers many answers by each strategy", () =>
    bothSee(
      async (connectTo) => {
        const nc = await connectTo();
        nc.subscribe("three", {
          callback: (_err, msg) => {
            for (const text of ["a", "b", ""]) msg.respond(text);
          },
        });
        const texts = async (options: Parameters<NatsConnection["requestMany"]>[2]) =>
          (await all(await nc.requestMany("three", "", options))).map((msg) => msg.string());
        return {
          timer: await texts({ maxWait: 1_000 }),
          count: await texts({ strategy: "count", maxMessages: 2, maxWait: 5_000 }),
          stall: await texts({ strategy: "stall", stall: 300, maxWait: 5_000 }),
          sentinel: await texts({ strategy: "sentinel", maxWait: 5_000 }),
          // The official client gives what else has arrived, too.
          "count, own inbox": (
            await texts({ strategy: "count", maxMessages: 2, maxWait: 5_000, noMux: true })
          ).slice(0, 2),
        };
      },
      {
        timer: ["a", "b", ""],
        count: ["a", "b"],
        stall: ["a", "b", ""],
        sentinel: ["a", "b", ""],
        "count, own inbox": ["a", "b"],
      },
    ));

  it("counts and ends subscriptions", () =>
    bothSee(
      async (connectTo) => {
        const nc = await connectTo();
        const view = (sub: Subscription) => ({
          subject: sub.getSubject(),
          received: sub.getReceived(),
          processed: sub.getProcessed(),
          isClosed: sub.isClosed(),
          isDraining: sub.isDraining(),
        });
        const limit = nc.subscribe("s", { max: 2 });
        const later = nc.subscribe("s", { callback: () => {} });
        later.unsubscribe(3);
        const plain = nc.subscribe("s");
        const limits = [limit, later, plain].map((sub) => sub.getMax());
        for (let i = 0; i < 4; i++) nc.publish("s", `${i}`);
        await nc.flush();
        const read = (await all(limit)).map((msg) => msg.string());
        const partly = (await all(plain, 2)).map((msg) => msg.string());
        const drained = nc.subscribe("d");
        nc.publish("d", "x");
        await drained.drain();
        const rest = (await all(drained)).length;
        return {
          limits,
          read,
          partly,
          rest,
          views: [view(limit), view(later), view(plain), view(drained)],
          ends: [await limit.closed, await later.closed, await plain.closed, await drained.closed],
          "iterated with a callback": await outcome(() => all(nc.subscribe("s", { callback: () => {} }))),
          "iterated twice": await outcome(async () => {
            const sub = nc.subscribe("twice");
            void sub[Symbol.asyncIterator]().next();
            await sub[Symbol.asyncIterator]().next();
          }),
          "drained when closed": await outcome(() => limit.drain()),
          "nothing in time": await outcome(() => all(nc.subscribe("never", { timeout: 20 }))),
          "nothing in time, callback": await new Promise((resolve) => {
            nc.subscribe("never", { timeout: 20, callback: (err) => resolve(kinds(err)) });
          }),
          disposed: await (async () => {
            await using sub = nc.subscribe("s");
            return sub.isClosed();
          })(),
        };
      },
      {
        limits: [2, 3, undefined],
        read: ["0", "1"],
        partly: ["0", "1"],
        rest: 1,
        views: [
          { subject: "s", received: 2, processed: 2, isClosed: true, isDraining: false },
          { subject: "s", received: 3, processed: 3, isClosed: true, isDraining: false },
          { subject: "s", received: 4, processed: 2, isClosed: true, isDraining: false },
          { subject: "d", received: 1, processed: 1, isClosed: true, isDraining: true },
        ],
        ends: [undefined, undefined, undefined, undefined],
        "iterated with a callback": "InvalidOperationError",
        "iterated twice": "InvalidOperationError",
        "drained when closed": "InvalidOperationError",
        "nothing in time": "TimeoutError",
        "nothing in time, callback": ["TimeoutError"],
        disposed: false,
      },
    ));

  it("takes what a handler answers while the connection ends, and after it: nothing is thrown, and ours is honest", async () => {
    const seen = await both(async (connectTo) => {
      const nc = await connectTo();
      const asked = nc.subscribe("s");
      nc.publish("s", "", { reply: "r" });
      const [msg] = (await all(asked, 1)) as [Msg];
      const draining = nc.drain();
      const first = msg.respond("early");
      while (!nc.isClosed()) {
        expect(await outcome(() => msg.respond("late"))).toBe("ok");
        await new Promise(setImmediate);
      }
      await draining;
      const byConnection = await outcome(() => nc.respondMessage(msg));
      return {
        results: [first, msg.respond("late")],
        byConnection: byConnection === "ok" ? nc.respondMessage(msg) : byConnection,
        publish: await outcome(() => nc.publish("r", "late")),
      };
    });
    const publish = "ClosedConnectionError";
    expect(seen).toEqual({
      official: { results: [true, true], byConnection: "ClosedConnectionError", publish },
      ours: { results: [true, false], byConnection: false, publish },
    });
  });

  it("moves a subscription to another subject, as ordered consumers do", () =>
    bothSee(
      async (connectTo) => {
        const nc = await connectTo();
        const inner = nc as NatsConnection & { _resub(sub: Subscription, subject: string): void };
        const seen: string[] = [];
        const sub = nc.subscribe("one", { callback: (_err, msg) => void seen.push(msg.string()) });
        let ended = false;
        void sub.closed.then(() => {
          ended = true;
        });
        nc.publish("one", "before");
        await nc.flush();
        inner._resub(sub, "two");
        nc.publish("one", "left");
        nc.publish("two", "after");
        await nc.flush();
        const open = {
          subject: sub.getSubject(),
          received: sub.getReceived(),
          closed: sub.isClosed(),
          ended,
        };
        sub.unsubscribe();
        await sub.closed;
        return { seen, open, closed: sub.isClosed() };
      },
      {
        seen: ["before", "after"],
        open: { subject: "two", received: 2, closed: false, ended: false },
        closed: true,
      },
    ));

  it("reports a slow consumer each time that more wait than it said, once", () =>
    bothSee(
      async (connectTo) => {
        const nc = await connectTo();
        const status = all(nc.status());
        const sub = nc.subscribe("s", { slow: 2 });
        const reader = sub[Symbol.asyncIterator]();
        const send = async (count: number) => {
          for (let i = 0; i < count; i++) nc.publish("s");
          await nc.flush();
        };
        await send(10);
        for (let i = 0; i < 10; i++) await reader.next();
        await send(1);
        await reader.next();
        await send(10);
        await nc.close();
        return (await status).flatMap((one) => (one.type === "slowConsumer" ? [one.sub === sub] : []));
      },
      [true, true],
    ));

  it.each([0, 1, 2, 3])(
    "counts what waits as the other does, and is slow at the same message (slow: %i)",
    async (slow) => {
      const seen = await both(async (connectTo) => {
        const nc = await connectTo();
        const status = all(nc.status());
        const sub = nc.subscribe("s", { slow });
        const counts: number[][] = [];
        const count = () => counts.push([sub.getReceived(), sub.getProcessed(), sub.getPending()]);
        const send = async (number: number) => {
          for (let i = 0; i < number; i++) nc.publish("s");
          await nc.flush();
          count();
        };
        // Nobody reads.
        await send(2);
        const reader = sub[Symbol.asyncIterator]();
        // The reader has a message in hand, then the last.
        for (let i = 0; i < 2; i++) {
          await reader.next();
          count();
        }
        await send(1);
        await reader.next();
        // The reader waits, and several come at once.
        const waiting = reader.next();
        await send(4);
        await waiting;
        count();
        for (let i = 0; i < 3; i++) await reader.next();
        await send(1);
        await reader.next();
        // As a loop: with a message in hand, and waiting for the next.
        const read: number[][] = [];
        const reading = (async () => {
          for await (const _ of { [Symbol.asyncIterator]: () => reader }) {
            read.push([sub.getReceived(), sub.getProcessed(), sub.getPending()]);
            if (read.length === 6) break;
          }
        })();
        for (let i = 0; i < 6; i++) nc.publish("s");
        await reading;
        count();
        await nc.close();
        const told = (await status).flatMap((one) => (one.type === "slowConsumer" ? [one.pending] : []));
        return { counts, read, told };
      });
      expect(seen.ours).toEqual(seen.official);
      expect(seen.official.told.length).toBeGreaterThan(0);
    },
  );

  it("names the caller in the stack of a request's error, unless the option noAsyncTraces is given", async () => {
    for (const noAsyncTraces of [false, true]) {
      const seen = await both(async (connectTo) => {
        const nc = await connectTo({ noAsyncTraces });
        nc.subscribe("mute", { callback: () => {} });
        const stackOf = async (request: () => Promise<unknown>) => {
          const error = (await request().catch((error: unknown) => error)) as Error;
          return [
            (error.stack ?? "").includes("askedFromHere"),
            (error.stack ?? "").startsWith(`${error.name}: `),
          ];
        };
        const askedFromHere = (subject: string, noMux: boolean) =>
          nc.request(subject, "", { timeout: 50, noMux });
        const stacks: unknown[] = [];
        for (const noMux of [false, true])
          for (const subject of ["mute", "nobody"])
            stacks.push(await stackOf(() => askedFromHere(subject, noMux)));
        return stacks;
      });
      const named = [!noAsyncTraces, true];
      expect(seen).toEqual({ ours: [named, named, named, named], official: [named, named, named, named] });
    }
  });

  it("tells who listens that it is closed", () =>
    bothSee(
      async (connectTo) => {
        const nc = await connectTo();
        type Listener = { connectionClosedCallback(error: unknown): void };
        const inner = nc as NatsConnection & {
          addCloseListener(listener: Listener): void;
          removeCloseListener(listener: Listener): void;
        };
        const told: string[] = [];
        const listener = (name: string) => ({
          connectionClosedCallback: (error: unknown) => void told.push(`${name}: ${error}`),
        });
        const gone = listener("removed");
        inner.addCloseListener(listener("first"));
        inner.addCloseListener(gone);
        inner.addCloseListener(listener("second"));
        inner.removeCloseListener(gone);
        const status = all(nc.status());
        await nc.close();
        return {
          told,
          closed: await nc.closed(),
          status: (await status).map(({ type }) => type),
          info: nc.info,
        };
      },
      {
        told: ["first: undefined", "second: undefined"],
        closed: undefined,
        status: ["close"],
        info: undefined,
      },
    ));

  it("knows what the server can do, and what it was connected with", async () => {
    const seen = await both(async (connectTo) => {
      const nc = await connectTo({ inboxPrefix: "mine", noAsyncTraces: true });
      const inner = nc as unknown as {
        readonly features: { get(name: string): unknown; require(version: string): boolean };
        readonly options: { readonly inboxPrefix: string; readonly noAsyncTraces: boolean };
        getServerVersion(): unknown;
      };
      const { inboxPrefix, noAsyncTraces } = inner.options;
      const names = ["js_kv", "js_new_consumer_create", "js_priority_groups", "js_batch_direct_get"];
      return {
        options: { inboxPrefix, noAsyncTraces },
        version: inner.getServerVersion(),
        features: names.map((name) => inner.features.get(name)),
        isOld: inner.features.require("2.9.0"),
        info: Object.keys(nc.info ?? {}).sort(),
        stats: nc.stats(),
        server: nc.getServer() === nc.getServers()[0]?.listen,
        fields: Object.keys(nc.getServers()[0] ?? {}).sort(),
        rtt: Number.isInteger(await nc.rtt()),
      };
    });
    expect(seen.ours).toEqual(seen.official);
    expect(seen.ours.options).toEqual({ inboxPrefix: "mine", noAsyncTraces: true });
    expect(seen.ours).toMatchObject({
      isOld: true,
      server: true,
      rtt: true,
      stats: { inBytes: 0, inMsgs: 0, outBytes: 0, outMsgs: 0 },
      info: expect.arrayContaining(["server_id", "max_payload", "client_id"]),
      fields: expect.arrayContaining(["hostname", "listen", "port"]),
    });
    expect(String(seen.ours.version)).not.toBe("undefined");
  });

  it("keeps requests within a prefix for inboxes", () =>
    bothSee(async (connectTo) => {
      const nc = await connectTo({ ...limited, inboxPrefix: "mine" });
      const other = await connectTo();
      other.subscribe("ok.ask", {
        callback: (_err, msg) => void msg.respond(msg.reply?.split(".")[0] ?? ""),
      });
      await other.flush();
      return (await nc.request("ok.ask", "", { timeout: 5_000 })).string();
    }, "mine"));

  it("stays through a restart of the server: subscriptions, statuses, requests after it", async () => {
    for (const client of [ours, official]) {
      const server = await startServer({ path });
      const nc = await client.connect({ servers: server.url });
      const seen: Status["type"][] = [];
      const until = (type: Status["type"]) =>
        new Promise<void>((resolve) => {
          void (async () => {
            for await (const status of nc.status()) if (status.type === type) return resolve();
          })();
        });
      const reading = (async () => {
        for await (const { type } of nc.status()) if (!varying.has(type)) seen.push(type);
      })();
      nc.subscribe("echo", { callback: (_err, msg) => void msg.respond(msg.data) });
      await nc.flush();
      const flushed = until("disconnect").then(() => outcome(() => nc.rtt()));
      await server.kill();
      expect(await flushed).toBe(`RequestError${client === ours ? " of ConnectionError" : ""}`);
      const back = until("reconnect");
      await server.start();
      await back;
      expect((await nc.request("echo", "again")).string()).toBe("again");
      const forced = until("forceReconnect");
      const again = until("reconnect");
      await nc.reconnect();
      await Promise.all([forced, again]);
      await nc.close();
      await reading;
      expect(seen).toEqual(["disconnect", "reconnect", "forceReconnect", "disconnect", "reconnect", "close"]);
      await server.kill();
    }
  });

  it.each(["ours", "the adapter"] as const)("waits for who reads when %s is drained", async (which) => {
    const server = await startServer({ path });
    const own = await connect({ servers: server.url });
    const nc = asNatsCore(own);
    const sub = nc.subscribe("s");
    for (let i = 0; i < 5; i++) nc.publish("s", `${i}`, { reply: "done" });
    const done: string[] = [];
    own.subscribe("done", { callback: (_err, msg) => void done.push(msg.string()) });
    await nc.flush();
    const reading = (async () => {
      for await (const msg of sub) {
        await new Promise(setImmediate);
        msg.respond(msg.data);
      }
    })();
    await (which === "ours" ? own.drain() : nc.drain());
    await reading;
    expect([sub.getProcessed(), sub.isDraining(), own.isClosed(), nc.isClosed()]).toEqual([
      5,
      true,
      true,
      true,
    ]);
    // Answers went out; that they come back is not waited for.
    expect(own.stats().outMsgs).toBe(10);
    await server.kill();
  });

  it("is one adapter for a connection, beside which the connection goes on", async () => {
    const server = await startServer({ path });
    const own = await connect({ servers: server.url });
    const nc = asNatsCore(own);
    expect(asNatsCore(own)).toBe(nc);
    own.subscribe("echo", { callback: (_err, msg) => void msg.respond(msg.data) });
    expect((await nc.request("echo", "core asks")).string()).toBe("core asks");
    nc.subscribe("core", { callback: (_err, msg) => void msg.respond(msg.data) });
    expect((await own.request("core", "ours asks")).string()).toBe("ours asks");
    await nc.close();
    expect([own.isClosed(), await own.closed()]).toEqual([true, undefined]);
    await server.kill();
  });

  it("keeps what is published in an outage, and the last INFO; says when there is no room", async () => {
    const server = await startServer({ path });
    const own = await connect({ servers: server.url, reconnectTimeWait: 20, reconnectBufferSize: 64 });
    const nc = asNatsCore(own);
    const sub = nc.subscribe("s");
    const { version, max_payload } = nc.info ?? {};
    await nc.flush();
    const lost = (async () => {
      for await (const { type } of nc.status()) if (type === "disconnect") return;
    })();
    await server.kill();
    await lost;
    nc.publish("s", "kept");
    expect(own.info).toBeUndefined();
    expect(nc.info).toMatchObject({ version, max_payload });
    expect(await outcome(() => nc.publish("s", new Uint8Array(64)))).toBe("ConnectionError");
    expect(await outcome(() => nc.request("s", new Uint8Array(64)))).toBe("ConnectionError");
    await server.start();
    expect((await all(sub, 1)).map((msg) => msg.string())).toEqual(["kept"]);
    await nc.close();
    await server.kill();
  });

  it("ends with the error that ended the connection", async () => {
    for (const client of clients) {
      const server = await startServer({ path });
      const nc = await client.connect({ servers: server.url, reconnect: false });
      const told = new Promise((resolve) => {
        (nc as unknown as { addCloseListener(listener: object): void }).addCloseListener({
          connectionClosedCallback: resolve,
        });
      });
      await server.kill();
      const error = await nc.closed();
      expect([client.is, kinds(error)]).toEqual([client.is, client === ours ? ["ConnectionError"] : []]);
      expect(await told).toEqual(error);
    }
  });
});

/** A message that is no instance of anything, as a program may make one. */
function shape(msg: Msg): Msg {
  const { subject, sid, data } = msg;
  const plain = {
    subject,
    sid,
    data,
    respond: () => false,
    json: <T>() => null as T,
    string: () => msg.string(),
  };
  const more: { reply?: string; headers?: typeof msg.headers } = {};
  if (msg.reply !== undefined) more.reply = msg.reply;
  if (msg.headers !== undefined) more.headers = msg.headers;
  return { ...plain, ...more } as Msg;
}
