// What JSON tells of the error behind an error: its name, its message, its code. The message stays out where a secret or a
// payload may be quoted in it.

/** Errors whose message the client does not know to be free of secrets and payloads. */
const withheld = new WeakSet<Error>();

/** Keeps the message of that error out of JSON: it comes from a user's function, or quotes what was parsed. */
export function withholdMessage<E extends Error>(error: E): E {
  withheld.add(error);
  return error;
}

/** The error as JSON tells it; undefined for what is no Error. */
export function causeInJson(cause: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { name, message, code } = cause as Error & { readonly code?: unknown };
  return {
    name,
    ...(withheld.has(cause) ? {} : { message }),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
  };
}
