// Messages that wait in the outbound stream, read back from their bytes: for where they were accepted under the limits of
// one server and are about to be sent to another.

import { decodeText } from "./wire/text.js";

const CR = 13;
const SPACE = 32;
const ZERO = 48;
const H = 72;
const P = 80;
const U = 85;

/** A message as it waits. */
export interface WaitingMessage {
  /** Where it begins and ends in its chunk. */
  readonly start: number;
  readonly end: number;
  readonly hasHeaders: boolean;
  /** Bytes of headers and payload. */
  readonly size: number;
}

/** A message that is told of: with its subject, which is decoded only for that. */
export interface NamedMessage extends WaitingMessage {
  readonly subject: string;
}

/** The message with its subject. */
export function named(bytes: Uint8Array, message: WaitingMessage): NamedMessage {
  const subjectAt = message.start + (message.hasHeaders ? 5 : 4);
  return { subject: decodeText(bytes, subjectAt, bytes.indexOf(SPACE, subjectAt)), ...message };
}

/** Whether the command that begins there is a message: PUB or HPUB. All others, and what was taken back, are lines. */
export function isMessage(bytes: Uint8Array, start: number): boolean {
  const first = bytes[start];
  return first === H || (first === P && bytes[start + 1] === U);
}

/** The messages among the whole commands from `start` to before `end`, in their order. */
export function* messagesIn(bytes: Uint8Array, start: number, end: number): Generator<WaitingMessage> {
  let at = start;
  while (at < end) {
    const lineEnd = bytes.indexOf(CR, at);
    if (!isMessage(bytes, at)) {
      at = lineEnd + 2;
      continue;
    }
    const hasHeaders = bytes[at] === H;
    const size = numberBefore(bytes, lineEnd);
    const next = lineEnd + 2 + size + 2;
    yield { start: at, end: next, hasHeaders, size };
    at = next;
  }
}

/** The number whose last digit lies before `end`. */
function numberBefore(bytes: Uint8Array, end: number): number {
  let number = 0;
  let unit = 1;
  for (let k = end - 1; bytes[k] !== SPACE; k -= 1) {
    number += unit * ((bytes[k] as number) - ZERO);
    unit *= 10;
  }
  return number;
}
