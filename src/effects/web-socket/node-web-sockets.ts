// WebSockets in Node: the runtime's own (Node 22 and later), or those of the package `ws`, an optional peer.
//
// The package is needed if the runtime has none (Node 20), if TLS options are given, or if the runtime would not check the
// certificate. It is used, too, if a host has several addresses and the package is there: it takes a connection of the
// client's dialer, which tries the addresses side by side, while the runtime's own WebSocket gives a slow one up. And it is
// used where a certificate may carry another name than the host's, which the runtime's own would not accept.

import { isIP, type Socket, connect as tcpConnect } from "node:net";
import type { ClientOptions } from "ws";
import type { Destination } from "../../machine/origin.js";
import { readMaterial } from "../node/certificates.js";
import type { Dialer } from "../node/dialing.js";
import { loadTls, loadWs, type PackageFailure } from "../node/late-parts.js";
import type { WebSocketDial } from "../node/node-world.js";
import { isDeno, isNode } from "../node/runtime.js";
import { badOption, connectionOptions } from "../node/tls.js";
import { isTlsError, TlsFailure, tlsFailure } from "../node/tls-failure.js";
import { offersCertificate, type TlsOptions } from "../node/tls-options.js";
import { globalWebSocket, type Opening, type WebSocketLike } from "./web-socket.js";
import { WebSocketFailure } from "./web-socket-failure.js";
import { WebSocketTransport } from "./web-socket-transport.js";

type OwnWebSocket = new (url: string) => WebSocketLike;

/** Dials WebSocket servers from Node; for `dialWebSocket` of the Node world. */
export function nodeWebSockets(tls: TlsOptions | null | undefined): WebSocketDial {
  return (server, events, dialer) =>
    new WebSocketTransport(server, events, {
      ask: (told, begin) => dialer.queue.ask(server.name, told, begin),
      open: (url, opening) => open(url, opening, server, tls, dialer),
      explain: (error) => explained(error, tls ?? {}),
    });
}

async function open(
  url: string,
  opening: Opening,
  server: Destination,
  tls: TlsOptions | null | undefined,
  dialer: Dialer,
): Promise<WebSocketLike> {
  if (tls === null && server.transport.tls)
    throw new WebSocketFailure("the URL asks for TLS, but the option tls is null", "SERVER_OPT_NA");
  const Own: OwnWebSocket | undefined = globalWebSocket();
  const need = needOfPackage(server, tls, Own !== undefined);
  const needed = need === undefined ? undefined : await loadPackage(need);
  const byOwn = () => new (Own as OwnWebSocket)(url);
  // Bun has a package ws of its own, which takes no connection; Deno dials as Deno does.
  if (!isNode) return needed === undefined ? byOwn() : byPackage(needed, url, server, tls ?? {}, undefined);
  // A single address has nothing to race.
  const isSpecial = server.transport.tls && server.otherTlsName !== null;
  if (needed === undefined && isIP(server.host) !== 0 && !isSpecial) return byOwn();
  const addresses = await addressesOf(server, opening, dialer);
  const loaded =
    needed ?? (addresses.length > 1 || isSpecial ? await loadWs().catch(() => undefined) : undefined);
  if (loaded === undefined) return byOwn();
  return byPackage(loaded, url, server, tls ?? {}, () => connected(addresses, server, opening, dialer));
}

/** Why nothing but the package `ws` will do; undefined where the runtime's own WebSocket does. */
function needOfPackage(
  { transport, tlsName }: Destination,
  tls: TlsOptions | null | undefined,
  hasOwn: boolean,
): string | undefined {
  if (transport.tls && (Object.keys(tls ?? {}).length > 0 || tlsName !== null))
    return "the option tls over wss:// needs the package ws: npm install ws";
  if (!hasOwn) return "ws:// and wss:// with this version of Node needs the package ws: npm install ws";
  // Deno does not heed it.
  if (transport.tls && !isDeno && process.env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0")
    return (
      "NODE_TLS_REJECT_UNAUTHORIZED is 0, and the WebSocket of this runtime would check no certificate: " +
      "unset the variable, or install the package ws (npm install ws), by which the client checks it all the same"
    );
  return undefined;
}

async function loadPackage(need: string): Promise<typeof import("ws")> {
  return loadWs().catch((failure: PackageFailure) => {
    throw new WebSocketFailure(failure.isMissing ? need : failure.message, "UNKNOWN_ERROR", failure.cause);
  });
}

/** The addresses of the server's host, in the order in which they are to be dialed. */
function addressesOf({ host }: Destination, { signal }: Opening, dialer: Dialer): Promise<readonly string[]> {
  signal.throwIfAborted();
  if (isIP(host) !== 0) return Promise.resolve([host]);
  return new Promise((found, failed) => {
    signal.addEventListener("abort", dialer.lookUp(host, { found, failed }));
  });
}

/** A connection to the address that answers first. */
async function connected(
  addresses: readonly string[],
  server: Destination,
  { signal, reached }: Opening,
  dialer: Dialer,
): Promise<Socket> {
  signal.throwIfAborted();
  const connect = (host: string) => tcpConnect({ host, port: server.port });
  const socket = await new Promise<Socket>((resolve, failed) => {
    const opened = (socket: Socket, address: string) => {
      reached(address);
      resolve(socket);
    };
    signal.addEventListener("abort", dialer.race(addresses, server, connect, { opened, failed }));
  });
  if (!signal.aborted) return socket;
  socket.destroy();
  throw new WebSocketFailure("the WebSocket is not wanted any more", "CANCELLED");
}

/** A WebSocket of the package, over that connection; without one, the package dials. */
async function byPackage(
  { WebSocket }: typeof import("ws"),
  url: string,
  server: Destination,
  tls: TlsOptions,
  connection: (() => Promise<Socket>) | undefined,
): Promise<WebSocketLike> {
  const opened = (options: object) =>
    new WebSocket(url, options as ClientOptions) as unknown as WebSocketLike;
  // Compression costs more than it saves here, and memory that stays.
  const plain = { perMessageDeflate: false } as const;
  if (!server.transport.tls) {
    const socket = await connection?.();
    return opened(socket === undefined ? plain : { ...plain, createConnection: () => socket });
  }
  const nodeTls = await loadTls();
  const options = { ...connectionOptions(nodeTls, server, tls), ...(await readMaterial(tls)) };
  const socket = await connection?.();
  try {
    if (socket === undefined) return opened({ ...options, ...plain });
    const secured = nodeTls.connect({ ...options, socket });
    return opened({ ...plain, createConnection: () => secured });
  } catch (error) {
    socket?.destroy();
    throw badOption(error as NodeJS.ErrnoException, tls);
  }
}

/** TLS errors in words that say what to do. */
function explained(error: Error, tls: TlsOptions): Error {
  if (error instanceof TlsFailure) return error;
  for (const one of [error, error.cause]) {
    if (!(one instanceof Error)) continue;
    const { code = "", message } = one as NodeJS.ErrnoException;
    if (code === "EPROTO" && /wrong version number|packet length too long|http request/.test(message))
      return notTls(one);
    if (isTlsError(one) || handshakeErrors.test(code)) return tlsFailure(one, offersCertificate(tls));
  }
  return error;
}

/** What Node calls certificates that cannot be checked, beside the names that it has for errors after the handshake. */
const handshakeErrors = /^(DEPTH_ZERO_SELF|SELF_SIGNED|UNABLE_TO_|EPROTO)/;

function notTls(cause: Error): TlsFailure {
  const message =
    "the server does not speak TLS at this port: it may be one for ws://, or for another protocol";
  return new TlsFailure(message, { cause });
}
