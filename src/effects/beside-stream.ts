// What a session writes past the outbound stream: the handshake, subscriptions, PINGs, and the PONGs that the server asks for.
//
// All of it is counted until the socket has taken it. A server that asks and does not read fills no memory: while the socket is
// full, the PONGs that it is owed are a number.

import type { Bytes } from "../machine/units.js";
import type { Confidential, Transport } from "./world.js";

const encoder = new TextEncoder();

/** `PONG` and CRLF. */
const PONG = encoder.encode("PONG\r\n");
/** So many PONGs are in one write at most. */
const MOST_AT_ONCE = 4_096;

/** The bytes of one socket that are not of the outbound stream. Bounded by what the client itself writes, and one write of PONGs. */
export class BesideStream {
  readonly #transport: Transport;
  #inFlight: Bytes = 0;
  #hasRoom = true;
  #owed = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Bytes that are to be written or were, and that the socket has not reported as written. */
  get pendingBytes(): Bytes {
    return this.#inFlight + this.#owed * PONG.length;
  }

  /** Writes at once. */
  text(text: string, confidential?: Confidential): void {
    if (text !== "") this.#write(encoder.encode(text), confidential);
  }

  /** The server is owed so many PONGs more. They go out as fast as it reads. */
  owe(count: number): void {
    this.#owed += count;
    this.#pay();
  }

  /** The socket has room again. */
  drained(): void {
    this.#hasRoom = true;
    this.#pay();
  }

  /** Nothing more is written: the server is owed nothing. */
  end(): void {
    this.#owed = 0;
  }

  #pay(): void {
    while (this.#owed > 0 && this.#hasRoom) {
      const count = Math.min(this.#owed, MOST_AT_ONCE);
      this.#owed -= count;
      this.#write(count === 1 ? PONG : repeated(PONG, count));
    }
  }

  #write(bytes: Uint8Array, confidential?: Confidential): void {
    this.#inFlight += bytes.length;
    let isReported = false;
    const written = () => {
      if (isReported) return;
      isReported = true;
      this.#inFlight -= bytes.length;
    };
    this.#hasRoom = this.#transport.write(bytes, written, confidential);
  }
}

function repeated(bytes: Uint8Array, count: number): Uint8Array {
  const all = new Uint8Array(bytes.length * count);
  for (let i = 0; i < count; i++) all.set(bytes, i * bytes.length);
  return all;
}
