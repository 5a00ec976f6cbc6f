// What a client must know to be confirmed, of what one of its sockets was handed: seen from outside, by the PINGs that it wrote
// and the PONGs that reached it. The client's own account (src/effects/unconfirmed.ts) is not asked.

import type { Received } from "../effects/wire/bytes.js";
import { Parser, ProtocolViolation } from "../effects/wire/parser.js";
import type { Bytes } from "../machine/units.js";

/** A place in what one socket was handed: how much lies before it. */
export interface Place {
  readonly messages: number;
  /** Of all that was written. */
  readonly bytes: Bytes;
}

const BEGINNING: Place = { messages: 0, bytes: 0 };

/**
 * A message came, with its payload from `start` to before `end`.
 * @param isInDoubt the client need not have seen it
 */
export type Heard = (sid: number, received: Received, start: number, end: number, isInDoubt: boolean) => void;

/** The PINGs and PONGs of one socket. */
export class Confirmations {
  /** The PINGs without a PONG. */
  readonly #asked: Place[] = [];
  readonly #parser: Parser;
  /** Up to there the client must know that all is confirmed. */
  #known = BEGINNING;
  /** Up to there the client may know it. */
  #likely = BEGINNING;
  /** Behind -ERR the client may have closed the socket: it need not have seen the rest of the chunk. */
  #isInDoubt = false;

  /** @param heard told of each message that comes between the PONGs */
  constructor(heard: Heard = () => {}) {
    this.#parser = new Parser({
      message: (received, sid, _subject, _subjectEnd, _reply, _replyEnd, _headers, start, end) =>
        heard(sid, received, start, end, this.#isInDoubt),
      info: () => {},
      ping: () => {},
      pong: () => this.#answered(),
      ok: () => {},
      error: () => {
        this.#isInDoubt = true;
      },
    });
  }

  /** Up to there the client must know that all is confirmed. */
  get known(): Place {
    return this.#known;
  }

  /** The client has written PING there. */
  pinged(place: Place): void {
    this.#asked.push(place);
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
    const place = this.#asked.shift();
    if (place === undefined) return;
    this.#likely = place;
    if (!this.#isInDoubt) this.#known = place;
  }
}
