// The nats-servers that integration tests run against, for `describe.each`. Found or installed before any test runs.

import { natsServers } from "../../scripts/nats-servers.mjs";

/** A nats-server. */
export interface ServerVersion {
  /** For the names of tests, such as `2.9`. */
  readonly label: string;
  readonly path: string;
  readonly version: string;
}

/** All of them; never none. */
export const servers: readonly ServerVersion[] = await natsServers();
