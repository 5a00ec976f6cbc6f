// How long to wait, and when to give up: the reconnect policy as pure functions and plain JSON.
//
// Randomness comes from a generator whose whole state is one number in the chart's context, so that the
// same input and events always give the same delays. Which server is next: see server-pool.ts.

import { begun, nextAt, type Pace } from "./pace.js";
import type { Milliseconds } from "./units.js";

/**
 * When TLS is used: `never` (`tls: null`), where the server `offered` it (the default), `required` (`tls: {}`),
 * or before the first byte of the protocol (`first`: `tls: { handshakeFirst: true }`).
 */
export type TlsPolicy = "never" | "offered" | "required" | "first";

/** The options that steer the chart. Meanings and defaults are those of the `nats` 2.29.3 options of the same name. */
export interface Policy {
  /** Reconnect when the connection is lost. Default true. */
  readonly reconnect: boolean;
  /** Failed attempts of one server in a row until it leaves the pool; -1: never. Default 10. */
  readonly maxReconnectAttempts: number;
  /** Least time between two attempts to reach the same server. Default 2,000 ms. */
  readonly reconnectTimeWait: Milliseconds;
  /** Upper bound of what is added at random to `reconnectTimeWait`, and to the interval of `serverPace`. Default 100 ms. */
  readonly reconnectJitter: Milliseconds;
  /** What is added to `reconnectTimeWait` where TLS is in use. Default 1,000 ms. */
  readonly reconnectJitterTls: Milliseconds;
  /** True where the user gave a `reconnectDelayHandler`: the chart asks for each delay. Default false. */
  readonly asksForDelay: boolean;
  /** True where the user gave a `reconnectToServer`: the chart asks for each server. Default false. */
  readonly asksForServer: boolean;
  /** Keep trying until the first connection stands, without counting attempts. Default false. */
  readonly waitOnFirstConnect: boolean;
  /** Go on although a server refused the same credentials twice. Default false. */
  readonly ignoreAuthErrorAbort: boolean;
  /** Do not learn servers from INFO. Default false. */
  readonly ignoreClusterUpdates: boolean;
  /** Dial the servers in the order given instead of a shuffled one. Default false. */
  readonly noRandomize: boolean;
  /** How long one attempt may take, from dialing to the PONG. Default 20,000 ms. */
  readonly timeout: Milliseconds;
  /** Time between two PINGs. Default 120,000 ms. */
  readonly pingInterval: Milliseconds;
  /** Unanswered PINGs at which a connection counts as stale. Default 2. */
  readonly maxPingOut: number;
  /** How long a drain may take (`DrainTimeout` of the Go client). Default 30,000 ms. */
  readonly drainTimeout: Milliseconds;
  /** When TLS is used. Default `offered`. */
  readonly tls: TlsPolicy;
  /** Go on in the clear with servers whose origin has spoken TLS before. Default false. */
  readonly allowNonTls: boolean;
  /** What to do when the server enters lame duck mode: report it, or also move to another server. Default `notify`. */
  readonly onLameDuck: "notify" | "migrate";
}

/** The defaults of the reference client, and of the Go client for what the reference does not know. */
export const defaultPolicy: Policy = {
  reconnect: true,
  maxReconnectAttempts: 10,
  reconnectTimeWait: 2_000,
  reconnectJitter: 100,
  reconnectJitterTls: 1_000,
  asksForDelay: false,
  asksForServer: false,
  waitOnFirstConnect: false,
  ignoreAuthErrorAbort: false,
  ignoreClusterUpdates: false,
  noRandomize: false,
  timeout: 20_000,
  pingInterval: 120_000,
  maxPingOut: 2,
  drainTimeout: 30_000,
  tls: "offered",
  allowNonTls: false,
  onLameDuck: "notify",
};

/** A number in [0, 1) and the generator's next state. The mulberry32 generator: 32 bits of state, good enough for jitter. */
export function nextRandom(state: number): readonly [value: number, next: number] {
  const next = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(next ^ (next >>> 15), 1 | next);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return [((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296, next];
}

/** A new array with the same items in random order, and the generator's next state (Fisher-Yates). */
export function shuffled<T>(
  items: readonly T[],
  state: number,
): readonly [items: readonly T[], next: number] {
  const result = [...items];
  let random = state;
  for (let last = result.length - 1; last > 0; last--) {
    const [value, next] = nextRandom(random);
    random = next;
    const other = Math.floor(value * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return [result, random];
}

/** What the backoff of a server depends on. */
export interface BackoffOf {
  /** True where TLS is in use: another jitter counts. */
  readonly secured: boolean;
  /** Failed attempts of this server in a row. The wait does not grow with them, as in the reference. */
  readonly failures: number;
}

/** The backoff of a server: how long it is not dialed again, the wait plus jitter, and the generator's next state. */
export function backoff(
  policy: Policy,
  { secured }: BackoffOf,
  state: number,
): readonly [wait: Milliseconds, next: number] {
  const jitter = secured ? policy.reconnectJitterTls : policy.reconnectJitter;
  const [value, next] = nextRandom(state);
  return [policy.reconnectTimeWait + Math.floor(value * jitter), next];
}

/** How many servers are dialed at once. No usual cluster has more. */
export const SERVERS_AT_ONCE = 20;
/** The least time between two dials after that many. */
const SERVER_INTERVAL: Milliseconds = 50;
/** A user who wants a server to be dialed again sooner wants others to be, too: the interval is this part of the wait at most. */
const PART_OF_WAIT = 40;

/**
 * How fast the servers of a pool are dialed, one after another. Each has a backoff of its own, so that a big pool of dead ones
 * would be dialed from one end to the other in a burst.
 */
export function serverPace({ reconnectTimeWait }: Policy): Pace {
  const interval = Math.min(SERVER_INTERVAL, Math.floor(reconnectTimeWait / PART_OF_WAIT));
  return { atOnce: SERVERS_AT_ONCE, interval: Math.max(0, interval) };
}

/**
 * Until when the servers that were dialed count, with the one that is dialed now, and the generator's next state. What goes beyond
 * `SERVERS_AT_ONCE` is spread by `reconnectJitter`: many clients lose the same server at the same time.
 */
export function afterDial(
  policy: Policy,
  busyUntil: Milliseconds,
  now: Milliseconds,
  state: number,
): readonly [busyUntil: Milliseconds, next: number] {
  const pace = serverPace(policy);
  const until = begun(busyUntil, now, pace);
  if (nextAt(until, pace) <= now) return [until, state];
  const [value, next] = nextRandom(state);
  return [until + Math.floor(value * policy.reconnectJitter), next];
}
