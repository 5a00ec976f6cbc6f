// What is passed as a signal and is none: an error that names the option, before anything is begun. Null is left out.

import { expect, it } from "vitest";
import { ErrorCode, type NatsError } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

const wrong = [{}, "abort", 5, true, { addEventListener: () => {} }];

it("a signal that is none is refused, and leaves nothing behind that a drain would wait for", async () => {
  const world = new Simulation({ seed: 1 });
  const nc = await world.connect({ servers: world.cluster().urls });
  const refusal = (work: () => unknown) =>
    Promise.resolve()
      .then(work)
      .then(
        () => undefined,
        ({ code, message }: NatsError) => [code, message.includes('"signal"')],
      );
  for (const signal of wrong as never[]) {
    for (const work of [
      () => nc.request("a", "", { signal }),
      () => nc.request("a", "", { signal, noMux: true }),
      () => nc.requestMany("a", "", { signal }),
      () => nc.requestMany("a", "", { signal, noMux: true }),
      () => nc.subscribe("a", { signal }),
    ]) {
      expect(await world.until(refusal(work))).toEqual([ErrorCode.InvalidOption, true]);
    }
  }
  const stats = nc.stats();
  const begun = world.time.elapsed();
  await world.until(nc.drain());
  expect([stats.outMsgs, world.time.elapsed() - begun < 1_000]).toEqual([0, true]);
});

it("options of our own that are null are left out", async () => {
  const world = new Simulation({ seed: 1 });
  const nc = await world.connect({ servers: world.cluster().urls });
  const sub = nc.subscribe("a", { signal: null, maxPending: null } as never);
  nc.publish("a", "x");
  await world.until(nc.flush());
  expect([sub.getPending(), sub.getDropped()]).toEqual([1, 0]);
});
