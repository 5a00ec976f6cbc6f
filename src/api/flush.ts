// `flush`: vouches that a server has all that was published before. By the PONG to a PING in the outbound stream, and by the
// count of what lost connections took along (src/effects/unconfirmed.ts).

import type { Outbound } from "../effects/outbound.js";
import type { StreamPing, Unanswered } from "../effects/pings.js";
import type { Timer, World } from "../effects/world.js";
import type { Milliseconds } from "../machine/units.js";
import { ErrorCode, invalidOption, NatsError } from "./errors.js";
import { KnownOptions } from "./known-options.js";
import { withoutNulls } from "./left-out.js";
import { isNothing, lossError } from "./losses.js";
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

const known = /* @__PURE__ */ new KnownOptions<FlushOptions>("flush", { timeout: true, signal: true });

type Stream = Pick<Outbound, "ping" | "withdrawPing" | "takeLost" | "waiting" | "unconfirmed">;

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
    let isSettled = false;
    const settle = (error: NatsError | undefined) => {
      isSettled = true;
      if (timer !== undefined) world.stopTimer(timer);
      unlisten();
      if (error === undefined) resolve();
      else reject(error);
    };
    /** Nobody waits any more, and nothing is vouched for: what is lost later is for the next flush to tell. */
    const giveUp = (error: NatsError) => {
      outbound.withdrawPing(ping);
      settle(error);
    };
    const ping: StreamPing = {
      answered: () => {
        if (!isSettled) settle(told(outbound, server()));
      },
      failed: (why) => {
        if (isSettled) return;
        // The end of the connection tells what is lost itself.
        settle((why === "closed" ? undefined : told(outbound, server())) ?? unanswered(why));
      },
      outlives: true,
    };
    const before = told(outbound, server());
    if (before !== undefined) return reject(before);
    if (timeout !== undefined) timer = world.startTimer(timeout, () => giveUp(late(timeout, outbound)));
    if (signal !== undefined) unlisten = onAbort(signal, () => giveUp(aborted(signal, "the flush")));
    outbound.ping(ping);
  });
}

/** What was lost since the last flush that settled, as an error: from here on it is told. Undefined where it is nothing. */
function told(outbound: Stream, server: string): NatsError | undefined {
  const losses = outbound.takeLost();
  return isNothing(losses) ? undefined : lossError(losses, server);
}

function late(ms: Milliseconds, { waiting, unconfirmed }: Stream): NatsError {
  const state = `messages that wait to be sent: ${waiting.messages}, sent and not confirmed: ${unconfirmed.messages}`;
  const message = `the flush did not finish within ${ms} ms: ${state} (${ErrorCode.Timeout})`;
  return new NatsError(message, ErrorCode.Timeout);
}

/** @throws NatsError that names the option that is wrong, `CANCELLED` where the signal is aborted already */
function checked(given: FlushOptions | undefined): FlushOptions {
  const opts = withoutNulls(given);
  known.check(opts);
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
