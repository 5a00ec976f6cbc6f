// Waiting in tests: for something that happens, hardly ever for time.

import type { NatsConnection, Status } from "../../src/index.js";

export { setTimeout as sleep } from "node:timers/promises";

/** How long anything is waited for: far longer than it takes, and less than a test may take. */
const PATIENCE = 20_000;

/**
 * The next status of that type, and in that step where one is named, from now on. Rejects with those that came instead where the
 * connection closes before, or where none comes.
 */
export async function nextStatus(nc: NatsConnection, type: string, step?: string): Promise<Status> {
  const awaited = step === undefined ? type : `${type} (${step})`;
  const others: Status[] = [];
  const statuses = nc.status()[Symbol.asyncIterator]();
  const late = Symbol("late");
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof late>((resolve) => {
    timer = setTimeout(resolve, PATIENCE, late);
  });
  try {
    for (;;) {
      const next = await Promise.race([statuses.next(), timeout]);
      if (next === late) throw new Error(`timed out: the status ${awaited}, after ${linesOf(others)}`);
      if (next.done === true)
        throw new Error(`the connection closed before the status ${awaited}, after ${linesOf(others)}`);
      const status: Status = next.value;
      if (status.type === type && (step === undefined || status.step === step)) return status;
      others.push(status);
    }
  } finally {
    clearTimeout(timer);
    // Not awaited: it settles with the next status, which may never come.
    void statuses.return?.();
  }
}

/** Each as its type, its server and what is wrong. */
function linesOf(statuses: readonly Told[]): string {
  if (statuses.length === 0) return "no status at all";
  const line = ({ type, server, error, message = error?.message }: Told) =>
    [type, server, message].filter((part) => part !== undefined).join(" ");
  return `these:\n${statuses.map(line).join("\n")}`;
}

/** The least of a status that `Statuses` looks at. */
interface Told {
  readonly type: string;
  readonly server?: string | undefined;
  readonly error?: { readonly message: string } | undefined;
  readonly message?: string | undefined;
}

/** The statuses of a connection from the first attempt on: `onStatus: statuses.add`. */
export class Statuses<One extends Told = Status> {
  readonly #all: One[] = [];
  readonly #listeners = new Set<() => void>();

  readonly add = (status: One): void => {
    this.#all.push(status);
    for (const listener of this.#listeners) listener();
  };

  /** How many there are: for `since`. */
  get count(): number {
    return this.#all.length;
  }

  /** Those from that one on. */
  since(count: number): readonly One[] {
    return this.#all.slice(count);
  }

  /** Those from that one on, each as its type and server: `"reconnect 127.0.0.1:4222"`. */
  lines(count = 0): readonly string[] {
    return this.since(count).map(({ type, server }) => `${type} ${server}`);
  }

  /** Resolves when one of them, from that one on, is such a one. */
  until(what: string, isIt: (status: One) => boolean, count = 0): Promise<One> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.since(count).find(isIt);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve(found);
      };
      const failed = () => {
        this.#listeners.delete(look);
        reject(new Error(`timed out: ${what}, after ${linesOf(this.since(count))}`));
      };
      const timer = setTimeout(failed, PATIENCE);
      this.#listeners.add(look);
      look();
    });
  }

  /** Resolves when a status of that type names the server with that port. */
  at(type: string, port: number | undefined, count = 0): Promise<One> {
    const isIt = (status: One) => status.type === type && status.server?.endsWith(`:${port}`) === true;
    return this.until(`${type} at port ${port}`, isIt, count);
  }
}
