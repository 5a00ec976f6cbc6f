// `connect` where there are WebSockets and nothing else: browsers. The same options, but for those of Node.

import { WebWorld } from "../effects/web-socket/web-world.js";
import { Connection } from "./connection.js";
import { ErrorCode, NatsError } from "./errors.js";
import type { NatsConnection } from "./nats-connection.js";
import { checkOptions, type NoOption, type OptionsFor } from "./option-table.js";
import type { ConnectionOptions } from "./options.js";
import type { Server } from "./server.js";
import { worldWith } from "./settings.js";
import { throwIfAborted } from "./signal.js";
import { tlsOptionNames } from "./tls-option-names.js";

/**
 * Connects to a NATS server by WebSocket, from a browser or another runtime that has no TCP.
 *
 * `servers` are `wss://host:port/path` or `ws://host:port/path`. Without a scheme it is that of the page: wss on a page
 * that came by https, else ws. Default `127.0.0.1`, port 443 or 80. The options `tls` and `resolve` are of Node.
 * @returns the connection, when it stands: the server has answered, the credentials are accepted
 * @throws NatsError (as a rejection) `INVALID_OPTION` or `NOT_FUNC` for options that make no sense here, at once; else why
 * the last attempt failed (`TIMEOUT`, `CONNECTION_REFUSED`, `AUTHORIZATION_VIOLATION`, ...), with a message that names every
 * server that was tried, and `attempts`: one entry for each attempt; `CANCELLED` where the signal was aborted
 */
export async function connect(opts: ConnectionOptions = {}): Promise<NatsConnection> {
  checkOptions(opts);
  refuseNodeOptions(opts);
  throwIfAborted(opts.signal, "connect");
  const { port, ...rest } = opts;
  const host = port === undefined ? "127.0.0.1" : `127.0.0.1:${port}`;
  const given = typeof opts.servers === "string" ? [opts.servers] : (opts.servers ?? []);
  const servers = (given.length === 0 ? [host] : given).map(byWebSocket);
  return new WebSocketConnection(worldWith(opts, new WebWorld()), { ...rest, servers }).start();
}

/** A connection whose servers are reached by WebSocket, also those that it is given later. */
class WebSocketConnection extends Connection {
  override setServers(servers: readonly (string | Server)[]): void {
    if (!Array.isArray(servers)) return super.setServers(servers);
    const given: readonly (string | Server)[] = servers;
    super.setServers(given.map((one) => (typeof one === "string" ? byWebSocket(one) : one)));
  }
}

/** What only Node can do is refused. `noRandomize` and `timeout` are not: the chart heeds them, and needs no help of a browser. */
function refuseNodeOptions({
  tls,
  resolve,
  noRandomize: _,
  timeout: _limit,
  ...rest
}: OptionsFor<"node">): void {
  rest satisfies NoOption;
  const isGiven = (name: string) =>
    Object.hasOwn(tlsOptionNames, name) && tls?.[name as keyof typeof tls] !== undefined;
  const named = Object.keys(tls ?? {}).filter(isGiven);
  if (named.length > 0) {
    const options = named.map((name) => `tls.${name}`).join(", ");
    const message = `${options}: TLS cannot be configured here, the browser does it for wss://; the option is for Node`;
    throw new NatsError(message, ErrorCode.InvalidOption);
  }
  if (resolve === true) {
    const message = 'the option "resolve" is for Node: here the browser looks names up';
    throw new NatsError(message, ErrorCode.InvalidOption);
  }
}

/** The URL with the scheme of the page where it has none. */
function byWebSocket(server: string): string {
  const { location } = globalThis as { readonly location?: { readonly protocol?: string } };
  const ownScheme = location?.protocol === "https:" ? "wss" : "ws";
  const scheme = /^\s*([a-z][a-z0-9+.-]*):\/\//i.exec(server)?.[1]?.toLowerCase();
  if (scheme === undefined) return `${ownScheme}://${server.trim()}`;
  if (scheme !== "nats" && scheme !== "tcp" && scheme !== "tls") return server;
  const wanted = scheme === "tls" ? "wss" : "ws";
  const message = `the option "servers": a browser has no TCP for ${scheme}://; give the server's websocket listener, ${wanted}://host:port`;
  throw new NatsError(message, ErrorCode.InvalidOption);
}
