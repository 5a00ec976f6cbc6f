// What is still held in memory: objects that the collector of garbage leaves, and listeners that a signal keeps.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collections of garbage: what a finished promise held is free after one turn of the event loop or two. */
const ROUNDS = 4;

/** The collector of garbage. */
export function exposedGc(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/** Does something that is over when it resolves, and names what it was done with. It must leave none of that to others. */
export type Run = () => Promise<Readonly<Record<string, object>>>;

/** Runs one after the other, and says which of the objects that they name are still held by somebody when all are over. */
export async function heldAfter(runs: Readonly<Record<string, Run>>): Promise<string[]> {
  const refs: [name: string, ref: WeakRef<object>][] = [];
  for (const [what, run] of Object.entries(runs)) await remember(what, run, refs);
  const gc = exposedGc();
  for (let round = 0; round < ROUNDS; round++) {
    // A WeakRef that was made or read holds its object until the end of the turn.
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
  return refs.flatMap(([name, ref]) => (ref.deref() === undefined ? [] : [name]));
}

// A function of its own: what it had in its hands is free when it is left.
async function remember(what: string, run: Run, refs: [name: string, ref: WeakRef<object>][]): Promise<void> {
  for (const [name, object] of Object.entries(await run()))
    refs.push([`${what}: ${name}`, new WeakRef(object)]);
}

/** A signal that is never aborted, and how many listen to it. */
export function countedSignal(): { readonly signal: AbortSignal; readonly listeners: () => number } {
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
    listening.add(given[1]);
    addEventListener.apply(signal, given);
  };
  signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
    listening.delete(given[1]);
    removeEventListener.apply(signal, given);
  };
  return { signal, listeners: () => listening.size };
}
