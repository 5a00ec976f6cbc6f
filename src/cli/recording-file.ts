// A recording from a file: read, checked, and played again. What a recording is: src/machine/recording.ts.
//
// Whoever has a bad file is told what is wrong with it, and where; no text in it is quoted but names that nobody knows.

import { createReadStream } from "node:fs";
import type { Recording } from "../machine/recording.js";
import { checkedRecording, RecordingError, replayed } from "../machine/replay.js";
import { CommandFailed } from "./command.js";

/** Bytes of a file, at most. */
export const MOST_BYTES = 64 * 1024 * 1024;
/** Values in a file, at most: one of 2,000 events has some two million where each is an INFO with 1,000 servers. */
export const MOST_VALUES = 5_000_000;
/** Lists and objects within each other, at most: a recording has some twenty. */
export const DEEPEST = 100;

/**
 * Reads a recording, `-` from stdin: what `nc.recording()` gave, as JSON, or an object with it as `recording`.
 * @param mostBytes how large it may be
 * @throws CommandFailed that says what is wrong with the file
 */
export async function readRecording(path: string, mostBytes = MOST_BYTES): Promise<Recording> {
  const stream = path === "-" ? process.stdin : createReadStream(path);
  return recordingFrom(await contentOf(stream, mostBytes));
}

async function contentOf(stream: NodeJS.ReadableStream, mostBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of stream) {
      pieces.push(piece as Buffer);
      size += piece.length;
      if (size > mostBytes) throw bad(`the file has more than ${mostBytes / 1024 / 1024} MiB`);
    }
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(`the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return Buffer.concat(pieces).toString();
}

/**
 * The recording in a text: each of its events and fields is as the chart writes them, and each event can happen where it stands.
 * @param mostValues how many values it may have
 * @throws CommandFailed that says what is wrong with it, and where
 */
export function recordingFrom(content: string, mostValues = MOST_VALUES): Recording {
  try {
    const recording = checkedRecording(within(parsed(content, mostValues)));
    // Played to its end before anything is told of it.
    for (const _step of replayed(recording));
    return recording;
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    throw failed(error.message);
  }
}

function parsed(content: string, mostValues: number): unknown {
  const text = content.replace(/^\uFEFF/, "");
  if (text.trim() === "") throw bad("the file is empty");
  const excess = excessIn(text, mostValues);
  if (excess !== null) throw bad(excess);
  try {
    return JSON.parse(text);
  } catch {
    throw bad("the file is not JSON");
  }
}

/** What no recording has, and a parser would take much memory for: seen by one look at each character. Null where there is nothing of it. */
function excessIn(json: string, mostValues: number): string | null {
  let depth = 0;
  let values = 0;
  let isText = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (isText) {
      if (character === "\\") at++;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === ",") values++;
    else if (character === "]" || character === "}") depth--;
    else if (character === "[" || character === "{") {
      values++;
      depth++;
    }
    if (depth > DEEPEST) return `it has more than ${DEEPEST} lists and objects within each other`;
    if (values > mostValues) return `it has more than ${mostValues} values`;
  }
  return null;
}

/** The recording in the error that carries it, or the value itself. */
function within(value: unknown): unknown {
  if (!isObject(value)) throw bad("the file holds no object");
  const inner = value["recording"];
  return isObject(inner) ? inner : value;
}

const HINT = "A recording is JSON.stringify(nc.recording()) of a connection with the option record";

const NONE = "this is no recording of nats-statechart";

function bad(problem: string): CommandFailed {
  return failed(`${NONE}: ${problem}`);
}

function failed(message: string): CommandFailed {
  return new CommandFailed(message.startsWith(NONE) ? `${message}. ${HINT}` : message);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
