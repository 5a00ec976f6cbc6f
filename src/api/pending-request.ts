// A request on its way: from its publish to its last answer, or to what ends it before. It settles once, and what no socket
// has by then is withdrawn: it must not be done after all, when nobody expects it.
//
// What makes one: request.ts for one answer, request-many.ts for many. Where the answers arrive: mux.ts.

import type { Timer } from "../effects/world.js";
import type { Milliseconds } from "../machine/units.js";
import { type CallSite, callSite } from "./call-site.js";
import type { Payload } from "./codec.js";
import { ErrorCode, NatsError } from "./errors.js";
import type { MsgHdrs } from "./headers.js";
import type { Msg, MsgImpl } from "./msg.js";
import { type Awaiting, type Inbox, type Mux, ownInbox } from "./mux.js";
import type { Requester } from "./requester.js";
import { aborted, onAbort } from "./signal.js";
import { inWords } from "./whereabouts.js";

/** What requests for one answer and for many are asked with. They are checked. */
export interface PendingOptions {
  readonly headers?: MsgHdrs;
  /** Take an inbox of its own. Default: the shared one. */
  readonly noMux?: boolean;
  /** Subject of an inbox of its own. Default, also for an empty one: a new one. */
  readonly reply?: string;
  readonly signal?: AbortSignal;
}

/** One request. One object for each, and as few others as can be: many are on their way at once. */
export class PendingRequest implements Awaiting {
  readonly subject: string;
  /** Where it was made, for its error. Set behind `begin`: it takes as long as a tenth of the whole exchange. */
  site: CallSite | undefined = undefined;
  readonly #requester: Requester;
  readonly #mux: Mux;
  readonly #wants: "one" | "many";
  #answered: (msg: Msg) => void = nobody;
  #ended: (error?: NatsError) => void = nobody;
  #inbox: Inbox | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #unlisten: (() => void) | undefined = undefined;
  /** Where its message lies in the outbound stream; the end is 0 until it is published. */
  #start = 0;
  #end = 0;
  #answers = 0;
  #isSettled = false;

  /** @param wants The first answer settles a request for one, and without any it fails in time. One for many is ended. */
  constructor(requester: Requester, mux: Mux, subject: string, wants: "one" | "many") {
    this.#requester = requester;
    this.#mux = mux;
    this.subject = subject;
    this.#wants = wants;
  }

  /**
   * Publishes it, and waits.
   * @param wait after so long it ends
   * @param answered is given each answer
   * @param ended is told once of the end: with the error, where it failed. Not where the only answer wanted came.
   */
  begin(
    payload: Payload | undefined,
    wait: Milliseconds,
    opts: PendingOptions,
    answered: (msg: Msg) => void,
    ended: (error?: NatsError) => void,
  ): void {
    const { signal, headers } = opts;
    const requester = this.#requester;
    this.#answered = answered;
    this.#ended = ended;
    const inbox = opts.noMux ? ownInbox(requester, opts.reply, this) : this.#mux.add(this);
    this.#inbox = inbox;
    this.#mux.begin();
    if (signal !== undefined) {
      this.#unlisten = onAbort(signal, () => this.end(aborted(signal, this.#name, this.#state())));
    }
    const { reply } = inbox;
    const overtakes = requester.world.hasDeferred;
    this.#start = requester.position();
    try {
      requester.publish(this.subject, payload, headers === undefined ? { reply } : { reply, headers });
    } catch (error) {
      if (!this.#isSettled) this.#settle(error as NatsError);
      return;
    }
    this.#end = requester.position();
    // Aborted or closed meanwhile, by code of the user's that gives the headers.
    if (this.#isSettled) return requester.withdraw(this.#start, this.#end);
    // Several share a write at the end of the turn; one alone shall not wait for what else is to be done in it. But where
    // another connection of the process subscribed or published in this turn, the answer may depend on it: it goes first.
    if (this.#mux.isOnlyOne && !overtakes) requester.handOver();
    this.endIn(wait);
  }

  /** Ends it after that time, counted from now; what was said before counts no more. */
  endIn(wait: Milliseconds): void {
    if (this.#isSettled) return;
    this.#stopTimer();
    this.#timer = this.#requester.world.startTimer(wait, () => {
      this.#timer = undefined;
      this.end(this.#wants === "one" ? this.#late(wait) : undefined);
    });
  }

  /** Nobody waits any more: what was not sent is withdrawn. Without an error where enough answers have come. */
  end(error?: NatsError): void {
    if (this.#isSettled) return;
    if (this.#end > 0) this.#requester.withdraw(this.#start, this.#end);
    this.#settle(error);
  }

  answered(msg: Msg): void {
    if (this.#isSettled) return;
    if ((msg as MsgImpl).isNoResponders()) return this.end(noResponders(this.subject));
    if (this.#wants === "one") {
      // Its answer says that it arrived: it must not go out once more.
      if (this.#requester.resends) this.#requester.withdraw(this.#start, this.#end);
      this.#release();
    } else this.#answers++;
    this.#answered(msg);
  }

  failed(error: NatsError): void {
    this.end(error);
  }

  closed(): void {
    // What was not sent stays where it is: the connection counts it among what is lost.
    if (this.#isSettled) return;
    // In an inbox of its own, one for many ends with the answers that came, as in the reference: programs loop over it for as long
    // as they are connected.
    if (this.#wants === "many" && this.#inbox?.isShared === false) return this.#settle(undefined);
    const code = ErrorCode.ConnectionClosed;
    const message = `the connection was closed while ${this.#name} waited: ${this.#state()} (${code})`;
    this.#settle(new NatsError(message, code));
  }

  #late(wait: Milliseconds): NatsError {
    return new NatsError(`no answer to ${this.#name} within ${wait} ms: ${this.#state()}`, ErrorCode.Timeout);
  }

  get #name(): string {
    return `the request on "${this.subject}"`;
  }

  /** Whether it was sent, where to, and how many answers came. */
  #state(): string {
    return inWords(this.#requester.whereabouts(this.#end || Number.POSITIVE_INFINITY), this.#answers);
  }

  #settle(error: NatsError | undefined): void {
    this.#release();
    if (error === undefined) this.#ended();
    else this.#ended((this.site ?? callSite(this.#requester, "request made")).addTo(error));
  }

  /** It is settled: lets go of all that it held. To be called once. */
  #release(): void {
    this.#isSettled = true;
    this.#mux.done();
    this.#stopTimer();
    this.#inbox?.remove();
    this.#unlisten?.();
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#requester.world.stopTimer(this.#timer);
    this.#timer = undefined;
  }
}

function nobody(): void {}

/** The error where nobody listens on the subject of a request. */
function noResponders(subject: string): NatsError {
  return new NatsError(`no responders: nobody is subscribed to "${subject}"`, ErrorCode.NoResponders);
}
