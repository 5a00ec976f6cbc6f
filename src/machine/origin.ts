// Origins: where a server came from decides how it is reached, and by whom. Pure.
//
// A client that moves between servers by itself must not carry a password, or drop TLS, on the way. So each server has
// an origin: a configured one is its own, and one that was learnt has that of the server which named it. At the end of the
// chain stands a URL that the user wrote. That URL alone decides, for all servers of its origin:
//
//   - by what they are reached: TCP, or WebSocket (`destinationOf`);
//   - whether that must be under TLS: since the URL says so, since another URL of its list does, or since one of its servers
//     has spoken TLS before (`spoke`). The last can be allowed to be forgotten: option `allowNonTls`;
//   - which name their certificates carry. What is said before TLS is a claim: whoever stands in the way can say it. A server
//     that was named in the clear must carry the name of the origin. One that was named inside TLS is vouched for: its
//     certificate may carry its own name as well, be it one for each server or one for all;
//   - whose credentials they are offered: those of that URL. No secret is here; the client has them by the origin's id.
//
//     tls://user:pass@a:4222          the origin: TCP, TLS, the name a, user and pass
//        │ named before TLS
//        ├──────────▶ b:4222          must carry the name a
//        │ named inside TLS
//        └──────────▶ c:4222          may carry its own name, c, or the name a
//                        │ named inside TLS
//                        └──────▶ 10.0.0.4:4222   may carry its address, or the name a
//
// A list of servers that replaces another (`setServers`) has origins of its own, of which the ids differ. The link in use
// keeps what it was made with: `destination`, a value. What its server names from then on is learnt only where the
// new list has that server as well (`originFor`); so no list is brought back that another one replaced. That a server has spoken
// TLS outlives all lists: its name is remembered.
//
// A server may be named by way of two URLs. It belongs to the one whose server let the client in, as long as it was not reached
// by way of the other: who only greets, and is refused then, must not take it away.

import type { Policy } from "./reconnect-policy.js";
import type { ServerAddress, ServerTransport } from "./server-address.js";

/**
 * Why servers are talked to only under TLS: their `url` asks for it, another URL of the same `list` does, or one of the
 * origin's servers spoke TLS `before`. Null where nothing of that asks for it.
 */
export type TlsDemand = "url" | "list" | "before" | null;

/** A URL that the user wrote, as what it decides for the servers that come from it. Plain JSON, without credentials. */
export interface Origin {
  /** The name of its server; with the number of its list, where that is not the first. */
  readonly id: string;
  /** `host:port` of its server, as in the pool. */
  readonly name: string;
  /** The name, or the IP address, that certificates must carry where a server may not go by its own name. */
  readonly host: string;
  /** True where `host` is an IP address. */
  readonly isAddress: boolean;
  /** As the URL says. */
  readonly transport: ServerTransport;
  /** Which URL asks for TLS: its own, or another one of its list. */
  readonly tls: Exclude<TlsDemand, "before">;
  /** True once one of its servers has spoken TLS. */
  readonly spokeTls: boolean;
}

/** What `openSocket` needs to know of a server: how it is reached, and by whom. It is what the link keeps. */
export interface Destination {
  /** `host:port`, and the path of a WebSocket URL that has one. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Name, or IP address, that the certificate must carry where it is not `host`. It is what the server is told (SNI). */
  readonly tlsName: string | null;
  /** Name, or IP address, that the certificate may carry instead; null where it may not. */
  readonly otherTlsName: string | null;
  /** How the server is reached: by TCP, or by WebSocket. */
  readonly transport: ServerTransport;
  /** Id of its origin: whose URL credentials it is offered. */
  readonly origin: string;
  /** Why it is talked to only under TLS; null where no URL and nothing that was seen asks for it. */
  readonly tls: TlsDemand;
}

/** What says of a server, together with its origin, how it is reached. */
export interface OfOrigin extends Omit<ServerAddress, "transport"> {
  /** Id of its origin: the configured server by way of which the client knows it; a configured one is its own. */
  readonly origin: string;
  /** True where it was learnt from INFO rather than configured. */
  readonly learnt: boolean;
  /** True where the INFO that named it came inside TLS: it may go by its own name. */
  readonly vouched: boolean;
}

