// What a user's function throws, where nobody could catch it: it becomes an uncaught exception of the process.

/**
 * Makes an uncaught exception of what a user's callback threw, as from any event handler of Node. It is thrown in a
 * microtask: the caller goes on, and the parser is not torn out of the middle of a chunk.
 */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
