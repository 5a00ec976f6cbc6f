// What the chart remembers between events: plain JSON, no secret, no clock. And how input becomes it. What it remembers
// of a socket is in link.ts, of a server in server-pool.ts. What can be told from the rest is a function below, not a field.

import type { ConnectionEvent } from "./events.js";
import type { AttemptReport, Failure } from "./failure.js";
import { type Link, type Links, serverIdOf, serverOf } from "./link.js";
import type { Destination, Origin } from "./origin.js";
import { nextAt } from "./pace.js";
import { defaultPolicy, type Policy, serverPace } from "./reconnect-policy.js";
import { parseAddress } from "./server-address.js";
import {
  type Choice,
  choose,
  createPool,
  findServer,
  isSame,
  type PoolServer,
  type ServerPool,
} from "./server-pool.js";
import type { Milliseconds } from "./units.js";

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

/** What the chart remembers. */
export interface ConnectionContext extends Links {
  readonly policy: Policy;
  readonly pool: ServerPool;
  /** Where the servers of the pool come from: what decides how each is reached, and by whom. */
  readonly origins: readonly Origin[];
  /** Names of servers that have spoken TLS, or were known by way of one that did, in whatever list: the last `MAX_SPOKE_TLS` of them. */
  readonly spokeTls: readonly string[];
  /** Number of the list of servers that the user gave last; 0 is that of the input. */
  readonly list: number;
  /** Number of the last attempt, from 1; 0 before the first. */
  readonly attempt: number;
  /** The server that was in use last, as `host:port`, and until when. Null while one is, and before the first. */
  readonly lastInUse: { readonly server: string; readonly until: Milliseconds } | null;
  /** What the user's function chose, and when it may be dialed; null where it was not asked. */
  readonly chosen: { readonly server: string; readonly at: Milliseconds } | null;
  /** Until when the dials so far count against the pace of the pool: see pace.ts. */
  readonly dialsUntil: Milliseconds;
  /** How the user leaves: by `drain()` or by `close()`. Null for as long as the user stays. */
  readonly leaving: "drain" | "close" | null;
  /** True while messages that had arrived are processed although there is no connection any more: the end of a drain waits for it. */
  readonly processing: boolean;
  /** True once a connection was established: from then on it reconnects, and attempts count. */
  readonly connectedBefore: boolean;
  /** Why the last attempt or connection ended, or why all of it did; null while connected. */
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

/** How many names of servers that have spoken TLS are remembered. No cluster has as many. */
export const MAX_SPOKE_TLS = 1_000;

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
  for (const name of ["seed", "at"] as const)
    if (!Number.isFinite(input[name])) throw new Error(`the input needs a number as ${name}`);
  const { pool, origins, random } = createPool(addresses, policy.noRandomize, input.seed | 0);
  return {
    policy,
    pool,
    origins,
    spokeTls: [],
    list: 0,
    attempt: 0,
    live: null,
    next: null,
    retiring: [],
    lastInUse: null,
    chosen: null,
    dialsUntil: input.at,
    leaving: null,
    processing: false,
    connectedBefore: false,
    failure: null,
    attempts: [],
    random,
    now: input.at,
  };
}

// What can be told from the rest.

/** The server in use, as `host:port`: while disconnected the one that was, and before the first connection the one being dialed. */
export function serverInUse({ live, lastInUse, next }: ConnectionContext): string {
  if (live !== null) return serverOf(live);
  return lastInUse?.server ?? next?.destination.name ?? "";
}

/** Where in the life of the connection a link is, as a user is told: a step of an attempt, or a state. */
export function whereabouts({ leaving }: ConnectionContext, { phase }: Link): string {
  if (phase !== "live") return phase;
  return leaving === "drain" ? "draining" : "connected";
}

// Which server next.

/** The choice between the servers that may be dialed now. */
export function nextServer(context: ConnectionContext): Choice {
  const { chosen, now } = context;
  const all = candidates(context);
  const choice = chosen === null ? undefined : findServer(all, chosen.server);
  if (chosen !== null && choice !== undefined) {
    return chosen.at <= now ? { type: "dial", server: choice } : { type: "wait", ms: chosen.at - now };
  }
  return inPace(context, choose(all, now, context.lastInUse?.server ?? null));
}

/** The choice, or a wait where enough servers were dialed a moment ago. */
function inPace({ policy, dialsUntil, now }: ConnectionContext, choice: Choice): Choice {
  const ms = nextAt(dialsUntil, serverPace(policy)) - now;
  if (choice.type === "exhausted" || ms <= 0) return choice;
  return { type: "wait", ms: choice.type === "wait" ? Math.max(ms, choice.ms) : ms };
}

/**
 * The servers that may be dialed at all: not the one in use, which a move leaves, under none of its names; and in the first
 * round each once.
 */
export function candidates(context: ConnectionContext): ServerPool {
  const { live, pool } = context;
  const firstRound = isFirstRound(context);
  return pool.filter(
    (server) => !(live !== null && isServerOf(live, server)) && !(firstRound && server.failures > 0),
  );
}

/** True where the link goes to that server, maybe under another name. */
export function isServerOf(link: Link, server: PoolServer): boolean {
  const { destination, address } = link;
  return isSame({ ...server, name: destination.name, address, serverId: serverIdOf(link) }, server);
}

/** True where the server that greets, and is being dialed for a move, is the one in use under another name. */
export function isServerInUse({ live }: Pick<Links, "live">, event: ConnectionEvent): boolean {
  if (event.type !== "server.info" || live === null || event.attempt === live.id) return false;
  return event.info.serverId !== "" && event.info.serverId === live.info?.serverId;
}

/** How long an attempt may take at first where there is another server to try. It doubles with each failed one. */
export const PATIENCE: Milliseconds = 2_000;

/**
 * How long a server may take to greet: the option `timeout`, or less where there is another one to try, so that a host which
 * says nothing does not keep the client from those that would. The first connection tries each server once: there it has all.
 */
export function patienceWith(context: ConnectionContext, server: PoolServer): Milliseconds {
  const { timeout } = context.policy;
  const isOnlyOne = !candidates(context).some((other) => !isSame(other, server));
  if (isOnlyOne || isFirstRound(context)) return timeout;
  return Math.min(timeout, PATIENCE * 2 ** server.failures);
}

/** True where each server is tried once and then no more: no connection was ever established, and nobody waits for the first. */
function isFirstRound(context: ConnectionContext): boolean {
  return !context.connectedBefore && !context.policy.waitOnFirstConnect;
}

// TLS.

/** True where this server may be talked to only under TLS. */
export function tlsIsDemanded({ tls }: Policy, destination: Destination): boolean {
  return tls === "required" || tls === "first" || destination.tls !== null;
}
