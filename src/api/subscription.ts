// A subscription: where messages of one SUB go, and how many, and when it ends. The table of all of them is
// subscription-table.ts; it hands messages over and speaks to the server.

import type { Timer, World } from "../effects/world.js";
import type { Bytes } from "../machine/units.js";
import type { CallSite } from "./call-site.js";
import { ErrorCode, invalidArgument, NatsError } from "./errors.js";
import type { Msg, MsgImpl, Responder } from "./msg.js";
import { QueuedIterator } from "./queued-iterator.js";
import { onAbort } from "./signal.js";
import { type PendingLimits, SlowReader } from "./slow-reader.js";
import { throwUncaught } from "./uncaught.js";

/** Receives messages; with an error, the message is an empty object. */
export type MsgCallback<T> = (err: NatsError | null, msg: T) => void;

/** Options of a subscription. Source: `SubOpts` of `nats` 2.29.3; `signal` goes beyond it. */
export interface SubOpts<T> {
  /** Queue group: of all its members, one receives each message. */
  queue?: string;
  /** Number of messages after which it unsubscribes by itself. Default: no limit. */
  max?: number;
  /**
   * Milliseconds until the first message; else it ends with a NatsError `TIMEOUT`, whose stack says where `subscribe` was
   * called. Default: no limit.
   */
  timeout?: number;
  /** Receives the messages; without it they are read with `for await`. What it throws is an uncaught exception. */
  callback?: MsgCallback<T>;
  /** Unsubscribes when aborted. */
  signal?: AbortSignal;
  /**
   * How many messages may wait for a reader who is slow; what comes while so many wait is dropped, as in the Go client.
   * It is counted (`getDropped`) and reported by the status `slowConsumer`. Default: no limit, nothing is dropped: memory
   * grows with what waits, and the same status says so when 64 MiB wait. Not with `callback`, where nothing waits. Beyond the reference.
   */
  maxPending?: number;
  /**
   * How many bytes may wait, in the same way; one message may, however large it is. A message counts with the bytes from its subject to the
   * end of its payload, and 128 for its object. Default: no limit, see `maxPending`. Beyond the reference.
   */
  maxPendingBytes?: Bytes;
}

/** Options of a subscription to messages. */
export type SubscriptionOptions = SubOpts<Msg>;

/** A subscription. Source: `Sub` of `nats` 2.29.3. */
export interface Sub<T> extends AsyncIterable<T>, AsyncDisposable {
  /**
   * Resolves when the subscription has ended and its reader has taken the messages that had arrived; at the latest when the connection
   * is closed, since nobody can tell a reader that is busy from one that has left. Messages that wait can still be read then.
   */
  readonly closed: Promise<void>;
  /**
   * Ends the subscription: now, or after `max` messages counted from its beginning. What has arrived can still be read. Without `max`, a
   * drain of the connection does not wait for the reader any more.
   */
  unsubscribe(max?: number): void;
  /**
   * Unsubscribes, and resolves when everything the server had sent before has arrived and been handed over.
   * @throws NatsError `CONNECTION_CLOSED` or `SUB_CLOSED` (as a rejection)
   */
  drain(): Promise<void>;
  /** True from `drain()` on. */
  isDraining(): boolean;
  /** True once it takes no more messages. */
  isClosed(): boolean;
  /** The subject subscribed to. */
  getSubject(): string;
  /** Messages received. */
  getReceived(): number;
  /** Messages handed to the callback or yielded by the iterator. */
  getProcessed(): number;
  /** Messages that wait in the iterator, or are being worked on; 0 with a callback. */
  getPending(): number;
  /** Messages dropped since too many waited; see the options `maxPending` and `maxPendingBytes`. Beyond the reference. */
  getDropped(): number;
  /** Number of the subscription on this connection. */
  getID(): number;
  /** The number of messages after which it ends; undefined where there is no limit. */
  getMax(): number | undefined;
}

/** A subscription to messages. */
export type Subscription = Sub<Msg>;

/** What a subscription asks of the table that it is in. */
export interface SubscriptionOwner {
  readonly world: World;
  /** Publishes responses to its messages. */
  readonly responder: Responder;
  /** Tells every server that knows it; with `max` the subscription stays until it is reached. */
  unsubscribe(subscription: SubscriptionImpl, max: number | undefined): void;
  /** Sends UNSUB, and waits until all has arrived that a server had sent before. */
  drain(subscription: SubscriptionImpl): Promise<void>;
  /** Its reader is slow: from here on messages are dropped, or too much waits. */
  slow(subscription: SubscriptionImpl): void;
  /** It has ended: forget it. */
  remove(subscription: SubscriptionImpl): void;
  /** Somebody waits for its `closed`: to be settled at the latest when the connection is closed. */
  awaited(subscription: SubscriptionImpl): void;
  /** Its `closed` is settled: nobody waits any more. */
  settled(subscription: SubscriptionImpl): void;
  isClosed(): boolean;
}

