// What clients leave behind: timers that still run and sockets that are still open. Import it before anything connects.
//
// It counts what the client's source (src) begins: what servers, relays and vitest have open is none of its business.

import { Socket } from "node:net";
import { Dialer } from "../../src/effects/node/dialing.js";

/** Each with what tells it apart: how long it runs, and which line of the source began it. */
const timers = new Map<NodeJS.Timeout, string>();
const sockets = new Map<Socket, string>();

const { setTimeout: begin, clearTimeout: stop } = globalThis;
const { race } = Dialer.prototype;

/** The line of the source that called, past the world that every timer of a connection goes through; undefined for others. */
function caller(): string | undefined {
  const lines = (new Error().stack ?? "").split("\n").map((line) => /\/(src\/\S+?:\d+)/.exec(line)?.[1]);
  // The first frames are those of this file: only who called it counts, not who started the test.
  const [line] = lines.slice(3);
  if (line === undefined) return undefined;
  return lines.slice(3).find((one) => one !== undefined && !one.includes("node-world.ts")) ?? line;
}

function watchedTimeout<Args extends unknown[]>(fired: (...args: Args) => void, ms?: number, ...args: Args) {
  const line = caller();
  if (line === undefined) return begin(fired, ms, ...args);
  const timer = begin(() => {
    timers.delete(timer);
    fired(...args);
  }, ms);
  timers.set(timer, `${ms} ms, ${line}`);
  return timer;
}

globalThis.setTimeout = Object.defineProperties(
  watchedTimeout,
  Object.getOwnPropertyDescriptors(begin),
) as typeof setTimeout;
globalThis.clearTimeout = (timer) => {
  timers.delete(timer as NodeJS.Timeout);
  stop(timer);
};

// Every socket of a client, that of a name or a WebSocket too.
Dialer.prototype.race = function (addresses, server, connect, events) {
  const watched = (address: string) => {
    const socket = connect(address);
    // Where test files share a process, some play their sockets: nothing of those is open.
    if (socket instanceof Socket) sockets.set(socket, `${address}:${server.port}`);
    return socket;
  };
  return race.call(this, addresses, server, watched, events);
};

/** What the clients of this test file have running now: nothing, once all of them are closed. */
export function leftovers(): { readonly timers: readonly string[]; readonly sockets: readonly string[] } {
  const open = [...sockets].filter(([socket]) => !socket.destroyed);
  return { timers: [...timers.values()], sockets: open.map(([, name]) => name) };
}

/** No timer and no socket. */
export const nothingLeft = { timers: [], sockets: [] };
