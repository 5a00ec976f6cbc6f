// A child process followed to its end: what it printed, and when. Who starts it: program.ts, test/cli/tool.ts.

import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

/** How long a line of a process is waited for: far longer than it takes, and less than a test may take. */
const PATIENCE = 25_000;

/** What a process left behind. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs. */
export interface Followed {
  readonly child: ChildProcessByStdio<Writable | null, Readable, Readable>;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves with the match when what it printed on stdout matches; rejects with what it printed where it ends before, or does not. */
  printed(pattern: RegExp, patience?: number): Promise<RegExpExecArray>;
  /** Resolves when it has ended. */
  ended(): Promise<Ran>;
}

/** Follows a process that was just started. `running` holds it until it has ended. */
export function followed<Child extends Followed["child"]>(child: Child, running: Set<Child>): Followed {
  running.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const closed = once(child, "close").then(([code]): Ran => {
    running.delete(child);
    return { code, stdout, stderr };
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: () => closed,
    printed: async (pattern, patience = PATIENCE) => {
      const givesUp = AbortSignal.timeout(patience);
      const printedThis = () => `printed ${pattern}; it printed\n${stdout}\nand on stderr\n${stderr}`;
      for (;;) {
        const match = pattern.exec(stdout);
        if (match !== null) return match;
        const more = once(child.stdout, "data", { signal: givesUp }).then(
          () => undefined,
          () => undefined,
        );
        const ran = await Promise.race([closed, more]);
        if (pattern.test(stdout)) continue;
        if (ran !== undefined) throw new Error(`it ended with ${ran.code} and never ${printedThis()}`);
        if (givesUp.aborted) throw new Error(`it runs, and has not ${printedThis()}`);
      }
    },
  };
}
