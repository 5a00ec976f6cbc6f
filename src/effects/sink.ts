// Where the bytes of the outbound stream go, and where the server's PONGs come from: a socket, as outbound.ts sees it.

import type { Milliseconds } from "../machine/units.js";
import type { Ping } from "./pings.js";
import type { Mark } from "./unconfirmed.js";

/** Where the bytes go: a socket. */
export interface Sink {
  /** False once it takes nothing more, which it may know before it can say so: what waits stays, for the next sink. */
  readonly isOpen: boolean;
  /**
   * Takes the chunk; must not throw. The bytes stay as they are until `written` is called, at once or later; a second
   * call does nothing.
   * @returns false when the sink is full: it gets no more until `Outbound.drained` is called
   */
  write(chunk: Uint8Array, written: () => void): boolean;
}

/** PINGs and PONGs of the sink in use. */
export interface Wire {
  /** The sink is handed a PING that lies in the stream. */
  pinged(sink: Sink, ping: Ping, mark: Mark): void;
  /** Sends PING behind all that the sink was handed. */
  ping(answered: () => void): void;
  startTimer(ms: Milliseconds, fired: () => void): object;
  stopTimer(timer: object): void;
}
