// What the chart remembers between events: plain JSON, no secret, no clock. And how input becomes it.

import type { Destination } from "./effects.js";
import type { ConnectionEvent, ServerSummary } from "./events.js";
import type { AttemptReport, Failure, Milliseconds } from "./failure.js";
import { defaultPolicy, type Policy } from "./reconnect-policy.js";
import { parseAddress } from "./server-address.js";
import { type Choice, choose, createPool, findServer, type ServerPool } from "./server-pool.js";

/** What a connection starts from. */
export interface ConnectionInput {
  /** The configured servers, as `host:port` or with `nats://`, `tls://`, `ws://` or `wss://`, without credentials. */
  readonly servers: readonly string[];
  /** Seed of all randomness: shuffling and jitter. */
  readonly seed: number;
  /** Now, in milliseconds on the clock that will stamp the events. */
  readonly at: Milliseconds;
  /** What differs from `defaultPolicy`. */
  readonly policy?: Partial<Policy>;
}

/** The connection that is left while another is being made: messages still flow over it. */
export interface Leaving {
  /** The attempt whose socket it is. */
  readonly socket: number;
  /** Its server, as `host:port`. */
  readonly server: string;
  readonly secured: boolean;
  readonly info: ServerSummary | null;
}

/** What the chart remembers. */
export interface ConnectionContext {
  readonly policy: Policy;
  readonly pool: ServerPool;
  /** Number of the last attempt, from 1; 0 before the first. */
  readonly attempt: number;
  /** The attempt whose socket is open or being opened; null when there is none. */
  readonly socket: number | null;
  /** The connection that is being left (lame duck mode); null unless migrating. */
  readonly leaving: Leaving | null;
  /** The server of the last attempt, as `host:port`; null before the first. */
  readonly server: string | null;
  /** Where the last attempt goes; null before the first. Kept apart from the pool, which may change meanwhile. */
  readonly destination: Destination | null;
  /** What the user's function chose, and when it may be dialed; null where it was not asked. */
  readonly chosen: { readonly server: string; readonly at: Milliseconds } | null;
  /** True once TLS secures the current socket; by `wss://` from the beginning, since none opens without. */
  readonly secured: boolean;
  /** The last INFO over the current socket; null before it came. */
  readonly info: ServerSummary | null;
  /** True once a connection stood: from then on it reconnects, and attempts count. */
  readonly connectedBefore: boolean;
  /** PINGs that no PONG has answered. */
  readonly pingsOut: number;
  /** True once a server refused the same credentials twice in a row: the connection gives up. */
  readonly refusedTwice: boolean;
  /** Why the last attempt or connection ended, or why all of it did; null while all is well. */
  readonly failure: Failure | null;
  /** The failed attempts before the first connection, the last `MAX_ATTEMPT_REPORTS` of them. */
  readonly attempts: readonly AttemptReport[];
  /** State of the random generator. */
  readonly random: number;
  /** Time of the last event that concerns the reconnect policy. */
  readonly now: Milliseconds;
}

/** How many failed attempts a rejected `connect` reports at most; with `waitOnFirstConnect` there may be any number. */
export const MAX_ATTEMPT_REPORTS = 100;

// Made once: xstate's transition() tries a machine without input at every call, and throws the error away.
const noInput = new Error("the chart needs an input: servers, seed and at");

/** The context at the start. Throws an Error that names the input which is wrong. */
export function createContext(input: ConnectionInput): ConnectionContext {
  if (input === undefined) throw noInput;
  const policy: Policy = { ...defaultPolicy, ...input.policy };
  const addresses = input.servers.map((server) => {
    const parsed = parseAddress(server);
    if (!parsed.ok) throw new Error(parsed.problem);
    return parsed.value;
  });
  if (addresses.length === 0) throw new Error("the input names no server");
  const [pool, random] = createPool(addresses, policy.noRandomize, input.seed | 0);
  return {
    policy,
    pool,
    attempt: 0,
    socket: null,
    leaving: null,
    server: null,
    destination: null,
    chosen: null,
    secured: false,
    info: null,
    connectedBefore: false,
    pingsOut: 0,
    refusedTwice: false,
    failure: null,
    attempts: [],
    random,
    now: input.at,
  };
}

/** The server of the last attempt, for a status or an error; empty before the first. */
export function serverName(context: ConnectionContext): string {
  return context.server ?? "";
}

/** Where the current attempt goes. */
export function destination(context: ConnectionContext): Destination {
  if (context.destination === null) throw new Error("invariant: an attempt goes somewhere");
  return context.destination;
}

/** Which server next: never the one that is being left. */
export function nextServer(context: ConnectionContext): Choice {
  const { chosen, now } = context;
  const all = candidates(context);
  const choice = chosen === null ? undefined : findServer(all, chosen.server);
  if (chosen !== null && choice !== undefined) {
    return chosen.at <= now ? { type: "dial", server: choice } : { type: "wait", ms: chosen.at - now };
  }
  return choose(all, now);
}

/** The servers that may be dialed at all: not the one that is being left, and in the first round each once. */
export function candidates(context: ConnectionContext): ServerPool {
  const { leaving, pool } = context;
  const firstRound = isFirstRound(context);
  return pool.filter((server) => server.name !== leaving?.server && !(firstRound && server.failures > 0));
}

/** The server over whose socket messages flow, or flowed last: while migrating, the one that is being left. */
export function serverInUse(context: ConnectionContext): string {
  return context.leaving?.server ?? serverName(context);
}

/** True where the current attempt goes by WebSocket: its URL alone says whether there is TLS. */
export function isWebSocket({ destination: to }: ConnectionContext): boolean {
  return to?.webSocketPath !== undefined;
}

/** True where this server may be talked to only under TLS. */
export function tlsIsDemanded({ policy, destination: to }: ConnectionContext): boolean {
  return policy.tls === "required" || policy.tls === "first" || to?.tls === true;
}

/** The context as it was before the move to another server began, for what concerns the server that is being left. */
export function beforeMove(context: ConnectionContext): ConnectionContext {
  const { leaving } = context;
  return leaving === null ? context : { ...context, ...leaving, failure: null, leaving: null };
}

/** True where the event comes from the server that is being left. */
export function isOfOldSocket({ leaving }: ConnectionContext, event: ConnectionEvent): boolean {
  return leaving !== null && "attempt" in event && event.attempt === leaving.socket;
}

/** True where each server is tried once and then no more: no connection ever stood, and nobody waits for the first. */
export function isFirstRound(context: ConnectionContext): boolean {
  return !context.connectedBefore && !context.policy.waitOnFirstConnect;
}
