// The two clients that run the same scenarios: ours through the adapter, and the official @nats-io/transport-node.
// And a nats-server with JetStream, whose store survives that it is killed and goes with the test.

import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/nats-core";
import { Svcm } from "@nats-io/services";
import { connect as connectOfficial } from "@nats-io/transport-node";
import { connect } from "../../src/index.js";
import { asNatsCore } from "../../src/nats-core/index.js";
import { type ServerConfig, scratchFolder, startServer, type TestServer } from "../harness/nats-server.js";

/** What both clients understand. */
export interface ClientOptions {
  readonly servers: string;
  readonly user?: string;
  readonly pass?: string;
  readonly inboxPrefix?: string;
  readonly noAsyncTraces?: boolean;
  readonly reconnect?: boolean;
}

/** A client for a scenario. */
export interface Client {
  readonly is: "ours" | "official";
  connect(options: ClientOptions): Promise<NatsConnection>;
}

/** Short waits between attempts, so that a scenario goes on soon after a restart, and no end of them. */
const patient = { maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 20 };

/** Ours through the adapter. */
export const ours: Client = {
  is: "ours",
  connect: async (options) => asNatsCore(await connect({ ...patient, ...options })),
};

/** The official client, whose attempts take their pace from a function only. */
export const official: Client = {
  is: "official",
  connect: (options) => connectOfficial({ ...patient, reconnectDelayHandler: () => 50, ...options }),
};

export const clients: readonly Client[] = [ours, official];

/** A nats-server with JetStream, in a folder of its own. */
export async function startJetStream(
  path: string,
  config: Readonly<Record<string, unknown>> = {},
): Promise<TestServer & AsyncDisposable> {
  const store = await mkdtemp(join(scratchFolder(), "jetstream-"));
  const all: ServerConfig = { ...config, jetstream: { store_dir: store } };
  const server = await startServer({ path, config: all });
  const dispose = async () => {
    await server.kill();
    await rm(store, { recursive: true, force: true });
  };
  return Object.assign(server, { [Symbol.asyncDispose]: dispose });
}

/** Services on a connection. The published package brings an older nats-core, whose types are not those of 3.4. */
export function servicesOn(nc: NatsConnection): Svcm {
  return new Svcm(nc as never);
}

/** Bytes of which no two neighbours are alike, and no block either. */
export function bytes(length: number): Uint8Array {
  const numbers = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < numbers.length; i++) numbers[i] = Math.imul(i + 1, 2_654_435_761);
  return new Uint8Array(numbers.buffer, 0, length);
}
