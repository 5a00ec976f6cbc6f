// The nats-servers that every integration test runs against: `describe.each(servers)("... $label", ({ path }) => ...)`.
// Known while tests are collected: global-setup.ts has found or downloaded them before.

import { inject } from "vitest";
import type { NatsServer } from "../../scripts/nats-servers.mjs";

export type { NatsServer };

/** Oldest first; both versions, unless NATS_SERVERS names others. */
export const servers: readonly NatsServer[] = inject("natsServers") ?? missing();

function missing(): never {
  throw new Error("nats-servers are there only in test/integration and test/parity: move the test there");
}
