// The server that both inspectors stand on, the local page (serve.ts) and the frame of the hosted one (cli): it listens,
// knows who may talk to it, and relays what processes say to every page.
//
// Not here: what it answers to a GET, which is its caller's; what is kept for a page that opens late (backlog.ts).

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import { loadWs, type PackageFailure } from "../effects/node/late-parts.js";
import { Backlog, type Limits } from "./backlog.js";
import { cutToFit } from "./cut.js";

/** An inspector that runs. */
export interface LocalInspector {
  /** Address of the page, such as `http://127.0.0.1:40123/`. */
  readonly url: string;
  /** Where processes send their inspection messages: `createWebSocketInspector({ url: relayUrl })`. */
  readonly relayUrl: string;
  /** Ends the page and the relay; resolves when no socket is left. */
  close(): Promise<void>;
}

/** What a relay needs. */
export interface RelayOptions {
  readonly port: number;
  readonly host: string;
  /** What is kept of each machine. Default: what is enough of one that lives on. */
  readonly keep?: Limits | undefined;
  /** Answers what is no WebSocket. Ask `isAllowed` first. */
  answer(request: IncomingMessage, response: ServerResponse): void;
}

/** A client with a larger message is let go: it would have to be read before it could be cut. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const TOO_LARGE = `one of its messages had more than ${MAX_MESSAGE_BYTES / 1024 / 1024} MiB`;
/** A page that leaves more than this unread, besides what was said before it opened, is let go; opened again, it gets that. */
const MAX_UNREAD_BYTES = 32 * 1024 * 1024;

/**
 * Listens: for pages at `/page`, for processes anywhere else. Needs the package `ws`.
 * @throws Error (as a rejection) where `ws` is not installed or cannot be loaded, or the port is taken
 */
export async function serveRelay(options: RelayOptions): Promise<LocalInspector> {
  const { port, host, keep, answer } = options;
  const { WebSocketServer } = await loadWebSockets();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const relay = new Relay(new Backlog(keep));
  const server = createServer(answer);
  server.on("upgrade", (request, socket, head) => {
    if (!isAllowed(request, host)) return refuse(socket);
    sockets.handleUpgrade(request, socket, head, (ws) => {
      if (request.url === "/page") relay.addPage(ws);
      else relay.addClient(ws);
    });
  });
  server.listen(port, host);
  await once(server, "listening");
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
  return loadWs().catch(({ isMissing, message, cause }: PackageFailure) => {
    throw new Error(isMissing ? "the inspector needs the package ws: npm install ws" : message, { cause });
  });
}

/** Says no, and lets the socket go. */
function refuse(socket: Duplex): void {
  // Node gives it away without a listener. Who is gone before it is told is no reason to end the process.
  socket.on("error", () => {});
  socket.once("finish", () => socket.destroy());
  socket.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n");
}

/**
 * A web page elsewhere can make a browser on this machine call this server: by its own name for 127.0.0.1 (the Host
 * header shows that) or by a WebSocket (the Origin header shows that). The page must come from here; what sends
 * messages may be a web application in development, so any origin on this machine may.
 */
export function isAllowed({ headers, url }: IncomingMessage, host: string): boolean {
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
function isAddress(name: string | undefined): boolean {
  return isIP(String(name).replace(/[[\]]/g, "")) !== 0;
}

/** What clients say goes to every page, as `{ client, message }`; a page that opens gets the backlog first. */
class Relay {
  readonly #backlog: Backlog;
  /** Each page, and how much it may leave unread. */
  readonly #pages = new Map<WebSocket, number>();
  #clients = 0;

  constructor(backlog: Backlog) {
    this.#backlog = backlog;
  }

  addClient(ws: WebSocket): void {
    const client = ++this.#clients;
    let why: string | undefined;
    ws.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") why = TOO_LARGE;
      // It gets the reason first, where it still listens.
      else ws.terminate();
    });
    ws.on("message", (data) => this.#tell(this.#backlog.add(client, cutToFit(String(data)))));
    ws.on("close", () => this.#tell(this.#backlog.leave(client, why)));
  }

  addPage(ws: WebSocket): void {
    ws.on("error", () => ws.terminate());
    ws.on("close", () => this.#pages.delete(ws));
    for (const text of this.#backlog.messages()) ws.send(text);
    ws.send('{"client":0,"message":{"type":"backlog.over"}}');
    this.#pages.set(ws, ws.bufferedAmount + MAX_UNREAD_BYTES);
  }

  #tell(text: string | undefined): void {
    if (text === undefined) return;
    for (const [page, most] of this.#pages) {
      if (page.bufferedAmount > most) page.terminate();
      else page.send(text);
    }
  }
}
