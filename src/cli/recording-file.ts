// A recording from a file: read, checked, and played again. What a recording is: src/machine/replay.ts.
//
// Whoever has a bad file is told what is wrong with it, and where; nothing in it is quoted but the types of its events.

import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { connectionMachine } from "../machine/connection-machine.js";
import { createContext } from "../machine/context.js";
import { type Recording, type ReplayStep, replay, versionProblem } from "../machine/replay.js";
import { CommandFailed } from "./command.js";
import { printable } from "./terminal.js";

/**
 * Reads a recording, `-` from stdin: what `nc.recording()` gave, as JSON, or an object with it as `recording`.
 * @throws CommandFailed that says what is wrong with the file
 */
export async function readRecording(path: string): Promise<Recording> {
  return recordingFrom(await contentOf(path));
}

async function contentOf(path: string): Promise<string> {
  try {
    return path === "-" ? await textOf(process.stdin) : await readFile(path, "utf8");
  } catch (error) {
    throw new CommandFailed(`the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/**
 * The recording in a text.
 * @throws CommandFailed that says what is wrong with it
 */
export function recordingFrom(content: string): Recording {
  let value: unknown;
  try {
    value = JSON.parse(content.replace(/^\uFEFF/, ""));
  } catch {
    throw bad(content.trim() === "" ? "the file is empty" : "the file is not JSON");
  }
  const recording = isObject(value) && isObject(value["recording"]) ? value["recording"] : value;
  if (!isObject(recording)) throw bad("the file holds no object");
  const { version, input, from, events } = recording;
  const problem = versionProblem(recording);
  if (problem !== null)
    throw typeof version === "number" ? new CommandFailed(problem) : bad('it has no "version"');
  if (!isObject(input) || !Array.isArray(input["servers"]) || typeof input["at"] !== "number") {
    throw bad('it has no "input" with servers and a time');
  }
  if (from !== null && !(isObject(from) && isObject(from["context"]) && from["value"] !== undefined)) {
    throw bad('its "from" is neither null nor a state with a context');
  }
  if (!Array.isArray(events)) throw bad('it has no list of "events"');
  events.forEach(checkEvent);
  return recording as unknown as Recording;
}

function checkEvent(event: unknown, index: number): void {
  const where = `event ${index + 1}`;
  if (!isObject(event) || typeof event["type"] !== "string") throw bad(`${where} has no type`);
  const { type, at } = event;
  if (!(connectionMachine.events as readonly string[]).includes(type)) {
    throw bad(`${where} is of the type "${printable(type)}", which this version does not know`);
  }
  if (typeof at !== "number" || !Number.isFinite(at)) throw bad(`${where} (${type}) has no time ("at")`);
}

/**
 * Plays a recording again.
 * @throws CommandFailed where the chart cannot follow it: something in it is not as the chart wrote it
 */
export function played(recording: Recording): readonly ReplayStep[] {
  try {
    // XState keeps to itself what is wrong with an input.
    createContext(recording.input);
    return replay(recording);
  } catch (error) {
    throw bad(`the chart cannot follow it: ${printable((error as Error).message)}`);
  }
}

function bad(problem: string): CommandFailed {
  return new CommandFailed(
    `this is no recording: ${problem}. A recording is JSON.stringify(nc.recording()) of a connection with the option record`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
