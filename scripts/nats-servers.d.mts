// Types of nats-servers.mjs, for the tests.

/** A nats-server to test against. */
export interface NatsServer {
  /** What tests are named by: "2.9". */
  readonly label: string;
  readonly path: string;
  readonly version: string;
}

/** The servers to test against, oldest first; downloads what is missing, and throws where it cannot. */
export function natsServers(): Promise<readonly NatsServer[]>;