/** The line that tells a server of a subscription, without its CRLF. */
export function subscriptionLine(sid: number, subject: string, queue: string | undefined): string {
  return queue === undefined ? `SUB ${subject} ${sid}` : `SUB ${subject} ${queue} ${sid}`;
}

/** Who reads what has arrived: the iterator of a subscription. */
export interface Reader {
  /** It has a message and has not come back for the next one. */
  readonly isHeld: boolean;
  /** Messages that wait, and the one that it has. */
  getPending(): number;
  /** Resolves when it has come back and nothing waits, or when it has left. */
  whenConsumed(): Promise<void>;
  /** Nobody waits for it any more. */
  letGo(): void;
}

/** How far a subscription is. `drained` is what `drain` returned, if it was called: it resolves when all has arrived. */
type Phase =
  /** Takes messages. */
  | { readonly type: "active"; readonly drained: undefined }
  /** Is unsubscribed, and takes what the server had sent before. */
  | { readonly type: "draining"; readonly drained: Promise<void> }
  /** Takes no more messages. */
  | { readonly type: "closed"; readonly drained: Promise<void> | undefined };

/** The subscription as it is implemented. */
export class SubscriptionImpl implements Sub<Msg> {
  readonly sid: number;
  readonly subject: string;
  readonly queue: string | undefined;
  /** The line that tells a server of it, kept: after an outage all of them are said at once. */
  readonly line: string;
  readonly responder: Responder;
  /** True for the inbox of requests: it stays open in a drain until they are settled. */
  isInbox = false;
  /** Subject of the request whose answer it waits for, if it does: a permission error for it ends it. */
  requestSubject: string | undefined;
  /** Where `subscribe` was called, for the error of a `timeout`. */
  site: CallSite | undefined;
  received = 0;
  max: number | undefined;
  /** The limit as a number, so that the hot path compares once. */
  private _limit: number;
  private readonly _callback: MsgCallback<Msg> | undefined;
  /**
   * Without a bound unless the user sets one: what a subscriber does not read in time must not be lost silently. It is told when it is much.
   */
  private readonly _iterator: QueuedIterator<Msg> | undefined;
  /** Whom a drain of the connection waits for; another one where the messages go through a queue of somebody else's. */
  reader: Reader | undefined;
  private readonly _slow: SlowReader;
  private _dropped = 0;
  private readonly _owner: SubscriptionOwner;
  /** Runs until the first message, also while it drains. */
  private _timer: Timer | undefined;
  private _phase: Phase = { type: "active", drained: undefined };
  /** It has ended, and its reader has all. */
  private _isSettled = false;
  /** Made when somebody asks: what nobody waits for needs no table to remember it. */
  private _closed: Promise<void> | undefined;
  private _resolveClosed: () => void = () => {};
  private _unlisten: () => void = () => {};

  constructor(owner: SubscriptionOwner, sid: number, subject: string, opts: SubscriptionOptions) {
    this.sid = sid;
    this.responder = owner.responder;
    this.subject = subject;
    this.queue = opts.queue;
    this.line = subscriptionLine(sid, subject, opts.queue);
    this.max = opts.max === undefined || opts.max <= 0 ? undefined : opts.max;
    this._limit = this.max ?? Number.POSITIVE_INFINITY;
    this._owner = owner;
    this._callback = opts.callback;
    const limits = { messages: opts.maxPending, bytes: opts.maxPendingBytes };
    this._slow = new SlowReader(limits, () => owner.slow(this));
    this._iterator = opts.callback === undefined ? this._newIterator(limits) : undefined;
    this.reader = this._iterator;
    if (opts.timeout !== undefined && opts.timeout > 0) {
      this._timer = owner.world.startTimer(opts.timeout, () => this._timedOut(opts.timeout as number));
    }
    this._unlisten = onAbort(opts.signal, () => this.unsubscribe());
  }

  get closed(): Promise<void> {
    if (this._closed === undefined) {
      this._closed = new Promise((resolve) => {
        this._resolveClosed = resolve;
      });
      if (this._isSettled) this._resolveClosed();
      else this._owner.awaited(this);
    }
    return this._closed;
  }

  private _newIterator({ messages, bytes }: PendingLimits): QueuedIterator<Msg> {
    return new QueuedIterator({
      limit: messages,
      limitBytes: bytes,
      sizeOf: (msg) => (msg as MsgImpl).queuedBytes,
      // What is taken one by one out of a flood, while the rest is dropped, would hold all of it.
      keep: (msg) => (this._slow.isSlow ? (msg as MsgImpl).compact() : msg),
      onOverflow: () => {
        this._dropped++;
        this._slow.dropped();
      },
      onDone: () => this._consumed(),
    });
  }

