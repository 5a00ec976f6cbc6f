// Requests: a message out, one answer back. All of them share one subscription to an inbox (the mux); the last
// token of the reply subject says whose answer it is, and proves that whoever answers was asked.

import { textLength } from "../effects/wire/bytes.js";
import type { Timer, World } from "../effects/world.js";
import type { PermissionContext } from "../machine/server-error.js";
import { AwaitingTable } from "./awaiting-table.js";
import type { Payload } from "./codec.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import type { MsgHdrs } from "./headers.js";
import { createInbox } from "./inbox.js";
import { isMilliseconds } from "./milliseconds.js";
import type { Msg, MsgImpl, PublishOptions } from "./msg.js";
import { SECRET_LENGTH, secret } from "./secret.js";
import { aborted, checkSignal, onAbort } from "./signal.js";
import type { Subscription, SubscriptionImpl, SubscriptionOptions } from "./subscription.js";

/** Options of a request. Source: `RequestOptions` of `nats` 2.29.3; `signal` goes beyond it. */
export interface RequestOptions {
  /** Milliseconds until the request fails with a NatsError `TIMEOUT`. Default 1,000. */
  timeout?: number;
  /** Headers of the request. */
  headers?: MsgHdrs;
  /** Use a subscription of its own for the answer instead of the shared one. Default false. */
  noMux?: boolean;
  /** Subject for the answer. Needs `noMux`. Default: a new inbox. */
  reply?: string;
  /** Gives up when aborted: the request fails with a NatsError `CANCELLED`. */
  signal?: AbortSignal;
}

/** How long a request waits where nobody says: as in the reference. */
const DEFAULT_REQUEST_TIMEOUT = 1_000;

/** What requests need of the connection. */
export interface Requester {
  readonly world: World;
  readonly inboxPrefix: string;
  /** True where errors are to say where the request was made. */
  readonly asyncTraces: boolean;
  publish(subject: string, payload: Payload | undefined, opts: PublishOptions): void;
  /** Hands over now what was published, instead of at the end of the turn. */
  handOver(): void;
  /** Where in the outbound stream the next command begins. */
  position(): number;
  /** Takes back what was published from there to before there, if no socket has it. */
  withdraw(start: number, end: number): void;
  subscribe(subject: string, opts: SubscriptionOptions): Subscription;
}

/** Somebody who waits for answers. */
export interface Awaiting {
  /** The subject of the request: a permission error names it. */
  readonly subject: string;
  answered(msg: Msg): void;
  failed(error: NatsError): void;
}

