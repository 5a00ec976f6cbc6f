// The nats-servers that every integration test runs against: `describe.each(servers)("... $label", ({ path }) => ...)`.
// Known while tests are collected: global-setup.ts has found or downloaded them before.

import { inject } from "vitest";
import type { NatsServer } from "../../scripts/nats-servers.mjs";

export type { NatsServer };

/** Oldest first; both versions, unless NATS_SERVERS names others. */
export const servers: readonly NatsServer[] = inject("natsServers") ?? missing();

function missing(): never {
  throw new Error(
    "nats-servers are there only in the project integration of vitest.config.ts: move the test there",
  );
}
