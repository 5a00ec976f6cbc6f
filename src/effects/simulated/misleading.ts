// Somebody who misleads clients about a server: a machine in the way of it, which writes what it likes until TLS begins, or the
// server itself. What it changes is INFO. When that happens is decided by a fault (faults.ts).

import { decodeText } from "../wire/text.js";
import type { Accept, ServerPeer, ServerSocket } from "./server-socket.js";

/** What clients are told, other than the truth. Plain JSON. */
export interface Misleading {
  /** Who says it: a machine in the way, which cannot speak inside TLS; or the server, which can. */
  readonly by: "path" | "server";
  /** The servers that INFO names (`connect_urls`), in place of those that there are; none: INFO names whom it would. */
  readonly connectUrls: readonly string[];
  /** INFO says that the server is about to shut down (`ldm`). */
  readonly lameDuck: boolean;
  /** What INFO says of TLS: the truth, that it is required, or nothing. */
  readonly tls: "honest" | "required" | "none";
  /** The connection is reset behind the greeting. */
  readonly cuts: boolean;
}

type Info = Readonly<Record<string, unknown>>;

const LF = 10;
const encoder = new TextEncoder();

/** What stands before INFO in one write of a model server. */
const before = /^(PONG|PING|\+OK)\r\n$/;

/** Accepts connections as `accept` does, but for what `lie` says at that time. */
export function misleading(accept: Accept, lie: () => Misleading | null): Accept {
  return (socket) => {
    let peer: ServerPeer | undefined;
    let isSecured = false;
    let hasGreeted = false;
    let isCut = false;
    const between: ServerSocket = {
      client: socket.client,
      port: socket.port,
      write: (bytes) => {
        const told = lie();
        if (told === null || (isSecured && told.by === "path")) return socket.write(bytes);
        socket.write(retold(bytes, told));
        if (told.cuts && !hasGreeted) {
          isCut = true;
          socket.destroy();
          peer?.closed();
        }
        hasGreeted = true;
      },
      end: () => socket.end(),
      destroy: () => socket.destroy(),
    };
    const inner = accept(between);
    peer = inner;
    if (isCut) inner.closed();
    return {
      data: (bytes) => inner.data(bytes),
      closed: () => inner.closed(),
      secure: () => {
        const certificate = inner.secure();
        isSecured = certificate !== null;
        return certificate;
      },
    };
  };
}

/** The bytes, with another INFO where there is one. */
function retold(bytes: Uint8Array, lie: Misleading): Uint8Array {
  for (let start = 0, end = 0; start < bytes.length; start = end) {
    end = bytes.indexOf(LF, start) + 1;
    if (end === 0) return bytes;
    const line = decodeText(bytes, start, end);
    if (before.test(line)) continue;
    const info = infoIn(line);
    if (info === undefined) return bytes;
    const said = encoder.encode(`INFO ${JSON.stringify(liedAbout(info, lie))} \r\n`);
    const all = new Uint8Array(start + said.length + bytes.length - end);
    all.set(bytes.subarray(0, start));
    all.set(said, start);
    all.set(bytes.subarray(end), start + said.length);
    return all;
  }
  return bytes;
}

/** What INFO says; undefined where the line is none, or says what makes no sense. */
function infoIn(line: string): Info | undefined {
  if (!line.startsWith("INFO {")) return undefined;
  try {
    return JSON.parse(line.slice(5));
  } catch {
    return undefined;
  }
}

function liedAbout(info: Info, { connectUrls, lameDuck, tls }: Misleading) {
  const { tls_required, tls_available, ...rest } = info;
  const honest = { tls_required, tls_available };
  return {
    ...rest,
    ...{ honest, required: { tls_required: true }, none: {} }[tls],
    ...(connectUrls.length === 0 ? {} : { connect_urls: connectUrls }),
    ...(lameDuck ? { ldm: true } : {}),
  };
}
