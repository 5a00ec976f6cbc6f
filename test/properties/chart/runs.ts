// How many stories the properties try: CHART_STORIES, by default as many as fit into a test run that nobody waits for.
// CHART_SEED repeats a run; a failure prints the seed and the path that lead straight to the shrunk story.

import type * as fc from "fast-check";

const { CHART_STORIES, CHART_SEED } = process.env;

/** How many stories. */
export const STORIES = Number(CHART_STORIES ?? 100_000);

/** How long one test may take, in milliseconds: enough for a million stories. */
export const PATIENCE = 1_800_000;

/** The parameters of a run over that part of all stories. */
export function run(part = 1): fc.Parameters<unknown> {
  const numRuns = Math.max(20, Math.round(STORIES * part));
  return CHART_SEED === undefined ? { numRuns } : { numRuns, seed: Number(CHART_SEED) };
}
