// What a program passes that has no value for an option: undefined, or null, which the reference takes for the same.

/** The options without those that are null. Made anew only where there are some: requests pass here. */
export function withoutNulls<T extends object>(opts: T | null | undefined): T {
  const given = (opts ?? {}) as T;
  for (const name in given) if (given[name] === null) return copied(given);
  return given;
}

function copied<T extends object>(opts: T): T {
  const copy = {} as T;
  for (const name in opts) if (opts[name] !== null) copy[name] = opts[name];
  return copy;
}
