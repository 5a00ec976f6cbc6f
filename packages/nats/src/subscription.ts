// A subscription as the reference's code uses one, over one of ours. It can move to another subject, which ordered push
// consumers do when they start anew: then another one of ours takes the place of the first.

import type { Msg, MsgCallback, NatsError, Subscription } from "nats-statechart";
import type {
  SubscriptionOptions as OwnOptions,
  Reader,
  SubscriptionImpl,
} from "../../../src/api/subscription.js";

/** What the reference's code asks for. */
export interface CallbackOptions {
  readonly callback: MsgCallback<Msg>;
  readonly queue?: string;
  readonly max?: number;
  readonly timeout?: number;
}

/** Subscribes with ours. */
export type Open = (subject: string, options: OwnOptions) => Subscription;

/** A subscription with a callback, which is all that the reference's code makes. */
export class InnerSubscription {
  /** What the reference's code remembers of its consumer. */
  info: unknown = null;
  /** The reference's code is called with both at the end. */
  cleanupFn: ((subscription: InnerSubscription, info: unknown) => void) | undefined;
  readonly noIterator = true;
  /** Resolves at the end, once a reader of what had arrived has it, or the connection is closed. */
  readonly closed: Promise<void>;
  readonly #open: Open;
  readonly #options: CallbackOptions;
  readonly #isOver: Promise<unknown>;
  #own: Subscription;
  #subject: string;
  /** Messages that it received before it moved to its subject. */
  #before = 0;
  #reader: Reader | undefined;
  #resolveClosed: () => void = () => {};

  /** @param isOver resolves when the connection is closed */
  constructor(open: Open, isOver: Promise<unknown>, subject: string, options: CallbackOptions) {
    this.#open = open;
    this.#options = options;
    this.#isOver = isOver;
    this.#subject = subject;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#own = this.#subscribe(options.max, options.timeout);
  }

  get subject(): string {
    return this.#subject;
  }

  get draining(): boolean {
    return this.isDraining();
  }

  /** Who reads the messages behind the callback: a drain of the connection waits for that reader. */
  set reader(reader: Reader) {
    this.#reader = reader;
    (this.#own as SubscriptionImpl).reader = reader;
  }

  /** Hands over what did not come from a server. */
  callback(error: NatsError | null, msg: Msg): void {
    this.#options.callback(error, msg);
  }

  // Ours stops its timer at the first message, and at the end.
  cancelTimeout(): void {}

  /** Moves to another subject, and counts `max` from here. What arrives on the old one is dropped. */
  resubscribe(subject: string, max?: number): void {
    const left = this.#own as SubscriptionImpl;
    left.reader = undefined;
    this.#before += left.getReceived();
    this.#subject = subject;
    this.#own = this.#subscribe(max, undefined);
    left.unsubscribe();
  }

  unsubscribe(max?: number): void {
    this.#own.unsubscribe(max ? Math.max(0, max - this.#before) : undefined);
  }

  drain(): Promise<void> {
    return this.#own.drain();
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
    return this.#before + this.#own.getReceived();
  }

  getProcessed(): number {
    return this.getReceived();
  }

  getPending(): number {
    return 0;
  }

  getID(): number {
    return this.#own.getID();
  }

  getMax(): number | undefined {
    const max = this.#own.getMax();
    return max === undefined ? undefined : this.#before + max;
  }

  #subscribe(max: number | undefined, timeout: number | undefined): Subscription {
    const { callback, queue } = this.#options;
    // The reference takes zero and an empty name for none.
    const own = this.#open(this.#subject, {
      ...(queue ? { queue } : {}),
      ...(max ? { max } : {}),
      ...(timeout ? { timeout } : {}),
      callback,
    });
    (own as SubscriptionImpl).reader = this.#reader;
    void own.closed.then(async () => {
      if (own !== this.#own) return;
      if (this.#reader !== undefined) await Promise.race([this.#reader.whenConsumed(), this.#isOver]);
      this.cleanupFn?.(this, this.info);
      this.#resolveClosed();
    });
    return own;
  }
}
