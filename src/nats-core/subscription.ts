// A subscription as nats-core has it, over one of ours. It can move to another subject (`resubscribe`), which ordered
// consumers do when they start anew: then the one of ours is replaced, and whoever holds this one sees no difference.

import {
  type Msg as CoreMsg,
  type Subscription as CoreSubscription,
  InvalidOperationError,
  type MsgCallback,
  type SubscriptionOptions,
} from "@nats-io/nats-core";
import { invalidOption, type NatsError } from "../api/errors.js";
import type { Msg } from "../api/msg.js";
import { QueuedIterator } from "../api/queued-iterator.js";
import { SlowReader } from "../api/slow-reader.js";
import type {
  SubscriptionOptions as OwnOptions,
  Subscription,
  SubscriptionImpl,
} from "../api/subscription.js";
import type { CloseListener } from "./close-listeners.js";
import { coreError, translated } from "./errors.js";
import type { CoreMsgImpl } from "./msg.js";

/** What a subscription asks of the adapter. */
export interface SubscriptionOwner {
  /** Subscribes with ours. @throws NatsError */
  open(subject: string, options: OwnOptions): Subscription;
  /** A message of ours, as nats-core's. */
  messageFrom(own: Msg): CoreMsg;
  /** More messages wait than the option `slow` allows; 64 MiB, where it is not given. */
  slowConsumer(subscription: CoreSubscription, pending: number): void;
  addCloseListener(listener: CloseListener): void;
  removeCloseListener(listener: CloseListener): void;
}

