// The servers that a user names, in options and in `setServers`: read, checked, and apart from the credentials of their URLs.
// What the chart makes of a URL: src/machine/server-address.ts.

import { destinationOf } from "../machine/origin.js";
import {
  parseAddress,
  problemOfScheme,
  type ServerTransport,
  splitCredentials,
} from "../machine/server-address.js";
import { findServer, type PoolServer, type ServerPool, type Servers } from "../machine/server-pool.js";
import type { Auth } from "./authenticators.js";
import { ErrorCode, NatsError } from "./errors.js";
import { KnownOptions } from "./known-options.js";
import type { NoOption, OptionsFor } from "./option-table.js";
import { MASKED, type Server } from "./server.js";

/** A server that is configured, and the credentials of its URL. */
export interface ConfiguredServer {
  /** `host:port`. */
  readonly name: string;
  readonly url: string;
  readonly auth: Auth | undefined;
  /** Id of the origin whose credentials it is offered, where its URL has none: it is named anew, but for them. */
  readonly sameAs?: string;
}

const DEFAULT_SERVER = "127.0.0.1:4222";

/** The configured servers, each with the credentials of its URL. */
export function configuredServers(options: OptionsFor<"servers">): readonly ConfiguredServer[] {
  const { servers, port, ...rest } = options;
  rest satisfies NoOption;
  if (port !== undefined) return readServers([`127.0.0.1:${port}`]);
  const given = typeof servers === "string" ? [servers] : (servers ?? []);
  return readServers(given.length === 0 ? [DEFAULT_SERVER] : given);
}

/**
 * Reads server URLs.
 * @throws NatsError `INVALID_OPTION` that says what is wrong, and never quotes the URL
 */
export function readServers(given: readonly string[]): readonly ConfiguredServer[] {
  const servers = given.map((server) => {
    // Before the rest is read: what follows may look like credentials.
    const mistyped = problemOfScheme(server);
    if (mistyped !== null) throw new NatsError(`the option "servers": ${mistyped}`, ErrorCode.InvalidOption);
    const { url, credentials } = splitCredentials(server);
    if (credentials === MASKED) {
      const message = `the option "servers": ${MASKED}@ stands for credentials that are not shown. Give them, or to setServers what getServers gave`;
      throw new NatsError(message, ErrorCode.InvalidOption);
    }
    const address = parseAddress(url);
    if (!address.ok) throw new NatsError(`the option "servers": ${address.problem}`, ErrorCode.InvalidOption);
    const { name } = address.value;
    const auth = credentials === null ? undefined : authOf(credentials);
    return { name, url, auth };
  });
  checkTransports(servers);
  return servers;
}

/** Servers cannot share a port for TCP and WebSocket. */
function checkTransports(servers: readonly Pick<ConfiguredServer, "name" | "url">[]): void {
  const byName = new Map<string, ServerTransport["type"]>();
  for (const { name, url } of servers) {
    const type = /^wss?:/i.test(url) ? "webSocket" : "tcp";
    const other = byName.get(name);
    if (other !== undefined && other !== type) {
      const message = `the option "servers" names ${name} both for TCP and for WebSocket: they cannot share a port`;
      throw new NatsError(message, ErrorCode.InvalidOption);
    }
    byName.set(name, type);
  }
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

const knownOfServer = /* @__PURE__ */ new KnownOptions<Server>("setServers", {
  hostname: true,
  port: true,
  listen: true,
  src: true,
  tlsName: true,
  reconnects: true,
  lastConnect: true,
  gossiped: true,
  didConnect: true,
});

/** Whether it can be one of the list that `setServers` takes. */
export function isGivenServer(value: unknown): value is string | Server {
  const { listen, src } = (typeof value === "object" && value !== null ? value : {}) as Partial<Server>;
  return typeof value === "string" || (typeof listen === "string" && typeof src === "string");
}

/** The list that a user gives to `setServers`: URLs, and servers of the pool that stay as they are. */
export interface GivenServers {
  /** Those that are not kept, with the credentials of their URLs. */
  readonly named: readonly ConfiguredServer[];
  readonly kept: ServerPool;
  /** The URLs of all of them, in their order. */
  readonly urls: readonly string[];
}

/**
 * Reads what a user gives to `setServers`. What `getServers` gave, or its `src` with masked credentials, is kept: with its
 * credentials, and as learnt where it was. One that is to be reached under TLS from now on is new but for its credentials. A URL
 * that names the same server once more takes its place.
 * @throws NatsError `INVALID_OPTION` that says what is wrong, and never quotes a URL
 */
export function readGivenServers(given: readonly (string | Server)[], servers: Servers): GivenServers {
  const read = given.map((one) => {
    if (typeof one !== "string") knownOfServer.check(one);
    const text = typeof one === "string" ? one : one.src;
    const known = knownAs(one, servers);
    if (known === undefined) return { named: readServers([text]) };
    const { url } = splitCredentials(text);
    return known.asksForTls
      ? { named: readServers([url]).map((server) => ({ ...server, sameAs: known.server.origin })) }
      : { named: [], kept: known.server, url };
  });
  const named = read.flatMap((one) => one.named);
  checkTransports(named);
  const kept = read
    .flatMap((one) => one.kept ?? [])
    .filter(({ name }) => !named.some((one) => one.name === name));
  return { named, kept, urls: read.flatMap((one) => one.url ?? one.named.map(({ url }) => url)) };
}

/** The server of the pool that is meant, and whether TLS is asked of it that was not before; undefined where it is a URL. */
function knownAs(
  one: string | Server,
  { pool, origins }: Servers,
): { readonly server: PoolServer; readonly asksForTls: boolean } | undefined {
  if (typeof one === "string" && !one.includes(`://${MASKED}@`)) return undefined;
  const { url, credentials } = splitCredentials(typeof one === "string" ? one : one.src);
  const address = parseAddress(url);
  // Credentials that somebody wrote there are not to be lost.
  if (!address.ok || (credentials !== null && credentials !== MASKED)) return undefined;
  const { name, transport } = address.value;
  const server = findServer(pool, name);
  if (server === undefined) return undefined;
  const known = destinationOf(origins, server).transport;
  if (known.type !== transport.type) return undefined;
  return { server, asksForTls: transport.tls && !known.tls };
}
