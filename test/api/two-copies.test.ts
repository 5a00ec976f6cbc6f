// Two copies of the package in one program, as ESM beside CommonJS: `instanceof` knows the instances of both.

import { beforeAll, describe, expect, it, vi } from "vitest";
import * as client from "../../src/index.js";
import * as machine from "../../src/machine/index.js";
import * as testing from "../../src/testing/index.js";

interface Entries {
  readonly client: typeof client;
  readonly machine: typeof machine;
  readonly testing: typeof testing;
}
type Entry = Readonly<Record<string, unknown>>;
type Class = new (...given: unknown[]) => object;

const entries: Entries = { client, machine, testing };

/** The classes that an entry exports. */
function classesOf(entry: Entry): [name: string, own: Class][] {
  return Object.entries(entry).filter((one): one is [string, Class] => /^class\b/.test(String(one[1])));
}

/** What makes an instance, where it takes arguments. */
const given: Readonly<Record<string, readonly unknown[]>> = {
  NatsError: ["a", "b"],
  SimulationFailure: [{ seed: 1 }, "broken", [], undefined],
};

const own = (Object.entries(entries) as [keyof Entries, Entry][]).flatMap(([entry, exported]) =>
  classesOf(exported).map(([name]) => [name, entry] as const),
);

describe("with another copy of the package", () => {
  let others: Entries;
  beforeAll(async () => {
    vi.resetModules();
    others = {
      client: await import("../../src/index.js"),
      machine: await import("../../src/machine/index.js"),
      testing: await import("../../src/testing/index.js"),
    };
  });

  it("there are classes to test for", () => {
    expect(own.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        "NatsError",
        "MsgHdrsImpl",
        "Nuid",
        "RecordingError",
        "Simulation",
        "SimulationFailure",
      ]),
    );
  });

  it.each(own)("an instance is one of both: %s of the entry %s", (name, entry) => {
    const [mine, theirs] = [entries, others].map((copy) => (copy[entry] as Entry)[name]) as [Class, Class];
    const made = (one: Class) => new one(...(given[name] ?? []));
    expect(theirs).not.toBe(mine);
    expect([made(mine) instanceof theirs, made(theirs) instanceof mine]).toEqual([true, true]);
    expect([made(mine) instanceof mine, Object.create(mine.prototype) instanceof mine]).toEqual([true, true]);
    for (const other of [null, undefined, name, {}, new Error(name), made])
      expect(other instanceof mine).toBe(false);
  });

  it("a user's subclass is tested as any class is", () => {
    const Theirs = others.client.NatsError;
    class Own extends client.NatsError {}
    class Narrower extends Own {}
    const error = new Narrower("a", "b");
    expect([error instanceof Narrower, error instanceof Own, error instanceof client.NatsError]).toEqual([
      true,
      true,
      true,
    ]);
    expect([error instanceof Theirs, error instanceof Error]).toEqual([true, true]);
    expect([new client.NatsError("a", "b") instanceof Own, new Own("a", "b") instanceof Narrower]).toEqual([
      false,
      false,
    ]);
  });

  it("headers of the one are published by the other, and equal to its own", async () => {
    const headers = others.client.headers();
    headers.set("a", "1");
    const own = client.headers();
    own.set("a", "1");
    const world = new testing.Simulation();
    const nc = await world.connect({ servers: world.cluster().urls });
    const sub = nc.subscribe("a", { max: 1 });
    nc.publish("a", "", { headers });
    const { value } = await world.until(sub[Symbol.asyncIterator]().next());
    expect([
      (own as client.MsgHdrsImpl).equals(headers as client.MsgHdrsImpl),
      value?.headers?.get("a"),
    ]).toEqual([true, "1"]);
  });

  it("a class has nothing more to be seen", () => {
    const error = new client.NatsError("a", "b");
    const seen: string[] = [];
    for (const name in error) seen.push(name);
    expect([seen.sort(), Object.keys(client.NatsError), Object.getOwnPropertySymbols(error)]).toEqual([
      ["code", "name"],
      [],
      [],
    ]);
  });
});