/** The shared inbox of a connection. Holds an entry for each request under way; each has a timeout. */
export class Mux {
  readonly #requester: Requester;
  readonly #awaiting = new AwaitingTable<SharedInbox>();
  #subscription: SubscriptionImpl | undefined;
  #prefix = "";
  #underWay = 0;
  #whenIdle: (() => void)[] = [];

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** Waits for answers from here on; what it returns knows the reply subject, and how to stop waiting. */
  add(awaiting: Awaiting): Inbox {
    if (this.#subscription === undefined) this.#subscribe();
    return new SharedInbox(this.#awaiting, awaiting, this.#prefix);
  }

  /** The server does not permit something: ends the requests concerned. */
  refuse(permission: PermissionContext, error: NatsError): void {
    const isOurs =
      permission.operation === "subscription" && permission.subject === this.#subscription?.subject;
    const concerned = this.#awaiting
      .values()
      .map(({ awaiting }) => awaiting)
      .filter((one) => isOurs || (permission.operation === "publish" && one.subject === permission.subject));
    if (isOurs) this.#subscription = undefined;
    for (const one of isOurs ? concerned : concerned.slice(0, 1)) one.failed(error);
  }

  /** True where only one request is under way. */
  get isOnlyOne(): boolean {
    return this.#underWay === 1;
  }

  /** A request begins, over the shared inbox or one of its own. */
  begin(): void {
    this.#underWay++;
  }

  /** A request that began is settled. To be called once for each. */
  done(): void {
    if (--this.#underWay === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Resolves when no request is under way. Each has a timeout, so that it does. */
  idle(): Promise<void> {
    return this.#underWay === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** The connection is closed: nobody is answered any more. */
  close(error: () => NatsError): void {
    for (const { awaiting } of this.#awaiting.values()) awaiting.failed(error());
  }

  #subscribe(): void {
    this.#prefix = `${createInbox(this.#requester.inboxPrefix)}.`;
    const start = textLength(this.#prefix);
    const callback = (error: NatsError | null, msg: Msg) => {
      if (error !== null) return;
      const inbox = this.#awaiting.get((msg as MsgImpl).subjectNumber(start + SECRET_LENGTH));
      if (inbox !== undefined && (msg as MsgImpl).subjectEndsWith(start, inbox.token))
        inbox.awaiting.answered(msg);
    };
    this.#subscription = this.#requester.subscribe(`${this.#prefix}*`, { callback }) as SubscriptionImpl;
    this.#subscription.isInbox = true;
  }
}

/** Where answers arrive. */
export interface Inbox {
  readonly reply: string;
  /** Nobody waits any more. */
  remove(): void;
}

/**
 * One place in the shared inbox. Whoever receives a request sees the prefix, and could count on: so the token has a secret,
 * which the answer must bring back. Behind it is the number by which the request is found.
 */
class SharedInbox implements Inbox {
  readonly awaiting: Awaiting;
  readonly token: string;
  readonly reply: string;
  readonly #table: AwaitingTable<SharedInbox>;
  readonly #number: number;

  constructor(table: AwaitingTable<SharedInbox>, awaiting: Awaiting, prefix: string) {
    this.awaiting = awaiting;
    this.#table = table;
    this.#number = table.add(this);
    this.token = secret() + this.#number;
    this.reply = prefix + this.token;
  }

  remove(): void {
    this.#table.delete(this.#number);
  }
}

/** The error where nobody listens on the subject of a request. */
export function noResponders(subject: string): NatsError {
  return new NatsError(`no responders: nobody is subscribed to "${subject}"`, ErrorCode.NoResponders);
}

/** Where a request was made, or a subscription. */
export interface CallSite {
  readonly addTo: (error: NatsError) => NatsError;
}

/** Adds to an error where what failed was called; taken at once, since later the stack is another. */
export function callSite(requester: Requester, what: "request made" | "subscribed"): CallSite {
  if (!requester.asyncTraces) return { addTo: (error) => error };
  const site = new Error(what);
  return {
    addTo: (error) => {
      error.stack = `${error.stack ?? error.message}\n\n${site.stack ?? ""}`;
      return error;
    },
  };
}

/** Checks the options, and returns the timeout. @throws NatsError that names the option that is wrong */
function checkRequestOptions(opts: RequestOptions): number {
  const { timeout = DEFAULT_REQUEST_TIMEOUT, noMux, reply, signal } = opts;
  if (!isMilliseconds(timeout, 1)) {
    throw invalidOption("timeout", timeout, "a number of milliseconds, from 1 to 2147483647");
  }
  if (reply && !noMux) {
    throw new NatsError(
      'the option "reply" needs the option "noMux": the shared inbox has its own',
      ErrorCode.InvalidOption,
    );
  }
  checkSignal(signal, "the request");
  return timeout;
}

/** Makes a request. Rejects with a NatsError: `TIMEOUT`, `503` (no responders), `CANCELLED`, or what `publish` throws. */
export function request(
  requester: Requester,
  mux: Mux,
  subject: string,
  payload: Payload | undefined,
  opts: RequestOptions,
): Promise<Msg> {
  let site: CallSite | undefined;
  const answer = new Promise<Msg>((resolve, reject) => {
    const timeout = checkRequestOptions(opts);
    const fail = (error: NatsError) => reject((site ?? callSite(requester, "request made")).addTo(error));
    new RequestUnderWay(requester, mux, subject, resolve, fail).begin(payload, timeout, opts);
  });
  // It takes as long as a tenth of the whole exchange: behind the publish, so that the server works meanwhile.
  site = callSite(requester, "request made");
  return answer;
}

/** One request, from its publish to its answer or its failure. One object for each: many are under way at once. */
class RequestUnderWay implements Awaiting {
  readonly subject: string;
  readonly #requester: Requester;
  readonly #mux: Mux;
  readonly #resolve: (msg: Msg) => void;
  readonly #reject: (error: NatsError) => void;
  #inbox: Inbox | undefined;
  #timer: Timer | undefined;
  #unlisten: (() => void) | undefined;
  /** Where its message lies in the outbound stream. */
  #start = 0;
  #end = 0;
  #isSettled = false;

  constructor(
    requester: Requester,
    mux: Mux,
    subject: string,
    resolve: (msg: Msg) => void,
    reject: (error: NatsError) => void,
  ) {
    this.#requester = requester;
    this.#mux = mux;
    this.subject = subject;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(payload: Payload | undefined, timeout: number, opts: RequestOptions): void {
    const { signal, headers } = opts;
    const requester = this.#requester;
    const inbox = opts.noMux ? ownInbox(requester, opts.reply, this) : this.#mux.add(this);
    this.#inbox = inbox;
    this.#mux.begin();
    if (signal !== undefined) {
      this.#unlisten = onAbort(signal, () => this.#giveUp(aborted(signal, "the request")));
    }
    const { reply } = inbox;
    const overtakes = requester.world.hasDeferred;
    this.#start = requester.position();
    try {
      requester.publish(this.subject, payload, headers === undefined ? { reply } : { reply, headers });
    } catch (error) {
      return this.failed(error as NatsError);
    }
    this.#end = requester.position();
    // Several share a write at the end of the turn; one alone shall not wait for what else is to be done in it. But where
    // another connection of the process subscribed or published in this turn, the answer may depend on it: it goes first.
    if (this.#mux.isOnlyOne && !overtakes) requester.handOver();
    this.#timer = requester.world.startTimer(timeout, () => {
      this.#timer = undefined;
      const message = `no answer to the request on "${this.subject}" within ${timeout} ms`;
      this.#giveUp(new NatsError(message, ErrorCode.Timeout));
    });
  }

  /** Nobody waits any more. Where it waits in an outage still, it must not be done after all, when nobody expects it. */
  #giveUp(error: NatsError): void {
    if (!this.#isSettled) this.#requester.withdraw(this.#start, this.#end);
    this.failed(error);
  }

  answered(msg: Msg): void {
    if ((msg as MsgImpl).isNoResponders()) return this.failed(noResponders(this.subject));
    if (this.#settle()) this.#resolve(msg);
  }

  failed(error: NatsError): void {
    if (this.#settle()) this.#reject(error);
  }

  /** False where it was settled before. */
  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#mux.done();
    if (this.#timer !== undefined) this.#requester.world.stopTimer(this.#timer);
    this.#inbox?.remove();
    this.#unlisten?.();
    return true;
  }
}

/** An inbox that only this request uses. */
export function ownInbox(requester: Requester, given: string | undefined, awaiting: Awaiting): Inbox {
  // An empty one is left out, as in the reference.
  const reply = given || createInbox(requester.inboxPrefix);
  const callback = (error: NatsError | null, msg: Msg) => {
    if (error === null) awaiting.answered(msg);
    else awaiting.failed(error);
  };
  const subscription = requester.subscribe(reply, { callback }) as SubscriptionImpl;
  subscription.isInbox = true;
  subscription.requestSubject = awaiting.subject;
  void subscription.closed.then(() => awaiting.failed(NatsError.errorForCode(ErrorCode.ConnectionClosed)));
  return { reply, remove: () => subscription.unsubscribe() };
}
