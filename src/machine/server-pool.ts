// The server pool: which server next. Pure functions over an immutable queue.
//
// The front is dialed next; a server that failed or was lost goes to the back. A server is left alone for its
// `wait` after an attempt, but never a moment longer: as long as any server is out of its wait, nobody waits.

import type { Policy } from "./reconnect-policy.js";
import { shuffled } from "./reconnect-policy.js";
import { parseAddress, type ServerAddress, type ServerTransport } from "./server-address.js";
import type { Milliseconds } from "./units.js";

/** The last refusal of a server: what it said, and to which of the credentials that were offered so far. */
export interface Refusal {
  readonly kind: string;
  /** Version of the credentials; it grows when the server is offered others than the time before. */
  readonly credentialsVersion: number;
}

/** A server in the pool. Plain JSON, without credentials. */
export interface PoolServer extends ServerAddress {
  /** True where it was learnt from INFO rather than configured. */
  readonly learnt: boolean;
  /** The name that the certificate must carry where it is not `host`: a learnt IP address goes by the name dialed first. */
  readonly tlsName: string | null;
  /** When the last attempt began; null before the first. */
  readonly lastAttemptAt: Milliseconds | null;
  /** How long to leave it alone after `lastAttemptAt`; null while the user's function is asked for it. */
  readonly wait: Milliseconds | null;
  /** Failed attempts in a row. */
  readonly failures: number;
  readonly refusal: Refusal | null;
  /** True once a connection to it stood. */
  readonly didConnect: boolean;
}

/** The servers that may be dialed, as a queue: the next one first. */
export type ServerPool = readonly PoolServer[];

function newServer(address: ServerAddress, learnt: boolean, tlsName: string | null): PoolServer {
  return {
    ...address,
    learnt,
    tlsName,
    lastAttemptAt: null,
    wait: 0,
    failures: 0,
    refusal: null,
    didConnect: false,
  };
}

/** The pool at the start: each configured server once, shuffled unless `noRandomize`. */
export function createPool(
  addresses: readonly ServerAddress[],
  noRandomize: boolean,
  random: number,
): readonly [pool: ServerPool, random: number] {
  const unique = addresses
    .filter((one, at) => addresses.findIndex((other) => other.name === one.name) === at)
    .map((one) => {
      const tls = addresses.some((other) => other.name === one.name && other.transport.tls);
      return { ...one, transport: { ...one.transport, tls } };
    });
  const servers = unique.map((address) => newServer(address, false, null));
  return noRandomize ? [servers, random] : shuffled(servers, random);
}

/** The pool that the user wants from now on. Servers that stay keep what is known of them. */
export function replacePool(
  pool: ServerPool,
  addresses: readonly ServerAddress[],
  noRandomize: boolean,
  random: number,
): readonly [pool: ServerPool, random: number] {
  const [fresh, next] = createPool(addresses, noRandomize, random);
  const merged = fresh.map((server) => {
    const known = findServer(pool, server.name);
    // A name has the path of a WebSocket URL: only TCP and WebSocket on the same port are left to tell apart.
    const isAnother = known === undefined || known.transport.type !== server.transport.type;
    return isAnother ? server : { ...known, transport: server.transport, learnt: false };
  });
  return [merged, next];
}

/** The server of that name, or undefined when it is not, or no longer, in the pool. */
export function findServer(pool: ServerPool, name: string | null): PoolServer | undefined {
  return pool.find((server) => server.name === name);
}

/** The pool with changes to one server; unchanged where it is not in the pool. */
export function withServer(pool: ServerPool, name: string, changes: Partial<PoolServer>): ServerPool {
  return pool.map((server) => (server.name === name ? { ...server, ...changes } : server));
}

/** The pool with one server changed and moved to the back of the queue. */
export function toBack(pool: ServerPool, name: string, changes: Partial<PoolServer>): ServerPool {
  const moved = findServer(pool, name);
  if (moved === undefined) return pool;
  return [...pool.filter((server) => server !== moved), { ...moved, ...changes }];
}

