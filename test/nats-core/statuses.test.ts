// Every status of ours as nats-core's, and who is told: all iterators, the last time of the end.

import type { Status as CoreStatus, Subscription as CoreSubscription } from "@nats-io/nats-core";
import { describe, expect, it } from "vitest";
import { LIMIT, LIMIT_BYTES } from "../../src/api/broadcast.js";
import { QueuedIterator } from "../../src/api/queued-iterator.js";
import type { Subscription } from "../../src/api/subscription.js";
import { DebugEvents, ErrorCode, Events, NatsError, type Status } from "../../src/index.js";
import { CoreStatuses, coreStatus } from "../../src/nats-core/statuses.js";

const server = "n1:4222";
const changed = { added: ["n2:4222"], deleted: ["n3:4222"] };
const refused = new NatsError("refused", ErrorCode.ConnectionRefused);

const nothing = { messages: 0, bytes: 0 };

const table: readonly (readonly [Status, object])[] = [
  [
    { type: Events.Disconnect, data: server, server },
    { type: "disconnect", server },
  ],
  [
    { type: Events.Reconnect, data: server, server },
    { type: "reconnect", server },
  ],
  [
    { type: Events.SlowConsumer, data: 9, server, pending: 9, sub: {} as Subscription },
    { type: "slowConsumer", pending: 9, sub: {} as never },
  ],
  [
    { type: Events.LDM, data: server, server },
    { type: "ldm", server },
  ],
  [
    { type: Events.Update, data: changed, server, ...changed },
    { type: "update", ...changed },
  ],
  [{ type: Events.Close, data: server, server, unsent: nothing, unconfirmed: nothing }, { type: "close" }],
  [{ type: DebugEvents.Reconnecting, data: server, server }, { type: "reconnecting" }],
  [
    { type: DebugEvents.PingTimer, data: "2", server, pendingPings: 2 },
    { type: "ping", pendingPings: 2 },
  ],
  [{ type: DebugEvents.StaleConnection, data: "", server }, { type: "staleConnection" }],
  [{ type: DebugEvents.ClientInitiatedReconnect, data: "", server }, { type: "forceReconnect" }],
  [
    { type: Events.Error, data: refused.code, server, error: refused },
    { type: "error", error: expect.objectContaining({ name: "ConnectionError", cause: refused }) },
  ],
];

describe("a status of ours as nats-core's", () => {
  it.each(table)("%o", (own, core) => {
    expect(coreStatus(own)).toEqual(core);
  });

  it("is complete where ours, of another version, lacks something", () => {
    const bare = (type: Status["type"]) => coreStatus({ type, data: "said", server });
    expect(bare(Events.Update)).toEqual({ type: "update", added: [], deleted: [] });
    expect(bare(Events.SlowConsumer)).toMatchObject({ type: "slowConsumer", pending: 0 });
    expect(bare(DebugEvents.PingTimer)).toEqual({ type: "ping", pendingPings: 0 });
    expect(bare(Events.Error)).toEqual({ type: "error", error: new Error("said") });
  });

  it("leaves out none of ours", () => {
    const all = [...Object.values(Events), ...Object.values(DebugEvents)].sort();
    expect(table.map(([{ type }]) => type).sort()).toEqual(all);
  });
});

describe("the iterators over statuses", () => {
  /** Statuses of a connection that has only them. */
  function statuses() {
    const source = new QueuedIterator<Status>();
    const seen: string[] = [];
    const core = new CoreStatuses(source, ({ type }) => void seen.push(type));
    return { source, seen, core };
  }

  const read = async (from: AsyncIterable<{ type: string }>) => {
    const types: string[] = [];
    for await (const { type } of from) types.push(type);
    return types;
  };

  it("each give everything from their start to the close", async () => {
    const { source, seen, core } = statuses();
    const early = core.iterate();
    source.push({ type: Events.Disconnect, data: server, server });
    await new Promise(setImmediate);
    const late = core.iterate();
    source.push({ type: Events.Reconnect, data: server, server });
    source.push({ type: Events.Close, data: server, server });
    source.stop();
    expect(await Promise.all([read(early), read(late)])).toEqual([
      ["disconnect", "reconnect", "close"],
      ["reconnect", "close"],
    ]);
    expect(seen).toEqual(["disconnect", "reconnect", "close"]);
  });

  it("end at stop(), which the packages call, and are told nothing more", async () => {
    const { source, core } = statuses();
    const stopped = core.iterate();
    const reading = read(stopped);
    stopped.stop();
    source.push({ type: Events.Disconnect, data: server, server });
    source.stop();
    expect(await reading).toEqual([]);
  });

  it("are empty after the close", async () => {
    const { source, core } = statuses();
    source.stop();
    await new Promise(setImmediate);
    expect(await read(core.iterate())).toEqual([]);
  });

  /** What is left of those statuses for a reader who comes late: how many, and how many went before the first. */
  function left(told: readonly CoreStatus[]) {
    const { source, core } = statuses();
    const late = core.iterate();
    for (const status of told) core.report(status);
    source.stop();
    return (async () => {
      const kept: (CoreStatus & { dropped?: number })[] = [];
      for await (const status of late) kept.push(status);
      return [kept.length, kept[0]?.dropped];
    })();
  }

  it("keep as many as there is room for, and then the newest: the first says how many went before it", async () => {
    const many: CoreStatus[] = Array.from({ length: LIMIT + 3 }, () => ({ type: "reconnecting" }));
    expect(await left(many)).toEqual([LIMIT, 3]);
    const error = new Error("x".repeat(LIMIT_BYTES / 4));
    expect(await left(Array.from({ length: 5 }, () => ({ type: "error", error })))).toEqual([1, 4]);
    const added = ["x".repeat(LIMIT_BYTES / 3)];
    expect(await left(Array.from({ length: 5 }, () => ({ type: "update", added })))).toEqual([2, 3]);
  });

  it("do not count what the subscription of a slow consumer holds, which is the user's", async () => {
    const sub = { held: "x".repeat(LIMIT_BYTES) } as unknown as CoreSubscription;
    expect(await left(Array.from({ length: 5 }, () => ({ type: "slowConsumer", sub, pending: 1 })))).toEqual([
      5,
      undefined,
    ]);
  });
});
