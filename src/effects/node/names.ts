// From a host name to its addresses, as the system knows them (getaddrinfo). node:dns is loaded with the first name that is
// dialed (late-parts.ts), and handed in.
//
// The call of the system cannot be cancelled: as long as no name server answers it, it keeps the process alive, for ten
// seconds and more. So where name servers are what the system would ask, they are asked first whether they answer
// (name-server.ts). What they say does not matter: the truth about a name is what the system says.

import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { shuffled } from "../../machine/reconnect-policy.js";
import type { Milliseconds } from "../../machine/units.js";
import { hearNameServer, type NodeDns, questionFor } from "./name-server.js";
import type { Cancel, Timers } from "./race.js";

/** How the addresses of a name are had. */
export interface LookupOptions {
  readonly timers: Timers;
  /** A seed for the order of the addresses, drawn for each name; null for the order of the system. */
  readonly seed: () => number | null;
  /** How long a name server has to answer, before the attempt fails for its silence. */
  readonly patience: Milliseconds;
}

/** How a lookup ends: one of the two is called, once, unless it is cancelled before. */
export interface LookupEvents {
  found(addresses: readonly string[]): void;
  failed(error: Error): void;
}

/**
 * Looks up the addresses of a host, one or more: in random order where there is a seed, and the families in turn where
 * there are two.
 * @returns cancels it
 */
export function lookUp(
  dns: NodeDns,
  host: string,
  { seed, timers, patience }: LookupOptions,
  events: LookupEvents,
): Cancel {
  let isOver = false;
  let cancel = () => {};
  const askSystem = () =>
    dns.lookup(host, { all: true }, (error, addresses) => {
      if (isOver) return;
      if (error !== null) return events.failed(error);
      if (addresses.length === 0) return events.failed(new Error(`no address for ${host}`));
      events.found(inOrder(addresses, seed()));
    });
  const ask = (question: string | null) => {
    if (isOver) return;
    if (question === null) return askSystem();
    cancel = hearNameServer(dns, question, timers, patience, { answers: askSystem, failed: events.failed });
  };
  questionFor(host).then(ask, (error: Error) => {
    if (!isOver) events.failed(error);
  });
  return () => {
    isOver = true;
    cancel();
  };
}

/** The order in which addresses are dialed: the system's or a random one, and the families take turns. */
export function inOrder(addresses: readonly LookupAddress[], seed: number | null): readonly string[] {
  const [all] = seed === null ? [addresses] : shuffled(addresses, seed);
  const first = all.filter(({ family }) => family === all[0]?.family);
  const others = all.filter(({ family }) => family !== all[0]?.family);
  const length = Math.max(first.length, others.length);
  const pairs = Array.from({ length }, (_, index) => [first[index], others[index]]).flat();
  return pairs.flatMap((one) => (one === undefined || isIP(one.address) === 0 ? [] : [one.address]));
}
