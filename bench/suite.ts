// All scenarios: which case, how much of it, who takes part, and what it is called in the report.

import { type CaseName, type ContenderName, caseNames, type Task } from "./task.js";

/** What a scenario is about, and so which number stands first. */
export type Metric = "cpu" | "wall" | "memory" | "heap" | "size";

/** A scenario: what is asked of every contender that takes part. */
export interface Scenario extends Omit<Task, "ports" | "serverPid"> {
  /** Unique, stable: rows of older results are found by it. */
  readonly id: string;
  readonly title: string;
  readonly metric: Metric;
  /** One of what. */
  readonly unit: string;
  readonly contenders: readonly ContenderName[];
  /** How often a contender plays in a round: more than once where a play is over in milliseconds, and so says little. */
  readonly plays: number;
  /** True where the worker kills its server. */
  readonly killsServer: boolean;
  /** True where the worker looks at its memory and needs a garbage collector that it can call. */
  readonly looksAtMemory: boolean;
}

export const sizes = [16, 128, 1_024, 65_536] as const;

const everybody: readonly ContenderName[] = ["ours", "nats2", "nats3", "raw", "c"];
const clients: readonly ContenderName[] = ["ours", "nats2", "nats3", "c"];
const libraries: readonly ContenderName[] = ["ours", "nats2", "nats3"];

/** Waiting messages of a burst take at most this many bytes of the server. */
const BURST_BYTES = 128 * 1024 * 1024;

type Given = Pick<Scenario, "case" | "title"> & Partial<Scenario>;

function scenario(given: Given): Scenario {
  const { case: name, size = 0, headers = false } = given;
  const operations = given.operations ?? 1;
  const id = [name, given.count ?? [], given.size ?? [], headers ? "headers" : []].flat().join("/");
  return {
    id,
    metric: "cpu",
    unit: "message",
    contenders: everybody,
    size,
    headers,
    count: 1,
    operations,
    warmup: Math.ceil(operations / 3),
    burst: operations,
    plays: 1,
    killsServer: false,
    looksAtMemory: false,
    ...given,
  };
}

/** Enough messages for a steady figure, and not more than a machine likes to carry. */
const messagesOf = (size: number, headers: boolean): number => {
  if (size >= 65_536) return 8_000;
  if (size >= 1_024) return 300_000;
  return headers ? 400_000 : 3_000_000;
};

const name = (what: string, size: number, headers: boolean) =>
  `${what}, ${size.toLocaleString("en")} bytes${headers ? ", headers" : ""}`;

/** As many messages as a publisher sends before it flushes: about a mebibyte. */
const publishBurst = (size: number) => Math.max(16, Math.min(10_000, Math.floor(1_048_576 / size)));

const kinds = [false, true].flatMap((headers) => sizes.map((size) => ({ size, headers })));

const messages: readonly Scenario[] = [
  ...kinds.map(({ size, headers }) =>
    scenario({
      case: "publish",
      title: name("publish", size, headers),
      size,
      headers,
      operations: messagesOf(size, headers),
      burst: publishBurst(size),
    }),
  ),
  ...(["subscribe", "iterate"] as const).flatMap((receive) =>
    kinds.map(({ size, headers }) =>
      scenario({
        case: receive,
        title: name(receive === "subscribe" ? "subscribe, callback" : "subscribe, iterator", size, headers),
        size,
        headers,
        operations: messagesOf(size, headers),
        burst: Math.floor(BURST_BYTES / (size + 64)),
      }),
    ),
  ),
  ...[16, 128].flatMap((size) => [
    scenario({
      case: "publish-subjects",
      title: name("publish to 1,000 subjects", size, false),
      size,
      count: 1_000,
      operations: messagesOf(size, false),
      burst: publishBurst(size),
    }),
    scenario({
      case: "subscribe-subjects",
      title: name("1,000 subscriptions, a subject each", size, false),
      size,
      count: 1_000,
      operations: messagesOf(size, false),
    }),
    scenario({
      case: "fan-out",
      title: name("fan-out to 1,000 subscriptions", size, false),
      size,
      count: 1_000,
      operations: messagesOf(size, false),
      burst: 500_000,
    }),
  ]),
];