/** The first of each name, in their order. */
export function byName<T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const one of all) if (!found.has(one.name)) found.set(one.name, one);
  return found;
}

/** The id of an origin, by the name of its server and the number of its list. */
export function originId(name: string, list: number): string {
  return list === 0 ? name : `${name}#${list}`;
}

/**
 * The origins of a list: one for each server, those that are named twice once.
 * @param anyAsksForTls whether a URL of the list asks for TLS, be it one of a server that stays
 */
export function originsOf(
  addresses: readonly ServerAddress[],
  list: number,
  anyAsksForTls = addresses.some(({ transport }) => transport.tls),
): readonly Origin[] {
  const asking = new Set(addresses.flatMap(({ name, transport }) => (transport.tls ? [name] : [])));
  return [...byName(addresses).values()].map(({ name, host, isAddress, transport }) => {
    const asks = asking.has(name);
    return {
      id: originId(name, list),
      name,
      host,
      isAddress,
      transport: { ...transport, tls: asks },
      tls: asks ? "url" : anyAsksForTls ? "list" : null,
      spokeTls: false,
    };
  });
}

/** The origin of that id. Every server of the pool has one. */
export function findOrigin(origins: readonly Origin[], id: string): Origin {
  const found = origins.find((origin) => origin.id === id);
  if (found === undefined) throw new Error(`invariant: the origin ${id} is known`);
  return found;
}

/** How a server is reached, as its origin says. */
export function destinationOf(origins: readonly Origin[], server: OfOrigin): Destination {
  const { name, host, port, learnt } = server;
  const origin = findOrigin(origins, server.origin);
  const tls = demandOf(origin);
  return {
    name,
    host,
    port,
    ...certificateNames(origin, server),
    transport: transportOf(origin, learnt),
    origin: origin.id,
    tls,
  };
}

/** The names that the certificate may carry. The first is a name where there is one, since SNI knows no addresses. */
function certificateNames(
  origin: Origin,
  { learnt, vouched, isAddress, host }: OfOrigin,
): Pick<Destination, "tlsName" | "otherTlsName"> {
  if (!learnt || host === origin.host) return { tlsName: null, otherTlsName: null };
  if (!vouched) return { tlsName: origin.host, otherTlsName: null };
  return isAddress && !origin.isAddress
    ? { tlsName: origin.host, otherTlsName: host }
    : { tlsName: null, otherTlsName: origin.host };
}

/** Who asks that the servers of this origin be talked to only under TLS. */
function demandOf({ tls, spokeTls }: Origin): TlsDemand {
  return tls ?? (spokeTls ? "before" : null);
}

function transportOf(origin: Origin, learnt: boolean): ServerTransport {
  const { transport } = origin;
  // Whether a WebSocket is secured, its URL says for good.
  if (transport.type === "tcp") return { type: "tcp", tls: demandOf(origin) !== null };
  // A path belongs to the host that it was configured for: the cluster tells its servers' own listeners.
  return learnt ? { ...transport, path: "/" } : transport;
}

/** The origins after a server of that origin spoke TLS: from here on it is asked of all of them. */
export function spoke(origins: readonly Origin[], id: string, policy: Policy): readonly Origin[] {
  if (policy.allowNonTls) return origins;
  return origins.map((origin) =>
    origin.id === id && !origin.spokeTls ? { ...origin, spokeTls: true } : origin,
  );
}

/**
 * The origin of the servers that a server names: its own; where another list has replaced that one, that of this server in the new
 * list. Undefined where the new list does not have it: it brings nobody back.
 * @param destination how the link goes to the server that names them
 */
export function originFor(
  origins: readonly Origin[],
  pool: readonly OfOrigin[],
  { name, origin: id, transport }: Destination,
): Origin | undefined {
  const own = origins.find((origin) => origin.id === id);
  if (own !== undefined) return own;
  // An origin may be there for the sake of servers that were learnt by way of it alone: then the new list does not name it.
  return origins.find(
    (origin) =>
      origin.name === name &&
      origin.transport.type === transport.type &&
      pool.some((server) => server.origin === origin.id && server.name === name),
  );
}
