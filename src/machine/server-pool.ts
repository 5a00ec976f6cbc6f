// The server pool: which server next. Pure functions over an immutable queue.
//
// A server that failed or was lost goes to the back. A server is left alone for its `wait` after an attempt, but never a
// moment longer: as long as any server is out of its wait, nobody waits. Among those that are, experience decides (`choose`):
// who was reached goes before who never was, and who was configured before who was only heard of. Where a server comes from, and
// what follows from that, is in origin.ts.

import { byName, type Destination, type OfOrigin, type Origin, originFor, originsOf } from "./origin.js";
import type { Policy } from "./reconnect-policy.js";
import { shuffled } from "./reconnect-policy.js";
import { parseAddress, type ServerAddress } from "./server-address.js";
import type { Milliseconds } from "./units.js";

/** The last refusal of a server: what it said, and to which of the credentials that were offered so far. */
export interface Refusal {
  readonly kind: string;
  /** Version of the credentials; it grows when the server is offered others than the time before. */
  readonly credentialsVersion: number;
}

/** A server in the pool. Plain JSON, without credentials. How it is reached: `destinationOf` in origin.ts. */
export interface PoolServer extends OfOrigin {
  /** Number of the last attempt to reach it; 0 before the first. */
  readonly lastAttempt: number;
  /** When the last attempt began; null before the first. */
  readonly lastAttemptAt: Milliseconds | null;
  /** How long to leave it alone after `lastAttemptAt`; null while the user's function is asked for it. */
  readonly wait: Milliseconds | null;
  /** Failed attempts in a row. */
  readonly failures: number;
  readonly refusal: Refusal | null;
  /** True once a connection to it stood. */
  readonly didConnect: boolean;
  /** The IP address and port that were reached under its name last; null before, and where the platform does not tell. */
  readonly address: string | null;
  /** What the server called itself in its last INFO; null before. */
  readonly serverId: string | null;
}

/** The servers that may be dialed, as a queue: the next one first. */
export type ServerPool = readonly PoolServer[];

function newServer(
  { name, host, port, isAddress }: ServerAddress,
  from: Pick<OfOrigin, "origin" | "learnt" | "vouched">,
): PoolServer {
  return {
    name,
    host,
    port,
    isAddress,
    ...from,
    lastAttempt: 0,
    lastAttemptAt: null,
    wait: 0,
    failures: 0,
    refusal: null,
    didConnect: false,
    address: null,
    serverId: null,
  };
}

/** The pool and the origins of its servers. */
export interface Servers {
  readonly pool: ServerPool;
  readonly origins: readonly Origin[];
}

/** The servers at the start, the list with the number 0: each configured one once, shuffled unless `noRandomize`. */
export function createPool(
  addresses: readonly ServerAddress[],
  noRandomize: boolean,
  random: number,
): Servers & { readonly random: number } {
  const origins = originsOf(addresses, 0);
  const servers = configured(addresses, origins);
  const [pool, next] = noRandomize ? [servers, random] : shuffled(servers, random);
  return { pool, origins, random: next };
}

function configured(addresses: readonly ServerAddress[], origins: readonly Origin[]): ServerPool {
  const named = byName(addresses);
  return origins.flatMap(({ id, name }) => {
    const address = named.get(name);
    return address === undefined ? [] : [newServer(address, { origin: id, learnt: false, vouched: false })];
  });
}

/** The list of servers that takes the place of another. */
export interface NewList {
  readonly addresses: readonly ServerAddress[];
  /** Names of those among them that stay as they are, with their origins. */
  readonly kept: readonly string[];
  readonly list: number;
  /** Names of servers that have spoken TLS before, in whatever list. */
  readonly spokeTls: readonly string[];
}

/**
 * The servers that the user wants from now on. Those that are kept stay as they are. All others are new, and may be dialed at
 * once: of the old ones with the same name no more is known than that they were reached, and spoke TLS.
 */
