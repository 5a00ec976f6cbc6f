// The clients whose storms are measured, by what a storm needs of them.

import { connect as nats3 } from "@nats-io/transport-node";
import { connect as nats2 } from "nats";
import { connect as ours } from "../../src/index.js";

/** What a contender must be able to do. */
export interface Client {
  status(): AsyncIterable<{ readonly type: string }>;
  close(): Promise<void>;
}

export interface StormOptions {
  readonly servers: string;
  readonly maxReconnectAttempts: number;
  readonly timeout?: number;
}

/** By their names, ours first. */
export const contenders: Readonly<Record<string, (options: StormOptions) => Promise<Client>>> = {
  "nats-statechart": (options) => ours(options) as Promise<Client>,
  "nats 2.29.3": (options) => nats2(options) as Promise<unknown> as Promise<Client>,
  "@nats-io/transport-node 3.4.0": (options) => nats3(options) as Promise<unknown> as Promise<Client>,
};
