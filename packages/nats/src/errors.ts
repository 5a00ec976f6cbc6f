// `instanceof NatsError` holds for the errors of the reference's code too, which programs catch beside ours: JetStream's.

import { NatsError as TheirError } from "nats-reference/lib/nats-base-client/core.js";

/** What marks a NatsError of any copy of nats-statechart: its class looks for it. */
const brand = Symbol.for("nats-statechart:NatsError");

/** Marks the errors of the reference's code as NatsErrors. */
export function brandErrors(): void {
  Object.defineProperty(TheirError.prototype, brand, { value: true, configurable: true });
}
