// What a recording must be, as data: each event, and each thing that the chart remembers, with its fields. An event or a field
// that is forgotten here does not compile (schema.ts). What is wrong with one: replay.ts.

import type { StateValue } from "xstate";
import { connectionMachine } from "./connection-machine.js";
import type { ConnectionContext, ConnectionInput } from "./context.js";
import { timers } from "./effects.js";
import type { ConnectionEvent, ServerSummary } from "./events.js";
import { type AttemptReport, type AttemptStep, attemptSteps, type Failure } from "./failure.js";
import type { Link, LinkPhase } from "./link.js";
import type { Destination, OfOrigin, Origin } from "./origin.js";
import type { Policy } from "./reconnect-policy.js";
import { type Moment, RECORDING_VERSION, type Recording } from "./recording.js";
import {
  byType,
  flag,
  listOf,
  nested,
  nullOr,
  numberOf,
  objectOf,
  oneOf,
  optional,
  partialOf,
  type Schema,
  some,
  text,
  textOf,
} from "./schema.js";
import { parseAddress, type ServerTransport } from "./server-address.js";
import type { PermissionContext, ServerError } from "./server-error.js";
import type { PoolServer, Refusal } from "./server-pool.js";

/** Events of a recording, at most. A connection keeps fewer than 2,000. */
export const MOST_EVENTS = 10_000;
/** Entries of each other list, at most: servers, their origins, links, attempts. The client takes 1,000 servers from an INFO. */
export const MOST_ENTRIES = 5_000;
/** Characters of a server's URL or name, at most. A path in it may be percent-encoded, and so become nine times as long. */
export const MOST_OF_NAME = 32_768;
/** How many failures may be each other's cause, at most. The client makes two. */
export const MOST_CAUSES = 16;

const count = numberOf("a whole number, 0 or more", (value) => Number.isSafeInteger(value) && value >= 0);
const limit = numberOf("a whole number, -1 or more", (value) => Number.isSafeInteger(value) && value >= -1);
const anyNumber = numberOf("a number", () => true);
const span = numberOf("a number of milliseconds", () => true);
/** The latest time that a Date can be. */
const LATEST = 8.64e15;
const time = numberOf("a time in milliseconds since 1970", (value) => value >= 0 && value <= LATEST);
const port = numberOf("a port", (value) => Number.isInteger(value) && value > 0 && value < 65_536);

const name = textOf("the name of a server", MOST_OF_NAME);
const url = textOf(
  "the URL of a server, without credentials",
  MOST_OF_NAME,
  (value) => parseAddress(value).ok,
);
const names = listOf(name, MOST_ENTRIES);

const failure: Schema<Failure> = nested(MOST_CAUSES, (cause) =>
  objectOf<Failure>({ code: text, message: text, cause: optional(cause), messages: optional(count) }),
);
const mayFail = nullOr(failure);

const steps = Object.fromEntries(attemptSteps.map((step) => [step, true])) as Record<AttemptStep, true>;
const step = oneOf<AttemptStep>(steps);
const phase = oneOf<LinkPhase>({
  ...steps,
  live: true,
  overlapping: true,
  unsubscribing: true,
  confirming: true,
  ending: true,
});

const info = objectOf<ServerSummary>({
  serverId: text,
  serverName: text,
  version: text,
  tlsRequired: flag,
  tlsAvailable: flag,
  lameDuck: flag,
  connectUrls: names,
});

const serverError = objectOf<ServerError>({
  kind: oneOf<ServerError["kind"]>({
    permissionsViolation: true,
    invalidSubject: true,
    maximumSubscriptions: true,
    authorizationViolation: true,
    authenticationRevoked: true,
    authenticationExpired: true,
    accountExpired: true,
    authenticationTimeout: true,
    tlsRequired: true,
    maximumConnections: true,
    maximumPayload: true,
    staleConnection: true,
    slowConsumer: true,
    wrongPort: true,
    protocolError: true,
    other: true,
  }),
  code: text,
  message: text,
  permission: optional(
    objectOf<PermissionContext>({ operation: text, subject: text, queue: optional(text) }),
  ),
});

const happened = { at: time };
const ofAttempt = { ...happened, attempt: count };

const event = byType<ConnectionEvent>({
  "dial.queued": ofAttempt,
  "dial.begun": ofAttempt,
  "socket.opened": { ...ofAttempt, address: optional(name) },
  "socket.secured": ofAttempt,
  "socket.closed": { ...ofAttempt, failure: mayFail, halfClosed: flag },
  "server.info": { ...ofAttempt, info },
  "server.ping": { ...ofAttempt, count: optional(count) },
  "server.pong": ofAttempt,
  "server.error": {
    ...ofAttempt,
    error: serverError,
    others: optional(listOf(serverError, MOST_ENTRIES)),
    credentialsVersion: count,
  },
  "protocol.violated": { ...ofAttempt, reason: text },
  "credentials.failed": { ...ofAttempt, failure },
  "timer.fired": { ...ofAttempt, timer: oneOf(timers), heard: optional(flag) },
  "delay.chosen": { ...ofAttempt, ms: span },
  "server.chosen": { ...ofAttempt, server: nullOr(name), ms: span },
  "choice.failed": { ...ofAttempt, failure },
  "user.setServers": { ...happened, servers: names, kept: names, list: count },
  "user.drain": happened,
  "user.close": { ...happened, unconfirmed: count, failure: mayFail },
  "user.reconnect": happened,
  "subscriptions.drained": ofAttempt,
  "outbound.flushed": ofAttempt,
});

