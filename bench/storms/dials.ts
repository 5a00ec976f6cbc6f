// Counts the TCP connections that this process begins, whoever does: also those that are refused at once.

import { Socket } from "node:net";

/** When each was begun, in milliseconds on the clock of `performance`. */
const dials: number[] = [];

const connect = Socket.prototype.connect;
Socket.prototype.connect = function (this: Socket, ...given: never[]) {
  dials.push(performance.now());
  return Reflect.apply(connect, this, given);
} as typeof connect;

/** The dials from that moment on. */
export function dialsSince(start: number): readonly number[] {
  return dials.filter((at) => at >= start);
}

/** The most dials in any window of that many milliseconds. */
export function peak(times: readonly number[], window: number): number {
  let most = 0;
  let first = 0;
  for (const [at, time] of times.entries()) {
    while ((times[first] as number) <= time - window) first++;
    most = Math.max(most, at - first + 1);
  }
  return most;
}
