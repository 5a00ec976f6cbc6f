// A value as JSON has it, changed as a broken program, a careless hand or a hostile one would: something is left out, is of another
// kind, stands elsewhere, is much too large. What is drawn shrinks to few changes.

import fc from "fast-check";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const KINDS = ["replace", "drop", "repeat", "swap", "copy", "rename", "add", "nudge"] as const;

interface Change {
  readonly kind: (typeof KINDS)[number];
  /** Which place, as choices on the way down. */
  readonly to: readonly number[];
  readonly from: readonly number[];
  readonly value: Json;
}

/** Values of every kind, from the ordinary to the absurd. */
export const oddValues: readonly Json[] = [
  null,
  true,
  false,
  0,
  1,
  2,
  -1,
  1.5,
  -0.5,
  2 ** 31,
  2 ** 53,
  8.64e15 + 1,
  1e300,
  -1e300,
  5e-324,
  "",
  "x",
  "1",
  "a:4222",
  "tls://b:4222",
  "closed",
  "connected",
  "dialing",
  "draining",
  "constructor",
  "__proto__",
  "\u009b2J\u202e",
  "y".repeat(5_000),
  [],
  {},
  [[]],
  ["a:4222"],
  { connecting: "dialing" },
  { type: "user.close" },
  JSON.parse("[".repeat(90) + "]".repeat(90)),
  JSON.parse(`${'{"cause":'.repeat(90)}1${"}".repeat(90)}`),
];

const place = fc.array(fc.nat({ max: 1_000 }), { minLength: 2, maxLength: 8 });
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom(...KINDS),
  to: place,
  from: place,
  value: fc.constantFrom(...oddValues),
});

/** Some changes, as a function that gives a changed copy. */
export const jsonMutations: fc.Arbitrary<(value: unknown) => unknown> = fc
  .array(change, { minLength: 1, maxLength: 4 })
  .map((changes) => (value) => changes.reduce(changed, structuredClone(value) as Json));

/** The holder of a place, and the name of the place within; undefined where there is nothing to go into. */
function find(
  root: Json,
  way: readonly number[],
): { holder: Json[] | { [name: string]: Json }; name: string } | undefined {
  let found: ReturnType<typeof find>;
  let at: Json | undefined = root;
  for (const choice of way) {
    if (typeof at !== "object" || at === null) break;
    const names: readonly string[] = Object.keys(at);
    const name: string | undefined = names[choice % names.length];
    if (name === undefined) break;
    found = { holder: at, name };
    at = (at as { [name: string]: Json })[name];
  }
  return found;
}

function changed(root: Json, { kind, to, from, value }: Change): Json {
  const target = find(root, to);
  if (target === undefined) return kind === "replace" ? value : root;
  const holder = target.holder as { [name: string]: Json };
  const { name } = target;
  const old = holder[name] as Json;
  const source = find(root, from);
  const others = source?.holder as { [name: string]: Json } | undefined;
  switch (kind) {
    case "replace":
      holder[name] = structuredClone(value);
      break;
    case "drop":
      if (Array.isArray(holder)) holder.splice(Number(name), 1);
      else delete holder[name];
      break;
    case "repeat":
      if (Array.isArray(holder)) holder.splice(Number(name), 0, structuredClone(old));
      break;
    case "swap":
    case "copy": {
      if (source === undefined || others === undefined) break;
      const other = structuredClone(others[source.name] as Json);
      if (kind === "swap") others[source.name] = structuredClone(old);
      holder[name] = other;
      break;
    }
    case "rename":
      if (Array.isArray(holder)) break;
      delete holder[name];
      holder[`${name}s`] = old;
      break;
    case "add":
      if (typeof old === "object" && old !== null && !Array.isArray(old)) old["toString"] = value;
      else if (Array.isArray(old)) old.push(structuredClone(value));
      break;
    case "nudge":
      if (typeof old === "number") holder[name] = old + (to.length % 2 === 0 ? 1 : -1);
  }
  return root;
}