export function replacePool(
  { pool, origins }: Servers,
  { addresses, kept, list, spokeTls }: NewList,
  noRandomize: boolean,
  random: number,
): Servers & { readonly random: number } {
  const names = new Set(kept);
  const staying = pool.filter(({ name }) => names.has(name));
  const stayingByName = byName(staying);
  const fresh = addresses.filter(({ name }) => !stayingByName.has(name));
  const usedIds = new Set(staying.map(({ origin }) => origin));
  const used = origins.filter(({ id }) => usedIds.has(id));
  const asksForTls = fresh.some(({ transport }) => transport.tls) || used.some(({ tls }) => tls !== null);
  // One URL asks for TLS with all servers of its list, also with those that stay.
  const asked = used.map((origin) =>
    asksForTls && origin.tls === null ? { ...origin, tls: "list" as const } : origin,
  );
  const speakers = new Set(spokeTls);
  const freshOrigins = originsOf(fresh, list, asksForTls).map((origin) => ({
    ...origin,
    spokeTls: origin.transport.type === "tcp" && speakers.has(origin.name),
  }));
  const old = byName(pool);
  const types = new Map([...origins, ...freshOrigins].map(({ id, transport }) => [id, transport.type]));
  const merged = configured(fresh, freshOrigins).map((server) => {
    const known = old.get(server.name);
    const isAnother = known === undefined || types.get(known.origin) !== types.get(server.origin);
    if (isAnother) return server;
    const { lastAttempt, didConnect, address, serverId } = known;
    return { ...server, lastAttempt, didConnect, address, serverId };
  });
  const all = inOrderOf(addresses, [...staying, ...merged]);
  const [next, state] = noRandomize || fresh.length === 0 ? [all, random] : shuffled(all, random);
  return { pool: next, origins: [...asked, ...freshOrigins], random: state };
}

function inOrderOf(addresses: readonly ServerAddress[], servers: ServerPool): ServerPool {
  const names = [...byName(addresses).keys()];
  const places = new Map(names.map((name, place) => [name, place]));
  const place = ({ name }: PoolServer) => places.get(name) ?? -1;
  return [...servers].sort((one, other) => place(one) - place(other));
}

/** The server of that name, or undefined when it is not, or no longer, in the pool. */
export function findServer(pool: ServerPool, name: string | null): PoolServer | undefined {
  return pool.find((server) => server.name === name);
}

/** The pool with changes to one server; unchanged where it is not in the pool. */
export function withServer(pool: ServerPool, name: string, changes: Partial<PoolServer>): ServerPool {
  return pool.map((server) => (server.name === name ? { ...server, ...changes } : server));
}

/**
 * The pool with one server changed and moved to the back of the queue. What is the same server under another name goes there
 * with it, and is left alone as long.
 */
export function toBack(pool: ServerPool, name: string, changes: Partial<PoolServer>): ServerPool {
  const server = findServer(pool, name);
  if (server === undefined) return pool;
  const moved = { ...server, ...changes };
  const { wait, lastAttemptAt } = moved;
  const same = pool.filter((other) => other !== server && isSame(other, server));
  const others = pool.filter((other) => other !== server && !same.includes(other));
  return [...others, ...same.map((other) => ({ ...other, wait, lastAttemptAt })), moved];
}

/** True where both are the same server, maybe under two names: the addresses or the ids of it say so. */
export function isSame(one: PoolServer, other: PoolServer): boolean {
  if (one.name === other.name) return true;
  if (one.serverId !== null && one.serverId === other.serverId) return true;
  const reached = [other.name, other.address];
  return reached.includes(one.name) || (one.address !== null && reached.includes(one.address));
}

/** What the pool answers to "which server next?". */
export type Choice =
  | { readonly type: "dial"; readonly server: PoolServer }
  | { readonly type: "wait"; readonly ms: Milliseconds }
  | { readonly type: "exhausted" };

/**
 * Which of these servers is next, or how long until one is out of its wait, or that there is none. Of those that are out of it:
 * first who is known and has not failed since, then one that is known and one that is not in turn. `lost` was in use last.
 */
export function choose(candidates: ServerPool, now: Milliseconds, lost: string | null): Choice {
  const ready = candidates.filter((server) => readyAt(server) <= now);
  const server = bestOf(candidates, ready, lost);
  if (server !== undefined) return { type: "dial", server };
  if (candidates.length === 0) return { type: "exhausted" };
  return { type: "wait", ms: Math.min(...candidates.map(readyAt)) - now };
}

/** True where there is more to a server than that another one named it: the user did, or it was reached. */
export function isKnown({ learnt, didConnect }: PoolServer): boolean {
  return !learnt || didConnect;
}

function bestOf(candidates: ServerPool, ready: ServerPool, lost: string | null): PoolServer | undefined {
  const known = ready.filter(isKnown);
  const unfailed = known.filter(({ failures }) => failures === 0);
  // Who was lost just now was reached as well, but that says less than it did.
  const left = findServer(candidates, lost);
  const reached = unfailed.find(
    (server) => server.didConnect && !(left !== undefined && isSame(left, server)),
  );
  const [first] = unfailed;
  if (reached !== undefined || first !== undefined) return reached ?? first;
  const [stranger] = ready.filter((server) => !isKnown(server));
  const [other] = known;
  if (stranger === undefined || other === undefined) return stranger ?? other;
  const last = candidates.reduce((one, next) => (next.lastAttempt > one.lastAttempt ? next : one));
  return isKnown(last) ? stranger : other;
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
  const noted = toBack(pool, name, { failures, wait });
  const leaves = limit !== null && limit !== -1 && failures >= limit;
  return leaves ? noted.filter((server) => server.name !== name) : noted;
}

