// The options of `connect` as a table: what each may be, and where it goes. A value that makes no sense is an error at once; an
// option that is not in it is ignored, and told (known-options.ts). An option without a row, a row that leads nowhere, and an option that is not taken
// where its row leads do not compile. What each means: options.ts. What is made of them: settings.ts.

import type { TlsOptions } from "../effects/node/tls-options.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import { checkInboxPrefix } from "./inbox.js";
import { KnownOptions } from "./known-options.js";
import { isMilliseconds } from "./milliseconds.js";
import type { ConnectionOptions } from "./options.js";
import { isSignal } from "./signal.js";
import { tlsOptionNames } from "./tls-option-names.js";

/** Where an option goes. What is there takes {@link OptionsFor} it, all of them. */
export type Destination =
  /** The servers of the pool, and the credentials of their URLs. */
  | "servers"
  /** What the authenticators and options offer to a server. */
  | "credentials"
  /** The policy of the chart. */
  | "policy"
  /** Functions of the user that the chart asks. */
  | "handlers"
  /** The CONNECT command. */
  | "connect"
  /** What was published and no socket has. */
  | "outbound"
  /** Requests. */
  | "requests"
  /** Who is told of statuses. */
  | "statuses"
  /** The promise of `connect`. */
  | "connecting"
  /** Who looks into the chart: an observer, the recording. */
  | "watching"
  /** The sockets of every runtime. */
  | "world"
  /** The sockets of Node; a browser has no such choice. */
  | "node";

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

interface Row {
  readonly to: readonly [Destination, ...Destination[]];
  readonly check: Check;
  /** What is allowed, for the error. */
  readonly what: string;
  /** Code of the error; default `INVALID_OPTION`. */
  readonly code?: ErrorCode;
}

const milliseconds = {
  check: (value: unknown) => isMilliseconds(value),
  what: "a number of milliseconds, from 0 to 2147483647",
} as const;
const positive = {
  check: isPositive,
  what: "a number of milliseconds, above 0 and at most 2147483647",
} as const;
const flag = { check: is("boolean"), what: "true or false" } as const;
const aFunction = { check: is("function"), what: "a function", code: ErrorCode.NotFunction } as const;
const credential = {
  check: is("string"),
  what: "a string; a function goes into the option authenticator",
} as const;

const table = {
  servers: { to: ["servers"], check: isServers, what: "a server URL or a list of them" },
  port: {
    to: ["servers"],
    check: (value) => Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536,
    what: "a port, from 1 to 65535",
  },
  user: { to: ["credentials"], ...credential },
  pass: { to: ["credentials"], ...credential },
  token: { to: ["credentials"], ...credential },
  authenticator: {
    to: ["credentials"],
    check: isFunctions,
    what: "an authenticator (a function) or a list of them",
    code: ErrorCode.NotFunction,
  },
  reconnect: { to: ["policy"], ...flag },
  maxReconnectAttempts: {
    to: ["policy"],
    check: (value) => isCount(value) || value === Number.POSITIVE_INFINITY,
    what: "a number of attempts, or -1 for no limit",
  },
  reconnectTimeWait: { to: ["policy"], ...milliseconds },
  reconnectJitter: { to: ["policy"], ...milliseconds },
  reconnectJitterTLS: { to: ["policy"], ...milliseconds },
  reconnectDelayHandler: { to: ["policy", "handlers"], ...aFunction },
  timeout: { to: ["policy", "node"], ...positive },
  pingInterval: { to: ["policy"], ...positive },
  maxPingOut: {
    to: ["policy"],
    check: (value) => Number.isInteger(value) && (value as number) > 0,
    what: "a whole number above 0",
  },
  name: { to: ["connect", "watching"], check: isText, what: "a string that is not empty" },
  verbose: { to: ["connect"], ...flag },
  pedantic: { to: ["connect"], ...flag },
  tls: { to: ["policy", "connect", "node"], check: isTls, what: "an object with TLS options, or null" },
  allowNonTls: { to: ["policy"], ...flag },
  ignoreClusterUpdates: { to: ["policy"], ...flag },
  inboxPrefix: { to: ["requests"], check: is("string"), what: "a string" },
  noEcho: { to: ["connect"], ...flag },
  debug: { to: ["world"], ...flag },
  noRandomize: { to: ["policy", "node"], ...flag },
  waitOnFirstConnect: { to: ["policy"], ...flag },
  ignoreAuthErrorAbort: { to: ["policy"], ...flag },
  noAsyncTraces: { to: ["requests"], ...flag },
  resolve: { to: ["node"], ...flag },
  reconnectBufferSize: {
    to: ["outbound"],
    check: isCount,
    what: "a number of bytes, 0 for none, or -1 for no limit",
  },
  maxControlLine: {
    to: ["outbound"],
    check: (value) => Number.isInteger(value) && (value as number) >= 256,
    what: "a whole number of bytes, 256 or more",
  },
  unconfirmed: {
    to: ["outbound"],
    check: (value) => value === "report" || value === "resend",
    what: '"report" or "resend"',
  },
  drainTimeout: { to: ["policy"], ...positive },
  onLameDuck: {
    to: ["policy"],
    check: (value) => value === "notify" || value === "migrate",
    what: '"notify" or "migrate"',
  },
  reconnectToServer: { to: ["policy", "handlers"], ...aFunction },
  onStatus: { to: ["statuses"], ...aFunction },
  signal: { to: ["connecting"], check: isSignal, what: "an AbortSignal" },
  record: { to: ["watching"], ...flag },
  inspect: { to: ["watching"], check: isObserver, what: "a function, or an observer with a function `next`" },
} as const satisfies { readonly [Name in keyof Required<ConnectionOptions>]: Row };

