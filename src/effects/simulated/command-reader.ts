// What a client says, from bytes to commands: the server's side of the protocol, for the model server and for those
// who watch what a client sends. Verdicts on malformed input are those of nats-server 2.9.

import type { Bytes } from "../../machine/units.js";
import { EMPTY, joined } from "../wire/bytes.js";
import { decodeText } from "../wire/text.js";

/** A message as it was published. */
export interface Published {
  readonly subject: string;
  readonly reply: string | undefined;
  /** The header block of HPUB, or undefined. */
  readonly headers: Uint8Array | undefined;
  readonly payload: Uint8Array;
}

/** Who hears the commands. */
export interface CommandListener {
  connect(json: string): void;
  ping(): void;
  pong(): void;
  sub(subject: string, queue: string | undefined, sid: string): void;
  unsub(sid: string, max: number | undefined): void;
  publish(message: Published): void;
  /** Whether anything but CONNECT is welcome now. */
  mayTalk(): boolean;
  /** Whether what follows in the chunk is still of interest. */
  isListening(): boolean;
}

/** The client broke the protocol: the server answers that, or nothing where it is null, and closes. */
export class CommandViolation extends Error {
  override readonly name = "CommandViolation";
  readonly answer: string | null;

  constructor(answer: string | null) {
    super(answer ?? "the arguments of a command make no sense");
    this.answer = answer;
  }
}

/** Limits in bytes; those of nats-server by default. */
export interface CommandLimits {
  /** Of a line behind its verb. Default 4,096. */
  readonly maxControlLine?: number;
  /** Of headers and payload together. Default 1 MiB. */
  readonly maxPayload?: number;
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const unknown = "Unknown Protocol Operation";

interface Expected {
  readonly subject: string;
  readonly reply: string | undefined;
  readonly headerSize: number;
  readonly size: number;
}

/** Reads commands out of chunks. */
export class CommandReader {
  /** Where in the stream the command ends that is being reported, or was reported last. */
  position: Bytes = 0;
  /** Where in the stream the chunk begins that is being read, with what was left of the last one. */
  #start: Bytes = 0;
  readonly #listener: CommandListener;
  readonly #maxControlLine: number;
  readonly #maxPayload: number;
  #rest: Uint8Array = EMPTY;
  /** The message whose payload comes next. */
  #expected: Expected | undefined;

  constructor(listener: CommandListener, limits: CommandLimits = {}) {
    this.#listener = listener;
    this.#maxControlLine = limits.maxControlLine ?? 4_096;
    this.#maxPayload = limits.maxPayload ?? 1_048_576;
  }

  /** Takes a chunk and reports what it completes. @throws CommandViolation */
  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : joined([this.#rest, chunk]);
    let at = 0;
    while (this.#listener.isListening()) {
      const next =
        this.#expected === undefined ? this.#line(bytes, at) : this.#message(bytes, at, this.#expected);
      if (next < 0) break;
      at = next;
    }
    this.#rest = bytes.subarray(at);
    this.#start += at;
  }

  /** Reads the line that begins at `start` and returns where it ends; -1 where it is not whole. */
  #line(bytes: Uint8Array, start: number): number {
    if (start === bytes.length) return -1;
    const newline = bytes.indexOf(LF, start);
    const end = newline < 0 ? bytes.length : newline;
    if (argumentLength(bytes, start, end) > this.#maxControlLine)
      throw new CommandViolation("maximum control line exceeded");
    const first = bytes[start];
    if (first !== 0x43 && first !== 0x63 && !this.#listener.mayTalk()) {
      throw new CommandViolation("Authorization Violation");
    }
    if (newline < 0) return -1;
    this.position = this.#start + newline + 1;
    this.#command(decodeText(bytes, start, bytes[end - 1] === CR ? end - 1 : end));
    return newline + 1;
  }

  #command(line: string): void {
    const [, verb = "", rest = ""] = /^(\S*)[ \t]*(.*)$/s.exec(line) ?? [];
    const args = rest.split(/[ \t]+/).filter((arg) => arg !== "");
    switch (verb.toUpperCase()) {
      case "CONNECT":
        return this.#listener.connect(rest);
      case "PING":
        return this.#listener.ping();
      case "PONG":
        return this.#listener.pong();
      case "SUB":
        return this.#sub(args);
      case "UNSUB":
        return this.#unsub(args);
      case "PUB":
        return this.#pub(args, false);
      case "HPUB":
        return this.#pub(args, true);
      case "INFO":
      case "+OK":
        return;
      case "-ERR":
        throw new CommandViolation(null);
      default:
        throw new CommandViolation(unknown);
    }
  }

  #sub(args: readonly string[]): void {
    const [subject, second, third] = args;
    if (subject === undefined || second === undefined || args.length > 3) throw new CommandViolation(null);
    if (third === undefined) this.#listener.sub(subject, undefined, second);
    else this.#listener.sub(subject, second, third);
  }

  #unsub(args: readonly string[]): void {
    const [sid, max] = args;
    if (sid === undefined) throw new CommandViolation(unknown);
    if (args.length > 2) throw new CommandViolation(null);
    const count = max !== undefined && /^\d+$/.test(max) ? Number(max) : 0;
    this.#listener.unsub(sid, count === 0 ? undefined : count);
  }

  #pub(args: readonly string[], hasHeaders: boolean): void {
    const sizes = hasHeaders ? 2 : 1;
    const names = args.slice(0, args.length - sizes);
    const numbers = args.slice(names.length).map((text) => (/^\d{1,9}$/.test(text) ? Number(text) : -1));
    const [subject, reply] = names;
    const size = numbers[sizes - 1] ?? -1;
    const headerSize = hasHeaders ? (numbers[0] ?? -1) : 0;
    if (subject === undefined || names.length > 2 || size < 0 || headerSize < 0 || headerSize > size) {
      throw new CommandViolation(null);
    }
    if (size > this.#maxPayload) throw new CommandViolation("Maximum Payload Violation");
    this.#expected = { subject, reply, headerSize, size };
  }

  /** Reads the message that begins at `start` and returns where it ends; -1 where it is not whole. */
  #message(bytes: Uint8Array, start: number, { subject, reply, headerSize, size }: Expected): number {
    const end = start + size;
    if (bytes.length < end + 2) return -1;
    if (bytes[end] !== CR || bytes[end + 1] !== LF) throw new CommandViolation(unknown);
    this.#expected = undefined;
    this.position = this.#start + end + 2;
    const headers = headerSize === 0 ? undefined : bytes.subarray(start, start + headerSize);
    this.#listener.publish({ subject, reply, headers, payload: bytes.subarray(start + headerSize, end) });
    return end + 2;
  }
}

/** Bytes of a line behind its verb, as nats-server measures them. */
function argumentLength(bytes: Uint8Array, start: number, end: number): number {
  const isSpace = (at: number) => bytes[at] === SPACE || bytes[at] === TAB;
  let at = start;
  while (at < end && !isSpace(at)) at++;
  while (at < end && isSpace(at)) at++;
  return (bytes[end - 1] === CR ? end - 1 : end) - at;
}
