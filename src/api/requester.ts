// What a request needs of its connection. The connection implements it (connection.ts); tests give another.

import type { World } from "../effects/world.js";
import type { Payload } from "./codec.js";
import type { PublishOptions } from "./msg.js";
import type { Secrets } from "./secrets.js";
import type { Subscription, SubscriptionOptions } from "./subscription.js";
import type { Whereabouts } from "./whereabouts.js";

/** What requests need of the connection. */
export interface Requester {
  readonly world: World;
  /** Where the names of inboxes, and what proves an answer, come from. */
  readonly secrets: Secrets;
  readonly inboxPrefix: string;
  /** True where errors are to say where the request was made. */
  readonly asyncTraces: boolean;
  /** True where what no server has confirmed goes out once more after a reconnect. */
  readonly resends: boolean;
  publish(subject: string, payload: Payload | undefined, opts: PublishOptions): void;
  /** Hands over now what was published, instead of at the end of the turn. */
  handOver(): void;
  /** Where in the outbound stream the next command begins. */
  position(): number;
  /** Takes back what was published from there to before there, if no socket has it. */
  withdraw(start: number, end: number): void;
  /** Where what was published is, by the position at which it ends: for errors. */
  whereabouts(end: number): Whereabouts;
  subscribe(subject: string, opts: SubscriptionOptions): Subscription;
}
