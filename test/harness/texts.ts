// All texts in a value, wherever they are: for tests that look for what must not be there.

/** Every string in there: values and names, also what is not enumerable, as the texts of errors are. */
export function textsIn(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number" || typeof value === "bigint") return [`${value}`];
  if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value))
    return [];
  seen.add(value);
  if (value instanceof Map || value instanceof Set) return textsIn([...value], seen);
  return Reflect.ownKeys(value).flatMap((name) => {
    const texts = typeof name === "string" ? [name] : [];
    const { value: inner } = Object.getOwnPropertyDescriptor(value, name) ?? {};
    // A stack may be an accessor.
    const held = name === "stack" ? (value as { stack?: unknown }).stack : inner;
    return [...texts, ...textsIn(held, seen)];
  });
}