/** Servers that joined or left the pool, as `host:port`. */
export interface ServersChanged {
  readonly added: string[];
  readonly deleted: string[];
}

/** Who names servers, and in which of the ways that matter. */
export interface News {
  readonly connectUrls: readonly string[];
  /** The server that names them. */
  readonly destination: Destination;
  /** Whether it says so inside TLS. What is said before, or without, is a claim. */
  readonly secured: boolean;
  /** Whether the server that names them has let the client in. */
  readonly letIn: boolean;
  /** The names of the servers to which there is a link. */
  readonly inUse: readonly string[];
}

/** The servers that lists of `connect_urls` name, by their names: the chart looks at the list of one INFO more than once. */
const namedIn = new WeakMap<readonly string[], ReadonlyMap<string, ServerAddress>>();

function namedBy(connectUrls: readonly string[]): ReadonlyMap<string, ServerAddress> {
  const known = namedIn.get(connectUrls);
  if (known !== undefined) return known;
  const named = new Map<string, ServerAddress>();
  for (const url of connectUrls) {
    const address = parseAddress(url);
    // A cluster names hosts and ports; how they are reached, the client knows.
    if (address.ok && address.value.transport.type === "tcp") named.set(address.value.name, address.value);
  }
  namedIn.set(connectUrls, named);
  return named;
}

/**
 * The pool after an INFO with `connect_urls`: new servers join, with the origin of the server that says so. Learnt ones of that
 * origin that the cluster no longer names leave, unless in use; what was said inside TLS, a claim does not undo. An INFO that
 * names none (a server without a cluster) says nothing about the pool. Malformed entries are passed over: a server must not be
 * able to break its client.
 */
export function learnServers(
  { pool, origins }: Servers,
  { connectUrls, destination, secured: vouched, letIn, inUse }: News,
  policy: Policy,
  random: number,
): { readonly pool: ServerPool; readonly changed: ServersChanged; readonly random: number } {
  const origin = originFor(origins, pool, destination);
  if (policy.ignoreClusterUpdates || connectUrls.length === 0 || origin === undefined) {
    return { pool, changed: { added: [], deleted: [] }, random };
  }
  const named = namedBy(connectUrls);
  const isNamed = (server: PoolServer) =>
    !server.learnt ||
    server.origin !== origin.id ||
    inUse.includes(server.name) ||
    named.has(server.name) ||
    (server.vouched && !vouched);
  // Where the user keeps learnt servers alone, one that names none of them does not leave the client without any.
  const known = new Set(pool.map(({ name }) => name));
  const someRemain = pool.some(isNamed) || [...named.keys()].some((name) => !known.has(name));
  const stays = (server: PoolServer) => !someRemain || isNamed(server);
  const deleted = pool.filter((server) => !stays(server)).map((server) => server.name);
  const isVouchedNow = ({ name, learnt, origin: id }: PoolServer) =>
    vouched && learnt && id === origin.id && named.has(name);
  // Named by way of another URL, and not reached by way of that: who lets the client in, has it.
  const isTaken = ({ name, learnt, didConnect, origin: id }: PoolServer) =>
    letIn && learnt && !didConnect && id !== origin.id && named.has(name);
  const staying = pool.filter(stays).map((server) => {
    if (isTaken(server)) return { ...server, origin: origin.id, vouched };
    return isVouchedNow(server) ? { ...server, vouched } : server;
  });
  const addresses = [...named.values()].filter((address) => !known.has(address.name));
  const fresh = addresses.length === 0 ? [] : joiningServers(addresses, origins, origin, vouched);
  const [joining, next] = policy.noRandomize ? [fresh, random] : shuffled(fresh, random);
  const added = fresh.map((server) => server.name);
  return { pool: [...staying, ...joining], changed: { added, deleted }, random: next };
}

/** Servers that a server named by way of that origin. One that the user named, and that left the pool, comes back as what it was. */
function joiningServers(
  addresses: readonly ServerAddress[],
  origins: readonly Origin[],
  origin: Origin,
  vouched: boolean,
): ServerPool {
  const sameWay = byName(origins.filter(({ transport }) => transport.type === origin.transport.type));
  return addresses.map((address) => {
    const own = sameWay.get(address.name);
    return own === undefined
      ? newServer(address, { origin: origin.id, learnt: true, vouched })
      : newServer(address, { origin: own.id, learnt: false, vouched: false });
  });
}
