// What is passed as a signal and is none: an error that names the option, before anything is begun. Null is left out. One that is a
// signal is heard while what it would end goes on, and no longer.

import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { ErrorCode, type NatsError } from "../../src/index.js";
import { Simulation } from "../../src/testing/index.js";

const wrong = [{}, "abort", 5, true, { addEventListener: () => {} }, { removeEventListener: () => {} }];

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

it("a signal that is aborted already is an error that says what it would have ended", async () => {
  const world = new Simulation({ seed: 1 });
  const nc = await world.connect({ servers: world.cluster().urls });
  const signal = AbortSignal.abort("too late");
  const refusals = await world.until(
    Promise.allSettled([nc.request("a", "", { signal }), nc.requestMany("a", "", { signal })]),
  );
  const error = expect.objectContaining({
    code: ErrorCode.Cancelled,
    message: "the request was aborted by its signal",
    cause: "too late",
  });
  expect(refusals).toEqual(refusals.map(() => ({ status: "rejected", reason: error })));
  expect(nc.stats().outMsgs).toBe(0);
});

it("a signal of a program's whole life keeps nothing of what has ended", async () => {
  const { signal } = new AbortController();
  const world = new Simulation({ seed: 1 });
  const nc = await world.connect({ servers: world.cluster().urls, signal });
  const heard = () => getEventListeners(signal, "abort").length;
  expect(heard()).toBe(0);
  const sub = nc.subscribe("a", { signal, callback: (_error, msg) => void msg.respond() });
  const asked = [
    nc.request("a", "", { signal }),
    nc.request("a", "", { signal, noMux: true }),
    nc.request("nobody", "", { signal }),
    nc.requestMany("a", "", { signal, maxWait: 100 }),
  ];
  expect(heard()).toBe(5);
  const outcomes = await world.until(Promise.allSettled(asked));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  await world.advance(1_000);
  expect(heard()).toBe(1);
  sub.unsubscribe();
  expect(heard()).toBe(0);
});
