// What clients leave behind: timers that still run and sockets that are still open. Import it before anything connects.
//
// It watches the Node world of the client only: what servers, relays and vitest have open is none of its business.

import type { Socket } from "node:net";
import { Dialer } from "../../src/effects/node/dialing.js";
import { NodeWorld } from "../../src/effects/node/node-world.js";
import type { Timer } from "../../src/effects/world.js";

const timers = new Set<Timer>();
const sockets = new Set<Socket>();

const { startTimer, stopTimer } = NodeWorld.prototype;
const { race } = Dialer.prototype;

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

// Every socket of a client, that of a name or a WebSocket too.
Dialer.prototype.race = function (addresses, server, connect, events) {
  const watched = (address: string) => {
    const socket = connect(address);
    sockets.add(socket);
    return socket;
  };
  return race.call(this, addresses, server, watched, events);
};

/** What the clients of this test file have running now: nothing, once all of them are closed. */
export function leftovers(): { readonly timers: number; readonly sockets: number } {
  const open = [...sockets].filter((socket) => !socket.destroyed);
  return { timers: timers.size, sockets: open.length };
}
