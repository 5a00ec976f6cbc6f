// A message, as received. It is a window onto the bytes of the socket: subject, reply, headers and payload are
// decoded when they are asked for, and only then.

import type { Received } from "../effects/wire/bytes.js";
import { decodeText } from "../effects/wire/text.js";
import type { Bytes } from "../machine/units.js";
import { badJson, type Payload } from "./codec.js";
import { type MsgHdrs, MsgHdrsImpl } from "./headers.js";
import { KnownOptions } from "./known-options.js";

/** Options of a publish. Source: `PublishOptions` of `nats` 2.29.3. */
export interface PublishOptions {
  /** Subject to which a reply is to be sent. */
  reply?: string;
  /** Headers of the message. */
  headers?: MsgHdrs;
}

const names = { reply: true, headers: true } satisfies Record<keyof PublishOptions, true>;

/** What `publish` knows. */
export const knownOfPublish = /* @__PURE__ */ new KnownOptions<PublishOptions>("publish", names);

/** What `respond` of a message knows. */
export const knownOfRespond = /* @__PURE__ */ new KnownOptions<PublishOptions>("respond", names);

/** Changes values while JSON is parsed, as for `JSON.parse`. */
export type ReviverFn = (key: string, value: unknown) => unknown;

/** A received message. Source: `Msg` of `nats` 2.29.3. */
export interface Msg {
  /** The subject to which it was published. */
  subject: string;
  /** Number of the subscription that received it. */
  sid: number;
  /** Where a reply is expected; absent where none is. */
  reply?: string;
  /**
   * The payload; where there is a Buffer (Node, Bun, Deno) it is one, so that `data.toString()` is its text, but for
   * `slice`, which copies. It shares memory with what else the socket received at the time, which is held as long as the payload or
   * the message is: 4 KiB on a quiet connection, up to 64 KiB on a busy one, and up to 256 KiB where messages of 16 KiB or more
   * come. What you keep for long, keep as
   * `data.slice()`, a copy; `string()` and `json()` share nothing.
   */
  data: Uint8Array;
  /** The headers; absent where it has none. */
  headers?: MsgHdrs;
  /**
   * Publishes an answer to `reply`.
   * @returns true if the connection accepted the answer. False if the answer can go nowhere: the message has no reply subject, or
   * one that is not valid; the connection is closed, or in the last phase of a drain; or the client is not connected and the
   * reconnect buffer has no room. The reference returns true on a closed connection, and drops the answer.
   * @throws NatsError for what is wrong with the answer: `BAD_PAYLOAD`, `BAD_HEADER`, `MAX_PAYLOAD_EXCEEDED`, `SERVER_OPT_NA` (the
   * server does not know headers), or `BAD_SUBJECT` for `opts.reply`
   */
  respond(payload?: Payload, opts?: PublishOptions): boolean;
  /**
   * The payload, parsed as JSON.
   * @throws NatsError `BAD_JSON` where it is no JSON
   */
  json<T>(reviver?: ReviverFn): T;
  /** The payload, decoded as UTF-8. */
  string(): string;
}

/** The subscription that a message came for. */
export interface Receiver {
  readonly sid: number;
  readonly responder: Responder;
}

/** Who can publish an answer. */
export interface Responder {
  /** @returns false where the answer can go nowhere */
  respond(reply: string, payload?: Payload, opts?: PublishOptions): boolean;
}

const ZERO = 48;
const SPACE = 32;
const TAB = 9;
/** So many times its own bytes a message may hold. */
const WASTE = 4;
/** Bytes of the object of a message, with its place in a queue. */
const OBJECT: Bytes = 128;

/**
 * A message over the bytes it came in, with its line in front of it. Few fields: millions of these are made. The offsets
 * are those of the parser.
 */
export class MsgImpl implements Msg {
  private readonly _receiver: Receiver;
  private readonly _received: Received;
  private readonly _subjectStart: number;
  private readonly _subjectEnd: number;
  /** 0 where there is no reply. Where it begins is looked up on the line. */
  private readonly _replyEnd: number;
  private readonly _headersStart: number;
  private readonly _payloadStart: number;
  private readonly _payloadEnd: number;
  private _headers: MsgHdrs | undefined;

