// Times that a user gives: what a timer can wait.

/** The longest time that a timer of Node can wait: about 24.8 days. */
export const MAX_MILLISECONDS = 2 ** 31 - 1;

/** True for a number of milliseconds, at least `least`, that a timer can wait. */
export function isMilliseconds(value: unknown, least = 0): value is number {
  return typeof value === "number" && value >= least && value <= MAX_MILLISECONDS;
}
