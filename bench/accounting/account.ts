// The account of one publisher: what it published, what came in, and what it was told of the rest. Pure: it is given what was
// written down during a run, and says by how much that does not add up.

/** Messages in the order of publishing: from the first to before the second, counted from 0 over those that were accepted. */
export type Range = readonly [from: number, to: number];

/** What was written down of one publisher. */
export interface Ledger {
  /** The number of each message that `publish` accepted, in order. */
  readonly accepted: readonly number[];
  /** How many `publish` threw for. */
  readonly refused: number;
  /** The places in `accepted` that were told as unconfirmed or unsent, status by status. */
  readonly told: readonly Range[];
  /** How often the message with that number came in. */
  readonly timesSeen: (number: number) => number;
}

/** The sums. All but `refused` count accepted messages. */
export interface Account {
  readonly published: number;
  readonly refused: number;
  readonly delivered: number;
  readonly lost: number;
  /** Told as unconfirmed or unsent, once or more. */
  readonly told: number;
  /** Told, and delivered nevertheless. */
  readonly toldAndDelivered: number;
  /** How often one was told that had been told before. */
  readonly toldAgain: number;
  /** Delivered more than once. */
  readonly doubled: number;
  /** Places in `accepted`: lost, and not told. */
  readonly silentlyLost: readonly number[];
  /** Places in `accepted`: delivered more than once, and not told. */
  readonly silentlyDoubled: readonly number[];
}

/** Adds up. */
export function account({ accepted, refused, told, timesSeen }: Ledger): Account {
  const places = [...accepted.keys()];
  const times = accepted.map(timesSeen);
  const isTold = new Set(told.flatMap(([from, to]) => places.slice(from, to)));
  const delivered = places.filter((place) => times[place] !== 0);
  const lost = places.filter((place) => times[place] === 0);
  const doubled = places.filter((place) => (times[place] ?? 0) > 1);
  const sum = told.reduce((so, [from, to]) => so + to - from, 0);
  return {
    published: accepted.length,
    refused,
    delivered: delivered.length,
    lost: lost.length,
    told: isTold.size,
    toldAndDelivered: delivered.filter((place) => isTold.has(place)).length,
    toldAgain: sum - isTold.size,
    doubled: doubled.length,
    silentlyLost: lost.filter((place) => !isTold.has(place)),
    silentlyDoubled: doubled.filter((place) => !isTold.has(place)),
  };
}

/**
 * What is wrong with an account, where what was not confirmed is told, or is sent again. Where nothing is, and it is told, published is
 * delivered + lost, and told is lost + what was told and delivered.
 */
export function objections(what: Account, unconfirmed: "report" | "resend"): string[] {
  const common = [
    [what.silentlyLost.length, "were lost and not told"],
    [what.silentlyDoubled.length, "came twice and were not told"],
  ] as const;
  const reported = [
    [what.toldAgain, "were told twice"],
    [what.doubled, "came twice"],
  ] as const;
  const resent = [[what.lost, "were lost"]] as const;
  return [...common, ...(unconfirmed === "report" ? reported : resent)]
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`);
}

/** Numbers as ranges: `3-5, 9`. */
export function asRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}
