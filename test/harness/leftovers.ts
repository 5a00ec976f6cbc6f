// What clients leave behind: timers that still run and sockets that are still open. Import it before anything connects.
//
// It watches the Node world of the client only: what servers, relays and vitest have open is none of its business.

import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { NodeWorld } from "../../src/effects/node/node-world.js";
import type { Timer } from "../../src/effects/world.js";

const timers = new Set<Timer>();
const sockets = new Set<Socket>();
let isDialing = false;

const { startTimer, stopTimer, dial } = NodeWorld.prototype;

NodeWorld.prototype.startTimer = function (ms, fired) {
  const timer = startTimer.call(this, ms, () => {
    timers.delete(timer);
    fired();
  });
  timers.add(timer);
  return timer;
};

NodeWorld.prototype.stopTimer = function (timer) {
  timers.delete(timer);
  stopTimer.call(this, timer);
};

NodeWorld.prototype.dial = function (server, events) {
  isDialing = true;
  try {
    return dial.call(this, server, events);
  } finally {
    isDialing = false;
  }
};

subscribe("net.client.socket", (message) => {
  if (isDialing) sockets.add((message as { readonly socket: Socket }).socket);
});

/** What the clients of this test file have running now: nothing, once all of them are closed. */
export function leftovers(): { readonly timers: number; readonly sockets: number } {
  const open = [...sockets].filter((socket) => !socket.destroyed);
  return { timers: timers.size, sockets: open.length };
}
