// The adapter in a simulated world: a service of @nats-io/services through an hour without a server, in virtual time. And
// what answers are worth that can go nowhere, and what a connection looks like that is closed already.

import { type NatsConnection as CoreConnection, errors, type Status } from "@nats-io/nats-core";
import { describe, expect, expectTypeOf, it } from "vitest";
import { SLOW_BYTES } from "../../src/api/slow-reader.js";
import { ErrorCode, type NatsError } from "../../src/index.js";
import type { CoreConnectionImpl } from "../../src/nats-core/connection.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import type { CoreMsgImpl } from "../../src/nats-core/msg.js";
import type { CoreSubscriptionImpl } from "../../src/nats-core/subscription.js";
import { Simulation } from "../../src/testing/index.js";
import { servicesOn } from "./clients.js";

const HOUR = 3_600_000;

describe("asNatsCore", () => {
  it("gives what nats-core calls a connection", () => {
    expectTypeOf(asNatsCore).returns.toEqualTypeOf<CoreConnection>();
  });

  it("tells packages the prefix of inboxes, and whether errors say where they come from", async () => {
    const world = new Simulation();
    const servers = world.cluster().urls;
    const given = await world.connect({ servers, inboxPrefix: "mine", noAsyncTraces: true });
    const plain = await world.connect({ servers });
    const options = [given, plain].map((nc) => (asNatsCore(nc) as CoreConnectionImpl).options);
    expect(options).toEqual([
      { inboxPrefix: "mine", noAsyncTraces: true },
      { inboxPrefix: undefined, noAsyncTraces: false },
    ]);
  });

  it("carries a service through an hour without a server, in a simulated world", async () => {
    const world = new Simulation();
    const cluster = world.cluster(1);
    const options = { servers: cluster.urls, maxReconnectAttempts: -1 };
    const core = asNatsCore(await world.connect(options));
    const customer = asNatsCore(await world.connect(options));
    const seen: Status["type"][] = [];
    void (async () => {
      for await (const { type } of core.status())
        if (type !== "reconnecting" && type !== "error") seen.push(type);
    })();
    const service = await servicesOn(core).add({ name: "echo", version: "1.0.0" });
    service.addEndpoint("echo", { handler: (_error, msg) => void msg.respond(msg.data) });
    await world.advance(1_000);
    const ask = async (text: string) =>
      (await world.until(customer.request("echo", text, { timeout: 5_000 }))).string();
    expect(await ask("before")).toBe("before");
    await world.until(Promise.all([core.flush(), customer.flush()]));

    cluster.node(0).crash();
    await world.advance(HOUR);
    customer.publish("echo", "kept", { reply: "nobody" });
    cluster.node(0).start();
    await world.advance(60_000);

    expect(await ask("after")).toBe("after");
    expect(seen).toEqual(["disconnect", "reconnect"]);
    expect(service.isStopped).toBe(false);
    expect((await service.stats()).endpoints?.[0]?.num_requests).toBe(3);
    await world.until(Promise.all([core.drain(), customer.close()]));
    expect(service.isStopped).toBe(true);
    expect(seen).toEqual(["disconnect", "reconnect", "close"]);
  });

  it("reports a slow consumer where 64 MiB wait, without the option slow, too", async () => {
    const world = new Simulation();
    const core = asNatsCore(await world.connect({ servers: world.cluster(1).urls }));
    const slow: number[] = [];
    void (async () => {
      for await (const status of core.status()) if (status.type === "slowConsumer") slow.push(status.pending);
    })();
    const sub = core.subscribe("s") as CoreSubscriptionImpl;
    const large = { queuedBytes: SLOW_BYTES / 4 } as CoreMsgImpl;
    for (let n = 0; n < 10; n++) sub.callback(null, large);
    await world.advance(1_000);
    expect([slow, sub.getPending()]).toEqual([[5], 10]);
  });

  it("keeps what is published in an outage, but no pull of a consumer: that is of its connection", async () => {
    const world = new Simulation();
    const cluster = world.cluster(1);
    const options = { servers: cluster.urls, maxReconnectAttempts: -1 };
    const core = asNatsCore(await world.connect(options));
    const listener = await world.connect(options);
    const seen: string[] = [];
    listener.subscribe(">", { callback: (_error, msg) => void seen.push(msg.subject) });
    await world.advance(1_000);
    const pulls = ["$JS.API", "$JS.hub.API", "imported"].map((api) => `${api}.CONSUMER.MSG.NEXT.S.worker`);
    for (const pull of pulls) core.publish(pull, "{}", { reply: "_INBOX.x" });
    await world.advance(1_000);
    expect(seen).toEqual(pulls);

    cluster.node(0).crash();
    await world.advance(1_000);
    for (const subject of [...pulls, "orders", "$JS.API.CONSUMER.INFO.S.worker"]) core.publish(subject);
    cluster.node(0).start();
    await world.advance(60_000);
    expect(seen.slice(pulls.length)).toEqual(["orders", "$JS.API.CONSUMER.INFO.S.worker"]);
    await world.until(Promise.all([core.close(), listener.close()]));
    expect(() => core.publish(pulls[0] as string)).toThrow(errors.ClosedConnectionError);
  });

  it("says of an answer whether it was accepted; what an outage leaves no room for is a status, too", async () => {
    const world = new Simulation();
    const cluster = world.cluster(1);
    const options = { servers: cluster.urls, maxReconnectAttempts: -1 };
    const core = asNatsCore(await world.connect({ ...options, reconnectBufferSize: 0 }));
    const customer = await world.connect(options);
    const told: unknown[] = [];
    void (async () => {
      for await (const status of core.status())
        if (status.type === "error") told.push((status.error.cause as NatsError).code);
    })();
    const held: (() => boolean)[] = [];
    const service = await servicesOn(core).add({ name: "slow", version: "1.0.0" });
    service.addEndpoint("service", (_error, msg) => void held.push(() => msg.respond("late")));
    core.subscribe("core", {
      callback: (_error, msg) =>
        void held.push(
          () => msg.respond("late"),
          () => core.respondMessage(msg),
        ),
    });
    await world.advance(1_000);
    for (const subject of ["service", "core"]) customer.publish(subject, "", { reply: "answers" });
    await world.advance(1_000);
    const answer = () => held.map((respond) => respond());
    expect(answer()).toEqual([true, true, true]);
    await world.until(core.flush());

    cluster.node(0).crash();
    await world.advance(10);
    expect(answer()).toEqual([false, false, false]);
    await world.advance(10);
    const noRoom = told.filter((code) => code === ErrorCode.ReconnectBufferExceeded);
    expect(noRoom).toHaveLength(2);

    cluster.node(0).start();
    await world.advance(60_000);
    expect(answer()).toEqual([true, true, true]);
    await world.until(core.drain());
    expect(answer()).toEqual([false, false, false]);
    await world.until(customer.close());
  });

  it("sends no pull once more that a lost connection had: the consumer makes a new one", async () => {
    const world = new Simulation({ latency: [5, 5] });
    const cluster = world.cluster(1);
    const options = { servers: cluster.urls, maxReconnectAttempts: -1 };
    const own = await world.connect({ ...options, unconfirmed: "resend" });
    const core = asNatsCore(own);
    const listener = await world.connect(options);
    const seen: string[] = [];
    listener.subscribe(">", { callback: (_error, msg) => void seen.push(msg.subject) });
    await world.until(listener.flush());
    const [socket] = world.sockets(own);
    socket?.vanish("toServer");
    core.publish("$JS.API.CONSUMER.MSG.NEXT.S.worker", "{}", { reply: "_INBOX.x" });
    core.publish("orders");
    await world.advance(20);
    expect(own.outboundStats().unconfirmed.messages).toBe(2);
    socket?.reset();
    await world.advance(60_000);
    expect(seen).toEqual(["orders"]);
    await world.until(Promise.all([core.close(), listener.close()]));
  });

  it("says of what was under way that the connection ended it, and of what came later that it is closed", async () => {
    const world = new Simulation();
    const cluster = world.cluster(1);
    const own = await world.connect({ servers: cluster.urls, maxReconnectAttempts: -1 });
    const core = asNatsCore(own);
    core.subscribe("silent", { callback: () => {} });
    await world.advance(1_000);
    cluster.node(0).crash();
    await world.advance(1_000);
    void core.closed();
    const asked = [core.request("silent", "", { timeout: 60_000 }), core.flush()];
    const ended = Promise.allSettled(asked);
    await world.until(own.close());
    const why = ({ reason }: { readonly reason?: Error }) => [
      reason?.constructor,
      reason?.cause?.constructor,
    ];
    expect((await ended).map((one) => why(one as { readonly reason?: Error }))).toEqual(
      asked.map(() => [errors.RequestError, errors.ClosedConnectionError]),
    );
    for (const late of [core.request("silent"), core.flush()])
      await expect(late).rejects.toBeInstanceOf(errors.ClosedConnectionError);
  });

  it("takes a connection that is closed, and says so", async () => {
    const world = new Simulation();
    const own = await world.connect({ servers: world.cluster(1).urls });
    await world.until(own.close());
    const core = asNatsCore(own) as CoreConnection & {
      getServerVersion(): unknown;
      readonly features: { supports(feature: string): boolean };
      addCloseListener(listener: { connectionClosedCallback(error: unknown): void }): void;
    };
    expect([core.isClosed(), core.info, core.getServerVersion()]).toEqual([true, undefined, undefined]);
    expect(core.features.supports("js_kv")).toBe(false);
    const told = new Promise((resolve) => core.addCloseListener({ connectionClosedCallback: resolve }));
    expect(await told).toBeUndefined();
    for await (const status of core.status()) expect.unreachable(`a status after the end: ${status.type}`);
  });
});
