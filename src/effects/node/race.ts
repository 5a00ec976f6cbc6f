// A race of connection attempts to the addresses of one host (happy eyeballs, RFC 8305). It knows no sockets and no clock:
// the caller gives both, and a test gives virtual ones. How a server is dialed with it: dialing.ts.
//
// The first address is dialed at once, each further one HEAD_START later, or as soon as an attempt fails. The attempts run
// side by side: a slow address is not given up for one that may be dead.

import type { Milliseconds } from "../../machine/units.js";
import type { World } from "../world.js";

/** The time that an attempt has before the next one starts beside it: the Connection Attempt Delay of RFC 8305. */
export const HEAD_START: Milliseconds = 250;

/** The timers of a world. */
export type Timers = Pick<World, "startTimer" | "stopTimer">;

/** Ends what was begun; nothing is told any more. */
export type Cancel = () => void;

/** How one attempt ends. It tells at most once, never synchronously, and nothing after it was destroyed. */
export interface AttemptEvents {
  opened(): void;
  failed(error: Error): void;
}

/** How a race ends: one of the two is called, once, unless the race is cancelled before. */
export interface RaceEvents<Attempt> {
  /** This attempt was the first that succeeded. All others are destroyed. */
  won(attempt: Attempt, address: string): void;
  /** Every attempt failed. The error is the last one, but one that tells of the server precedes one of this machine's network. */
  failed(error: Error): void;
}

/** Errors that tell of the network of this machine: it has no IPv6, for example. */
const isOfOwnNetwork = (error: Error) =>
  /^(ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|EAFNOSUPPORT)$/.test((error as { code?: string }).code ?? "");

/**
 * Connects to the first of the addresses that answers. A race without an end is possible: a dead address does not fail.
 * @param addresses one or more, in the order in which they are dialed
 * @param connect starts the attempt at one address
 * @returns cancels the race: every attempt is destroyed
 */
export function race<Attempt extends { destroy(): unknown }>(
  addresses: readonly string[],
  connect: (address: string, events: AttemptEvents) => Attempt,
  timers: Timers,
  events: RaceEvents<Attempt>,
): Cancel {
  const running = new Set<Attempt>();
  let dialed = 0;
  let headStart: object | undefined;
  let failure: Error | undefined;
  let isOver = false;

  const end = () => {
    if (isOver) return;
    isOver = true;
    if (headStart !== undefined) timers.stopTimer(headStart);
    headStart = undefined;
    for (const attempt of running) attempt.destroy();
  };
  const dialNext = () => {
    if (headStart !== undefined) timers.stopTimer(headStart);
    headStart = undefined;
    const address = addresses[dialed++];
    if (address === undefined) return;
    const attempt = connect(address, {
      opened: () => {
        if (isOver) return;
        running.delete(attempt);
        end();
        events.won(attempt, address);
      },
      failed: (error) => {
        if (isOver) return;
        running.delete(attempt);
        if (failure === undefined || !isOfOwnNetwork(error)) failure = error;
        dialNext();
        if (running.size > 0) return;
        end();
        events.failed(failure);
      },
    });
    running.add(attempt);
    if (dialed < addresses.length) headStart = timers.startTimer(HEAD_START, dialNext);
  };

  dialNext();
  return end;
}