const known = /* @__PURE__ */ new KnownOptions<typeof table>("connect", table);
const knownOfTls = /* @__PURE__ */ new KnownOptions<TlsOptions>("connect", tlsOptionNames, {
  prefix: "tls.",
  otherwise: "What the client does not know goes to node:tls as it is.",
});

/** The options that go there. */
export type OptionsFor<To extends Destination> = Pick<
  ConnectionOptions,
  {
    [Name in keyof typeof table]: To extends (typeof table)[Name]["to"][number] ? Name : never;
  }[keyof typeof table]
>;

/**
 * What is left of {@link OptionsFor} a destination once all of them are taken: `rest satisfies NoOption` compiles only
 * there, where `rest` is what a destructuring leaves.
 */
export type NoOption = Readonly<Record<PropertyKey, never>>;

/** Where an option goes. */
export function destinationsOf(name: keyof ConnectionOptions): readonly Destination[] {
  return table[name].to;
}

/**
 * Checks the options. Tells the process of those that are not known.
 * @throws NatsError `INVALID_OPTION` (`NOT_FUNC` for functions) that names the option, the kind of its value and what is allowed
 */
export function checkOptions(opts: unknown): asserts opts is ConnectionOptions {
  if (typeof opts !== "object" || opts === null || Array.isArray(opts)) {
    throw new NatsError("connect() takes an object with options, or nothing", ErrorCode.InvalidOption);
  }
  known.check(opts);
  for (const [name, value] of Object.entries(opts)) {
    if (value === undefined) continue;
    const row: Row | undefined = Object.hasOwn(table, name) ? table[name as keyof typeof table] : undefined;
    if (row === undefined) continue;
    const { check, what, code } = row;
    if (!check(value)) {
      const error = invalidOption(name, value, what);
      if (code !== undefined) error.code = code;
      throw error;
    }
  }
  const { servers, port, inboxPrefix, tls, user, pass, unconfirmed, reconnectBufferSize } =
    opts as ConnectionOptions;
  if (port !== undefined && servers !== undefined && servers.length > 0) {
    throw new NatsError(
      'the options "servers" and "port" exclude each other: give one of them',
      ErrorCode.InvalidOption,
    );
  }
  if (pass !== undefined && pass !== "" && (user === undefined || user === "")) {
    // Without a user it would be left out, and the server would let in nobody, or whoever needs no password.
    const what = user === undefined ? "is missing" : "is empty";
    throw new NatsError(
      `the option "pass" needs "user", which ${what}: give both; a token goes into the option "token"`,
      ErrorCode.InvalidOption,
    );
  }
  if (unconfirmed === "resend" && reconnectBufferSize === 0) {
    throw new NatsError(
      'the option "unconfirmed" is "resend", but the option "reconnectBufferSize" is 0: nothing could be kept to be sent again',
      ErrorCode.InvalidOption,
    );
  }
  if (inboxPrefix !== undefined) checkInboxPrefix(inboxPrefix);
  knownOfTls.check(tls);
  const { timeout } = tls ?? {};
  if (timeout !== undefined && !isPositive(timeout))
    throw invalidOption("tls.timeout", timeout, positive.what);
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