/** How a server learnt from this one is reached: by TCP or WebSocket, with TLS or without, as this one. */
function transportAs(dialed: PoolServer | undefined): ServerTransport {
  if (dialed === undefined) return { type: "tcp", tls: false };
  const { transport } = dialed;
  // A path belongs to the host that it was configured for: the cluster tells its servers' own listeners.
  return transport.type === "tcp" ? transport : { ...transport, path: "/" };
}

/** What the pool answers to "which server next?". */
export type Choice =
  | { readonly type: "dial"; readonly server: PoolServer }
  | { readonly type: "wait"; readonly ms: Milliseconds }
  | { readonly type: "exhausted" };

/** Which of these servers is next, or how long until one is out of its wait, or that there is none. */
export function choose(candidates: ServerPool, now: Milliseconds): Choice {
  const ready = candidates.find((server) => readyAt(server) <= now);
  if (ready !== undefined) return { type: "dial", server: ready };
  if (candidates.length === 0) return { type: "exhausted" };
  return { type: "wait", ms: Math.min(...candidates.map(readyAt)) - now };
}

/** When a server is out of its wait. */
export function readyAt(server: PoolServer): Milliseconds {
  return server.lastAttemptAt === null ? Number.NEGATIVE_INFINITY : server.lastAttemptAt + (server.wait ?? 0);
}

/**
 * The pool after a failed attempt: the server goes to the back, counted and with its next wait, or leaves the
 * pool at `maxReconnectAttempts`. Before the first connection stands, nobody leaves.
 */
export function afterFailure(
  pool: ServerPool,
  name: string,
  wait: Milliseconds | null,
  limit: number | null,
): ServerPool {
  const failures = (findServer(pool, name)?.failures ?? 0) + 1;
  if (limit !== null && limit !== -1 && failures >= limit)
    return pool.filter((server) => server.name !== name);
  return toBack(pool, name, { failures, wait });
}

/** Servers that joined or left the pool, as `host:port`. */
export interface ServersChanged {
  readonly added: string[];
  readonly deleted: string[];
}

/**
 * The pool after an INFO with `connect_urls`: new servers join, learnt ones that the cluster no longer names
 * leave, unless in use. `inUse` names the server that says so first. An INFO that names none (a server without a cluster) says nothing about the pool.
 * Malformed entries are passed over: a server must not be able to break its client.
 */
export function learnServers(
  pool: ServerPool,
  connectUrls: readonly string[],
  inUse: readonly string[],
  policy: Policy,
  random: number,
): { readonly pool: ServerPool; readonly changed: ServersChanged; readonly random: number } {
  if (policy.ignoreClusterUpdates || connectUrls.length === 0) {
    return { pool, changed: { added: [], deleted: [] }, random };
  }
  const named = new Map<string, ServerAddress>();
  for (const url of connectUrls) {
    const address = parseAddress(url);
    // A cluster names hosts and ports; how they are reached, the client knows.
    if (address.ok && address.value.transport.type === "tcp") named.set(address.value.name, address.value);
  }
  const known = new Set(pool.map((server) => server.name));
  const dialed = findServer(pool, inUse[0] ?? null);
  const tlsName = dialed === undefined ? null : dialed.isAddress ? dialed.tlsName : dialed.host;
  const stays = (server: PoolServer) =>
    !server.learnt || inUse.includes(server.name) || named.has(server.name);
  const deleted = pool.filter((server) => !stays(server)).map((server) => server.name);
  const fresh = [...named.values()]
    .filter((address) => !known.has(address.name))
    .map((address) =>
      newServer({ ...address, transport: transportAs(dialed) }, true, address.isAddress ? tlsName : null),
    );
  const [joining, next] = policy.noRandomize ? [fresh, random] : shuffled(fresh, random);
  const added = fresh.map((server) => server.name);
  return { pool: [...pool.filter(stays), ...joining], changed: { added, deleted }, random: next };
}
