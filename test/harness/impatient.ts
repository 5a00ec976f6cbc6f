// Connections that look for another server at once and never give up, with all that they told.

import { type ConnectionOptions, connect, type NatsConnection } from "../../src/index.js";
import { Statuses } from "./waiting.js";

const open: NatsConnection[] = [];

/** Connects so, unless the options say otherwise. */
export async function connected(options: ConnectionOptions) {
  const statuses = new Statuses();
  const nc = await connect({
    noRandomize: true,
    reconnectTimeWait: 20,
    reconnectJitter: 0,
    reconnectJitterTLS: 0,
    maxReconnectAttempts: -1,
    onStatus: statuses.add,
    ...options,
  });
  open.push(nc);
  return { nc, statuses };
}

/** Closes all of them: to be called before their servers stop. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((nc) => nc.close()));
}
