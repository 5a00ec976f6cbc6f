// What a connection says that drains, or is closed, to whoever calls it: an error, at once, and nothing is begun. Messages:
// refused-publish.test.ts.

import { describe, expect, it } from "vitest";
import { ErrorCode, type NatsConnection, type NatsError } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

/** A connection that has made requests before, and what a customer gets of it. */
async function connected() {
  const world = new Simulation({ seed: 1 });
  const servers = world.cluster().urls;
  const [nc, customer] = [await world.connect({ servers }), await world.connect({ servers })];
  const asked: string[] = [];
  customer.subscribe("ask", {
    callback: (_error, msg) => {
      asked.push(msg.string());
      msg.respond();
    },
  });
  await world.until(customer.flush());
  await world.until(nc.request("ask", "before"));
  /** The code of the error with which a call is refused; undefined where it is not. */
  const refusal = (call: () => unknown): Promise<string | undefined> =>
    world.until(
      Promise.resolve()
        .then(call)
        .then(
          () => undefined,
          ({ code }: NatsError) => code,
        ),
    );
  return { world, nc, asked, refusal };
}

type Call = (nc: NatsConnection) => unknown;
const requests: readonly (readonly [string, Call])[] = [
  ["request", (nc) => nc.request("ask", "late")],
  ["request, with an inbox of its own", (nc) => nc.request("ask", "late", { noMux: true })],
  ["request, whatever its options", (nc) => nc.request("ask", "late", { timeout: -1 })],
  ["requestMany", (nc) => nc.requestMany("ask", "late", { maxWait: 10 })],
  [
    "requestMany, with an inbox of its own",
    (nc) => nc.requestMany("ask", "late", { maxWait: 10, noMux: true }),
  ],
  ["requestMany, whatever its options", (nc) => nc.requestMany("ask", "late", { maxWait: -1 })],
];
const refusedInDrain: typeof requests = [
  ...requests,
  ["subscribe", (nc) => nc.subscribe("a")],
  ["subscribe, whatever its subject", (nc) => nc.subscribe("a b")],
  ["drain", (nc) => nc.drain()],
  ["reconnect", (nc) => nc.reconnect()],
];
const refusedWhenClosed: typeof requests = [
  ...refusedInDrain,
  ["flush", (nc) => nc.flush()],
  ["flush, whatever its options", (nc) => nc.flush({ timeout: -1 })],
  ["rtt", (nc) => nc.rtt()],
  ["ready", (nc) => nc.ready()],
  ["ready, whatever its limit", (nc) => nc.ready(-1)],
];

describe("a connection that drains refuses", () => {
  it.each(refusedInDrain)("%s", async (_what, call) => {
    const { world, nc, asked, refusal } = await connected();
    const drained = nc.drain();
    expect(await refusal(() => call(nc))).toBe(ErrorCode.ConnectionDraining);
    await world.until(drained);
    await world.advance(1_000);
    expect(asked).toEqual(["before"]);
  });
});

describe("a connection that is closed, or about to be, refuses", () => {
  it.each(refusedWhenClosed)("%s", async (_what, call) => {
    const { world, nc, asked, refusal } = await connected();
    const closed = nc.close();
    const atOnce = refusal(() => call(nc));
    await world.until(closed);
    expect([await atOnce, await refusal(() => call(nc))]).toEqual([
      ErrorCode.ConnectionClosed,
      ErrorCode.ConnectionClosed,
    ]);
    await world.advance(1_000);
    expect(asked).toEqual(["before"]);
  });
});