/** A subscription of ours, as nats-core's. */
export class CoreSubscriptionImpl implements CoreSubscription {
  readonly #owner: SubscriptionOwner;
  readonly #options: SubscriptionOptions;
  /** Where messages wait for the reader; undefined with a callback. Without a bound, as ours and nats-core's are; it is told when it is much. */
  readonly #queue: QueuedIterator<CoreMsg> | undefined;
  #own: Subscription;
  #subject: string;
  #received = 0;
  #error: Error | undefined;
  #isIterated = false;
  #isSlow = false;
  /** A message that a reader who waited was given in this turn, and has not seen yet: for nats-core it waits. */
  #arriving = 0;
  readonly #slow = new SlowReader({ messages: undefined, bytes: undefined }, () =>
    this.#owner.slowConsumer(this, this.getPending()),
  );
  /** Made when somebody asks. */
  #closed: Promise<undefined | Error> | undefined;
  #isSettled = false;
  #resolveClosed: (error?: Error) => void = () => {};
  readonly #closeListener: CloseListener = { connectionClosedCallback: () => this.#settle() };

  /** @throws an error of nats-core */
  constructor(owner: SubscriptionOwner, subject: string, options: SubscriptionOptions) {
    this.#owner = owner;
    this.#options = options;
    this.#subject = subject;
    const { callback } = options;
    if (callback === undefined) {
      this.#queue = new QueuedIterator({
        sizeOf: (msg) => (msg as CoreMsgImpl).queuedBytes,
        onDone: () => this.#consumed(),
      });
    } else if (typeof callback !== "function") {
      throw coreError(invalidOption("callback", callback, "a function"));
    }
    this.#own = this.#open(subject, options.max, options.timeout);
  }

  /** Hands over a message, or the error that ended it: what nats-core calls its callback, too. */
  readonly callback: MsgCallback<CoreMsg> = (error, msg) => {
    if (error !== null) {
      this.#error ??= error;
      this.#queue?.stop(error);
    } else {
      this.#received++;
      if (this.#queue?.isAwaited) this.#arrives();
      this.#queue?.push(msg);
    }
    this.#options.callback?.(error, msg);
    if (this.#queue !== undefined) this.#watch(this.#queue);
  };

  /**
   * Resolves at the end, once what had arrived has been taken, or the connection is closed; with the error where one ended
   * it.
   */
  get closed(): Promise<undefined | Error> {
    if (this.#closed === undefined) {
      this.#closed = new Promise((resolve) => {
        this.#resolveClosed = resolve;
      });
      if (this.#isSettled) this.#resolveClosed(this.#error);
      else this.#owner.addCloseListener(this.#closeListener);
    }
    return this.#closed;
  }

  /** Moves to another subject, and counts `max` from here; what arrives on the old one is dropped. */
  resubscribe(subject: string, max?: number): void {
    const left = this.#own as SubscriptionImpl;
    // It is read on, from the other.
    left.reader = undefined;
    this.#own = this.#open(subject, max, undefined);
    this.#subject = subject;
    left.unsubscribe();
  }

  unsubscribe(max?: number): void {
    translated(() => this.#own.unsubscribe(max === undefined ? undefined : Math.max(0, max - this.#before)));
  }

  async drain(): Promise<void> {
    try {
      await this.#own.drain();
    } catch (error) {
      throw coreError(error, this.#subject);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own[Symbol.asyncDispose]();
  }

  [Symbol.asyncIterator](): AsyncIterator<CoreMsg> {
    const queue = this.#queue;
    if (queue === undefined)
      throw new InvalidOperationError("a subscription with a callback cannot be iterated");
    if (this.#isIterated) throw new InvalidOperationError("a subscription can be iterated once");
    this.#isIterated = true;
    return queue[Symbol.asyncIterator]();
  }

  isDraining(): boolean {
    return this.#own.isDraining();
  }

  isClosed(): boolean {
    return this.#own.isClosed();
  }

  getSubject(): string {
    return this.#subject;
  }

  getReceived(): number {
    return this.#received;
  }

  getProcessed(): number {
    return this.#queue === undefined ? this.#received : this.#queue.getProcessed();
  }

  /** How many messages wait: not the one that the reader has in hand, which ours counts. */
  getPending(): number {
    return this.#queue === undefined ? 0 : this.#queue.waiting + this.#arriving;
  }

  /** To be called before the reader is given the message: it goes on only after what is queued here. */
  #arrives(): void {
    this.#arriving = 1;
    queueMicrotask(() => {
      this.#arriving = 0;
    });
  }

  getID(): number {
    return this.#own.getID();
  }

  getMax(): number | undefined {
    const max = this.#own.getMax();
    return max === undefined ? undefined : this.#before + max;
  }

  /** Messages that it received before it moved to the subject that it has. */
  get #before(): number {
    return this.#received - this.#own.getReceived();
  }

  #open(subject: string, max: number | undefined, timeout: number | undefined): Subscription {
    const { queue } = this.#options;
    const options = {
      // nats-core takes an empty queue for none, and a limit below zero too.
      queue: queue || undefined,
      max: (max as number) <= 0 ? undefined : max,
      timeout,
      callback: (error: NatsError | null, msg: Msg) => {
        if (error === null) this.callback(null, this.#owner.messageFrom(msg));
        else this.callback(coreError(error, subject), {} as CoreMsg);
      },
    } as OwnOptions;
    const own = translated(() => this.#owner.open(subject, options), subject);
    // So that a drain of the connection waits for who reads with `for await`, as it does for our own subscriptions.
    (own as SubscriptionImpl).reader = this.#queue;
    void own.closed.then(() => {
      if (own === this.#own) this.#ended();
    });
    return own;
  }

  #ended(): void {
    if (this.#queue === undefined || this.#queue.stopped) this.#settle();
    else this.#queue.stop();
  }

  /** It has ended and its reader has all, or the connection is closed. */
  #settle(): void {
    this.#isSettled = true;
    this.#owner.removeCloseListener(this.#closeListener);
    this.#resolveClosed(this.#error);
  }

  /** The reader took the last message, or left the loop. */
  #consumed(): void {
    this.#settle();
    this.#own.unsubscribe();
  }

  #watch(queue: QueuedIterator<CoreMsg>): void {
    const { slow: limit } = this.#options;
    const pending = this.getPending();
    if (limit === undefined) this.#slow.waits(pending, queue.waitingBytes);
    else if (pending <= limit) this.#isSlow = false;
    else if (!this.#isSlow) {
      this.#isSlow = true;
      this.#owner.slowConsumer(this, pending);
    }
  }
}
