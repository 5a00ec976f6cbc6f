// When to ask the server whether it has what was handed over: by a PING behind it, whose PONG says so (unconfirmed.ts). It
// decides nothing about the connection's life, and costs one timer and one PING in a while in which something was sent.

import type { Bytes, Milliseconds } from "../machine/units.js";
import type { Wire } from "./sink.js";

/** After so many bytes it is asked at once. */
export const QUOTA: Bytes = 524_288;

/** So long after something was handed over it is asked, unless it has confirmed all by then: a flush asks, too. */
export const PAUSE: Milliseconds = 50;

/** Asks for one sink at a time. At most one timer runs. */
export class Confirming {
  readonly #wire: Pick<Wire, "ping" | "startTimer" | "stopTimer">;
  readonly #isConfirmed: () => boolean;
  #timer: object | undefined;
  /** PINGs without a PONG. */
  #asked = 0;
  /** Bytes handed over since the last PING. */
  #bytes = 0;
  /** The number of the sink: what one before still has to say changes nothing. */
  #sink = 0;

  /** @param isConfirmed true where all that was handed over is confirmed */
  constructor(wire: Pick<Wire, "ping" | "startTimer" | "stopTimer">, isConfirmed: () => boolean) {
    this.#wire = wire;
    this.#isConfirmed = isConfirmed;
  }

  /** The sink was handed so many bytes more. */
  handedOver(bytes: Bytes): void {
    this.#bytes += bytes;
    if (this.#bytes >= QUOTA) this.#ask();
    else this.#wait();
  }

  /** Nothing more is handed over before a PONG: it is asked now, where that was not done behind the last bytes. */
  hurry(): void {
    if (this.#bytes > 0) this.#ask();
  }

  /** The sink is lost or left: nobody is asked any more. */
  stop(): void {
    this.#stopTimer();
    this.#asked = 0;
    this.#bytes = 0;
    this.#sink += 1;
  }

  #wait(): void {
    if (this.#timer !== undefined || this.#asked > 0) return;
    this.#timer = this.#wire.startTimer(PAUSE, () => {
      this.#timer = undefined;
      if (this.#isConfirmed()) this.#bytes = 0;
      else this.#ask();
    });
  }

  #ask(): void {
    this.#stopTimer();
    this.#bytes = 0;
    this.#asked += 1;
    const sink = this.#sink;
    this.#wire.ping(() => {
      if (sink === this.#sink) this.#answered();
    });
  }

  #answered(): void {
    this.#asked -= 1;
    if (this.#bytes > 0) this.#wait();
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#wire.stopTimer(this.#timer);
    this.#timer = undefined;
  }
}
