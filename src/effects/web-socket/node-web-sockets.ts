// WebSockets in Node: the runtime's own (Node 22 and later), or those of the package `ws`, an optional peer, where there
// is none (Node 20) or where TLS options are given, which only `ws` can use.

import type { ClientOptions } from "ws";
import type { Destination } from "../../machine/origin.js";
import { isTlsError, TlsFailure, tlsFailure } from "../node/tls-failure.js";
import { offersCertificate, type TlsOptions } from "../node/tls-options.js";
import type { Transport, TransportEvents, World } from "../world.js";
import { globalWebSocket, type WebSocketLike } from "./web-socket.js";
import { WebSocketFailure } from "./web-socket-failure.js";
import { WebSocketTransport } from "./web-socket-transport.js";

/** Dials WebSocket servers from Node; for `dialWebSocket` of the Node world. */
export function nodeWebSockets(tls: TlsOptions | null | undefined): World["dial"] {
  return (server: Destination, events: TransportEvents): Transport =>
    new WebSocketTransport(server, events, {
      open: (url) => open(url, server, tls),
      explain: (error) => explained(error, tls ?? {}),
    });
}

async function open(
  url: string,
  server: Destination,
  tls: TlsOptions | null | undefined,
): Promise<WebSocketLike> {
  const isSecure = server.transport.tls;
  if (tls === null && isSecure)
    throw new WebSocketFailure("the URL asks for TLS, but the option tls is null", "SERVER_OPT_NA");
  const Own = globalWebSocket();
  const asksForTls = isSecure && (Object.keys(tls ?? {}).length > 0 || server.tlsName !== null);
  if (Own !== undefined && !asksForTls) return new Own(url);
  const { WebSocket } = await loadPackage(asksForTls);
  // Compression costs more than it saves here, and memory that stays.
  const plain = { perMessageDeflate: false } as const;
  if (!isSecure) return new WebSocket(url, plain) as unknown as WebSocketLike;
  const given = tls ?? {};
  const { badOption, connectionOptions, readMaterial } = await import("../node/tls.js");
  const material = await readMaterial(given);
  try {
    const options = { ...connectionOptions(server, given), ...material, ...plain };
    return new WebSocket(url, options as unknown as ClientOptions) as unknown as WebSocketLike;
  } catch (error) {
    throw badOption(error as NodeJS.ErrnoException, given);
  }
}

async function loadPackage(forTls: boolean): Promise<typeof import("ws")> {
  return import("ws").catch((cause: unknown) => {
    const why = forTls ? "the option tls over wss://" : "ws:// and wss:// with this version of Node";
    throw new WebSocketFailure(`${why} needs the package ws: npm install ws`, "UNKNOWN_ERROR", cause);
  });
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
