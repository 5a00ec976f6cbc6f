// How a plan that fails becomes shorter and simpler, where it is known of which plans the run fails: nothing is simulated here.

import { expect, onTestFinished, test, vi } from "vitest";
import type { ClientPlan, Plan, PlanEntry } from "../../src/testing/index.js";
import { calm } from "./planted.js";

/** What a run says that fails. */
class Failure extends Error {
  readonly plan: Plan;
  readonly broken: string;
  constructor(plan: Plan, broken: string) {
    super(broken);
    this.plan = plan;
    this.broken = broken;
  }
}

/** What a run of that plan says; undefined where nothing is wrong. */
type Verdict = (plan: Plan) => string | undefined;

/** What a plan is shrunk to whose runs fail like that, and how many runs that took. */
async function shrunk(plan: Plan, says: Verdict) {
  const path = "../../src/testing/simulate.js";
  onTestFinished(() => {
    vi.doUnmock(path);
    vi.resetModules();
  });
  vi.resetModules();
  let runs = 0;
  const simulate = async (options: { readonly seed: number; readonly plan: Plan }) => {
    runs++;
    expect(options.seed).toBe(plan.seed);
    const broken = says(options.plan);
    if (broken !== undefined) throw new Failure(options.plan, broken);
  };
  vi.doMock(path, () => ({ SimulationFailure: Failure, simulate }));
  const { shrinkPlan } = await import("../../src/testing/shrink.js");
  const failure = await shrinkPlan(new Failure(plan, says(plan) ?? "") as never);
  return { failure, plan: failure.plan, runs };
}

/** True of a plan, where its runs are to fail. */
const where = (isSuch: (plan: Plan) => boolean): Verdict => {
  return (plan) => (isSuch(plan) ? "c0 has lost 3 messages" : undefined);
};

const client = (knows: number): ClientPlan => ({
  ...calm,
  options: { ...calm.options, unconfirmed: "resend" },
  knows,
  delay: 100,
  credentials: { type: "constant" },
  list: { from: 0, tls: true, secrets: "all" },
});
const simplestClient = (knows: number): ClientPlan => ({
  ...calm,
  knows,
  delay: null,
  credentials: { type: "none" },
  list: { from: 0, tls: false, secrets: "none" },
});
const entries = [1, 2, 3, 4, 5, 6, 7].map(
  (second): PlanEntry => ({ at: second * 1_000, act: { type: "flush", client: 0 } }),
);
const has = (plan: Plan, ...places: number[]) =>
  places.every((place) => plan.entries.some(({ at }) => at === entries[place]?.at));

/** A plan that has something of all. */
const rich: Plan = {
  seed: 9,
  servers: 3,
  server: { tls: "required", pingInterval: 1_000 },
  known: "byName",
  other: { servers: 1, tls: "none", known: "byAddress" },
  network: { latency: [2, 5], window: 10, highWater: 20, pieces: 4 },
  clients: [client(1), client(2), client(3)],
  duration: 600_000,
  entries,
};
/** What is left of it where nothing matters. */
const simplest: Plan = {
  seed: 9,
  servers: 1,
  server: { tls: "none", pingInterval: 1_000 },
  known: "byAddress",
  network: { latency: [2, 2], window: 1_000_000, highWater: 1_000_000, pieces: 1 },
  clients: [simplestClient(1)],
  duration: 1_000,
  entries: [],
};
const only = (changes: Partial<ClientPlan>) => ({ clients: [{ ...simplestClient(1), ...changes }] });
const every = (plan: Plan, isSuch: (client: ClientPlan) => boolean) => plan.clients.every(isSuch);

const needs: readonly (readonly [what: string, isNeeded: (plan: Plan) => boolean, left: Partial<Plan>])[] = [
  ["nothing", () => true, {}],
  [
    "two entries",
    (plan) => has(plan, 1, 4),
    { entries: [entries[1], entries[4]] as PlanEntry[], duration: 6_000 },
  ],
  ["the last entry", (plan) => has(plan, 6), { entries: [entries[6]] as PlanEntry[], duration: 8_000 }],
  ["all entries", (plan) => has(plan, 0, 1, 2, 3, 4, 5, 6), { entries, duration: 8_000 }],
  [
    "an entry, as long as there are several servers",
    (plan) => plan.servers === 1 || has(plan, 3),
    { duration: 5_000 },
  ],
  ["two servers", ({ servers }) => servers > 1, { servers: 2 }],
  ["the time", ({ duration }) => duration > 5_000, { duration: 600_000 }],
  ["the other cluster", ({ other }) => other !== undefined, { other: rich.other as never }],
  ["names", ({ known }) => known === "byName", { known: "byName" }],
  ["TLS", ({ server }) => server.tls === "required", { server: rich.server }],
  ["a network that is slow", ({ network }) => network.pieces > 1, { network: rich.network }],
  [
    "the last client",
    ({ clients }) => clients.some(({ knows }) => knows === 3),
    { clients: [simplestClient(3)] },
  ],
  ["two clients", ({ clients }) => clients.length > 1, { clients: [simplestClient(1), simplestClient(2)] }],
  [
    "a list that asks for TLS",
    (plan) => every(plan, ({ list }) => list?.tls === true),
    only({ list: { from: 0, tls: true, secrets: "none" } }),
  ],
  [
    "credentials in URLs",
    (plan) => every(plan, ({ list }) => list?.secrets === "all"),
    only({ list: { from: 0, tls: false, secrets: "all" } }),
  ],
  [
    "an authenticator",
    (plan) => every(plan, ({ credentials }) => credentials.type === "constant"),
    only({ credentials: { type: "constant" } }),
  ],
  ["a delay", (plan) => every(plan, ({ delay }) => delay === 100), only({ delay: 100 })],
  [
    "a client that resends",
    (plan) => every(plan, ({ options }) => options.unconfirmed === "resend"),
    only({ options: { ...calm.options, unconfirmed: "resend" } }),
  ],
];

test.each(needs)(
  "what a failure needs is left of a plan, and nothing else: %s",
  async (_, isNeeded, left) => {
    const { plan } = await shrunk(rich, where(isNeeded));
    expect(plan).toEqual({ ...simplest, ...left });
  },
);

test("a plan without lists of servers gets none", async () => {
  const { list: _, ...listless } = client(1);
  const { plan } = await shrunk(
    { ...rich, clients: [listless] },
    where(() => true),
  );
  expect(plan.clients[0]).not.toHaveProperty("list");
});

test("a failure is the same one whatever its numbers and clients are, and another one counts for nothing", async () => {
  const says: Verdict = (plan) => {
    if (!has(plan, 3)) return "c0 hangs";
    return plan.entries.length > 2
      ? `c10-12 has lost ${plan.entries.length + 100} messages`
      : "c0 has lost 3 messages";
  };
  const { failure, plan } = await shrunk(rich, says);
  expect(failure.broken).toBe("c0 has lost 3 messages");
  expect(plan.entries).toEqual([entries[3]]);
});

test("what is as simple as can be is not run again, but without each of its entries", async () => {
  const plan = { ...simplest, duration: 5_000, entries: entries.slice(3, 4) };
  expect(
    await shrunk(
      plan,
      where((one) => has(one, 3)),
    ),
  ).toMatchObject({ plan, runs: 2 });
});

test("an error that is no failure of a run is told", async () => {
  const says: Verdict = (plan) => {
    if (plan === rich) return "c0 hangs";
    throw new RangeError("no such plan");
  };
  await expect(shrunk(rich, says)).rejects.toThrow(new RangeError("no such plan"));
});
