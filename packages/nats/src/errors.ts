// `instanceof NatsError` holds for the errors of the reference's code too, which programs catch beside ours: JetStream's.

import { NatsError as TheirError } from "nats-reference/lib/nats-base-client/core.js";
import { NatsError } from "nats-statechart";

/** What marks a NatsError of any copy of nats-statechart. */
const brand = Symbol.for("nats-statechart:NatsError");

/** Marks the errors of the reference's code as NatsErrors. */
export function brandErrors(): void {
  Object.defineProperty(TheirError.prototype, brand, { value: true, configurable: true });
  // The class of an older nats-statechart does not look for the mark.
  if (!Object.hasOwn(NatsError, Symbol.hasInstance)) {
    const ordinary = Function.prototype[Symbol.hasInstance];
    Object.defineProperty(NatsError, Symbol.hasInstance, {
      value(this: unknown, candidate: unknown) {
        return (
          ordinary.call(this, candidate) ||
          (this === NatsError && typeof candidate === "object" && candidate !== null && brand in candidate)
        );
      },
      configurable: true,
    });
  }
}
