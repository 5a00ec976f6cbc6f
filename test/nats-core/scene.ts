// A simulated world with a connection as nats-core's in it, and what its errors are.

import { errors } from "@nats-io/nats-core";
import { type ConnectionOptions, type NatsConnection, NatsError } from "../../src/index.js";
import type { CoreConnectionImpl } from "../../src/nats-core/connection.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import { Simulation } from "../../src/testing/index.js";

/** Who may use everything. */
const anyone = { user: "anyone", pass: "secret" };

/** Who may use the subjects below `ok` and `_INBOX` alone. */
export const limited = { user: "limited", pass: "secret" };

const permissions = {
  publish: { allow: ["ok.>", "_INBOX.>"] },
  subscribe: { allow: ["ok.>", "_INBOX.>", "mine.>"] },
};

/** A cluster, a connection to it, and the same as nats-core's. */
export async function scene(options: ConnectionOptions = {}, size = 1) {
  const world = new Simulation();
  const cluster = world.cluster(size, { users: [anyone, { ...limited, ...permissions }] });
  const connect = async (more: ConnectionOptions = {}): Promise<[NatsConnection, CoreConnectionImpl]> => {
    const own = await world.connect({ servers: cluster.urls, ...anyone, maxReconnectAttempts: -1, ...more });
    return [own, asNatsCore(own) as CoreConnectionImpl];
  };
  const [own, core] = await connect(options);
  return { world, cluster, connect, own, core };
}

/** What an error is: its class, and those of its causes up to ours. */
export function kinds(error: unknown): string[] {
  if (!(error instanceof Error) || error instanceof NatsError) return [];
  const known = Object.entries(errors).find(([, kind]) => error.constructor === kind)?.[0];
  return [known ?? error.constructor.name, ...kinds(error.cause)];
}

/** How something ends: `ok`, or what the error is. */
export async function outcome(work: () => unknown): Promise<string> {
  try {
    await work();
    return "ok";
  } catch (error) {
    return kinds(error).join(" of ");
  }
}

/** Everything that an iterator gives, or the first of it. */
export async function all<T>(from: AsyncIterable<T>, count = Number.POSITIVE_INFINITY): Promise<T[]> {
  const got: T[] = [];
  if (count === 0) return got;
  for await (const one of from) if (got.push(one) >= count) break;
  return got;
}
