// What becomes of the options of `connect`, for each destination of their table (option-table.ts): what the connection
// and its parts are given, with the defaults filled in. Each function takes every option that goes to its destination:
// one that is left over does not compile. What each option means: options.ts.

import type { ConnectFields } from "../effects/connect-command.js";
import type { Observed } from "../effects/live-chart.js";
import type { NodeWorldOptions } from "../effects/node/node-world.js";
import type { Ports } from "../effects/ports.js";
import { tracingWorld } from "../effects/tracing-world.js";
import { DEFAULT_MAX_CONTROL_LINE } from "../effects/wire/subject.js";
import type { World } from "../effects/world.js";
import { defaultPolicy, type Policy, type TlsPolicy } from "../machine/reconnect-policy.js";
import { configuredServers } from "./configured-servers.js";
import { ServerCredentials } from "./credentials.js";
import { invalidOption } from "./errors.js";
import { inspection } from "./inspection.js";
import type { Destination, NoOption, OptionsFor } from "./option-table.js";
import type { ConnectionOptions } from "./options.js";
import type { Requester } from "./requester.js";
import { throwUncaught } from "./uncaught.js";
import { version } from "./version.js";

/** Bytes kept while disconnected where nobody says: as in the Go client. */
const DEFAULT_RECONNECT_BUFFER_SIZE = 8 * 1024 * 1024;

/** The options that go there, each of them: given, or undefined. */
type Each<To extends Destination> = {
  readonly [Name in keyof OptionsFor<To>]-?: OptionsFor<To>[Name] | undefined;
};

/** What a connection is given. Sockets are opened by its world, which the caller makes: {@link nodeSettings}. */
export type Settings = ReturnType<typeof settingsOf>;

/**
 * What the options come to. They are checked by the caller.
 * @throws NatsError `INVALID_OPTION` for a server URL that makes no sense
 */
export function settingsOf(options: ConnectionOptions) {
  return {
    servers: configuredServers(options),
    credentials: new ServerCredentials(options),
    policy: policyOf(options),
    handlers: handlersOf(options),
    connect: connectFields(options),
    outbound: outboundLimits(options),
    requests: requestSettings(options),
    statuses: listeners(options),
    connecting: connecting(options),
    watching: watching(options),
  } satisfies Readonly<Record<Exclude<Destination, "world" | "node">, unknown>>;
}

/** The part of the options that steers the chart. */
export function policyOf(options: OptionsFor<"policy">): Policy {
  const { maxReconnectAttempts, reconnectJitterTLS, reconnectDelayHandler, reconnectToServer, tls, ...rest } =
    options;
  // All others have the same name there; one that the policy does not know does not compile.
  const others: Partial<Pick<Policy, keyof typeof rest>> = rest;
  const given = {
    ...others,
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

function tlsPolicy(tls: ConnectionOptions["tls"]): TlsPolicy {
  if (tls === null) return "never";
  if (tls === undefined) return "offered";
  return tls.handshakeFirst === true ? "first" : "required";
}

/** That world, as the options want it: with `debug` it prints what goes over its sockets. */
export function worldWith({ debug, ...rest }: OptionsFor<"world">, world: World): World {
  rest satisfies NoOption;
  return debug === true ? tracingWorld(world, (line) => console.log(line)) : world;
}

/** What the options tell the sockets of Node. */
export function nodeSettings({ noRandomize, resolve, timeout, tls, ...rest }: OptionsFor<"node">) {
  rest satisfies NoOption;
  return {
    noRandomize: noRandomize === true || resolve === false,
    timeout: timeout ?? defaultPolicy.timeout,
    tls,
  } satisfies NodeWorldOptions;
}

function handlersOf(options: OptionsFor<"handlers">): Each<"handlers"> {
  const { reconnectDelayHandler, reconnectToServer } = options;
  return { reconnectDelayHandler, reconnectToServer };
}

function connectFields(
  options: OptionsFor<"connect">,
): Required<Pick<ConnectFields, keyof OptionsFor<"connect"> | "version">> {
  const { name, verbose = false, pedantic = false, noEcho = false, tls } = options;
  return { name, verbose, pedantic, noEcho, tls: tls !== undefined && tls !== null, version };
}

function outboundLimits(
  options: OptionsFor<"outbound">,
): Pick<Ports["limits"], keyof OptionsFor<"outbound">> {
  const {
    reconnectBufferSize = DEFAULT_RECONNECT_BUFFER_SIZE,
    maxControlLine = DEFAULT_MAX_CONTROL_LINE,
    unconfirmed = "report",
  } = options;
  return { reconnectBufferSize, maxControlLine, unconfirmed };
}

function requestSettings({ inboxPrefix = "", noAsyncTraces, ...rest }: OptionsFor<"requests">) {
  rest satisfies NoOption;
  return { inboxPrefix, asyncTraces: noAsyncTraces !== true } satisfies Partial<Requester>;
}

function listeners({ onStatus }: OptionsFor<"statuses">): Each<"statuses"> {
  return { onStatus };
}

function connecting({ signal }: OptionsFor<"connecting">): Each<"connecting"> {
  return { signal };
}

function watching(options: OptionsFor<"watching">): Required<Pick<Observed, keyof OptionsFor<"watching">>> {
  const { inspect, name, record } = options;
  return { inspect: inspect === undefined ? undefined : inspection(inspect), name, record };
}

/** What the user's `reconnectDelayHandler` says; where it fails, its error is uncaught and `reconnectTimeWait` holds. */
export function chosenDelay({ handlers, policy }: Pick<Settings, "handlers" | "policy">): number {
  try {
    const ms: unknown = handlers.reconnectDelayHandler?.();
    if (typeof ms === "number" && ms >= 0 && Number.isFinite(ms)) return ms;
    throw invalidOption("reconnectDelayHandler", ms, "a function that returns a number of milliseconds");
  } catch (error) {
    throwUncaught(error);
    return policy.reconnectTimeWait;
  }
}
