// The user's authenticators, asked for the credentials of one attempt after the other. They may take their time, or never
// answer: one call is in flight at most, it is told when nobody waits for it, and an answer that comes then is dropped.
// How long an attempt may take is the chart's; which credentials go where is src/api/credentials.ts.

import type { Failure } from "../machine/failure.js";
import type { Destination } from "../machine/origin.js";
import type { Milliseconds } from "../machine/units.js";
import type { Credentials } from "./connect-command.js";
import { unansweredFailure } from "./failures.js";
import type { Introduction } from "./ports.js";

/** What an attempt waits for: its own call, or the one of an earlier attempt, which keeps it from being made. */
type Awaited = "own call" | "earlier call";

interface Asking {
  readonly server: string;
  readonly abort: AbortController;
  awaits: Awaited;
}

/** Asks for credentials. */
export class Authentication {
  readonly #authenticate: Introduction["authenticate"];
  /** The attempts that have no answer, by number. */
  readonly #asking = new Map<number, Asking>();
  /** The call in flight: resolves when it has settled, however it did. */
  #inFlight: Promise<void> | undefined;

  constructor(authenticate: Introduction["authenticate"]) {
    this.#authenticate = authenticate;
  }

  /**
   * The credentials for that attempt.
   * @throws what the authenticator throws, also as a rejection, and the reason of its signal where the attempt is over
   */
  credentials(
    attempt: number,
    server: Destination,
    nonce: string | undefined,
  ): Credentials | Promise<Credentials> {
    const asking: Asking = { server: server.name, abort: new AbortController(), awaits: "own call" };
    const { signal } = asking.abort;
    const call = () => {
      signal.throwIfAborted();
      asking.awaits = "own call";
      return this.#call(server, nonce, signal);
    };
    this.#asking.set(attempt, asking);
    const answered = () => void this.#asking.delete(attempt);
    if (this.#inFlight !== undefined) {
      asking.awaits = "earlier call";
      return this.#inFlight.then(call).finally(answered);
    }
    try {
      const answer = call();
      if (answer instanceof Promise) return answer.finally(answered);
      answered();
      return answer;
    } catch (error) {
      answered();
      throw error;
    }
  }

  /** That attempt is over: who is asked for it may stop. */
  end(attempt: number): void {
    const asking = this.#asking.get(attempt);
    this.#asking.delete(attempt);
    asking?.abort.abort();
  }

  /** All attempts are over. */
  endAll(): void {
    for (const attempt of [...this.#asking.keys()]) this.end(attempt);
  }

  /** The failure of an attempt that ran out of time while it waited for credentials; undefined where it did not. */
  unanswered(attempt: number, limit: Milliseconds): Failure | undefined {
    const asking = this.#asking.get(attempt);
    return asking === undefined
      ? undefined
      : unansweredFailure(asking.server, limit, asking.awaits === "earlier call");
  }

  #call(
    server: Destination,
    nonce: string | undefined,
    signal: AbortSignal,
  ): Credentials | Promise<Credentials> {
    const answer = this.#authenticate(server, nonce, signal);
    if (!(answer instanceof Promise)) return answer;
    const settled = () => {
      if (this.#inFlight === inFlight) this.#inFlight = undefined;
    };
    const inFlight: Promise<void> = answer.then(settled, settled);
    this.#inFlight = inFlight;
    return answer;
  }
}