  /** A message of this subscription. The hot path. */
  deliver(msg: Msg): void {
    if (this._timer !== undefined) this._stopTimer();
    this.received++;
    if (this._callback !== undefined) {
      try {
        this._callback(null, msg);
      } catch (error) {
        throwUncaught(error);
      }
    } else if (this._iterator !== undefined) {
      this._iterator.push(msg);
      this._slow.waits(this._iterator.getPending(), this._iterator.waitingBytes);
    }
    if (this.received >= this._limit) this._leave();
  }

  /** It ends with an error: the callback gets it, the iterator throws it. */
  fail(error: NatsError): void {
    if (this.isClosed()) return;
    this._end(error);
    this._call(error, {} as Msg);
  }

  /**
   * Hands over what came from no server, uncounted. An error ends the iterator. Tools call this; source: `callback` of
   * `nats` 2.29.3.
   * @internal
   */
  callback(error: NatsError | null, msg: Msg): void {
    if (this._callback !== undefined) this._call(error, msg);
    else if (error !== null) this.fail(error);
    else this._iterator?.push(msg);
  }

  private _call(error: NatsError | null, msg: Msg): void {
    try {
      this._callback?.(error, msg);
    } catch (thrown) {
      throwUncaught(thrown);
    }
  }

  /** It ends; what has arrived may still be read. Called by the table. */
  end(): void {
    this._end(undefined);
  }

  /** Settles `closed`, whatever its reader does. Called by the table when the connection is closed. */
  settle(): void {
    if (this._isSettled) return;
    this._isSettled = true;
    this._owner.settled(this);
    this._resolveClosed();
  }

  unsubscribe(max?: number): void {
    // Null is left out, as in the reference.
    const limit = max ?? 0;
    if (!(Number.isInteger(limit) && limit >= 0)) {
      throw invalidArgument("max", max, "a whole number of messages");
    }
    if (max === undefined || max === null) this.reader?.letGo();
    if (this.isClosed()) return;
    if (this.received >= limit) this._leave();
    else {
      this.max = limit;
      this._limit = limit;
      this._owner.unsubscribe(this, limit);
    }
  }

  drain(): Promise<void> {
    if (this._owner.isClosed()) return Promise.reject(NatsError.errorForCode(ErrorCode.ConnectionClosed));
    if (this._phase.drained !== undefined) return this._phase.drained;
    if (this.isClosed()) return Promise.reject(NatsError.errorForCode(ErrorCode.SubClosed));
    const drained = this._owner.drain(this).then(() => this._end(undefined));
    this._phase = { type: "draining", drained };
    return drained;
  }

  /** Resolves when a consumer that reads this subscription has taken all that arrived. */
  whenConsumed(): Promise<void> {
    return this.reader?.whenConsumed() ?? Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reader?.letGo();
    if (!this.isClosed() && !this._owner.isClosed()) await this.drain();
  }

  [Symbol.asyncIterator](): AsyncIterator<Msg> {
    if (this._iterator === undefined) {
      throw new NatsError("a subscription with a callback cannot be iterated", ErrorCode.ApiError);
    }
    return this._iterator[Symbol.asyncIterator]();
  }

  isDraining(): boolean {
    return this._phase.drained !== undefined;
  }

  isClosed(): boolean {
    return this._phase.type === "closed";
  }

  getSubject(): string {
    return this.subject;
  }

  getReceived(): number {
    return this.received;
  }

  getProcessed(): number {
    return this._iterator === undefined ? this.received : this._iterator.getProcessed();
  }

  getPending(): number {
    return this._iterator === undefined ? 0 : this._iterator.getPending();
  }

  getDropped(): number {
    return this._dropped;
  }

  getID(): number {
    return this.sid;
  }

  getMax(): number | undefined {
    return this.max;
  }

  private _timedOut(ms: number): void {
    this._timer = undefined;
    this._owner.unsubscribe(this, undefined);
    const error = new NatsError(`no message on "${this.subject}" within ${ms} ms`, ErrorCode.Timeout);
    this.fail(this.site?.addTo(error) ?? error);
  }

  /** Takes no more messages, and tells the server. */
  private _leave(): void {
    this._owner.unsubscribe(this, undefined);
    this._end(undefined);
  }

  /** The consumer took the last message, or left the loop. */
  private _consumed(): void {
    if (this.isClosed()) this.settle();
    else this.unsubscribe();
  }

  private _end(error: NatsError | undefined): void {
    if (this.isClosed()) return;
    this._phase = { type: "closed", drained: this._phase.drained };
    this._stopTimer();
    this._unlisten();
    this._owner.remove(this);
    if (this._iterator === undefined || this._iterator.stopped) this.settle();
    else this._iterator.stop(error);
  }

  private _stopTimer(): void {
    if (this._timer !== undefined) this._owner.world.stopTimer(this._timer);
    this._timer = undefined;
  }
}
