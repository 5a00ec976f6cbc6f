// `nats-statechart replay`: walks through a recording of a connection, in the terminal or in an inspector.
//
// How it is read and checked: recording-file.ts. How a step is told: story.ts.

import { createActor, type InspectionEvent } from "xstate";
import { inspection } from "../api/inspection.js";
import { RECORDING } from "../inspector/backlog.js";
import { connectionMachine } from "../machine/connection-machine.js";
import type { Recording } from "../machine/recording.js";
import { replayed } from "../machine/replay.js";
import { type Command, OK, readArguments, UsageError } from "./command.js";
import { INSPECTOR_HELP, inspectorOptions, openInspector, untilStopped } from "./inspector.js";
import { jsonOfList } from "./json.js";
import { readRecording } from "./recording-file.js";
import { storyJson, storyLines } from "./story.js";

const HELP = `nats-statechart replay: walks through a recording of a connection.

Usage: nats-statechart replay FILE [options]

  FILE                  JSON of nc.recording(), of a connection with the option record: true; or of the
                        field recording of the error that ended one. - reads from stdin.

Prints each step: when, which event, the state after it, and the effects that the chart asked for.

  --json                the steps as JSON; the shape is in docs/cli.md
  --inspect             sends the steps to an inspector, and stays until Ctrl-C

${INSPECTOR_HELP}

Exit codes: 0 it was replayed, 1 the file is no recording, 2 called wrongly.

Example:
  nats-statechart replay outage.json --inspect --local --open
`;

/** The command. */
export const replayCommand: Command = {
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, {
      ...inspectorOptions,
      json: { type: "boolean" },
      inspect: { type: "boolean" },
    });
    const [file, ...others] = positionals;
    if (file === undefined || others.length > 0) throw new UsageError("replay takes one file");
    if (values.json === true && values.inspect === true) {
      throw new UsageError("--json and --inspect exclude each other");
    }
    if (values.inspect !== true && (values.local ?? values.open ?? values.port) !== undefined) {
      throw new UsageError("--local, --open and --port go with --inspect");
    }
    const recording = await readRecording(file);
    if (values.inspect !== true) {
      const steps = replayed(recording);
      const lines =
        values.json === true
          ? jsonOfList("steps", storyJson(recording, steps))
          : storyLines(recording, steps, terminal.paint);
      for (const line of lines) terminal.out(line);
      return OK;
    }
    const inspector = await openInspector(values, terminal, RECORDING);
    showAgain(recording, inspection(inspector.inspect));
    terminal.out(`${recording.events.length} events sent; Ctrl-C ends it`);
    await untilStopped(terminal);
    await inspector.close();
    return OK;
  },
};

/** Lives the recording through once more, before that observer. The chart's own actions do nothing. */
function showAgain({ input, from, events }: Recording, inspect: (event: InspectionEvent) => void): void {
  const snapshot = from === null ? {} : { snapshot: connectionMachine.resolveState({ ...from }) };
  const actor = createActor(connectionMachine, { input, inspect, ...snapshot });
  actor.start();
  for (const event of events) actor.send(event);
}
