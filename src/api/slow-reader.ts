// Whether the reader of a subscription is slow, and who is told: once, and again only if it has read half of what was too much.

import type { Bytes } from "../machine/units.js";

/** Bytes that wait for a reader when it counts as slow, where the user sets no limit of bytes. The Go client drops from there on. */
export const SLOW_BYTES: Bytes = 64 * 1024 * 1024;

/** How much may wait for a reader. */
export interface PendingLimits {
  /** Default: no limit. */
  readonly messages: number | undefined;
  /** Default: no limit. */
  readonly bytes: Bytes | undefined;
}

/** The reader of one subscription. */
export class SlowReader {
  readonly #halfOfMessages: number;
  readonly #halfOfBytes: Bytes;
  readonly #warnAt: Bytes;
  readonly #tell: () => void;
  /** In every phase of the subscription, as long as there is a reader. */
  #isSlow = false;

  /** @param tell that it is slow; called when too much waits or the first message was dropped */
  constructor({ messages, bytes }: PendingLimits, tell: () => void) {
    this.#halfOfMessages = (messages ?? Number.POSITIVE_INFINITY) / 2;
    this.#halfOfBytes = (bytes ?? SLOW_BYTES) / 2;
    this.#warnAt = bytes === undefined ? SLOW_BYTES : Number.POSITIVE_INFINITY;
    this.#tell = tell;
  }

  /** True from when it was told until the reader has read half of what was too much. */
  get isSlow(): boolean {
    return this.#isSlow;
  }

  /** A message for it was dropped. */
  dropped(): void {
    if (this.#isSlow) return;
    this.#isSlow = true;
    this.#tell();
  }

  /** A message came, and now so much waits. The hot path. */
  waits(messages: number, bytes: Bytes): void {
    if (this.#isSlow) {
      if (messages <= this.#halfOfMessages && bytes <= this.#halfOfBytes) this.#isSlow = false;
    } else if (bytes > this.#warnAt) {
      this.#isSlow = true;
      this.#tell();
    }
  }
}
