// The hosted Stately inspector for a Node process: a page on loopback with the inspector in a frame, and a relay that
// hands inspection messages on to it. Both sides of what @statelyai/inspect/server does, with three differences: it
// listens on loopback only, no other web page may read along, and a page that opens late still gets the definition.
//
// The inspector that needs no other machine: src/inspector/serve.ts.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { WebSocket, WebSocketServer } from "ws";
import { Backlog } from "../inspector/backlog.js";
import type { LocalInspector } from "../inspector/serve.js";

/** Where the hosted inspector is. */
export const HOSTED = "https://stately.ai/inspect";

const MAX_UNREAD_BYTES = 32 * 1024 * 1024;
/** A single message is no larger: a definition takes some 60 kB. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Options of `serveHostedInspector`. */
export interface HostedInspectorOptions {
  /** Port on 127.0.0.1. Default: 0, a free one. */
  readonly port?: number;
  /** The inspector to frame. Default: the hosted one. */
  readonly inspector?: string;
}

/**
 * Serves the page and the relay. Needs the package `ws`.
 * @throws Error (as a rejection) where `ws` is not installed or the port is taken
 */
export async function serveHostedInspector(options: HostedInspectorOptions = {}): Promise<LocalInspector> {
  const { port = 0, inspector = HOSTED } = options;
  const { WebSocketServer } = await import("ws");
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const relay = new Relay();
  const html = page(inspector);
  const server = createServer((request, response) => answer(request, response, html));
  server.on("upgrade", (request, socket, head) => {
    const isPage = request.url === "/page";
    if (!isHere(request) || !isAllowed(request, isPage)) {
      socket.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => (isPage ? relay.addPage(ws) : relay.addClient(ws)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${authority}/`,
    relayUrl: `ws://${authority}/`,
    close: async () => {
      endAll(sockets);
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function endAll(sockets: WebSocketServer): void {
  for (const ws of sockets.clients) ws.terminate();
}

/** False where a name of somebody else was made to lead to this machine. */
function isHere({ headers }: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|localhost):\d+$/.test(headers.host ?? "");
}

/**
 * A web page names its origin. Only our own page may read; what sends messages may also be a web application in
 * development on this machine, or no web page at all.
 */
function isAllowed({ headers: { origin, host } }: IncomingMessage, isPage: boolean): boolean {
  if (origin === undefined || origin === `http://${host}`) return true;
  return !isPage && /^https?:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(origin);
}

function answer(request: IncomingMessage, response: ServerResponse, html: string): void {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "frame-ancestors 'none'",
  };
  if (!isHere(request)) response.writeHead(403).end();
  else if (request.url !== "/") response.writeHead(404).end();
  else response.writeHead(200, headers).end(html);
}

/** The page: the inspector says when it is ready; until then messages wait. */
const page = (inspector: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Inspector: NATS connection</title>
<style>html, body { height: 100%; margin: 0 } iframe { width: 100%; height: 100%; border: 0; display: block }</style>
<iframe id="inspector" title="Stately inspector" src="${inspector.replaceAll('"', "&quot;")}"></iframe>
<script>
  const frame = document.getElementById("inspector").contentWindow;
  let waiting = [];
  let show = (message) => waiting.push(message);
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== frame || data?.type !== "@statelyai.connected") return;
    show = (message) => frame.postMessage(message, origin);
    waiting.forEach(show);
    waiting = [];
  });
  new WebSocket("ws://" + location.host + "/page").onmessage = ({ data }) => {
    const { message } = JSON.parse(data);
    if (message.type.startsWith("@xstate.")) show(message);
  };
</script>
</html>
`;

/** A page that does not read is let go; opened again, it gets what was said before. */
function tell(page: WebSocket, text: string): void {
  if (page.bufferedAmount > MAX_UNREAD_BYTES) page.terminate();
  else page.send(text);
}

/** What clients say goes to every page; a page that opens gets first what was said before. */
class Relay {
  readonly #backlog = new Backlog();
  readonly #pages = new Set<WebSocket>();
  #clients = 0;

  addClient(ws: WebSocket): void {
    const client = ++this.#clients;
    ws.on("error", () => ws.terminate());
    ws.on("message", (data) => {
      const text = this.#backlog.add(client, String(data));
      if (text !== undefined) for (const page of this.#pages) tell(page, text);
    });
  }

  addPage(ws: WebSocket): void {
    ws.on("error", () => ws.terminate());
    ws.on("close", () => this.#pages.delete(ws));
    for (const text of this.#backlog.messages()) ws.send(text);
    this.#pages.add(ws);
  }
}
