// A connection that accepts no more messages says so first, whatever is wrong with the message.

import { expect, it } from "vitest";
import { ErrorCode, headers, type NatsConnection, type NatsError } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

const messages: readonly (readonly [what: string, publish: (nc: NatsConnection) => void])[] = [
  ["a good message", (nc) => nc.publish("a", "x")],
  ["a payload that is none", (nc) => nc.publish("a", 5 as never)],
  ["a payload that is too large", (nc) => nc.publish("a", new Uint8Array(100_000_000))],
  ["a subject that is none", (nc) => nc.publish("a b")],
  ["headers that are none", (nc) => nc.publish("a", "", { headers: {} as never })],
  ["headers", (nc) => nc.publish("a", "", { headers: headers() })],
];

function codeOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as NatsError).code;
  }
}

async function connected() {
  const world = new Simulation({ seed: 1 });
  return { world, nc: await world.connect({ servers: world.cluster().urls }) };
}

it.each(messages)("a closed connection refuses %s with CONNECTION_CLOSED", async (_, publish) => {
  const { world, nc } = await connected();
  const closed = nc.close();
  const atOnce = codeOf(() => publish(nc));
  await world.until(closed);
  expect([atOnce, codeOf(() => publish(nc))]).toEqual([
    ErrorCode.ConnectionClosed,
    ErrorCode.ConnectionClosed,
  ]);
});

it.each(messages)(
  "in the last phase of a drain %s is refused with CONNECTION_DRAINING",
  async (_, publish) => {
    const { world, nc } = await connected();
    const drained = nc.drain();
    while (codeOf(() => nc.publish("probe")) === undefined) await world.advance(1);
    expect(codeOf(() => publish(nc))).toBe(ErrorCode.ConnectionDraining);
    await world.until(drained);
  },
);
