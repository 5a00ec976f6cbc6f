// The local inspector: a page on loopback that draws charts live, for networks without the hosted one. It serves the
// page and relays inspection messages to it, and asks nothing of any other machine.
//
// Not here: the page (page/), how a chart is drawn (drawing/), what is kept for a page that opens late (backlog.ts).

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import { Backlog } from "./backlog.js";
import { findPage } from "./find-page.js";

/** A local inspector that runs. */
export interface LocalInspector {
  /** Address of the page, such as `http://127.0.0.1:40123/`. */
  readonly url: string;
  /** Where processes send their inspection messages: `createWebSocketInspector({ url: relayUrl })`. */
  readonly relayUrl: string;
  /** Ends the page and the relay; resolves when no socket is left. */
  close(): Promise<void>;
}

/** Options of `serveLocalInspector`. */
export interface LocalInspectorOptions {
  /** Port of page and relay. Default: 0, a free one that the system picks. */
  readonly port?: number;
  /** Address to listen on. Default `127.0.0.1`: nobody else reaches it. Any other lets others read what is inspected. */
  readonly host?: string;
  /** Folder of the built page. Default: that of this package. */
  readonly page?: string;
}

/** A single message is no larger: a definition takes some 60 kB. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** A page that reads more slowly than this is let go; it comes back by itself and gets the backlog. */
const MAX_UNREAD_BYTES = 32 * 1024 * 1024;

const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/inspector.js": ["inspector.js", "text/javascript; charset=utf-8"],
  "/inspector.css": ["inspector.css", "text/css; charset=utf-8"],
  "/layout.js": ["layout.js", "text/javascript; charset=utf-8"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
};

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
  const { host = "127.0.0.1", port = 0 } = options;
  const { WebSocketServer } = await loadWebSockets();
  const files = await readPage(options.page ?? (await findPage()));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const relay = new Relay(sockets);
  const server = createServer((request, response) => respond(files, host, request, response));
  server.on("upgrade", (request, socket, head) => {
    if (!isAllowed(request, host)) return refuse(socket, "403 Forbidden");
    sockets.handleUpgrade(request, socket, head, (ws) => {
      if (request.url === "/page") relay.addPage(ws);
      else relay.addClient(ws);
    });
  });
  await listen(server, port, host);
  const { port: bound } = server.address() as AddressInfo;
  const authority = `${host.includes(":") ? `[${host}]` : host}:${bound}`;
  return {
    url: `http://${authority}/`,
    relayUrl: `ws://${authority}/`,
    close: async () => {
      for (const ws of sockets.clients) ws.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function loadWebSockets(): Promise<{ WebSocketServer: typeof WebSocketServer }> {
  try {
    return await import("ws");
  } catch (cause) {
    throw new Error("the local inspector needs the package ws: npm install ws", { cause });
  }
}

async function readPage(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const names = Object.values(FILES).map(([name]) => name);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(`${folder}/${name}`)] as const)),
  );
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function respond(
  files: ReadonlyMap<string, Buffer>,
  host: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const [file, type] = FILES[(request.url ?? "").replace(/\?.*$/, "")] ?? [];
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isAllowed(request, host)) response.writeHead(403, HEADERS).end();
  else if (!isRead) response.writeHead(405, { ...HEADERS, allow: "GET, HEAD" }).end();
  else if (file === undefined || type === undefined) response.writeHead(404, HEADERS).end();
  else response.writeHead(200, { ...HEADERS, "content-type": type }).end(files.get(file));
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
}

/**
 * A web page elsewhere can make a browser on this machine call this server: by its own name for 127.0.0.1 (the Host
 * header shows that) or by a WebSocket (the Origin header shows that). The page must come from here; what sends
 * messages may be a web application in development, so any origin on this machine may.
 */
function isAllowed({ headers, url }: IncomingMessage, host: string): boolean {
  const called = hostname(`http://${headers.host}`);
  const isHere = (name: string | undefined) => name === host || name === "localhost" || isAddress(name);
  if (!isHere(called)) return false;
  const { origin } = headers;
  if (origin === undefined) return true;
  if (url === "/page" || headers.upgrade === undefined) return origin === `http://${headers.host}`;
  const from = hostname(origin);
  return from === host || from === "localhost" || from === "127.0.0.1" || from === "[::1]";
}

function hostname(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

/** An address cannot be made to lead elsewhere, as a name can. */
function isAddress(name = ""): boolean {
  return isIP(name.replace(/^\[|\]$/g, "")) !== 0;
}

/** What clients say goes to every page, as `{ client, message }`; a page that opens gets the backlog first. */
class Relay {
  readonly #backlog = new Backlog();
  readonly #pages = new Set<WebSocket>();
  #clients = 0;

  constructor(sockets: WebSocketServer) {
    sockets.on("error", () => {});
  }

  addClient(ws: WebSocket): void {
    const client = ++this.#clients;
    ws.on("error", () => ws.terminate());
    ws.on("message", (data) => this.#tell(client, String(data)));
    ws.on("close", () => this.#tell(client, '{"type":"client.left"}'));
  }

  addPage(ws: WebSocket): void {
    ws.on("error", () => ws.terminate());
    ws.on("close", () => this.#pages.delete(ws));
    for (const text of this.#backlog.messages()) ws.send(text);
    ws.send('{"client":0,"message":{"type":"backlog.over"}}');
    this.#pages.add(ws);
  }

  #tell(client: number, text: string): void {
    const kept = this.#backlog.add(client, text);
    if (kept === undefined) return;
    for (const page of this.#pages) {
      if (page.bufferedAmount > MAX_UNREAD_BYTES) page.terminate();
      else page.send(kept);
    }
  }
}
