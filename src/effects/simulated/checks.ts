// What a test asks for is checked where it asks: a time that is no number, or an option of another name, would make a
// test that tests nothing and passes. What faults and greetings are made of: fault-checks.ts.

/** What a value must be, and how that is said. */
export type Check = readonly [isRight: (value: unknown) => boolean, what: string];

/** A check for each field. */
export type Fields<T> = { readonly [Name in keyof Required<T>]: Check };

const isNumber = (value: unknown, least: number): value is number =>
  typeof value === "number" && value >= least && value !== Number.POSITIVE_INFINITY;

/** The largest whole number of 31 bits: what fast-check and the timers of the platform take. */
const MOST = 2 ** 31 - 1;

export const milliseconds: Check = [(value) => isNumber(value, 0), "a number of milliseconds, 0 or more"];
export const someMilliseconds: Check = [
  (value) => isNumber(value, 0) && value > 0,
  "a number of milliseconds, above 0",
];
export const text: Check = [(value) => typeof value === "string", "a string"];
export const flag: Check = [(value) => typeof value === "boolean", "true or false"];
export const seed: Check = [Number.isInteger, "a whole number"];
export const aFunction: Check = [(value) => typeof value === "function", "a function"];

/** A whole number, at least that. */
export const from = (least: number, most = MOST): Check => [
  (value) => Number.isInteger(value) && isNumber(value, least) && value <= most,
  `a whole number from ${least} to ${most}`,
];

/** One of these strings. */
export const oneOf = (...values: readonly string[]): Check => [
  (value) => values.includes(value as string),
  `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`,
];

/** A list, each of which is right. */
export const listOf = ([isRight, what]: Check): Check => [
  (value) => Array.isArray(value) && value.every(isRight),
  `a list, each item ${what}`,
];

/** Two times, the least and the most. */
export const span: Check = [
  (value) =>
    Array.isArray(value) && value.length === 2 && isNumber(value[0], 0) && isNumber(value[1], value[0]),
  "two numbers of milliseconds, the least and the most",
];

/**
 * Checks one value.
 * @throws RangeError for a number, and TypeError for anything else that it must not be
 */
export function check(name: string, value: unknown, [isRight, what]: Check): void {
  if (isRight(value)) return;
  const message = `${name} is ${shown(value)}: it must be ${what}`;
  throw typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

/**
 * Checks options: each that is given must be known, and have a value that it can have.
 * @param whose what takes them, for the error
 * @throws TypeError, or RangeError for a number
 */
export function checkOptions<T>(whose: string, options: T, fields: Fields<T>): void {
  const given = entriesOf(whose, options);
  checkNames(whose, given, fields);
  for (const [name, value] of given)
    if (value !== undefined) check(name, value, fields[name as keyof T] as Check);
}

/**
 * Checks an object that must have each of these fields, and no other.
 * @param whose what it is, for the error
 * @throws TypeError, or RangeError for a number
 */
export function checkObject(whose: string, object: unknown, fields: Readonly<Record<string, Check>>): void {
  checkNames(whose, entriesOf(whose, object), fields);
  const values = object as Readonly<Record<string, unknown>>;
  for (const [name, rule] of Object.entries(fields)) check(`${name} of ${whose}`, values[name], rule);
}

function entriesOf(whose: string, value: unknown): [string, unknown][] {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw new TypeError(`${whose} takes an object; it is given ${shown(value)}`);
}

function checkNames(whose: string, given: readonly [string, unknown][], fields: object): void {
  const unknown = given.find(([name]) => !Object.hasOwn(fields, name));
  if (unknown === undefined) return;
  const known = Object.keys(fields).join(", ");
  throw new TypeError(`${whose} knows no ${shown(unknown[0])}: it takes ${known === "" ? "nothing" : known}`);
}

/** A value as one reads it in an error: in short, and without what an object holds, which may be a password. */
function shown(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value.slice(0, 10);
    return items.some((item) => typeof item === "object") ? "a list" : `[${items.map(shown).join(", ")}]`;
  }
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function") return "a function";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 50)) : String(value);
}
