// The end of the scope of a connection (`await using`), and what `subscribe` adds to the errors of a subscription.

import { describe, expect, it } from "vitest";
import { ErrorCode, type NatsConnection, type NatsError } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

async function connected() {
  const world = new Simulation({ seed: 1 });
  const servers = world.cluster().urls;
  const [nc, customer] = [await world.connect({ servers }), await world.connect({ servers })];
  const received: string[] = [];
  customer.subscribe("a", { callback: (_error, msg) => void received.push(msg.string()) });
  await world.until(customer.flush());
  return { world, nc, received };
}

describe("the end of the scope of a connection", () => {
  it.each<readonly [string, (nc: NatsConnection) => unknown]>([
    ["drains it", () => undefined],
    ["waits for its drain", (nc) => nc.drain()],
    ["waits for its close", (nc) => nc.close()],
  ])("%s: it is closed, and what was published has arrived", async (_what, before) => {
    const { world, nc, received } = await connected();
    nc.publish("a", "last");
    const begun = before(nc);
    await world.until(Promise.resolve(nc[Symbol.asyncDispose]()));
    expect(world.elapsed).toBeLessThan(10_000);
    await begun;
    await nc[Symbol.asyncDispose]();
    await world.advance(1_000);
    expect([nc.isClosed(), await nc.closed(), received]).toEqual([true, undefined, ["last"]]);
  });
});

describe("subscribe", () => {
  it("is where the stack of a timeout leads, unless noAsyncTraces is true", async () => {
    for (const noAsyncTraces of [false, true]) {
      const world = new Simulation({ seed: 1 });
      const nc = await world.connect({ servers: world.cluster().urls, noAsyncTraces });
      const calledFromHere = () =>
        new Promise<NatsError | null>(
          (resolve) => void nc.subscribe("a", { timeout: 10, callback: resolve }),
        );
      const error = await world.until(calledFromHere());
      const tells = [/^Error: subscribed$/m, /calledFromHere/].map((words) => words.test(error?.stack ?? ""));
      expect([error?.code, ...tells]).toEqual([ErrorCode.Timeout, !noAsyncTraces, !noAsyncTraces]);
    }
  });

  it("refuses a subject that is too long for a line, and goes on", async () => {
    const { nc } = await connected();
    expect(() => nc.subscribe("x".repeat(5_000))).toThrow(
      expect.objectContaining({ name: "NatsError", code: ErrorCode.BadSubject }),
    );
    expect(nc.subscribe("x").getID()).toBe(1);
  });
});
