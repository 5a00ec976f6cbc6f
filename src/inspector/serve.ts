// The local inspector: a page on loopback that draws charts live, for networks without the hosted one. It serves the
// page, and asks nothing of any other machine.
//
// Not here: the page (page/), how a chart is drawn (drawing/), who may talk to it and what is relayed (relay.ts).

import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Limits } from "./backlog.js";
import { findPage } from "./find-page.js";
import { isAllowed, type LocalInspector, serveRelay } from "./relay.js";

export type { LocalInspector } from "./relay.js";

/** Options of `serveLocalInspector`. */
export interface LocalInspectorOptions {
  /** Port of page and relay. Default: 0, a free one that the system picks. */
  readonly port?: number;
  /** Address to listen on. Default `127.0.0.1`: nobody else reaches it. Any other lets others read what is inspected. */
  readonly host?: string;
  /** Folder of the built page. Default: that of this package. */
  readonly page?: string;
  /** What is kept of each machine for a page that opens late. Default: the last of it. */
  readonly keep?: Limits | undefined;
}

const FILES: ReadonlyMap<string, readonly [file: string, type: string]> = new Map([
  ["/", ["index.html", "text/html; charset=utf-8"]],
  ["/inspector.js", ["inspector.js", "text/javascript; charset=utf-8"]],
  ["/inspector.css", ["inspector.css", "text/css; charset=utf-8"]],
  ["/icon.svg", ["icon.svg", "image/svg+xml"]],
]);

const HEADERS = {
  // Nothing but what this server serves; connect-src 'self' covers the WebSocket of the page.
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/**
 * Serves the local inspector. Needs the package `ws`.
 * @throws Error (as a rejection) where `ws` is not installed, the page is not built, or the port is taken
 */
export async function serveLocalInspector(options: LocalInspectorOptions = {}): Promise<LocalInspector> {
  const { host = "127.0.0.1", port = 0, keep } = options;
  const files = await readPage(options.page ?? (await findPage()));
  return serveRelay({
    host,
    port,
    keep,
    answer: (request, response) => respond(files, host, request, response),
  });
}

async function readPage(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const names = [...FILES.values()].map(([name]) => name);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(`${folder}/${name}`)] as const)),
  );
}

function respond(
  files: ReadonlyMap<string, Buffer>,
  host: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const found = FILES.get(`${request.url}`.replace(/\?.*/, ""));
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isAllowed(request, host)) response.writeHead(403, HEADERS).end();
  else if (!isRead) response.writeHead(405, { ...HEADERS, allow: "GET, HEAD" }).end();
  else if (found === undefined) response.writeHead(404, HEADERS).end();
  else response.writeHead(200, { ...HEADERS, "content-type": found[1] }).end(files.get(found[0]));
}
