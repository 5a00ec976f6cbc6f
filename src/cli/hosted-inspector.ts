// The hosted Stately inspector for a Node process: a page on loopback with the inspector in a frame, and a relay that
// hands inspection messages on to it. Both sides of what @statelyai/inspect/server does, with three differences: it
// listens on loopback only, no other web page may read along, and a page that opens late still gets the definition.
//
// The relay: src/inspector/relay.ts. The inspector that needs no other machine: src/inspector/serve.ts.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Limits } from "../inspector/backlog.js";
import { isAllowed, type LocalInspector, serveRelay } from "../inspector/relay.js";

/** Where the hosted inspector is. */
export const HOSTED = "https://stately.ai/inspect";

const HOST = "127.0.0.1";

/** Options of `serveHostedInspector`. */
export interface HostedInspectorOptions {
  /** Port on 127.0.0.1. Default: 0, a free one. */
  readonly port?: number;
  /** The inspector to frame. Default: the hosted one. */
  readonly inspector?: string;
  /** What is kept of each machine for a page that opens late. Default: the last of it. */
  readonly keep?: Limits | undefined;
}

/**
 * Serves the page and the relay. Needs the package `ws`.
 * @throws Error (as a rejection) where `ws` is not installed or the port is taken
 */
export async function serveHostedInspector(options: HostedInspectorOptions = {}): Promise<LocalInspector> {
  const { port = 0, inspector = HOSTED, keep } = options;
  const html = page(inspector);
  return serveRelay({
    host: HOST,
    port,
    keep,
    answer: (request, response) => answer(request, response, html),
  });
}

function answer(request: IncomingMessage, response: ServerResponse, html: string): void {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "frame-ancestors 'none'",
  };
  if (!isAllowed(request, HOST)) response.writeHead(403).end();
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
