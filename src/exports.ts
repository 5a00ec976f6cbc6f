// What every entry of the client exports: all of the public surface but `connect`, which is made for where it runs.
//
// The entries: index.ts for Node, browser.ts for browsers.

export {
  type AnyAuth,
  type AsyncAuthenticator,
  type Auth,
  type Authenticator,
  type AuthOptions,
  buildAuthenticator,
  credsAuthenticator,
  type JwtAuth,
  jwtAuthenticator,
  type Lazy,
  type LazyAsync,
  type NKeyAuth,
  type NoAuth,
  nkeyAuthenticator,
  type TokenAuth,
  tokenAuthenticator,
  type UserPass,
  usernamePasswordAuthenticator,
} from "./api/authenticators.js";
export { type Codec, Empty, JSONCodec, type Payload, StringCodec } from "./api/codec.js";
export {
  type ApiError,
  type ConnectAttempt,
  ErrorCode,
  isNatsError,
  NatsError,
  type PermissionContext,
} from "./api/errors.js";
export type { FlushOptions } from "./api/flush.js";
export { canonicalMIMEHeaderKey, headers, Match, type MsgHdrs, MsgHdrsImpl } from "./api/headers.js";
export { createInbox } from "./api/inbox.js";
export type { Msg, PublishOptions, ReviverFn } from "./api/msg.js";
export type { NatsConnection, OutboundStats, Stats } from "./api/nats-connection.js";
export { Nuid, nuid } from "./api/nuid.js";
export type { ConnectionOptions } from "./api/options.js";
export type { RequestOptions } from "./api/request.js";
export { type RequestManyOptions, RequestStrategy } from "./api/request-many.js";
export type { ReconnectToServerHandler, Server } from "./api/server.js";
export { DebugEvents, Events, type Status } from "./api/status.js";
export type { MsgCallback, Sub, SubOpts, Subscription, SubscriptionOptions } from "./api/subscription.js";
export { version } from "./api/version.js";
export type {
  Inspect,
  InspectedActionEvent,
  InspectedActor,
  InspectedActorEvent,
  InspectedEvent,
  InspectedEventEvent,
  InspectedMicrostepEvent,
  InspectedSnapshot,
  InspectedSnapshotEvent,
  InspectedTransitionEvent,
  InspectionEvent,
} from "./effects/inspect.js";
export type { TlsOptions } from "./effects/node/tls-options.js";
export type { ServerInfo } from "./effects/server-info.js";
export type { UnconfirmedPolicy } from "./effects/unconfirmed.js";
export type { ServersChanged } from "./machine/server-pool.js";
export type { Amount } from "./machine/units.js";
