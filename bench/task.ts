// What the runner asks of a worker, and what the worker answers: plain JSON, one line each way.
//
// A worker is one process that plays one contender in one scenario, once. The runner is run.ts, the worker
// contender.ts (or c/bench.c), the scenarios are in suite.ts.

/** Who takes part. */
export const contenderNames = ["ours", "nats2", "nats3", "raw", "c"] as const;
export type ContenderName = (typeof contenderNames)[number];

/** What a worker can be asked to do. `suite.ts` says what each is. */
export const caseNames = [
  "publish",
  "publish-subjects",
  "publish-unawaited",
  "subscribe",
  "iterate",
  "subscribe-subjects",
  "fan-out",
  "request",
  "requests",
  "flush",
  "connect",
  "reconnect",
  "connection-memory",
  "subscription-memory",
  "import",
  "bundle",
  "chart-event",
] as const;
export type CaseName = (typeof caseNames)[number];

/** One scenario for one contender. */
export interface Task {
  readonly case: CaseName;
  /** Bytes of payload. */
  readonly size: number;
  readonly headers: boolean;
  /** How many subjects, subscriptions or requests at a time, as the case has it. */
  readonly count: number;
  /** Operations before the measured part. */
  readonly warmup: number;
  /** Operations of the measured part. */
  readonly operations: number;
  /** Operations after which the worker waits until all of them are through. Bounds what waits in the server. */
  readonly burst: number;
  /** Ports of the servers on 127.0.0.1, the first to connect to first. */
  readonly ports: readonly number[];
  /** Process id of the first server, for the case that kills it. */
  readonly serverPid: number;
}

/** What a worker measured. */
export interface Sample {
  readonly operations: number;
  /** User and system time of the whole process, all threads, during the measured part. */
  readonly cpuMicros: number;
  readonly wallMicros: number;
  /** Memory that the measured part took, as the system counts it. */
  readonly rssBytes?: number;
  /** The same as the heap counts it, buffers included. */
  readonly heapBytes?: number;
  /** Length of a file, where that is all there is to measure. */
  readonly sizeBytes?: number;
}

/** How a contender does what it can do; a case that is missing is one that it has nothing to say to. */
export type Cases = { readonly [Name in CaseName]?: (task: Task) => Promise<Sample> };
