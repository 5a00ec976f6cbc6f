// Servers without a chart: what the pure functions about pool and origins are given in their tests.

import { type Destination, destinationOf } from "../../src/machine/origin.js";
import { defaultPolicy, type Policy } from "../../src/machine/reconnect-policy.js";
import { parseAddress, type ServerAddress } from "../../src/machine/server-address.js";
import {
  createPool,
  findServer,
  learnServers,
  type News,
  type PoolServer,
  type Servers,
  withServer,
} from "../../src/machine/server-pool.js";

/** A URL, read. */
export function address(url: string): ServerAddress {
  const parsed = parseAddress(url);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** The servers of a list that the user wrote, in its order. */
export function serversOf(...urls: readonly string[]): Servers {
  const { pool, origins } = createPool(urls.map(address), true, 1);
  return { pool, origins };
}

/** A server of the pool, by its name. */
export function serverIn({ pool }: Servers, name: string): PoolServer {
  const server = findServer(pool, name);
  if (server === undefined) throw new Error(`${name} is not in the pool`);
  return server;
}

/** How a server of the pool is reached, by its name. */
export function reaching(servers: Servers, name: string): Destination {
  return destinationOf(servers.origins, serverIn(servers, name));
}

/** The servers, where more is known of one of them. */
export function knowing(servers: Servers, name: string, more: Partial<PoolServer>): Servers {
  return { ...servers, pool: withServer(servers.pool, name, more) };
}

/** What a test says of an INFO: who says it, inside TLS or not. The servers to which there is a link are by default that one. */
export interface Told extends Partial<Omit<News, "destination" | "connectUrls">> {
  readonly by: string | Destination;
  readonly policy?: Partial<Policy>;
  readonly seed?: number;
}

/** What comes of an INFO that names servers. */
export function told(servers: Servers, connectUrls: readonly string[], { by, ...more }: Told) {
  const destination = typeof by === "string" ? reaching(servers, by) : by;
  const { secured = false, letIn = false, inUse = [destination.name], policy = {}, seed = 1 } = more;
  const news = { connectUrls, destination, secured, letIn, inUse };
  return learnServers(servers, news, { ...defaultPolicy, noRandomize: true, ...policy }, seed);
}

/** The servers after an INFO that names some. */
export function learning(servers: Servers, connectUrls: readonly string[], how: Told): Servers {
  return { pool: told(servers, connectUrls, how).pool, origins: servers.origins };
}
