// What is wrong with bytes that are not the NATS protocol. Whatever a server sends, this is the worst that comes of it.

import { escaped } from "./control-characters.js";

/** Bytes of a server that are not the NATS protocol. It ends the connection, never the process. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  /** What was wrong and what was seen, on one line of bounded length. The same as `message`. */
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }

  /** What was wrong, with an excerpt of the bytes from `start` on. */
  static at(what: string, bytes: Uint8Array, start: number, end: number = bytes.length): ProtocolViolation {
    return new ProtocolViolation(`${what}: ${excerpt(bytes, start, end)}`);
  }
}

const EXCERPT_LENGTH = 64;

/** Up to 64 bytes in quotes, on one line and in ASCII. */
function excerpt(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end && i < start + EXCERPT_LENGTH; i += 1) text += printable(bytes[i] as number);
  return end - start > EXCERPT_LENGTH ? `"${text}"… (${end - start} bytes)` : `"${text}"`;
}

function printable(byte: number): string {
  if (byte === 13) return "\\r";
  if (byte === 10) return "\\n";
  if (byte < 32 || byte > 126) return escaped(byte);
  return String.fromCharCode(byte);
}
