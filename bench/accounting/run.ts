// One run: every publisher publishes the same numbers at the same times to one cluster while faults happen to it; then all is well
// again, and each has its account drawn up.

import { setTimeout as sleep } from "node:timers/promises";
import { type Account, account, asRanges, objections } from "./account.js";
import { FaultyCluster } from "./cluster.js";
import { type Episode, inWords } from "./faults.js";
import { Publisher, type PublisherName } from "./publisher.js";

/** What a run needs to know. */
export interface Run {
  /** The nats-server. */
  readonly path: string;
  readonly publishers: readonly PublisherName[];
  /** Messages a second, of each publisher. */
  readonly rate: number;
  /** Milliseconds after which no further episode begins. Default: all of them are played. */
  readonly lasts?: number;
  readonly episodes: Iterable<Episode>;
  /** Milliseconds between two PINGs of a publisher. Default 1,000. */
  readonly pingInterval?: number;
  /** Gets a line for each thing that happens. */
  readonly log?: (line: string) => void;
}

/** What became of one publisher. */
export interface Outcome {
  readonly name: PublisherName;
  readonly account: Account;
  /** How often it lost its connection. */
  readonly disconnects: number;
  /** Messages that only witnesses of other nodes saw. */
  readonly seenByOthersOnly: number;
  /** What flush, drain and closed said at the end. */
  readonly lastWords: readonly string[];
  /** Why ours does not add up; empty where it does, and for the reference clients. */
  readonly objections: readonly string[];
}

/** A whole run. */
export interface Played {
  readonly outcomes: readonly Outcome[];
  /** How often each kind of fault happened. */
  readonly faults: Readonly<Record<string, number>>;
}

/** Milliseconds between two looks at what is to be published. */
const TICK = 10;

/** Plays the episodes until they or the time are over, heals everything, and adds up. */
export async function run(options: Run): Promise<Played> {
  const { path, publishers: names, pingInterval = 1_000, log = () => {} } = options;
  const cluster = await FaultyCluster.start(path);
  const settings = { servers: cluster.urls, pingInterval };
  const publishers: Publisher[] = [];
  try {
    for (const name of names) publishers.push(await Publisher.connect(name, settings));
    const faults = await play(options, cluster, publishers);
    log("well again");
    await Promise.all(publishers.map((publisher) => publisher.end()));
    await cluster.settle();
    return { outcomes: publishers.map((publisher) => outcome(publisher, cluster)), faults };
  } finally {
    await Promise.all(publishers.map((publisher) => publisher.close()));
    await cluster.stop();
  }
}

/** Resolves when the last fault is over, to how many there were of each kind. */
async function play(
  { rate, lasts = Number.POSITIVE_INFINITY, episodes, log = () => {} }: Run,
  cluster: FaultyCluster,
  publishers: readonly Publisher[],
): Promise<Record<string, number>> {
  const faults: Record<string, number> = {};
  const begin = performance.now();
  const now = () => performance.now() - begin;
  let next = 0;
  const publishing = setInterval(() => {
    for (; next < (now() * rate) / 1_000; next++) for (const publisher of publishers) publisher.publish(next);
  }, TICK);
  try {
    for (const episode of episodes) {
      await sleep(Math.min(episode.calm, Math.max(0, lasts - now())));
      if (now() >= lasts) break;
      const { fault, beside } = episode;
      const also = beside === undefined ? "" : `, and ${beside.after} ms later ${inWords(beside.fault)}`;
      log(`${(now() / 1_000).toFixed(1).padStart(6)} s, message ${next}: ${inWords(fault)}${also}`);
      for (const { kind } of beside === undefined ? [fault] : [fault, beside.fault])
        faults[kind] = (faults[kind] ?? 0) + 1;
      await cluster.suffer(episode);
    }
    return faults;
  } finally {
    clearInterval(publishing);
  }
}

function outcome(publisher: Publisher, { witnesses }: FaultyCluster): Outcome {
  const { name, accepted, refused, told, unconfirmed, contradictions, disconnects, lastWords } = publisher;
  const timesSeen = (number: number) => witnesses.timesSeen(name, number);
  const drawnUp = account({ accepted, refused, told, timesSeen });
  const numbers = (places: readonly number[]) => asRanges(places.map((place) => accepted[place] as number));
  const wrong = unconfirmed === undefined ? [] : [...contradictions, ...objections(drawnUp, unconfirmed)];
  if (wrong.length > 0) {
    const { silentlyLost, silentlyDoubled } = drawnUp;
    if (silentlyLost.length > 0) wrong.push(`silently lost: ${numbers(silentlyLost)}`);
    if (silentlyDoubled.length > 0) wrong.push(`silently doubled: ${numbers(silentlyDoubled)}`);
    wrong.push(`told: ${told.map(([from, to]) => `${accepted[from]}-${accepted[to - 1]}`).join(", ")}`);
  }
  const seenByOthersOnly = witnesses.seenByOthersOnly(name);
  return { name, account: drawnUp, disconnects, seenByOthersOnly, lastWords, objections: wrong };
}
