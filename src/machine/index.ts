// `nats-statechart/machine`: the chart, its types and its pure functions, without any I/O.

export { connectionMachine } from "./connection-machine.js";
export type { ConnectionContext, ConnectionInput } from "./context.js";
export type { Destination, Effect, EffectName, EffectParams, StatusReport, TimerName } from "./effects.js";
export type * from "./events.js";
export type { AttemptReport, Bytes, Failure, Milliseconds, Step } from "./failure.js";
export { defaultPolicy, type Policy, type TlsPolicy } from "./reconnect-policy.js";
export { type Moment, type Recording, replay, type Step as ReplayStep } from "./replay.js";
export { type Parsed, parseAddress, type ServerAddress } from "./server-address.js";
export {
  type PermissionContext,
  type ServerError,
  type ServerErrorKind,
  serverErrorFrom,
} from "./server-error.js";
export type { PoolServer, Refusal, ServerPool, ServersChanged } from "./server-pool.js";