const policyFields = {
  reconnect: flag,
  maxReconnectAttempts: limit,
  reconnectTimeWait: span,
  reconnectJitter: span,
  reconnectJitterTls: span,
  asksForDelay: flag,
  asksForServer: flag,
  waitOnFirstConnect: flag,
  ignoreAuthErrorAbort: flag,
  ignoreClusterUpdates: flag,
  noRandomize: flag,
  timeout: span,
  pingInterval: span,
  maxPingOut: count,
  drainTimeout: span,
  tls: oneOf<Policy["tls"]>({ never: true, offered: true, required: true, first: true }),
  allowNonTls: flag,
  onLameDuck: oneOf<Policy["onLameDuck"]>({ notify: true, migrate: true }),
} as const satisfies { readonly [Name in keyof Policy]: Schema<Policy[Name]> };

const input = objectOf<ConnectionInput>({
  servers: listOf(url, MOST_ENTRIES, 1),
  seed: anyNumber,
  at: time,
  policy: optional(partialOf<Policy>(policyFields)),
});

const transport = byType<ServerTransport>({ tcp: { tls: flag }, webSocket: { tls: flag, path: text } });
const tlsDemand = { url: true, list: true };

const destination = objectOf<Destination>({
  name,
  host: name,
  port,
  tlsName: nullOr(name),
  otherTlsName: nullOr(name),
  transport,
  origin: name,
  tls: nullOr(oneOf<NonNullable<Destination["tls"]>>({ ...tlsDemand, before: true })),
});

const origin = objectOf<Origin>({
  id: name,
  name,
  host: name,
  isAddress: flag,
  transport,
  tls: nullOr(oneOf<NonNullable<Origin["tls"]>>(tlsDemand)),
  spokeTls: flag,
});

const ofOrigin = {
  name,
  host: name,
  port,
  isAddress: flag,
  origin: name,
  learnt: flag,
  vouched: flag,
} as const satisfies { readonly [Name in keyof OfOrigin]: Schema<OfOrigin[Name]> };

const server = objectOf<PoolServer>({
  ...ofOrigin,
  lastAttempt: count,
  lastAttemptAt: nullOr(time),
  wait: nullOr(span),
  failures: count,
  refusal: nullOr(objectOf<Refusal>({ kind: text, credentialsVersion: count })),
  didConnect: flag,
  address: nullOr(name),
  serverId: nullOr(text),
});

const link = objectOf<Link>({
  id: count,
  destination,
  phase,
  queued: flag,
  begunAt: time,
  patience: span,
  address: nullOr(name),
  secured: flag,
  info: nullOr(info),
  infoSecured: flag,
  pingsOut: count,
  fatal: mayFail,
});

const context = objectOf<ConnectionContext>({
  policy: objectOf<Policy>(policyFields),
  pool: listOf(server, MOST_ENTRIES),
  origins: listOf(origin, MOST_ENTRIES),
  spokeTls: names,
  list: count,
  attempt: count,
  live: nullOr(link),
  next: nullOr(link),
  retiring: listOf(link, MOST_ENTRIES),
  lastInUse: nullOr(objectOf<NonNullable<ConnectionContext["lastInUse"]>>({ server: name, until: time })),
  chosen: nullOr(objectOf<NonNullable<ConnectionContext["chosen"]>>({ server: name, at: span })),
  dialsUntil: time,
  leaving: nullOr(oneOf<NonNullable<ConnectionContext["leaving"]>>({ drain: true, close: true })),
  processing: flag,
  connectedBefore: flag,
  failure: mayFail,
  attempts: listOf(
    objectOf<AttemptReport>({ attempt: count, server: name, step, failure, at: time }),
    MOST_ENTRIES,
  ),
  random: anyNumber,
  now: time,
});

/** The states that have no others within, as XState writes them: `connected`, `connecting.dialing`. */
const states = Object.values(connectionMachine.states).flatMap(({ key, states: inner }) => {
  const names = Object.keys(inner);
  return names.length === 0 ? [key] : names.map((child) => `${key}.${child}`);
});

const state = some<StateValue>('a state of the chart, such as { connecting: "dialing" }', (value) => {
  if (typeof value === "string") return states.includes(value);
  const [[parent, child] = [], ...others] = Object.entries((value as object | null) ?? {});
  return others.length === 0 && typeof child === "string" && states.includes(`${parent}.${child}`);
});

/** A recording. */
export const recordingSchema = objectOf<Recording>({
  version: numberOf<typeof RECORDING_VERSION>(
    `the version ${RECORDING_VERSION}`,
    (it) => it === RECORDING_VERSION,
  ),
  input,
  from: nullOr(objectOf<Moment>({ value: state, context })),
  folded: optional(count),
  events: listOf(event, MOST_EVENTS),
});
