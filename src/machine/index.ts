/**
 * The chart of a NATS connection, its types and its pure functions, without any I/O.
 *
 * Whoever drives the chart by a driver of their own keeps to this contract, as the client's own interpreter does.
 *
 * - The chart starts from a `ConnectionInput`. With a bad one, XState's snapshot has the status `error`, and `error` says what is wrong.
 * - Events are given one at a time. All effects of an event are carried out, in their order, before the next event.
 * - XState's `transition` gives effects as actions of any type: `effectsOf` gives them as `Effect`.
 * - Each event has `at`, on one clock that never runs backwards. All but those of the user have `attempt`: the number of the
 *   attempt in the effect that they answer, or over whose socket they came.
 * - The type of each effect says which event answers it. `openSocket` and `upgradeToTls` are answered once, or by `socket.closed`.
 *   `sendConnect` is answered by `server.pong`, `server.error` or `credentials.failed`, and `sendPing` by `server.pong`. PONGs come
 *   in the order of the PINGs over that socket; those that answer PINGs of the driver itself are not told.
 * - After `socket.opened` a socket may tell of `server.info`, `server.ping`, `server.error` and `protocol.violated` at any time, and of
 *   `socket.closed` once. With `halfClosed`, the chart asks for `endSocket` or `closeSocket`, and `socket.closed` follows `endSocket`.
 * - `closeSocket` also comes for a socket that is closed already, and does nothing then. After it a socket tells nothing.
 * - After `endSocket` a socket tells `socket.closed` and nothing else.
 * - A timer is named by `timer` and `attempt` together. One that was stopped does not fire. `startTimer` never names one that runs.
 * - The answer to `pauseOutbound` and `finishOutbound` is `outbound.flushed` with the attempt of the effect, when the server has
 *   answered a PING that went out behind all that was published. The answer to `unsubscribe` is `subscriptions.drained` likewise.
 * - What comes for a link that is gone changes nothing, so a driver need not take back what it has sent.
 * - A Failure is known by its identity: the chart puts the very object of an event into effects and context. A driver that keeps
 *   something beside it (an Error, in a WeakMap) finds it again.
 * - After `settleClosed` nothing is asked any more: no socket is open, and no timer runs.
 *
 * @packageDocumentation
 */

export { connectionMachine } from "./connection-machine.js";
export type { ConnectionContext, ConnectionInput } from "./context.js";
export type { Effect, EffectName, EffectParams, StatusReport, TimerName } from "./effects.js";
export type * from "./events.js";
export type { AttemptReport, AttemptStep, Failure } from "./failure.js";
export type { EndingPhase, Link, LinkPhase } from "./link.js";
export type { Destination, OfOrigin, Origin, TlsDemand } from "./origin.js";
export { effectsOf, type ReplayStep } from "./play.js";
export { defaultPolicy, type Policy, type TlsPolicy } from "./reconnect-policy.js";
export type { Moment, Recording } from "./recording.js";
export { RecordingError, replay } from "./replay.js";
export { type Parsed, parseAddress, type ServerAddress, type ServerTransport } from "./server-address.js";
export {
  type PermissionContext,
  type ServerError,
  type ServerErrorKind,
  serverErrorFrom,
} from "./server-error.js";
export type { PoolServer, Refusal, ServerPool, ServersChanged } from "./server-pool.js";
export type { Amount, Bytes, Milliseconds } from "./units.js";
