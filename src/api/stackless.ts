// Errors without a stack, for what a server says: the stack would show the insides of the client, and to take it costs more than
// all else that is done about the error.

/** Makes an error, or what has one, whose `stack` is its name and message alone. */
export function stackless<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  // Not by an assignment, which would throw where the intrinsics are frozen.
  Reflect.set(Error, "stackTraceLimit", 0);
  try {
    return make();
  } finally {
    Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  }
}
