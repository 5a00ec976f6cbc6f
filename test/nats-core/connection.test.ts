// A connection as nats-core's, in a simulated world: what its methods return and how they fail, requests, and what it tells of
// the server and of its own end. The same with a real server, beside the official client:
// test/integration/nats-core-connection.test.ts.

import { headers, type Msg, type NatsConnection, type Status } from "@nats-io/nats-core";
import { Feature } from "@nats-io/nats-core/internal";
import { describe, expect, it } from "vitest";
import type { CoreConnectionImpl } from "../../src/nats-core/connection.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import type { CoreMsgImpl } from "../../src/nats-core/msg.js";
import { all, kinds, limited, outcome, scene } from "./scene.js";

/** The types of the statuses of a connection, as they come. */
function typesOf(core: NatsConnection): Status["type"][] {
  const types: Status["type"][] = [];
  void (async () => {
    for await (const { type } of core.status()) types.push(type);
  })();
  return types;
}

/** Subscribes what answers a request by three messages, the last without payload. */
async function answering(...given: Parameters<typeof scene>) {
  const { world, core, ...others } = await scene(...given);
  core.subscribe("three", {
    callback: (_error, msg) => {
      for (const text of ["a", "b", ""]) msg.respond(text);
    },
  });
  core.subscribe("echo", {
    callback: (_error, msg) =>
      void msg.respond(msg.data, msg.headers === undefined ? {} : { headers: msg.headers }),
  });
  core.subscribe("silent", { callback: () => {} });
  await world.until(core.flush());
  return { world, core, ...others };
}

describe("a request of nats-core", () => {
  it("has the answer, by whichever inbox", async () => {
    const { world, core } = await answering();
    const asked = headers();
    asked.set("Key", "1");
    const answer = async (...given: Parameters<NatsConnection["request"]>) => {
      const msg = await world.until(core.request(...given));
      return [msg.string(), msg.headers?.get("Key")];
    };
    expect(await answer("echo")).toEqual(["", undefined]);
    expect(await answer("echo", "1", { timeout: 5_000, headers: asked })).toEqual(["1", "1"]);
    expect(await answer("echo", "2", { timeout: 5_000, noMux: true })).toEqual(["2", undefined]);
    const own = await world.until(
      core.request("echo", "3", { timeout: 5_000, noMux: true, reply: "answer.here" }),
    );
    expect([own.subject, own.string()]).toEqual(["answer.here", "3"]);
  });

  it("keeps within the prefix for inboxes, which packages read; with what else they read of the options", async () => {
    const { world, core, connect } = await scene();
    const [, prefixed] = await connect({ inboxPrefix: "mine", noAsyncTraces: true, ...limited });
    core.subscribe("ok.ask", { callback: (_error, msg) => void msg.respond(msg.reply?.split(".")[0] ?? "") });
    await world.until(core.flush());
    expect((await world.until(prefixed.request("ok.ask"))).string()).toBe("mine");
    expect(prefixed.options).toEqual({ inboxPrefix: "mine", noAsyncTraces: true });
    const messages = prefixed.subscribe("ok.s", { max: 1 });
    prefixed.publish("ok.s");
    const [msg] = (await world.until(all(messages))) as unknown as [CoreMsgImpl];
    expect(msg.publisher.options.noAsyncTraces).toBe(true);
    expect(msg.publisher.muxSubscriptions.baseInbox).toMatch(/^mine\.\w+\.$/);
  });

  it("for many answers has those that its strategy waits for", async () => {
    const { world, core } = await answering();
    const texts = async (options?: Parameters<NatsConnection["requestMany"]>[2]) => {
      const answers = await core.requestMany("three", "", options);
      const started = world.now();
      const got = (await world.until(all(answers))).map((msg) => msg.string());
      return [got, world.now() - started >= 1_000];
    };
    const three = ["a", "b", ""];
    expect(await texts()).toEqual([three, true]);
    expect(await texts({ maxWait: 1_000 })).toEqual([three, true]);
    expect(await texts({ strategy: "count", maxMessages: 2, maxWait: 5_000 })).toEqual([["a", "b"], false]);
    expect(await texts({ strategy: "stall", stall: 300, maxWait: 5_000 })).toEqual([three, false]);
    expect(await texts({ strategy: "sentinel", maxWait: 5_000, noMux: true })).toEqual([three, false]);
  });

  it("fails with an error of nats-core that says why", async () => {
    const { world, core, connect } = await answering();
    const [, poor] = await connect(limited);
    const problem = (work: () => Promise<unknown>) => outcome(() => world.until(work()));
    const seen = {
      "nobody there": await problem(() => core.request("nobody")),
      "nobody there, own inbox": await problem(() =>
        core.request("nobody", "", { timeout: 5_000, noMux: true }),
      ),
      "nobody there, many": await problem(async () => all(await core.requestMany("nobody"))),
      "no answer": await problem(() => core.request("silent", "", { timeout: 20 })),
      "not permitted": await problem(() => poor.request("secret", "", { timeout: 5_000 })),
      "negative timeout": await problem(() => core.request("silent", "", { timeout: -1 })),
      "negative maxWait": await problem(() => core.requestMany("silent", "", { maxWait: -1 })),
      "reply without noMux": await problem(() => core.request("silent", "", { timeout: 9, reply: "r" })),
      "no subject": await problem(() => core.request("")),
      "no subject, many": await problem(async () => all(await core.requestMany(""))),
    };
    expect(seen).toEqual({
      "nobody there": "RequestError of NoRespondersError",
      "nobody there, own inbox": "RequestError of NoRespondersError",
      "nobody there, many": "NoRespondersError",
      "no answer": "TimeoutError",
      "not permitted": "RequestError of PermissionViolationError",
      "negative timeout": "InvalidArgumentError",
      "negative maxWait": "InvalidArgumentError",
      "reply without noMux": "InvalidArgumentError",
      "no subject": "InvalidSubjectError",
      "no subject, many": "InvalidSubjectError",
    });
    const failure = await world.until(core.request("nobody").catch((error: Error) => error));
    expect((failure as Error).cause).toMatchObject({ subject: "nobody" });
  });
});

