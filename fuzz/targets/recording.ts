// A recording out of a file: either a CommandFailed says what is wrong with it, or it plays, and is told and shown to its end.
//
// An input is the file. Where its first byte is a control character it is changes of a good recording instead (changed.ts).

import { createActor } from "xstate";
import { inspection } from "../../src/api/inspection.js";
import { CommandFailed } from "../../src/cli/command.js";
import { jsonOfList } from "../../src/cli/json.js";
import { recordingFrom } from "../../src/cli/recording-file.js";
import { storyJson, storyLines } from "../../src/cli/story.js";
import { plainPaint } from "../../src/cli/terminal.js";
import { withoutControls } from "../../src/effects/wire/control-characters.js";
import { connectionMachine } from "../../src/machine/connection-machine.js";
import type { Recording } from "../../src/machine/recording.js";
import { replayed } from "../../src/machine/replay.js";
import { outage } from "../../test/cli/recordings.js";
import { changed } from "../changed.js";
import { must } from "../finding.js";

/** Of what each printed line has from the file. A file may hold a text of any length, and lines are cut. */
const LONGEST_LINE = 1_000;

/** Bytes of an input, at most. */
export const LONGEST = 2_048;

/** The target. */
export function fuzz(data: Uint8Array): void {
  const isChanges = data.length > 0 && (data[0] as number) < 32;
  const text = Buffer.from(data.subarray(isChanges ? 1 : 0)).toString();
  const content = isChanges ? JSON.stringify(changed(outage, text)) : text;
  const recording = content === undefined ? undefined : readOrRefused(content);
  if (recording === undefined) return;
  const steps = [...replayed(recording)];
  must(
    steps.length === recording.events.length + 1,
    () => `${steps.length} steps of ${recording.events.length} events`,
  );
  const json = [...jsonOfList("steps", storyJson(recording, steps))].join("\n");
  must(
    (JSON.parse(json) as { steps: unknown[] }).steps.length === steps.length,
    () => "the JSON lacks a step",
  );
  mustBeHarmless(json);
  for (const line of storyLines(recording, steps, plainPaint)) {
    must(line.length <= LONGEST_LINE, () => `a line of ${line.length} characters`);
    mustBeHarmless(line);
  }
  showAgain(recording);
}

function readOrRefused(content: string): Recording | undefined {
  try {
    return recordingFrom(content);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    must(error.message.length <= LONGEST_LINE, () => `a refusal of ${error.message.length} characters`);
    mustBeHarmless(error.message);
    return undefined;
  }
}

/** Nothing in a printed text steers a terminal. */
function mustBeHarmless(text: string): void {
  const isHarmless = withoutControls(text, (run) => run.replace(/[^\n]/g, "")) === text;
  must(isHarmless, () => `this steers a terminal: ${JSON.stringify(text)}`);
}

/** As `replay --inspect` does. An actor tells whoever subscribes what it failed of. */
function showAgain({ input, from, events }: Recording): void {
  const snapshot = from === null ? {} : { snapshot: connectionMachine.resolveState({ ...from }) };
  const actor = createActor(connectionMachine, { input, inspect: inspection(() => {}), ...snapshot });
  let failed: unknown;
  actor.subscribe({ error: (error) => (failed = error) });
  actor.start();
  for (const event of events) actor.send(event);
  actor.stop();
  if (failed !== undefined) throw failed;
}
