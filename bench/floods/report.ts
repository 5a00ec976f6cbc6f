// The page of the floods: docs/benchmarks/floods.md. Pure.

import { type Row, table, verdict } from "./table.js";

/** Where and how the figures were measured. */
export interface Setting {
  readonly date: string;
  readonly machine: string;
  /** Load average of the machine when the run began: others at work delay the event loop, too. */
  readonly load: string;
  readonly node: string;
  readonly rounds: number;
}

/** The page in Markdown. */
export function page({ date, machine, load, node, rounds }: Setting, rows: readonly Row[]): string {
  const [good] = verdict(rows);
  return `# Floods

What a hostile or broken server costs the process of a client: the server sends one thing, much of it, as fast as the client takes it.

## How it is measured

- \`npm run bench:floods -- --write\` makes this page; do not edit it. ${date}; ${machine}, load average ${load} at the beginning; Node ${node}; medians of ${rounds} rounds.
- The server is a raw socket in a process of its own. Each client is a fresh process. The contenders take turns.
- All clients have the same options: \`reconnect: false\`, and otherwise the defaults. A remark names every other option.
- A measurement begins before the flood and ends when the client has received a message behind the flood and a \`flush\` has returned. So
  what the client answers is part of it.
- "delay" is the delay of the event loop (\`perf_hooks.monitorEventLoopDelay\`, resolution 1 ms): 99 of 100 turns, and the longest turn.
- "longest turn" is the CPU time of the process in its longest turn. It is the delay on a machine where nobody else is at work.
- "CPU" is user and system time of the process. "RSS, peak" is its most resident memory during the flood, all of Node included.
- "held" is the heap and the memory of buffers after a collection, less what they were before the flood.
- The last column is ours divided by the best of the three. A client that lost the connection had less to do and does not count as the best.
  A ratio in bold is above 1.2, and the difference is more than noise: 3 ms of p99, 5 ms of max and of the longest turn, 10 ms of CPU, 5 MB of RSS, 1 MB held.

## Results

${good}.

${table(rows)}
`;
}