describe("a connection as nats-core's", () => {
  it("fails at its end as nats-core does: draining, and closed", async () => {
    const { world, core } = await scene();
    const sub = core.subscribe("s");
    core.publish("s");
    await world.until(core.flush());
    await sub[Symbol.asyncIterator]().next();
    const draining = core.drain();
    expect([core.isDraining(), core.isClosed()]).toEqual([true, false]);
    const seen: Record<string, string> = {};
    const problem = async (name: string, work: () => unknown) => {
      seen[name] = await outcome(work);
    };
    await problem("drain twice", () => core.drain());
    await problem("subscribe while draining", () => core.subscribe("a"));
    await problem("request while draining", () => core.request("a"));
    await problem("reconnect while draining", () => core.reconnect());
    sub.unsubscribe();
    await world.until(draining);
    expect(core.isClosed()).toBe(true);
    await problem("publish", () => core.publish("a"));
    await problem("subscribe", () => core.subscribe("a"));
    await problem("request", () => core.request("a"));
    await problem("many", () => core.requestMany("a"));
    await problem("flush", () => core.flush());
    await problem("rtt", () => core.rtt());
    await problem("drain", () => core.drain());
    await problem("reconnect", () => core.reconnect());
    await problem("close", () => core.close());
    expect(seen).toEqual({
      "drain twice": "DrainingConnectionError",
      "subscribe while draining": "DrainingConnectionError",
      "request while draining": "DrainingConnectionError",
      "reconnect while draining": "DrainingConnectionError",
      publish: "ClosedConnectionError",
      subscribe: "ClosedConnectionError",
      request: "ClosedConnectionError",
      many: "ClosedConnectionError",
      flush: "ClosedConnectionError",
      rtt: "ClosedConnectionError",
      drain: "ClosedConnectionError",
      reconnect: "ClosedConnectionError",
      close: "ok",
    });
    expect(await core.closed()).toBeUndefined();
  });

  it("refuses what cannot be published", async () => {
    const { core } = await scene();
    const { max_payload } = core.info;
    expect([
      await outcome(() => core.publish("a b")),
      await outcome(() => core.publish("a", "", { reply: "a b" })),
      await outcome(() => core.publish("a", new Uint8Array(max_payload + 1))),
      await outcome(() => core.setServers([])),
    ]).toEqual([
      "InvalidSubjectError",
      "InvalidSubjectError",
      "InvalidArgumentError",
      "InvalidArgumentError",
    ]);
  });

  it("tells where it is, and what went over it", async () => {
    const { world, core, own, cluster } = await scene();
    core.subscribe("s", { callback: () => {} });
    core.publish("s", "four");
    await world.until(core.flush());
    expect(core.stats()).toEqual({ inMsgs: 1, inBytes: 4, outMsgs: 1, outBytes: 4 });
    expect(core.getServer()).toBe(cluster.node(0).address);
    expect(core.getServers()).toEqual(own.getServers());
    expect(core.getServers().map(({ listen }) => listen)).toEqual([cluster.node(0).address]);
    core.setServers([cluster.node(0).address, "10.9.9.9:4222"]);
    expect(own.getServers().map(({ listen }) => listen)).toEqual([cluster.node(0).address, "10.9.9.9:4222"]);
    expect(await world.until(core.rtt())).toBeGreaterThan(0);
    expect(core.info).toMatchObject({ server_id: expect.stringContaining("MODEL"), version: "2.10.0" });
  });

  it("moves to another connection when it is asked to, and tells it", async () => {
    const { world, core } = await scene();
    const seen = typesOf(core);
    const { client_id } = core.info;
    await world.until(core.reconnect());
    await world.advance(10_000);
    expect(core.info.client_id).not.toBe(client_id);
    await world.until(core.close());
    await world.advance(1_000);
    expect(seen.filter((type) => type !== "reconnecting")).toEqual([
      "forceReconnect",
      "disconnect",
      "reconnect",
      "close",
    ]);
  });

  it("says of a flush and of rtt that an outage ended them", async () => {
    const { world, core, cluster } = await scene();
    const ended = Promise.all([outcome(() => core.flush()), outcome(() => core.rtt())]);
    cluster.node(0).crash();
    expect(await world.until(ended)).toEqual([
      "RequestError of ConnectionError",
      "RequestError of ConnectionError",
    ]);
  });

  it.each(["close", "dispose"] as const)("ends by %s without an error", async (how) => {
    const { world, core, own } = await scene();
    await world.until(how === "close" ? core.close() : core[Symbol.asyncDispose]());
    expect([core.isClosed(), own.isClosed(), core.info, await core.closed()]).toEqual([
      true,
      true,
      undefined,
      undefined,
    ]);
  });

  it("ends with the error that ended it, which its listeners are told", async () => {
    const { world, core, cluster } = await scene({ reconnect: false });
    const told: unknown[] = [];
    core.addCloseListener({ connectionClosedCallback: (error) => void told.push(error) });
    cluster.node(0).crash();
    const error = await world.until(core.closed());
    await world.advance(1_000);
    expect(kinds(error)).toEqual(["ConnectionError"]);
    expect(told).toEqual([error]);
  });

  it("says of a drain what went wrong in it", async () => {
    const { world, core, cluster } = await scene({ drainTimeout: 1_000 });
    cluster.node(0).crash();
    await world.advance(100);
    core.publish("kept", "and never sent");
    expect(await outcome(() => world.until(core.drain()))).toBe("ConnectionError");
  });
});

