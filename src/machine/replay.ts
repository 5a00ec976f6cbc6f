// A recording from wherever it comes, played again: it is checked first (recording-schema.ts), so that whoever has a bad one is told
// what is wrong with it, and where. How it is played: play.ts.

import type { StateValue } from "xstate";
import { brand } from "./brand.js";
import { play, type ReplayStep } from "./play.js";
import { RECORDING_VERSION, type Recording } from "./recording.js";
import { recordingSchema } from "./recording-schema.js";
import { problemIn, shown } from "./schema.js";

/** A recording cannot be played: its message says what is wrong, and where. */
export class RecordingError extends Error {
  override readonly name = "RecordingError";
}

brand(RecordingError, "RecordingError");

/**
 * Plays a recording again: the beginning, then a step for each event, with the state and the effects as they were.
 * @throws RecordingError where it is no recording, or one of another version, or one of something that cannot happen: its message says
 *   what, and where, such as `events[12].attempt`
 */
export function replay(recording: Recording): readonly ReplayStep[] {
  return [...replayed(checkedRecording(recording))];
}

/**
 * A value that is a recording.
 * @throws RecordingError where it is none, or one of another version: its message says what is wrong, and where
 */
export function checkedRecording(value: unknown): Recording {
  const other = versionProblem(value);
  if (other !== null) throw new RecordingError(other);
  const problem = problemIn(recordingSchema, value);
  if (problem === null) return value as Recording;
  const { place, what } = problem;
  throw new RecordingError(
    `this is no recording of nats-statechart: ${place === "" ? "" : `${place}: `}${what}`,
  );
}

/** What is wrong with the version of a recording; null where it can be replayed. */
function versionProblem(recording: unknown): string | null {
  const version = (recording as Partial<Record<"version", unknown>> | null | undefined)?.version;
  if (version === RECORDING_VERSION) return null;
  if (typeof version !== "number") return "this is no recording of nats-statechart: it has no version";
  const age = version < RECORDING_VERSION ? "an older" : "a newer";
  return `this recording has version ${version}, of ${age} nats-statechart; this one replays version ${RECORDING_VERSION}. Replay it with the nats-statechart that recorded it`;
}

/**
 * The steps of a recording that was checked, one after the other; none is kept that its reader does not keep.
 * @throws RecordingError at an event that cannot happen where the chart is
 */
export function* replayed(recording: Recording): Generator<ReplayStep> {
  const steps = play(recording);
  let last: ReplayStep | undefined;
  for (let index = -1; ; index++) {
    const next = stepAt(steps, recording, index, last);
    if (next === undefined) return;
    last = next;
    yield next;
  }
}

function stepAt(
  steps: Generator<ReplayStep>,
  { from, events }: Recording,
  index: number,
  last: ReplayStep | undefined,
): ReplayStep | undefined {
  try {
    const { done, value } = steps.next();
    return done === true ? undefined : value;
  } catch (error) {
    // The chart says so where it is led to what cannot be.
    const [, broken] = /invariant: (.*)/.exec((error as Error).message) ?? [];
    if (broken === undefined) throw error;
    const event = events[index];
    const what = event === undefined ? "this" : event.type;
    const state = stateName(last?.state ?? from?.value ?? "");
    throw new RecordingError(
      `events[${index}]: ${what} cannot happen here, in the state ${state}: it is not so that ${shown(broken, 100)}`,
    );
  }
}

function stateName(value: StateValue): string {
  return typeof value === "string" ? value : Object.entries(value).flat().join(".");
}
