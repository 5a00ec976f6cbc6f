// The tool in its process: what it prints on, how signals stop it, and how it ends once all is written.
//
// What it does there: dispatch.ts.

import { constants } from "node:os";
import { FAILED, OK } from "./command.js";
import { dispatch } from "./dispatch.js";
import { type Environment, harmless, masked, paintFor, type Terminal } from "./terminal.js";

/** What the tool needs of the process that it runs in. */
export interface Host {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream;
  on(signal: "SIGINT" | "SIGTERM", heard: () => void): unknown;
  exit(code: number): unknown;
}

/** Runs the tool with the arguments of the process, and ends the process with its exit code. */
export async function runIn(host: Host): Promise<void> {
  const { stdout } = host;
  const unwritten = unwrittenIn(host);
  stdout.on("error", unwritten);
  const code = await dispatch(host.argv.slice(2), terminalOf(host));
  // Not before all is written: exit throws away what a slow pipe has not taken.
  stdout.write("", (error) => {
    if (error) unwritten(error);
    else host.exit(code);
  });
}

function terminalOf(host: Host): Terminal {
  const { stdout, stderr, env } = host;
  const print = (stream: NodeJS.WritableStream) => (text: string) =>
    void stream.write(text.endsWith("\n") ? text : `${text}\n`);
  const err = print(stderr);
  let stopped: AbortSignal | undefined;
  return {
    out: print(stdout),
    // The last place: whatever an error quotes, it steers no terminal.
    err: (text) => err(harmless(masked(text))),
    paint: paintFor(stdout.isTTY === true, env),
    env,
    get stopped() {
      stopped ??= signalsHeardBy(host);
      return stopped;
    },
  };
}

/** From here on Ctrl-C does not end the process, but aborts the signal. */
function signalsHeardBy(host: Host): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    host.on(signal, () => {
      // Who asks twice does not want to wait.
      if (stop.signal.aborted) host.exit(128 + constants.signals[signal]);
      stop.abort();
    });
  }
  return stop.signal;
}

/** Ends the process where stdout takes no more. */
function unwrittenIn({ stderr, exit }: Host): (error: NodeJS.ErrnoException) => void {
  let isTold = false;
  return ({ code }) => {
    // Whoever reads no further, such as `head`, has seen enough.
    if (code === "EPIPE") return void exit(OK);
    if (isTold) return;
    isTold = true;
    stderr.write(`nats-statechart: the output could not be written (${code})\n`, () => void exit(FAILED));
  };
}
