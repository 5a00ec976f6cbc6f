// The options of `connect`: what there is, what is allowed, and how they become the chart's input. A table; an
// option that is not in it, or has a value that makes no sense, is an error at once.

import type { Inspect } from "../effects/live-chart.js";
import type { TlsOptions } from "../effects/node/tls-options.js";
import { defaultPolicy, type Policy, type TlsPolicy } from "../machine/reconnect-policy.js";
import { parseAddress, type ServerTransport, splitCredentials } from "../machine/server-address.js";
import type { AsyncAuthenticator, Auth } from "./authenticators.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import { checkInboxPrefix } from "./inbox.js";
import { isMilliseconds } from "./milliseconds.js";
import type { ReconnectToServerHandler } from "./server.js";
import { isSignal } from "./signal.js";
import type { Status } from "./status.js";

/** Options of `connect`. Source: `ConnectionOptions` of `nats` 2.29.3, unless marked as going beyond it. */
export interface ConnectionOptions {
  /**
   * Where to connect: `host`, `host:port`, `[ipv6]:port`, `nats://…` (or `tcp://…`), `tls://…`, or by WebSocket `ws://…` and `wss://…`
   * (ports 80 and 443, and a path), one or several, of one kind or mixed; credentials may be in the URL
   * (`nats://user:pass@host`, `nats://token@host`). Default `127.0.0.1:4222`. Not with `port`. In a browser WebSocket only,
   * and what has no scheme is `wss://` on a page that came by https, else `ws://`.
   */
  servers?: string[] | string;
  /** Port on 127.0.0.1. Not with `servers`. */
  port?: number;
  /** User name. One that is asked for at each attempt: `usernamePasswordAuthenticator`. */
  user?: string;
  /** Password of `user`. */
  pass?: string;
  /** Token. One that is asked for at each attempt: `tokenAuthenticator`. */
  token?: string;
  /** Gives the credentials at each attempt, or a promise of them; of several, the results are merged in order. */
  authenticator?: AsyncAuthenticator | AsyncAuthenticator[];
  /** Reconnect when the connection is lost. Default true. */
  reconnect?: boolean;
  /** Failed attempts of one server in a row until it leaves the pool; -1 or Infinity: never. Default 10. */
  maxReconnectAttempts?: number;
  /** Milliseconds between two attempts to reach the same server. Default 2,000. */
  reconnectTimeWait?: number;
  /** Upper bound in milliseconds of what is added to it at random. Default 100. */
  reconnectJitter?: number;
  /** The same where TLS is in use. Default 1,000. */
  reconnectJitterTLS?: number;
  /** Gives the milliseconds instead, asked after each failed attempt and lost connection. */
  reconnectDelayHandler?: () => number;
  /** Milliseconds that one attempt may take: TCP, INFO, TLS, credentials. Default 20,000. */
  timeout?: number;
  /** Milliseconds between two PINGs. Default 120,000. */
  pingInterval?: number;
  /** Unanswered PINGs at which the connection counts as lost. Default 2. */
  maxPingOut?: number;
  /** Name of this client, for the server's monitoring and for inspectors. */
  name?: string;
  /** The server acknowledges every command. For work on clients. Default false. */
  verbose?: boolean;
  /** The server checks more strictly. For work on clients. Default false. */
  pedantic?: boolean;
  /**
   * TLS: options make it required, null forbids it. Default: used where the server offers it. By WebSocket the URL says
   * whether there is TLS, and `timeout` of these options is not heeded; in a browser the object must be empty.
   */
  tls?: TlsOptions | null;
  /** Do not learn of other servers from the cluster. Default false. */
  ignoreClusterUpdates?: boolean;
  /** Prefix of inboxes. Default `_INBOX`. */
  inboxPrefix?: string;
  /** The server does not send this client its own messages. Default false. */
  noEcho?: boolean;
  /** Print the protocol, with secrets masked. Default false. */
  debug?: boolean;
  /** Dial servers and addresses in the order given. Default false: in random order. */
  noRandomize?: boolean;
  /** Wait for the first connection for as long as it takes. Default false: each server is tried once. */
  waitOnFirstConnect?: boolean;
  /** Go on after a server refused the same credentials twice in a row. Default false. */
  ignoreAuthErrorAbort?: boolean;
  /** Leave out of errors where a request was made. Default false. */
  noAsyncTraces?: boolean;
  /** Let the client look names up, and shuffle their addresses. Default true; false leaves that to the system. */
  resolve?: boolean;

