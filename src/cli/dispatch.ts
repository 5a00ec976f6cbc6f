// Picks the command that the arguments name, runs it, and prints what it complains of.
//
// What each command does is in its own file; they are loaded when they are called, so that `--help` is quick. The process that
// it runs in: process.ts.

import { version } from "../api/version.js";
import { type Command, CommandFailed, FAILED, OK, USAGE, UsageError } from "./command.js";
import type { Terminal } from "./terminal.js";

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  check: async () => (await import("./check.js")).check,
  inspect: async () => (await import("./inspect.js")).inspect,
  replay: async () => (await import("./replay.js")).replayCommand,
  chart: async () => (await import("./chart.js")).chart,
};

const HELP = `nats-statechart: see what a NATS connection does, and why it does not.

Usage: nats-statechart COMMAND [arguments]

Commands:
  check [SERVER...]     connects once and tells, step by step, what happened: DNS, TCP, INFO, TLS,
                        credentials, round trip; and what to do where a step failed
  inspect [SERVER...]   connects, stays, and shows the connection's chart live in an inspector
  replay FILE           walks through a recording of a connection (nc.recording() as JSON)
  chart                 prints the chart of a connection: as Mermaid, SVG or JSON

  nats-statechart COMMAND --help tells more of each.

Options:
  -h, --help            this text
  -v, --version         the version of nats-statechart

Exit codes: 0 all is well, 1 a check or a file failed, 2 it was called wrongly.
Colours: only on a terminal; never with NO_COLOR set, always with FORCE_COLOR set.
`;

/**
 * Runs the command that the arguments name.
 * @returns the exit code: OK, FAILED or USAGE
 */
export async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version" || name === "-v") {
    terminal.out(version);
    return OK;
  }
  if (name === "--help" || name === "-h" || (name === "help" && rest.length === 0)) {
    terminal.out(HELP);
    return OK;
  }
  if (name === undefined) {
    terminal.err(HELP);
    return USAGE;
  }
  const asked = name === "help" ? `${rest[0]}` : name;
  const load = Object.hasOwn(commands, asked) ? commands[asked] : undefined;
  if (load === undefined) {
    const kind = name.startsWith("-") ? "option" : "command";
    const known = Object.keys(commands).join(", ");
    // What was written may be a URL, with a password in it.
    terminal.err(`nats-statechart: there is no such ${kind}; the commands are ${known} (see --help)`);
    return USAGE;
  }
  const command = await load();
  if (name === "help" || rest.includes("--help") || rest.includes("-h")) {
    terminal.out(command.help);
    return OK;
  }
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    return complain(`nats-statechart ${name}`, error, terminal);
  }
}

function complain(who: string, error: unknown, terminal: Terminal): number {
  if (error instanceof UsageError) {
    terminal.err(`${who}: ${error.message} (see ${who} --help)`);
    return USAGE;
  }
  const isExpected = error instanceof CommandFailed;
  const text = isExpected ? error.message : `a bug: ${(error as Error)?.stack ?? error}`;
  terminal.err(`${who}: ${text}`);
  return FAILED;
}
