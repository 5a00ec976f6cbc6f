// Which states a snapshot's value names. Pure.

/** Ids of the active states, outer ones first; `root` is the machine's id. */
export function activeIds(root: string, value: unknown): ReadonlySet<string> {
  const ids = new Set<string>();
  const add = (at: string, inner: unknown) => {
    if (typeof inner === "string") ids.add(`${at}.${inner}`);
    else if (typeof inner === "object" && inner !== null) {
      for (const [key, deeper] of Object.entries(inner)) {
        ids.add(`${at}.${key}`);
        add(`${at}.${key}`, deeper);
      }
    }
  };
  add(root, value);
  return ids;
}

/** A snapshot's value as one reads it: `reconnecting › backingOff`, the parts of a parallel state side by side. */
export function stateText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  const parts = Object.entries(value).map(([key, inner]) => {
    const deeper = stateText(inner);
    return deeper === "" ? key : `${key} › ${deeper}`;
  });
  return parts.join(" + ");
}
