// The real world of a browser, and of every runtime that has the web's own tools: WebSockets, timers, a clock. No Node.
//
// Node's world is ../node/node-world.ts; it reaches WebSocket servers by node-web-sockets.ts beside this file.

import type { Destination } from "../../machine/origin.js";
import { counted, hasDeferred } from "../deferred.js";
import type { Timer, Transport, TransportEvents, World } from "../world.js";
import { globalWebSocket, type WebSocketSource } from "./web-socket.js";
import { WebSocketFailure } from "./web-socket-failure.js";
import { WebSocketTransport } from "./web-socket-transport.js";

/** Opens the runtime's own WebSockets. */
const ownWebSockets: WebSocketSource = {
  open: (url) => {
    const WebSocket = globalWebSocket();
    if (WebSocket === undefined) throw new WebSocketFailure("this runtime has no WebSocket", "UNKNOWN_ERROR");
    return new WebSocket(url);
  },
};

/** The world of a web page or worker. */
export class WebWorld implements World {
  readonly seed = crypto.getRandomValues(new Int32Array(1))[0] as number;

  fillRandom(bytes: Uint8Array): void {
    crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
  }

  now(): number {
    return Math.floor(performance.timeOrigin + performance.now());
  }

  startTimer(ms: number, fired: () => void): Timer {
    // A longer time would fire at once; whoever waits that long looks at the clock again. A browser's timer is a number.
    return { id: setTimeout(fired, Math.min(ms, 2 ** 31 - 1)) };
  }

  stopTimer(timer: Timer): void {
    clearTimeout((timer as { readonly id: ReturnType<typeof setTimeout> }).id);
  }

  defer(run: () => void): void {
    queueMicrotask(counted(run));
  }

  nextTurn(run: () => void): void {
    setTimeout(run, 0);
  }

  get hasDeferred(): boolean {
    return hasDeferred();
  }

  dial(server: Destination, events: TransportEvents): Transport {
    return new WebSocketTransport(server, events, ownWebSockets);
  }
}