  constructor(
    receiver: Receiver,
    received: Received,
    subjectStart: number,
    subjectEnd: number,
    replyEnd: number,
    headersStart: number,
    payloadStart: number,
    payloadEnd: number,
  ) {
    this._receiver = receiver;
    this._received = received;
    this._subjectStart = subjectStart;
    this._subjectEnd = subjectEnd;
    this._replyEnd = replyEnd;
    this._headersStart = headersStart;
    this._payloadStart = payloadStart;
    this._payloadEnd = payloadEnd;
    this._headers = undefined;
  }

  get sid(): number {
    return this._receiver.sid;
  }

  get subject(): string {
    return decodeText(this._received.bytes, this._subjectStart, this._subjectEnd);
  }

  // The reference gives "" for a message without reply, its type says undefined; both are falsy.
  get reply(): string {
    return this._replyEnd === 0 ? "" : decodeText(this._received.bytes, this._replyStart(), this._replyEnd);
  }

  /** The line is `subject sid reply sizes`, with white space between them. */
  private _replyStart(): number {
    const { bytes } = this._received;
    const isSpace = (at: number) => bytes[at] === SPACE || bytes[at] === TAB;
    let at = this._subjectEnd;
    while (isSpace(at)) at++;
    while (!isSpace(at)) at++;
    while (isSpace(at)) at++;
    return at;
  }

  get data(): Uint8Array {
    return this._received.window(this._payloadStart, this._payloadEnd);
  }

  get headers(): MsgHdrs {
    if (this._headers === undefined && this._headersStart < this._payloadStart) {
      this._headers = MsgHdrsImpl.decode(this._received.window(this._headersStart, this._payloadStart));
    }
    return this._headers as MsgHdrs;
  }

  respond(payload?: Payload, opts?: PublishOptions): boolean {
    const { reply } = this;
    return reply !== "" && this._receiver.responder.respond(reply, payload, opts);
  }

  json<T>(reviver?: ReviverFn): T {
    try {
      return JSON.parse(this.string(), reviver) as T;
    } catch (error) {
      throw badJson(error);
    }
  }

  string(): string {
    return decodeText(this._received.bytes, this._payloadStart, this._payloadEnd);
  }

  /** Bytes of subject, reply, headers and payload. Source: `size()` of `nats` 2.29.3. */
  size(): number {
    const { _subjectStart, _subjectEnd, _replyEnd, _headersStart, _payloadEnd } = this;
    const reply = _replyEnd === 0 ? 0 : _replyEnd - this._replyStart();
    return _subjectEnd - _subjectStart + reply + _payloadEnd - _headersStart;
  }

  /**
   * Bytes that it takes while it waits in a queue, about: those that it came in, from the subject on, and what the object takes. Of the
   * same message always the same.
   */
  get queuedBytes(): Bytes {
    return this._payloadEnd - this._subjectStart + OBJECT;
  }

  /** The same message, in memory of its own where it holds much more than it needs. */
  compact(): MsgImpl {
    const start = this._subjectStart;
    const end = this._payloadEnd;
    if (this._received.held <= WASTE * (end - start)) return this;
    return new MsgImpl(
      this._receiver,
      this._received.copy(start, end),
      0,
      this._subjectEnd - start,
      Math.max(0, this._replyEnd - start),
      this._headersStart - start,
      this._payloadStart - start,
      end - start,
    );
  }

  /** The number that the subject is from that byte on; any number where it is none. */
  subjectNumber(from: Bytes): number {
    const { bytes } = this._received;
    let number = 0;
    for (let at = this._subjectStart + from; at < this._subjectEnd; at++) {
      number = number * 10 + (bytes[at] as number) - ZERO;
    }
    return number;
  }

  /** True where the subject is that text (ASCII) from that byte on, and nothing more. */
  subjectEndsWith(from: Bytes, text: string): boolean {
    const { bytes } = this._received;
    const start = this._subjectStart + from;
    if (this._subjectEnd - start !== text.length) return false;
    for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** True where the server says that nobody listens on the subject of a request. */
  isNoResponders(): boolean {
    return (
      this._headersStart < this._payloadStart &&
      this._payloadStart === this._payloadEnd &&
      this.headers.code === 503
    );
  }
}

/** The options to publish a message again with. */
export function optionsOf(msg: Msg): PublishOptions {
  const options: PublishOptions = {};
  if (msg.reply !== undefined) options.reply = msg.reply;
  if (msg.headers !== undefined) options.headers = msg.headers;
  return options;
}
