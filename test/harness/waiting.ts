// Waiting in tests: for something that happens, hardly ever for time.

import type { NatsConnection, Status } from "../../src/index.js";

export { setTimeout as sleep } from "node:timers/promises";

/** The next status of that type, and in that step where one is named, from now on. */
export async function nextStatus(nc: NatsConnection, type: string, step?: string): Promise<Status> {
  for await (const status of nc.status()) {
    if (status.type === type && (step === undefined || status.step === step)) return status;
  }
  throw new Error(`the connection closed before the status ${type}`);
}
