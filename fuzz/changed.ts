// Changes of a good JSON value, out of bytes: a fuzzer that mutates the text of JSON makes little that is still JSON.
//
// Each line is a change: the number of a value in it, counted from its outside, and the JSON to stand in its place, or nothing to
// leave it out. What is no change is passed over.

const BAD = Symbol("no JSON");

/** The value with each of the changes made. */
export function changed(value: unknown, text: string): unknown {
  let now = value;
  for (const change of text.split("\n")) {
    const [, digits = "", json = ""] = /^(\d{1,4})\s*(.*)$/s.exec(change) ?? [];
    const instead = parsed(json);
    if (digits !== "" && instead !== BAD) now = replaced(now, { number: Number(digits) }, instead);
  }
  return now;
}

function parsed(json: string): unknown {
  if (json === "") return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return BAD;
  }
}

/** A copy in which another value stands in one place. `left` counts the values until there. */
function replaced(value: unknown, left: { number: number }, instead: unknown): unknown {
  if (left.number-- === 0) return instead;
  if (Array.isArray(value)) {
    return value.map((one) => replaced(one, left, instead)).filter((one) => one !== undefined);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, replaced(one, left, instead)]));
}
