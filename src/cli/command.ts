// What a command of the command line tool is, and the two ways in which one ends early.
//
// The commands: one file each, beside this one. Which there are: dispatch.ts. What they print on: terminal.ts.

import { type ParseArgsConfig, parseArgs } from "node:util";
import type { Terminal } from "./terminal.js";

/** All is well. */
export const OK = 0;
/** The command did its work, and the answer is no: a check failed, a file is no recording. */
export const FAILED = 1;
/** The command was called in a way that it does not know. */
export const USAGE = 2;

/** A command of the tool. */
export interface Command {
  /** What `--help` of this command prints. */
  readonly help: string;
  /**
   * Does the work.
   * @returns the exit code: OK, FAILED or USAGE
   * @throws UsageError, CommandFailed
   */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** The command was called wrongly; the message says what is known instead. It never quotes a value: that may be a secret. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command cannot do what it was asked for; the message says why and what to do. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** The options that a command knows, as `parseArgs` of node:util takes them. */
export type KnownOptions = NonNullable<ParseArgsConfig["options"]>;

/**
 * Reads the arguments of a command.
 * @throws UsageError for an option that is not known, or has no value where it needs one
 */
export function readArguments<const Known extends KnownOptions>(args: readonly string[], options: Known) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(problemWith(error));
  }
}

/** Node's sentence, without its advice on arguments that begin with a dash. */
function problemWith(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const option = /'(-[^'\s=]*)/.exec(message)?.[1] ?? "an option";
  if (option === "--token") {
    return "a token on the command line can be read by every user of this machine: set NATS_TOKEN instead";
  }
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `unknown option ${option}`;
  if (/does not take/.test(message)) return `${option} takes no value`;
  if (code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") return `${option} needs a value`;
  return "the arguments cannot be read";
}
