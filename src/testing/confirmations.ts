// What a client must know to be confirmed, of what one of its sockets was handed: seen from outside, by the PINGs that it wrote
// and the PONGs that reached it. The client's own account (src/effects/unconfirmed.ts) is not asked.

import { Parser, ProtocolViolation } from "../effects/wire/parser.js";

/** The PINGs and PONGs of one socket. */
export class Confirmations {
  /** For each PING without a PONG: how many messages the socket was handed before it. */
  readonly #asked: number[] = [];
  readonly #parser = new Parser({
    message: () => {},
    info: () => {},
    ping: () => {},
    pong: () => this.#answered(),
    ok: () => {},
    error: () => {
      this.#isInDoubt = true;
    },
  });
  /** How many messages the client must know to be confirmed, from the first on. */
  #known = 0;
  /** How many it may know to be confirmed. */
  #likely = 0;
  /** Behind -ERR the client may have closed the socket: it need not have seen the rest of the chunk. */
  #isInDoubt = false;

  /** How many messages the client must know to be confirmed, from the first on. */
  get known(): number {
    return this.#known;
  }

  /** The client has written PING. @param before how many messages the socket was handed before */
  pinged(before: number): void {
    this.#asked.push(before);
  }

  /** The socket is under TLS from here on: the rest of what came in the clear counts no more. */
  secured(): void {
    this.#parser.reset();
  }

  /** Bytes are about to reach the client: it still listens, so it has seen all that came before. */
  received(bytes: Uint8Array): void {
    this.#known = this.#likely;
    this.#isInDoubt = false;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
    }
  }

  #answered(): void {
    const before = this.#asked.shift();
    if (before === undefined) return;
    this.#likely = before;
    if (!this.#isInDoubt) this.#known = before;
  }
}
