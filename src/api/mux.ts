// Where the answers to requests arrive. All requests of a connection share one subscription to an inbox (the mux); the last
// token of the reply subject says whose answer it is, and proves that whoever answers was asked. With the option `noMux` a
// request has an inbox of its own.
//
// What waits for the answers: pending-request.ts.

import { textLength } from "../effects/wire/bytes.js";
import type { PermissionContext } from "../machine/server-error.js";
import { AwaitingTable } from "./awaiting-table.js";
import type { NatsError } from "./errors.js";
import { inboxWith } from "./inbox.js";
import type { Msg, MsgImpl } from "./msg.js";
import type { Requester } from "./requester.js";
import { SECRET_LENGTH } from "./secrets.js";
import type { SubscriptionImpl } from "./subscription.js";

/** Somebody who waits for answers. */
export interface Awaiting {
  /** The subject of the request: a permission error names it. */
  readonly subject: string;
  answered(msg: Msg): void;
  /** No answer will come. */
  failed(error: NatsError): void;
  /** The connection is closed. */
  closed(): void;
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
    return new SharedInbox(this.#awaiting, awaiting, this.#prefix, this.#requester.secrets.next());
  }

  /** The server does not permit something: ends the requests concerned. */
  refuse(permission: PermissionContext, error: NatsError): void {
    const isOurs = this.#isOurs(permission);
    const concerned = this.concerned(permission);
    if (isOurs) this.#subscription = undefined;
    for (const one of isOurs ? concerned : concerned.slice(0, 1)) one.failed(error);
  }

  /** The requests that a server does not permit. */
  concerned(permission: PermissionContext): Awaiting[] {
    const isOurs = this.#isOurs(permission);
    const { operation, subject, queue } = permission;
    // A publish has no queue group: a server that names one says what it likes, and the name may be a secret.
    const isRequest = operation === "publish" && queue === undefined;
    return this.#awaiting
      .values()
      .map(({ awaiting }) => awaiting)
      .filter((one) => isOurs || (isRequest && one.subject === subject));
  }

  #isOurs({ operation, subject, queue }: PermissionContext): boolean {
    return operation === "subscription" && queue === undefined && subject === this.#subscription?.subject;
  }

  /** How many requests are under way. */
  get underWay(): number {
    return this.#underWay;
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
  close(): void {
    for (const { awaiting } of this.#awaiting.values()) awaiting.closed();
  }

  #subscribe(): void {
    this.#prefix = `${newInbox(this.#requester)}.`;
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
  /** True for a place in the inbox of all requests. */
  readonly isShared: boolean;
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

  constructor(table: AwaitingTable<SharedInbox>, awaiting: Awaiting, prefix: string, secret: string) {
    this.awaiting = awaiting;
    this.#table = table;
    this.#number = table.add(this);
    this.token = secret + this.#number;
    this.reply = prefix + this.token;
  }

  get isShared(): boolean {
    return true;
  }

  remove(): void {
    this.#table.delete(this.#number);
  }
}

/** An inbox that only this request uses. */
export function ownInbox(requester: Requester, given: string | undefined, awaiting: Awaiting): Inbox {
  // An empty one is left out, as in the reference.
  const reply = given || newInbox(requester);
  const callback = (error: NatsError | null, msg: Msg) => {
    if (error === null) awaiting.answered(msg);
    else awaiting.failed(error);
  };
  const subscription = requester.subscribe(reply, { callback }) as SubscriptionImpl;
  subscription.isInbox = true;
  subscription.requestSubject = awaiting.subject;
  void subscription.closed.then(() => awaiting.closed());
  return { reply, isShared: false, remove: () => subscription.unsubscribe() };
}

function newInbox({ secrets, inboxPrefix }: Requester): string {
  return inboxWith(secrets.inboxToken(), inboxPrefix);
}
