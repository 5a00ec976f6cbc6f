// What the connections of this process have deferred to the end of the turn, counted over all of them.

let waiting = 0;

/** `run`, counted until it has run. */
export function counted(run: () => void): () => void {
  waiting += 1;
  return () => {
    waiting -= 1;
    run();
  };
}

/** Whether anything that is counted has not run. */
export function hasDeferred(): boolean {
  return waiting > 0;
}
