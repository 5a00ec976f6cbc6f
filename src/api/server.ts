// The servers of the pool, as `getServers` and `reconnectToServer` show them: the shape of the v3 client.

import type { ServerInfo } from "../effects/server-info.js";
import { type Destination, destinationOf } from "../machine/origin.js";
import { webSocketUrl } from "../machine/server-address.js";
import type { PoolServer, Servers } from "../machine/server-pool.js";
import type { Milliseconds } from "../machine/units.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import { KnownOptions } from "./known-options.js";

/** What stands for the credentials of a URL where it is shown. */
export const MASKED = "***";

/** A server of the pool. Source: `Server` of `@nats-io/nats-core` 3.4. */
export interface Server {
  /** Host name or IP address. */
  readonly hostname: string;
  /** TCP port. */
  readonly port: number;
  /** `host:port`, and the path of a WebSocket URL that has one: the name of the server in statuses and errors. */
  readonly listen: string;
  /**
   * Its URL, without the scheme where that is the usual one: `tls://` where a URL of its list asks for TLS, or where it was learnt from
   * servers that do TLS; and with `***@` in the place of the credentials that it is offered because of a URL. `setServers` knows by it which
   * server is meant. Give it the whole object: then the server also stays learnt, and keeps the name for its certificate.
   */
  readonly src: string;
  /** Name that its certificate must carry where it is not `hostname`; else empty. */
  readonly tlsName: string;
  /** Failed attempts in a row. */
  readonly reconnects: number;
  /** When the last attempt began, in milliseconds since the epoch; 0 before the first. */
  readonly lastConnect: number;
  /** True where it was learnt from the cluster. */
  readonly gossiped: boolean;
  /** True once a connection to it stood. */
  readonly didConnect: boolean;
}

/**
 * Chooses the server to dial. It gets the pool, first the server that the client would take, and the last INFO (null
 * before the first). It returns one of them, one of them and the milliseconds to wait before, or null for the first.
 * Where it throws, or returns another server or a delay that is no finite number, `connect` is rejected, or the connection closes with
 * the error. A negative delay is none.
 * Source: the option `reconnectToServer` of `@nats-io/nats-core` 3.4.
 */
export type ReconnectToServerHandler = (
  pool: readonly Server[],
  info: ServerInfo | null,
) => Server | { readonly server: Server; readonly delay: number } | null;

/** Whether the URL of that origin has credentials. */
export type IsOffered = (origin: string) => boolean;

function serverFrom(server: PoolServer, { origins }: Servers, isOffered: IsOffered): Server {
  const destination = destinationOf(origins, server);
  return {
    hostname: server.host,
    port: server.port,
    listen: server.name,
    src: sourceOf(destination, server.learnt, isOffered(server.origin)),
    tlsName: destination.tlsName ?? "",
    reconnects: server.failures,
    lastConnect: server.lastAttemptAt ?? 0,
    gossiped: server.learnt,
    didConnect: server.didConnect,
  };
}

/** The URL of a server, without a secret. The scheme is left out where it is the usual one. */
function sourceOf(
  { name, host, port, transport, tls }: Destination,
  learnt: boolean,
  hasCredentials: boolean,
): string {
  const plain = hasCredentials ? `nats://${name}` : name;
  // That a configured one has spoken TLS before is known by its name: it need not be asked of all others.
  const asksForTls = learnt ? transport.tls : tls === "url" || tls === "list";
  const tcp = asksForTls ? `tls://${name}` : plain;
  const url = transport.type === "webSocket" ? webSocketUrl({ host, port, transport }) : tcp;
  return hasCredentials ? url.replace("://", `://${MASKED}@`) : url;
}

/** The pool as the user sees it. */
export function serversFrom(servers: Servers, isOffered: IsOffered): readonly Server[] {
  return servers.pool.map((server) => serverFrom(server, servers, isOffered));
}

interface Delayed {
  readonly server?: unknown;
  readonly delay?: unknown;
}

const knownOfAnswer = /* @__PURE__ */ new KnownOptions<Delayed>("reconnectToServer", {
  server: true,
  delay: true,
});

/**
 * Asks the user's function.
 * @throws what it throws, or a NatsError where it returns what it must not
 */
export function askForServer(
  handler: ReconnectToServerHandler,
  servers: Servers,
  isOffered: IsOffered,
  info: ServerInfo | undefined,
): { readonly server: string | null; readonly ms: number } {
  const answer: unknown = handler(serversFrom(servers, isOffered), info ?? null);
  if (answer === null) return { server: null, ms: 0 };
  const delayed = answer as Delayed | undefined;
  if (delayed?.server !== undefined) knownOfAnswer.check(delayed);
  const chosen = (delayed?.server === undefined ? answer : delayed.server) as Partial<Server> | undefined;
  const known = servers.pool.find((server) => server.name === chosen?.listen);
  if (known === undefined) {
    const message = "reconnectToServer must return a server of the pool it was given, or null";
    throw new NatsError(message, ErrorCode.InvalidOption);
  }
  return { server: known.name, ms: checkedDelay(delayed?.delay ?? 0) };
}

/** A time that has passed is none; what is no time would be one, too, and the server dialed at once, again and again. */
function checkedDelay(delay: unknown): Milliseconds {
  if (typeof delay === "number" && Number.isFinite(delay)) return Math.max(0, delay);
  throw invalidOption("reconnectToServer", delay, "a function whose delay is a number of milliseconds");
}
