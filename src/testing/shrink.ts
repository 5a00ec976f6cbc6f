// From a run that fails to the shortest one that fails in the same way: entries are left out as long as it still fails.

import type { ClientPlan, Plan, ServerListPlan } from "./plan.js";
import { SimulationFailure, simulate } from "./simulate.js";

/** Two failures are of one kind when they differ in numbers and names of clients only. */
function kindOf(broken: string): string {
  return broken.replace(/\bc\d+(-\d+)?\b/g, "c").replace(/\d+/g, "N");
}

async function failureOf(plan: Plan): Promise<SimulationFailure | undefined> {
  try {
    await simulate({ seed: plan.seed, plan });
    return undefined;
  } catch (error) {
    if (error instanceof SimulationFailure) return error;
    throw error;
  }
}

/** Plans that are simpler in one respect. */
function simpler(plan: Plan): readonly Plan[] {
  const { other: _, ...alone } = plan;
  const { clients, network, entries } = plan;
  const [least] = network.latency;
  const last = (entries.at(-1)?.at ?? 0) + 1_000;
  const plain = { type: "none" } as const;
  return [
    ...(clients.length > 1
      ? [
          { ...plan, clients: clients.slice(0, -1) },
          { ...plan, clients: clients.slice(1) },
        ]
      : []),
    ...(plan.servers > 1
      ? [
          { ...plan, servers: 1 },
          { ...plan, servers: plan.servers - 1 },
        ]
      : []),
    ...(plan.duration > last ? [{ ...plan, duration: last }] : []),
    alone,
    { ...plan, known: "byAddress" },
    { ...plan, server: { ...plan.server, tls: "none" } },
    { ...plan, clients: clients.map((client) => withList(client, { tls: false })) },
    { ...plan, clients: clients.map((client) => withList(client, { secrets: "none" })) },
    { ...plan, network: { latency: [least, least], window: 1_000_000, highWater: 1_000_000, pieces: 1 } },
    { ...plan, clients: clients.map((client) => ({ ...client, credentials: plain })) },
    { ...plan, clients: clients.map((client) => ({ ...client, delay: null })) },
    { ...plan, clients: clients.map(reporting) },
  ];
}

function reporting(client: ClientPlan): ClientPlan {
  return { ...client, options: { ...client.options, unconfirmed: "report" } };
}

function withList(client: ClientPlan, changes: Partial<ServerListPlan>): ClientPlan {
  return client.list === undefined ? client : { ...client, list: { ...client.list, ...changes } };
}

/** The failure of a plan that is as short and simple as can be found; takes some hundred runs. */
export async function shrinkPlan(failure: SimulationFailure): Promise<SimulationFailure> {
  const kind = kindOf(failure.broken);
  const fails = async (plan: Plan) => {
    const again = await failureOf(plan);
    return again !== undefined && kindOf(again.broken) === kind ? again : undefined;
  };
  let shortest = await withoutEntries(failure, fails);
  for (let at = 0, plans = simpler(shortest.plan); at < plans.length; at++) {
    const plan = plans[at] as Plan;
    if (JSON.stringify(plan) === JSON.stringify(shortest.plan)) continue;
    const again = await fails(plan);
    if (again === undefined) continue;
    shortest = again;
    plans = simpler(shortest.plan);
    at = -1;
  }
  return withoutEntries(shortest, fails);
}

async function withoutEntries(
  failure: SimulationFailure,
  fails: (plan: Plan) => Promise<SimulationFailure | undefined>,
): Promise<SimulationFailure> {
  let shortest = failure;
  for (
    let size = Math.ceil(failure.plan.entries.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < shortest.plan.entries.length; ) {
      const { plan } = shortest;
      const entries = [...plan.entries.slice(0, at), ...plan.entries.slice(at + size)];
      const again = await fails({ ...plan, entries });
      if (again === undefined) at += size;
      else shortest = again;
    }
  }
  return shortest;
}