describe("what a connection knows of its server", () => {
  it("is what the last one said, while there is none; also where nobody had asked before", async () => {
    const { world, core, own, cluster } = await scene({ noRandomize: true }, 2);
    const first = core.getServer();
    cluster.nodes.find(({ address }) => address === first)?.crash();
    await world.advance(10_000);
    const second = core.getServer();
    expect(second).not.toBe(first);
    cluster.nodes.find(({ address }) => address === second)?.crash();
    await world.advance(100);
    expect(own.info).toBeUndefined();
    expect(core.info.port).toBe(4222);
    expect(core.info.host).toBe(second.split(":")[0]);
  });

  it("is its version, and what servers of it can do", async () => {
    const { world, core } = await scene();
    expect(core.getServerVersion()).toEqual({ major: 2, minor: 10, micro: 0 });
    expect([Feature.JS_KV, Feature.JS_PRIORITY_GROUPS].map((name) => core.features.supports(name))).toEqual([
      true,
      false,
    ]);
    await world.until(core.close());
    expect(core.getServerVersion()).toBeUndefined();
  });

  it("is nothing where it was asked for in an outage, until the outage is over", async () => {
    const { world, cluster } = await scene();
    const own = await world.connect({ servers: cluster.urls, user: "anyone", pass: "secret" });
    cluster.node(0).crash();
    await world.advance(10);
    const core = asNatsCore(own) as CoreConnectionImpl;
    expect([core.info, core.getServerVersion(), core.features.supports(Feature.JS_KV)]).toEqual([
      undefined,
      undefined,
      false,
    ]);
    cluster.node(0).start();
    await world.advance(60_000);
    expect([core.info.version, core.features.supports(Feature.JS_KV)]).toEqual(["2.10.0", true]);
  });
});

describe("answers that nobody waits for", () => {
  it("are left where the loop over them is left", async () => {
    const { world, core } = await answering();
    const got = await world.until(all(await core.requestMany("three", "", { maxWait: 60_000 }), 1));
    expect((got as Msg[]).map((msg) => msg.string())).toEqual(["a"]);
    const started = world.now();
    await world.until(core.drain());
    expect(world.now() - started).toBeLessThan(60_000);
  });
});
