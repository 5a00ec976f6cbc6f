// Uncaught exceptions of the process, where a test makes them on purpose.

/**
 * Runs that, and gives what became an uncaught exception meanwhile, oldest first. The test does not fail by them.
 * @param run ends when all of them have been thrown
 */
export async function uncaughtIn(run: () => Promise<unknown>): Promise<readonly unknown[]> {
  const listeners = process.listeners("uncaughtException");
  const thrown: unknown[] = [];
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => void thrown.push(error));
  try {
    await run();
    return thrown;
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
  }
}
