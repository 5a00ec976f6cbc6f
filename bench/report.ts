// The report in Markdown. Pure. The numbers come from statistics.ts, the goals from goals.ts, the picture from chart.ts.

import { contenderTitles, verdicts } from "./goals.js";
import { type Figure, figure, type Row } from "./statistics.js";
import type { Metric } from "./suite.js";
import { type ContenderName, contenderNames } from "./task.js";

/** Where and how the figures were measured. */
export interface Circumstances {
  readonly date: string;
  readonly machine: string;
  /** Load average of the machine when the run began: others at work make figures noisy. */
  readonly load: string;
  readonly node: string;
  readonly server: string;
  /** What could not be measured, and why. */
  readonly notes: readonly string[];
}

/** How many samples the figures are medians of: as many as rounds, less where a contender failed. */
function rounds(rows: readonly Row[]): string {
  const counts = rows.flatMap(({ samples }) => Object.values(samples).map((all) => all.length));
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (counts.length === 0) return "no rounds";
  return least === most ? `${most} rounds` : `${least} to ${most} rounds`;
}

/** What `results.json` holds. */
export interface Results {
  readonly circumstances: Circumstances;
  readonly rows: readonly Row[];
}

/** A time given in nanoseconds, to three digits. */
export function duration(nanoseconds: number): string {
  const [value, unit] =
    nanoseconds < 1e3
      ? [nanoseconds, "ns"]
      : nanoseconds < 1e6
        ? [nanoseconds / 1e3, "µs"]
        : nanoseconds < 1e9
          ? [nanoseconds / 1e6, "ms"]
          : [nanoseconds / 1e9, "s"];
  return `${digits(value)} ${unit}`;
}

/** A number of bytes, to three digits. */
export function bytes(count: number): string {
  if (Math.abs(count) < 1e3) return `${digits(count)} B`;
  return Math.abs(count) < 1e6 ? `${digits(count / 1e3)} kB` : `${digits(count / 1e6)} MB`;
}

/** Three digits that mean something. */
function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

const isTime = (metric: Metric) => metric === "cpu" || metric === "wall";
const show = (value: number, metric: Metric) => (isTime(metric) ? duration(value) : bytes(value));

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** CPU time first and wall time beside it; for a row about memory, memory first and CPU time beside it. */
function cell(row: Row, contender: ContenderName): string {
  const first = row.metric === "wall" ? "cpu" : row.metric;
  const main = figure(row, contender, first);
  if (main === undefined) return "";
  const text = show(main.median, first);
  if (first === "size") return text;
  if (first === "memory") {
    const heap = figure(row, contender, "heap");
    return heap === undefined ? text : `${text} (heap ${bytes(heap.median)})`;
  }
  const wall = figure(row, contender, "wall") as Figure;
  const memory = figure(row, contender, "memory");
  return `${text} · ${duration(wall.median)}${memory === undefined ? "" : ` · ${bytes(memory.median)}`}`;
}

function factor(row: Row, contender: ContenderName): string {
  const ours = figure(row, "ours", row.metric);
  const theirs = figure(row, contender, row.metric);
  if (contender === "ours" || ours === undefined || theirs === undefined) return "";
  return ` · ${(theirs.median / ours.median).toFixed(2)}x`;
}

function spread(row: Row, contender: ContenderName): string {
  const known = figure(row, contender, row.metric);
  return known === undefined ? "" : `${show(known.min, row.metric)} – ${show(known.max, row.metric)}`;
}

/** The report. */
export function markdown({ circumstances, rows }: Results): string {
  const { date, machine, load, node, server, notes } = circumstances;
  const head = contenderNames.map((name) => contenderTitles[name]);
  const marks = { true: "met", false: "**missed**", undefined: "not measured" } as const;
  const judged = verdicts(rows);
  const met = judged.filter(({ isMet }) => isMet === true).length;
  const main = rows.map((row) => [
    row.title,
    ...contenderNames.map((name) => cell(row, name) + factor(row, name)),
  ]);
  const spreads = rows.map((row) => [row.title, ...contenderNames.map((name) => spread(row, name))]);
  return `# Benchmarks

Made by \`npm run bench\`; do not edit. The raw data is in [results.json](results.json).

- ${date}; ${machine}, load average ${load} at the beginning; Node ${node}; nats-server ${server}; medians of ${rounds(rows)}, a process each.
${notes.map((note) => `- ${note}\n`).join("")}
![CPU time of one operation, by contender](benchmarks.svg)

## Figures

In each cell: CPU time of the client's process for one operation (user and system, all threads) · wall time · what it
costs in terms of ours (2x: twice as much). Rows about memory: resident memory (heap). \`import\`: also the memory it took.

${table(["", ...head], main)}

## Goals

${met} of ${judged.length} are met. [Why the others are not](missed-goals.md), and what was tried.

${table(
  ["", "goal", "measured", ""],
  judged.map((one) => [one.title, one.goal, one.measured, marks[`${one.isMet}`]]),
)}

## Spread

Least and most of all rounds, of the number that counts in that row.

${table(["", ...head], spreads)}

## What is measured, and how

- Each figure comes from a process of its own that plays one contender once: warm-up, then the measured part. The
  contenders take turns, in another order each round, and three times a round where a turn is over in milliseconds
  (*import*, *reconnect*). The server is another process, the flooder that feeds
  subscribers a third: neither is in a figure. The server drops nobody; a worker checks that every message came.
- nats-statechart is measured in the files that the package has, dependencies beside it.
- *publish* flushes after about a mebibyte, at most 10,000 messages, as every contender can: nothing piles up.
- *headers*: two for each message, made anew; a subscriber reads one of them. All subscribers read the payload.
- *iterator*: \`for await\`; for the C client a synchronous subscription. The raw socket has neither and counts bytes.
- *request*: requester and responder are two connections in one process: its CPU time is that of both ends. The C
  client blocks a thread for each request that is under way.
- *reconnect*: the client has two servers; the worker kills the one it is on and stops the clock when the other has
  confirmed all subscriptions.
- *peak memory*: the most resident memory of the process, less what it had before the first of the publishes.
- *bundle*: esbuild, everything exported, minified, for Node; without \`ws\`, an optional peer of nats-statechart.
- *raw socket*: \`node:net\` with prepared bytes. It is no client: no encoder, no parser, no message.
- C client: default options, no limit of pending messages; one delivery thread where there are many subscriptions.
`;
}
