// What is wrong with bytes that are not the NATS protocol. Whatever a server sends, this is the worst that comes of it.

import { escaped } from "./control-characters.js";
import { decodeText } from "./text.js";

/** Bytes of a server that are not the NATS protocol. It ends the connection, never the process. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  /** What was wrong and what was seen, on one line of bounded length. The same as `message`. */
  readonly reason: string;
  readonly #what: string;
  readonly #seen: Seen | undefined;

  constructor(what: string, seen?: Seen) {
    const reason = seen === undefined ? what : `${what}: ${excerpt(seen)}`;
    super(reason);
    this.reason = reason;
    this.#what = what;
    this.#seen = seen;
  }

  /** What was wrong, with an excerpt of the bytes from `start` on. */
  static at(what: string, bytes: Uint8Array, start: number, end: number = bytes.length): ProtocolViolation {
    const length = Math.max(0, end - start);
    return new ProtocolViolation(what, {
      bytes: bytes.slice(start, start + Math.min(length, EXCERPT_LENGTH)),
      length,
    });
  }

  /** The reason with an excerpt that has passed through `masked`, which takes out what nobody may see. */
  reasonWith(masked: (excerpt: string) => string): string {
    if (this.#seen === undefined) return this.reason;
    const { bytes, length } = this.#seen;
    // A character that an end of the excerpt cuts off must not keep a secret from being found.
    const text = decodeText(bytes, 0, bytes.length).replace(/^\ufffd+|\ufffd+$/g, "");
    const shown = masked(text);
    return shown === text
      ? this.reason
      : `${this.#what}: ${excerpt({ bytes: encoder.encode(shown), length })}`;
  }
}

/** The first bytes of what was seen, and how many there were. */
interface Seen {
  readonly bytes: Uint8Array;
  readonly length: number;
}

const encoder = new TextEncoder();
const EXCERPT_LENGTH = 64;

/** Up to 64 bytes in quotes, on one line and in ASCII. */
function excerpt({ bytes, length }: Seen): string {
  const text = Array.from(bytes, printable).join("");
  return length > EXCERPT_LENGTH ? `"${text}"… (${length} bytes)` : `"${text}"`;
}

function printable(byte: number): string {
  if (byte === 13) return "\\r";
  if (byte === 10) return "\\n";
  if (byte < 32 || byte > 126) return escaped(byte);
  return String.fromCharCode(byte);
}
