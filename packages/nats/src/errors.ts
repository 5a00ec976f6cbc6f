// `instanceof NatsError` holds for the errors of the reference's code too, which programs catch beside ours: JetStream's.

import { NatsError as TheirError } from "nats-reference/lib/nats-base-client/core.js";
import { markOf } from "../../../src/machine/brand.js";

/** Marks the errors of the reference's code as NatsErrors: the class of ours looks for the mark. */
export function brandErrors(): void {
  Object.defineProperty(TheirError.prototype, markOf("NatsError"), { value: true, configurable: true });
}
