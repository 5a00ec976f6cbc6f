// Types of runtimes.mjs, for the tests.

/** A JavaScript runtime. */
export interface Runtime {
  readonly name: string;
  readonly label: string;
  readonly path: string;
  readonly version: string;
  readonly run: readonly string[];
  readonly isNode: boolean;
}

/** What they are called: `node-22`, `bun`. */
export const names: readonly string[];

/** That runtime, downloaded if it is not there yet. */
export function runtime(name: string): Promise<Runtime>;
