// What all contenders publish and receive: the same subjects, payloads and headers, to the byte.

import type { Task } from "./task.js";

/** The subject of messages, where there is one only. */
export const SUBJECT = "orders.created";
/** The subject by which a worker orders messages from the flooder. */
export const ORDER_SUBJECT = "flooder.order";
/** Headers of a message that has some: an identifier and a type. */
export const HEADERS: readonly (readonly [string, string])[] = [
  ["Trace-Id", "4bf92f3577b34da6a3ce929d0e0e4736"],
  ["Content-Type", "application/json"],
];
/** The header that a subscriber reads. */
export const READ_HEADER = "Trace-Id";
export const READ_HEADER_LENGTH = 32;

/** `count` subjects; one is `SUBJECT` itself. */
export function subjects(count: number): readonly string[] {
  if (count <= 1) return [SUBJECT];
  return Array.from({ length: count }, (_, n) => `${SUBJECT}.${String(n).padStart(5, "0")}`);
}

/** A payload of `size` bytes of text. */
export function payload(size: number): Uint8Array {
  return new Uint8Array(size).fill("x".charCodeAt(0));
}

/** The block of headers on the wire. */
export function headerBlock(): string {
  return `NATS/1.0\r\n${HEADERS.map(([key, value]) => `${key}: ${value}\r\n`).join("")}\r\n`;
}

/** One message as a client sends it. */
export function publication(subject: string, size: number, headers: boolean, reply?: string): Buffer {
  const to = reply === undefined ? subject : `${subject} ${reply}`;
  const block = headers ? headerBlock() : "";
  const line = headers ? `HPUB ${to} ${block.length} ${block.length + size}` : `PUB ${to} ${size}`;
  return Buffer.concat([Buffer.from(`${line}\r\n${block}`), payload(size), Buffer.from("\r\n")]);
}

/** Bytes of one message as the server sends it to subscription `sid`. */
export function deliverySize(
  subject: string,
  sid: number,
  size: number,
  headers: boolean,
  reply?: string,
): number {
  const to = reply === undefined ? `${subject} ${sid}` : `${subject} ${sid} ${reply}`;
  const block = headers ? headerBlock().length : 0;
  const line = headers ? `HMSG ${to} ${block} ${block + size}` : `MSG ${to} ${size}`;
  return line.length + 2 + block + size + 2;
}

/** The same messages again and again, as one piece of memory that a socket can be given whole. */
export class PreparedMessages {
  readonly #bytes: Buffer;
  /** Where each message of the piece ends. */
  readonly #ends: readonly number[];

  /** At least 64 KiB of messages to the subjects in turn. */
  constructor(to: readonly string[], size: number, headers: boolean) {
    const round = to.map((subject) => publication(subject, size, headers));
    const bytes = round.reduce((sum, message) => sum + message.length, 0);
    const rounds = Math.max(1, Math.ceil(65_536 / bytes));
    const all = Array.from({ length: rounds }, () => round).flat();
    let end = 0;
    this.#bytes = Buffer.concat(all);
    this.#ends = all.map((message) => (end += message.length));
  }

  /** Pieces that make up that many messages. */
  *pieces(messages: number): Generator<Buffer> {
    const each = this.#ends.length;
    for (let left = messages; left > 0; left -= each) {
      yield left >= each ? this.#bytes : this.#bytes.subarray(0, this.#ends[left - 1]);
    }
  }
}

/** What a worker publishes to the flooder so that it sends `messages` messages. */
export function order(task: Task, messages: number): string {
  return `${messages} ${task.size} ${task.headers ? 1 : 0} ${task.case === "fan-out" ? 1 : task.count}`;
}