const roundTrips: readonly Scenario[] = [
  scenario({
    case: "request",
    title: "request and reply, one at a time, 128 bytes",
    metric: "wall",
    unit: "request",
    size: 128,
    operations: 20_000,
  }),
  scenario({
    case: "requests",
    title: "request and reply, 100 at a time, 128 bytes",
    unit: "request",
    size: 128,
    count: 100,
    operations: 100_000,
  }),
  scenario({ case: "flush", title: "flush", unit: "flush", operations: 20_000 }),
];

const life: readonly Scenario[] = [
  scenario({ case: "connect", title: "connect", unit: "connection", operations: 400 }),
  ...[1, 10_000].map((count) =>
    scenario({
      case: "reconnect",
      title: `server killed to reconnected, ${count.toLocaleString("en")} subscription${count === 1 ? "" : "s"}`,
      unit: "reconnect",
      count,
      plays: 3,
      killsServer: true,
      looksAtMemory: true,
    }),
  ),
  scenario({
    case: "publish-unawaited",
    title: "a million publishes of 1 KiB, not awaited: peak memory",
    metric: "memory",
    unit: "message",
    size: 1_024,
    operations: 1_000_000,
    warmup: 2_000,
    burst: 1_000,
    contenders: clients,
    looksAtMemory: true,
  }),
  scenario({
    case: "connection-memory",
    title: "memory of a connection",
    metric: "memory",
    unit: "connection",
    operations: 1_000,
    warmup: 100,
    looksAtMemory: true,
  }),
  scenario({
    case: "subscription-memory",
    title: "memory of a subscription",
    metric: "memory",
    unit: "subscription",
    operations: 100_000,
    warmup: 10_000,
    contenders: clients,
    looksAtMemory: true,
  }),
  scenario({
    case: "import",
    title: "import",
    metric: "wall",
    unit: "import",
    plays: 3,
    contenders: libraries,
    looksAtMemory: true,
  }),
  scenario({
    case: "bundle",
    title: "bundle, minified, with dependencies",
    metric: "size",
    unit: "bundle",
    contenders: libraries,
  }),
  scenario({
    case: "chart-event",
    title: "one event through the chart",
    unit: "event",
    operations: 100_000,
    contenders: ["ours"],
  }),
];

/** All of them, in the order in which they run. */
export const suite: readonly Scenario[] = [...messages, ...roundTrips, ...life];

/** Which part of the suite to run. */
export interface Selection {
  readonly cases: readonly CaseName[];
  readonly sizes: readonly number[];
  readonly contenders: readonly ContenderName[];
}

/** The scenarios of a selection; cases without a size are in whatever the sizes are. */
export function selected({ cases, sizes: wanted, contenders }: Selection): readonly Scenario[] {
  return suite
    .filter((one) => cases.includes(one.case) && (one.size === 0 || wanted.includes(one.size)))
    .map((one) => ({
      ...one,
      contenders: one.contenders.filter((contender) => contenders.includes(contender)),
    }))
    .filter((one) => one.contenders.length > 0);
}

const smallest: { readonly [Name in CaseName]?: Partial<Scenario> } = {
  reconnect: { count: 100 },
  "fan-out": { count: 10 },
  "publish-subjects": { count: 10 },
  "subscribe-subjects": { count: 10 },
};

/** Every case once, at one size and for a moment only: shows that everything runs, measures nothing. */
export function smokeTest(scenarios: readonly Scenario[]): readonly Scenario[] {
  return caseNames.flatMap((wanted) => {
    const one = scenarios.find((candidate) => candidate.case === wanted);
    if (one === undefined) return [];
    const operations =
      one.operations === 1 ? 1 : Math.min(one.operations, one.case.includes("connect") ? 20 : 2_000);
    const small = smallest[wanted] ?? {};
    return [
      {
        ...one,
        operations,
        warmup: Math.min(one.warmup, 100),
        burst: Math.min(one.burst, operations),
        plays: 1,
        ...small,
      },
    ];
  });
}
