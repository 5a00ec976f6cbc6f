// Requests: a message out, one answer back. Where the answer arrives: mux.ts. Many answers: request-many.ts.

import type { Timer } from "../effects/world.js";
import { type CallSite, callSite } from "./call-site.js";
import type { Payload } from "./codec.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import type { MsgHdrs } from "./headers.js";
import { isMilliseconds } from "./milliseconds.js";
import type { Msg, MsgImpl } from "./msg.js";
import { type Awaiting, type Inbox, type Mux, ownInbox } from "./mux.js";
import type { Requester } from "./requester.js";
import { aborted, checkSignal, onAbort } from "./signal.js";

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

/** The error where nobody listens on the subject of a request. */
export function noResponders(subject: string): NatsError {
  return new NatsError(`no responders: nobody is subscribed to "${subject}"`, ErrorCode.NoResponders);
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
