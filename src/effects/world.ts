// The only door to the outside: sockets, time and randomness, as an interface.
//
// The real world is in node/; a simulated one, with virtual time and a virtual network, implements the same.
// Everything else in the client runs unchanged in either.

import type { Destination } from "../machine/origin.js";
import type { Bytes, Milliseconds } from "../machine/units.js";
import type { Offered } from "./offered.js";

/** What a socket has to tell. After `closed` and after `destroy` it is silent. */
export interface TransportEvents {
  /** Others dial first: this one has not begun. Told before `dial` returns, or not at all; `dialing` follows, unless `destroy` comes before. */
  queued(): void;
  /** It begins, after it was `queued`. */
  dialing(): void;
  /**
   * The TCP connection or the WebSocket is established.
   * @param address the address that was reached, as the name of a server is written: `10.0.0.5:4222`, `[::1]:4222`.
   * Undefined for a WebSocket of a browser or of the runtime, which does not tell it
   */
  opened(address?: string): void;
  /** The TLS handshake asked for by `secure` succeeded. */
  secured(): void;
  /**
   * Bytes arrived. The receiver may keep them: they are not overwritten.
   * @param reader Who read them, where that makes use of what the receiver knows.
   */
  data(chunk: Uint8Array, reader?: Reader): void;
  /** There is room again after `write` returned false. */
  drained(): void;
  /**
   * The other side sends no more, and what was written to it is not all out: the receiver calls `end` or `destroy`. Where
   * all is out, `closed` is called instead.
   */
  halfClosed(error: Error | null): void;
  /** The socket failed, was closed by the other side, or has ended after `end`; null where that happened without an error. */
  closed(error: Error | null): void;
}

/** Who reads from a socket, into memory of its own. */
export interface Reader {
  /** A message of that length has begun, and the rest of it is still to be read. */
  expect(bytes: Bytes): void;
}

/** What comes with bytes that hold secrets, for whoever shows what goes over a socket. It must show nothing of the bytes. */
export interface Confidential {
  /** The text that may be shown instead. */
  readonly shown: string;
  /** The secrets: from here on nothing may be shown of this socket before they are masked in it. */
  readonly offered: Offered;
}

/** A socket to one server. */
export interface Transport {
  /** False where `write` would lead nowhere: closed or closing, also before `closed` has told of it. */
  readonly isOpen: boolean;
  /**
   * Hands bytes over. They must not change until `written` is called, at once or later; a second call means nothing.
   * @param confidential given where the bytes hold secrets
   * @returns false when the socket is full: the caller waits for `drained`
   */
  write(chunk: Uint8Array, written?: () => void, confidential?: Confidential): boolean;
  /** Stops reading, until `resume`: what the other side sends waits there. A platform that cannot do it has none. */
  pause?(): void;
  /** Reads again. */
  resume?(): void;
  /**
   * Runs the TLS handshake; ends in `secured` or `closed`.
   * @param heard what the server said in the clear behind its INFO. Nobody believes it, but where the handshake fails, it may
   *   say why.
   */
  secure(server: Destination, heard?: Uint8Array): void;
  /** Sends what was handed over and closes; what still arrives is thrown away. Calls `closed` when all is done. */
  end(): void;
  /** Closes at once. No event follows. */
  destroy(): void;
}

/** A running timer; opaque. */
export type Timer = object;

/** The outside of a client. */
export interface World {
  /** Seed of the chart's randomness. */
  readonly seed: number;
  /** Fills the bytes at random, as secrets need it: nobody can guess them. At most 65,536. */
  fillRandom(bytes: Uint8Array): void;
  /** Now, in milliseconds since the epoch; never runs backwards. */
  now(): Milliseconds;
  /** Calls `fired` once, after that time, unless stopped. */
  startTimer(ms: Milliseconds, fired: () => void): Timer;
  /** Stops a timer; no effect on one that fired. */
  stopTimer(timer: Timer): void;
  /** Calls `run` soon, when the current turn and what it caused is done. */
  defer(run: () => void): void;
  /** Calls `run` in the next turn of the event loop: what other sockets and timers have to tell comes first. */
  nextTurn(run: () => void): void;
  /** True while something that any client of the process deferred has not run: what is done now overtakes it. */
  readonly hasDeferred: boolean;
  /**
   * Opens a TCP connection, or a WebSocket where that is the server's transport; ends in `opened` or `closed`, never synchronously.
   * @param offered what the server was offered over earlier sockets, for whoever shows what goes over this one
   */
  dial(server: Destination, events: TransportEvents, offered?: Offered): Transport;
}

/** A world that behaves as another, but for how it dials: to look at what goes over its sockets. */
export function withDial(world: World, dial: World["dial"]): World {
  return {
    seed: world.seed,
    fillRandom: (bytes) => world.fillRandom(bytes),
    now: () => world.now(),
    startTimer: (ms, fired) => world.startTimer(ms, fired),
    stopTimer: (timer) => world.stopTimer(timer),
    defer: (run) => world.defer(run),
    nextTurn: (run) => world.nextTurn(run),
    get hasDeferred() {
      return world.hasDeferred;
    },
    dial,
  };
}
