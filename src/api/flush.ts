// `flush`: vouches that a server has all that was published before. By the PONG to a PING in the outbound stream, and by the
// count of what lost connections took along (src/effects/unconfirmed.ts).

import type { Outbound } from "../effects/outbound.js";
import type { Unanswered } from "../effects/pings.js";
import type { Timer, World } from "../effects/world.js";
import type { Milliseconds } from "../machine/units.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import { withoutNulls } from "./left-out.js";
import { lossError } from "./losses.js";
import { isMilliseconds } from "./milliseconds.js";
import { aborted, checkSignal, onAbort } from "./signal.js";

/** Options of `flush()`. Without them a flush waits for as long as the client tries to reconnect. Beyond the reference. */
export interface FlushOptions {
  /**
   * Milliseconds until the flush rejects with a NatsError `TIMEOUT`, whose message says how many messages wait and how many are
   * unconfirmed. The messages stay where they are. From 1 to 2,147,483,647, else `INVALID_OPTION`. Default: no limit. Set a limit if
   * an outage must not hold up the program.
   */
  timeout?: number;
  /**
   * Ends the flush when it is aborted: the flush rejects with a NatsError `CANCELLED`. The messages stay where they are. Default: none.
   * Use it if something else than time ends the wait.
   */
  signal?: AbortSignal;
}

type Stream = Pick<Outbound, "ping" | "takeLost" | "waiting" | "unconfirmed">;

/** Resolves when a server has answered a PING behind all that was published. @throws NatsError (as a rejection) `DISCONNECT`, `CONNECTION_CLOSED` */
export function roundTrip(outbound: Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    outbound.ping({ answered: resolve, failed: (why) => reject(unanswered(why)) });
  });
}

/**
 * Resolves when a server has confirmed all that was published before, since the last flush that settled.
 * @param server names the server in use
 */
export function flush(
  world: World,
  outbound: Stream,
  given: FlushOptions | undefined,
  server: () => string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { timeout, signal } = checked(given);
    let timer: Timer | undefined;
    let unlisten = () => {};
    /** The end, one way or the other. What was lost by then outweighs all else: it is told once. */
    const settle = (why: NatsError | undefined) => {
      if (timer !== undefined) world.stopTimer(timer);
      unlisten();
      const lost = outbound.takeLost();
      const error = lost.messages > 0 ? lossError(lost, server()) : why;
      if (error === undefined) resolve();
      else reject(error);
    };
    const late = (ms: Milliseconds) => settle(new NatsError(lateness(ms, outbound), ErrorCode.Timeout));
    const before = outbound.takeLost();
    if (before.messages > 0) return reject(lossError(before, server()));
    if (timeout !== undefined) timer = world.startTimer(timeout, () => late(timeout));
    if (signal !== undefined) unlisten = onAbort(signal, () => settle(aborted(signal, "the flush")));
    outbound.ping({
      answered: () => settle(undefined),
      failed: (why) => settle(unanswered(why)),
      outlives: true,
    });
  });
}

/** @throws NatsError that names the option that is wrong, `CANCELLED` where the signal is aborted already */
function checked(given: FlushOptions | undefined): FlushOptions {
  const opts = withoutNulls(given);
  const { timeout, signal } = opts;
  if (timeout !== undefined && !isMilliseconds(timeout, 1)) {
    throw invalidOption("timeout", timeout, "a number of milliseconds, from 1 to 2147483647");
  }
  checkSignal(signal, "the flush");
  return opts;
}

function unanswered(why: Unanswered): NatsError {
  return NatsError.errorForCode(why === "closed" ? ErrorCode.ConnectionClosed : ErrorCode.Disconnect);
}

function lateness(ms: Milliseconds, { waiting, unconfirmed }: Stream): string {
  const state = `messages that wait to be sent: ${waiting.messages}, sent and not confirmed: ${unconfirmed.messages}`;
  return `the flush did not finish within ${ms} ms: ${state} (${ErrorCode.Timeout})`;
}
