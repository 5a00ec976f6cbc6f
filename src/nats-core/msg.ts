// A message as nats-core has it: a view of ours. What the packages on nats-core use beside the interface is here too:
// `size()`, `publisher` (double acknowledgement, see publisher.ts), `requestInfo()`.

import type { Msg as CoreMsg, MsgHdrs, Payload, PublishOptions, ReviverFn } from "@nats-io/nats-core";
import type { Msg, MsgImpl } from "../api/msg.js";
import type { Bytes } from "../machine/units.js";
import { coreHeaders } from "./headers.js";
import type { Publisher } from "./publisher.js";

/** A message of ours, as nats-core's. */
export class CoreMsgImpl implements CoreMsg {
  /** Who publishes answers and double acknowledgements. */
  readonly publisher: Publisher;
  private readonly _own: Msg;
  private _subject: string | undefined;
  private _reply: string | undefined;
  private _headers: MsgHdrs | undefined;

  constructor(own: Msg, publisher: Publisher) {
    this.publisher = publisher;
    this._own = own;
    this._subject = undefined;
    this._reply = undefined;
    this._headers = undefined;
  }

  // Ours decodes at each use; consumers of JetStream read both again and again.
  get subject(): string {
    this._subject ??= this._own.subject;
    return this._subject;
  }

  get reply(): string {
    this._reply ??= this._own.reply ?? "";
    return this._reply;
  }

  get sid(): number {
    return this._own.sid;
  }

  get data(): Uint8Array {
    return this._own.data;
  }

  // The type of the interface says that it may be absent; undefined is what its own implementation has, too.
  get headers(): MsgHdrs {
    if (this._headers === undefined && this._own.headers !== undefined) {
      this._headers = coreHeaders(this._own.headers);
    }
    return this._headers as MsgHdrs;
  }

  /** False where the answer can go nowhere. The official client returns true there, and drops it. */
  respond(payload?: Payload, opts?: PublishOptions): boolean {
    return this.reply !== "" && this.publisher.respond(this.reply, payload, opts);
  }

  json<T>(reviver?: ReviverFn): T {
    return JSON.parse(this.string(), reviver) as T;
  }

  string(): string {
    return this._own.string();
  }

  /** Bytes of subject, reply, headers and payload: what a pull consumer with `max_bytes` counts. */
  size(): number {
    return (this._own as MsgImpl).size();
  }

  /** Bytes that it takes while it waits in a queue, about. */
  get queuedBytes(): Bytes {
    return (this._own as MsgImpl).queuedBytes;
  }

  /** Who made the request, where the server says so (`Nats-Request-Info`); null where it does not. */
  requestInfo(): Record<string, unknown> | null {
    const json = this.headers?.get("Nats-Request-Info");
    if (json === undefined || json === "") return null;
    const dates = (key: string, value: unknown) =>
      (key === "start" || key === "stop") && typeof value === "string" && value !== ""
        ? new Date(value)
        : value;
    return JSON.parse(json, dates) as Record<string, unknown>;
  }
}