  /**
   * Bytes of published messages that are kept while disconnected and sent after the reconnect; 0 keeps none
   * (`publish` throws), -1 is unlimited. Default 8 MiB, as in the Go client. What the next server would close the
   * connection for (a smaller `max_payload` than the last one had) is not sent; a status `error` tells. Beyond the
   * reference.
   */
  reconnectBufferSize?: number;
  /**
   * Bytes that the server accepts on a protocol line behind its verb: subject, reply subject or queue name, and numbers. Set
   * it where the `max_control_line` of the servers is not their default; they do not tell. `publish` and `subscribe` throw
   * `BAD_SUBJECT` where names are longer: the server would close the connection. At least 256, default 4,096. Beyond the
   * reference.
   */
  maxControlLine?: number;
  /** Milliseconds that a drain may take (`DrainTimeout` of the Go client). Default 30,000. Beyond the reference. */
  drainTimeout?: number;
  /**
   * What to do when the server enters lame duck mode: report it (`notify`, the default), or also move to another known
   * server before this one shuts down (`migrate`), without losing a message. A message that arrives during the move may
   * be delivered twice to a subscription without a queue group; and a member of a queue group whose `max` is reached while it
   * is subscribed with both servers may be sent more than it takes, which the group then misses. Beyond the reference.
   */
  onLameDuck?: "notify" | "migrate";
  /** Chooses the server to dial, at each attempt. Source: the option of the same name of the v3 client. */
  reconnectToServer?: ReconnectToServerHandler;
  /** Called with every status, from the first attempt on. Beyond the reference. */
  onStatus?: (status: Status) => void;
  /** Aborts the attempt to connect; without effect once connected. Beyond the reference. */
  signal?: AbortSignal;
  /**
   * Keep the last events of the connection, at least 1,000 of them: `nc.recording()` gives them, and an error that ends
   * the connection carries them. No secret is in them. Default false. Beyond the reference.
   */
  record?: boolean;
  /**
   * Observes the chart: a function, or an observer of XState's inspection API, such as `createWebSocketInspector().inspect`
   * of `@statelyai/inspect`. Server, timers, user and message path are told as actors beside the chart: events come from
   * them, effects go to them as events. Of PINGs, and of refusals by the same -ERR, only the first in a second is told.
   * No secret and no message is in it. What it throws becomes an uncaught exception: the connection goes on. Default:
   * nobody observes, which costs nothing. See docs/inspector.md. Beyond the reference.
   */
  inspect?: Inspect;
}

type Check = (value: unknown) => boolean;
const is =
  (type: "string" | "boolean" | "function"): Check =>
  (value) =>
    typeof value === type;
const isPositive: Check = (value) => isMilliseconds(value) && value > 0;
const isCount: Check = (value) => Number.isInteger(value) && (value as number) >= -1;
const isText: Check = (value) => typeof value === "string" && value !== "";
const isServers: Check = (value) =>
  typeof value === "string" || (Array.isArray(value) && value.every(is("string")));
const isFunctions: Check = (value) =>
  typeof value === "function" || (Array.isArray(value) && value.every(is("function")));
const isObserver: Check = (value) =>
  typeof value === "function" || typeof (value as { next?: unknown } | null)?.next === "function";
const isTls: Check = (value) => typeof value === "object" && !Array.isArray(value);

const milliseconds = [
  (value: unknown) => isMilliseconds(value),
  "a number of milliseconds, from 0 to 2147483647",
] as const;
const positive = [isPositive, "a number of milliseconds, above 0 and at most 2147483647"] as const;
const flag = [is("boolean"), "true or false"] as const;
const aFunction = [is("function"), "a function", ErrorCode.NotFunction] as const;

