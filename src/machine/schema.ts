// What a value from outside must be so that it is a T, as data, and what is wrong with one that is not. Small on purpose: it knows
// what a recording has (recording-schema.ts), and no more.
//
// A schema of T takes T exactly: one that forgets a field, or an option of a union, or that takes more, does not compile.

/** What is wrong with a value, and at which place within it. */
export interface Problem {
  /** The place, such as `events[12].attempt`; empty where it is the value itself. */
  readonly place: string;
  /** What belongs there and what is there, such as `expected a text, found null`. No text of the value is quoted. */
  readonly what: string;
}

type Fields = Readonly<Record<string, Rule>>;

type Rule =
  | { readonly kind: "some"; readonly what: string; readonly isOne: (value: unknown) => boolean }
  | { readonly kind: "nullOr"; readonly of: Rule }
  | { readonly kind: "optional"; readonly of: Rule }
  | { readonly kind: "list"; readonly of: Rule; readonly least: number; readonly most: number }
  | { readonly kind: "object"; readonly fields: Fields }
  | { readonly kind: "byType"; readonly types: Readonly<Record<string, Fields>> }
  | { readonly kind: "nothing"; readonly what: string };

/** What a value must be so that it is a T. */
export type Schema<T> = Exclude<Rule, { readonly kind: "optional" }> & Exactly<T>;

/** The same for a field that may be absent. */
export type Optional<T> = Extract<Rule, { readonly kind: "optional" }> & Exactly<T>;

/** Nothing has this field: it makes the type of a schema differ from those of all others. */
interface Exactly<T> {
  readonly exactly?: (value: T) => T;
}

type FieldsOf<T> = {
  readonly [Name in keyof T]-?: object extends Pick<T, Name> ? Optional<Required<T>[Name]> : Schema<T[Name]>;
};

/** A value of some kind, which nothing is known of but what it is called and how it is told. */
export function some<T>(what: string, isOne: (value: unknown) => boolean): Schema<T> {
  return { kind: "some", what, isOne };
}

/** True or false. */
export const flag = some<boolean>("true or false", (value) => typeof value === "boolean");

/** A text. */
export const text = some<string>("a text", (value) => typeof value === "string");

/** A text of some kind, of so many characters at most. */
export function textOf(what: string, most: number, isOne = (_: string) => true): Schema<string> {
  return some(
    `${what}, of at most ${most} characters`,
    (value) => typeof value === "string" && value.length <= most && isOne(value),
  );
}

/** A number of some kind. It is finite: JSON has no other, but for those that are too large. */
export function numberOf<T extends number = number>(
  what: string,
  isOne: (value: number) => boolean,
): Schema<T> {
  return some(what, (value) => typeof value === "number" && Number.isFinite(value) && isOne(value));
}

/** One of these names: all that T has. */
export function oneOf<T extends string>(names: Readonly<Record<T, unknown>>): Schema<T> {
  const all = Object.keys(names);
  const what = all.length > MOST_NAMES ? "one of the names that this version knows" : all.join(" or ");
  return some(what, (value) => all.includes(value as string));
}

/** So many names at most are told where another one is found. */
const MOST_NAMES = 8;

/** That, or null. */
export function nullOr<T>(of: Schema<T>): Schema<T | null> {
  return { kind: "nullOr", of };
}

/** That, where the field is there. */
export function optional<T>(of: Schema<T>): Optional<T> {
  return { kind: "optional", of };
}

/** A list of so many of that at most. */
export function listOf<T>(of: Schema<T>, most: number, least = 0): Schema<readonly T[]> {
  return { kind: "list", of, most, least };
}

/** An object with these fields: all that T has, and no other. */
export function objectOf<T>(fields: FieldsOf<T>): Schema<T> {
  return { kind: "object", fields };
}

/** The same with fields of which each may be absent. */
export function partialOf<T>(fields: FieldsOf<T>): Schema<Partial<T>> {
  const optionals = Object.entries<Rule>(fields).map(
    ([name, of]) => [name, { kind: "optional", of }] as const,
  );
  return { kind: "object", fields: Object.fromEntries(optionals) };
}

