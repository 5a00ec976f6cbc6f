// `nats-statechart/machine`: the chart, its types and its pure functions, without any I/O.

export { connectionMachine } from "./connection-machine.js";
export type { ConnectionContext, ConnectionInput } from "./context.js";
export type { Destination, Effect, EffectName, EffectParams, StatusReport, TimerName } from "./effects.js";
export type * from "./events.js";
export type { AttemptReport, AttemptStep, Failure } from "./failure.js";
export type { EndingPhase, Link, LinkPhase } from "./link.js";
export { defaultPolicy, type Policy, type TlsPolicy } from "./reconnect-policy.js";
export { type Moment, type Recording, type ReplayStep, replay } from "./replay.js";
export { type Parsed, parseAddress, type ServerAddress, type ServerTransport } from "./server-address.js";
export {
  type PermissionContext,
  type ServerError,
  type ServerErrorKind,
  serverErrorFrom,
} from "./server-error.js";
export type { PoolServer, Refusal, ServerPool, ServersChanged } from "./server-pool.js";
export type { Bytes, Milliseconds } from "./units.js";