const allowed: {
  readonly [Name in keyof Required<ConnectionOptions>]: readonly [Check, string, ErrorCode?];
} = {
  servers: [isServers, "a server URL or a list of them"],
  port: [
    (value) => Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536,
    "a port, from 1 to 65535",
  ],
  user: [is("string"), "a string; a function goes into the option authenticator"],
  pass: [is("string"), "a string; a function goes into the option authenticator"],
  token: [is("string"), "a string; a function goes into the option authenticator"],
  authenticator: [isFunctions, "an authenticator (a function) or a list of them", ErrorCode.NotFunction],
  reconnect: flag,
  maxReconnectAttempts: [
    (value) => isCount(value) || value === Number.POSITIVE_INFINITY,
    "a number of attempts, or -1 for no limit",
  ],
  reconnectTimeWait: milliseconds,
  reconnectJitter: milliseconds,
  reconnectJitterTLS: milliseconds,
  reconnectDelayHandler: aFunction,
  timeout: positive,
  pingInterval: positive,
  maxPingOut: [(value) => Number.isInteger(value) && (value as number) > 0, "a whole number above 0"],
  name: [isText, "a string that is not empty"],
  verbose: flag,
  pedantic: flag,
  tls: [isTls, "an object with TLS options, or null"],
  ignoreClusterUpdates: flag,
  inboxPrefix: [is("string"), "a string"],
  noEcho: flag,
  debug: flag,
  noRandomize: flag,
  waitOnFirstConnect: flag,
  ignoreAuthErrorAbort: flag,
  noAsyncTraces: flag,
  resolve: flag,
  reconnectBufferSize: [isCount, "a number of bytes, 0 for none, or -1 for no limit"],
  maxControlLine: [
    (value) => Number.isInteger(value) && (value as number) >= 256,
    "a whole number of bytes, 256 or more",
  ],
  drainTimeout: positive,
  onLameDuck: [(value) => value === "notify" || value === "migrate", '"notify" or "migrate"'],
  reconnectToServer: aFunction,
  onStatus: aFunction,
  signal: [isSignal, "an AbortSignal"],
  record: flag,
  inspect: [isObserver, "a function, or an observer with a function `next`"],
};

/** A server that is configured, and the credentials of its URL. */
export interface ConfiguredServer {
  /** `host:port`. */
  readonly name: string;
  readonly url: string;
  readonly auth: Auth | undefined;
}

/**
 * Checks the options.
 * @throws NatsError `INVALID_OPTION` (`NOT_FUNC` for functions) that names the option, the kind of its value and what is allowed
 */
export function checkOptions(opts: unknown): asserts opts is ConnectionOptions {
  if (typeof opts !== "object" || opts === null || Array.isArray(opts)) {
    throw new NatsError("connect() takes an object with options, or nothing", ErrorCode.InvalidOption);
  }
  for (const [name, value] of Object.entries(opts)) {
    if (value === undefined) continue;
    const row = Object.hasOwn(allowed, name) ? allowed[name as keyof ConnectionOptions] : undefined;
    if (row === undefined) throw unknownOption(name);
    const [check, what, code] = row;
    if (!check(value)) {
      const error = invalidOption(name, value, what);
      if (code !== undefined) error.code = code;
      throw error;
    }
  }
  const { servers, port, inboxPrefix, tls } = opts as ConnectionOptions;
  if (port !== undefined && servers !== undefined && servers.length > 0) {
    throw new NatsError(
      'the options "servers" and "port" exclude each other: give one of them',
      ErrorCode.InvalidOption,
    );
  }
  if (inboxPrefix !== undefined) checkInboxPrefix(inboxPrefix);
  checkCertificate(tls ?? {});
}

