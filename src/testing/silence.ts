// How long the server of a standing connection has been silent, seen from outside: a client asks by PINGs whether it is
// still there, whatever else it is doing, and must not take a dead connection for a living one.

import type { VirtualTime } from "../effects/simulated/virtual-time.js";
import type { Milliseconds } from "../machine/units.js";

/** The ear of one client. */
export class Silence {
  readonly #time: VirtualTime;
  readonly #limit: () => Milliseconds;
  readonly #complain: (what: string) => void;
  /** The socket of the connection that stands; 0 where none does. */
  #socket = 0;
  /** When its server was heard last. */
  #heard: Milliseconds = 0;
  /** Which connection a look was planned for: those of earlier ones find out that they come too late. */
  #connections = 0;

  /** @param limit after how long a silence the client must have noticed, as it is now */
  constructor(time: VirtualTime, limit: () => Milliseconds, complain: (what: string) => void) {
    this.#time = time;
    this.#limit = limit;
    this.#complain = complain;
  }

  /** A connection stands, over that socket. */
  begins(socket: number): void {
    this.#socket = socket;
    this.#heard = this.#time.now();
    this.#look(++this.#connections);
  }

  /** The client got something over that socket. */
  broken(socket: number): void {
    if (socket === this.#socket) this.#heard = this.#time.now();
  }

  /** The client has noticed, or is at its end. */
  ends(): void {
    this.#socket = 0;
    this.#connections++;
  }

  #look(connection: number): void {
    if (connection !== this.#connections) return;
    const silent = this.#time.now() - this.#heard;
    const left = this.#limit() - silent;
    if (left > 0) this.#time.startTimer(left, () => this.#look(connection));
    else {
      const server = `the server at its socket ${this.#socket}`;
      this.#complain(`takes ${server} for alive, which has said nothing for ${Math.round(silent)} ms`);
    }
  }
}