/** An object of one of these types, which its field `type` names, with the other fields of that type. */
export function byType<T extends { readonly type: string }>(
  types: {
    readonly [Type in T["type"]]: FieldsOf<Omit<Extract<T, { readonly type: Type }>, "type">>;
  },
): Schema<T> {
  return { kind: "byType", types };
}

/** A value that may hold another one of its kind, and that one yet another: so many of them at most. */
export function nested<T>(most: number, holding: (inner: Schema<T>) => Schema<T>): Schema<T> {
  let schema: Schema<T> = { kind: "nothing", what: `expected at most ${most} within each other, found more` };
  for (let count = 0; count < most; count++) schema = holding(schema);
  return schema;
}

/** What is wrong with a value; null where it is as the schema says. */
export function problemIn(rule: Rule, value: unknown): Problem | null {
  switch (rule.kind) {
    case "some":
      return rule.isOne(value) ? null : expected(rule.what, value);
    case "nullOr":
      return value === null ? null : problemIn(rule.of, value);
    case "optional":
      return value === undefined ? null : problemIn(rule.of, value);
    case "list":
      return problemInList(rule, value);
    case "object":
      return isObject(value) ? problemInFields(rule.fields, value) : expected("an object", value);
    case "byType":
      return problemByType(rule.types, value);
    case "nothing":
      return here(rule.what);
    default:
      return rule satisfies never;
  }
}

function problemInList(
  { of, least, most }: Extract<Rule, { readonly kind: "list" }>,
  value: unknown,
): Problem | null {
  if (!Array.isArray(value)) return expected("a list", value);
  if (value.length > most) return here(`expected at most ${most} entries, found ${value.length}`);
  if (value.length < least) return here(`expected at least ${least} of them, found ${value.length}`);
  for (let index = 0; index < value.length; index++) {
    const problem = problemIn(of, value[index]);
    if (problem !== null) return within(`[${index}]`, problem);
  }
  return null;
}

function problemByType(types: Readonly<Record<string, Fields>>, value: unknown): Problem | null {
  if (!isObject(value)) return expected("an object", value);
  const { type, ...rest } = value;
  if (typeof type !== "string") return within("type", expected("a text", type));
  const fields = Object.hasOwn(types, type) ? types[type] : undefined;
  if (fields === undefined) return within("type", here(`this version does not know ${quoted(type)}`));
  return problemInFields(fields, rest);
}

function problemInFields(fields: Fields, value: Readonly<Record<string, unknown>>): Problem | null {
  for (const name in fields) {
    const rule = fields[name];
    const problem = rule === undefined ? null : problemIn(rule, ownField(value, name));
    if (problem !== null) return within(name, problem);
  }
  for (const name in value) {
    if (!Object.hasOwn(fields, name)) return here(`this version does not know the field ${quoted(name)}`);
  }
  return null;
}

/** A field of the value itself: one that is called `constructor` does not come from elsewhere. */
function ownField(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function here(what: string): Problem {
  return { place: "", what };
}

function within(name: string, { place, what }: Problem): Problem {
  const isIndex = place === "" || place.startsWith("[");
  return { place: isIndex ? name + place : `${name}.${place}`, what };
}

function expected(what: string, found: unknown): Problem {
  return here(`expected ${what}, found ${kindOf(found)}`);
}

function kindOf(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "nothing";
    case "string":
      return `a text of ${value.length} characters`;
    case "number":
      return `the number ${value}`;
    case "boolean":
      return String(value);
    default:
      return value === null ? "null" : Array.isArray(value) ? "a list" : "an object";
  }
}

function quoted(name: string): string {
  return `"${shown(name, 40)}"`;
}

/** A text from outside as an error may tell it: short, and without a character that steers whatever shows it. */
export function shown(text: string, most: number): string {
  const start = text.slice(0, most).replace(/[^ -~]/g, "?");
  return text.length > most ? `${start}...` : start;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