/** Half of a client certificate would be left out in silence: Node takes it, and the server says that none was given. */
function checkCertificate(tls: TlsOptions): void {
  const given = (name: keyof TlsOptions) => tls[name] !== undefined && tls[name] !== null;
  if (given("pfx") || given("secureContext")) return;
  const certificate = (["cert", "certFile"] as const).find(given);
  const key = (["key", "keyFile", "privateKeyIdentifier"] as const).find(given);
  if ((certificate === undefined) === (key === undefined)) return;
  const problem =
    key === undefined
      ? `${certificate} needs the key of that certificate: key or keyFile is missing`
      : `${key} needs the certificate of that key: cert or certFile is missing`;
  throw new NatsError(`the option "tls": ${problem}`, ErrorCode.InvalidOption);
}

function unknownOption(name: string): NatsError {
  const near = Object.keys(allowed).find((known) => known.toLowerCase() === name.toLowerCase());
  const hint =
    near === undefined ? `known are ${Object.keys(allowed).join(", ")}` : `did you mean "${near}"?`;
  return new NatsError(`unknown option "${name}"; ${hint}`, ErrorCode.InvalidOption);
}

const DEFAULT_SERVER = "127.0.0.1:4222";

/** The configured servers, each with the credentials of its URL. */
export function configuredServers({ servers, port }: ConnectionOptions): readonly ConfiguredServer[] {
  if (port !== undefined) return readServers([`127.0.0.1:${port}`]);
  const given = typeof servers === "string" ? [servers] : (servers ?? []);
  return readServers(given.length === 0 ? [DEFAULT_SERVER] : given);
}

/**
 * Reads server URLs.
 * @throws NatsError `INVALID_OPTION` that says what is wrong, and never quotes the URL
 */
export function readServers(given: readonly string[]): readonly ConfiguredServer[] {
  const byName = new Map<string, ServerTransport["type"]>();
  return given.map((server) => {
    const { url, credentials } = splitCredentials(server);
    const address = parseAddress(url);
    if (!address.ok) throw new NatsError(`the option "servers": ${address.problem}`, ErrorCode.InvalidOption);
    const { name, transport } = address.value;
    const other = byName.get(name);
    if (other !== undefined && other !== transport.type) {
      const message = `the option "servers" names ${name} both for TCP and for WebSocket: they cannot share a port`;
      throw new NatsError(message, ErrorCode.InvalidOption);
    }
    byName.set(name, transport.type);
    const auth = credentials === null ? undefined : authOf(credentials);
    return { name, url, auth };
  });
}

function authOf(credentials: string): Auth {
  const decoded = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  const colon = credentials.indexOf(":");
  if (colon === -1) return { auth_token: decoded(credentials) };
  return { user: decoded(credentials.slice(0, colon)), pass: decoded(credentials.slice(colon + 1)) };
}

function tlsPolicy(tls: ConnectionOptions["tls"]): TlsPolicy {
  if (tls === null) return "never";
  if (tls === undefined) return "offered";
  return tls.handshakeFirst === true ? "first" : "required";
}

/** The part of the options that steers the chart. */
export function policyOf(opts: ConnectionOptions): Policy {
  const { reconnectJitterTLS, reconnectDelayHandler, reconnectToServer, tls, maxReconnectAttempts } = opts;
  const given = {
    ...opts,
    // The chart is plain JSON, which knows no Infinity.
    maxReconnectAttempts: maxReconnectAttempts === Number.POSITIVE_INFINITY ? -1 : maxReconnectAttempts,
    reconnectJitterTls: reconnectJitterTLS,
    asksForDelay: reconnectDelayHandler !== undefined,
    asksForServer: reconnectToServer !== undefined,
    tls: tlsPolicy(tls),
  };
  const names = Object.keys(defaultPolicy) as (keyof Policy)[];
  const chosen = names.map((name) => [name, given[name] ?? defaultPolicy[name]]);
  return Object.fromEntries(chosen) as Policy;
}

/** Bytes kept while disconnected where nobody says: as in the Go client. */
export const DEFAULT_RECONNECT_BUFFER_SIZE = 8 * 1024 * 1024;
