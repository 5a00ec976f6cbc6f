// Where commands print: lines on stdout and stderr, with colours where somebody looks at them. Nothing is said here.
//
// Colours follow the convention of NO_COLOR (https://no-color.org) and FORCE_COLOR.

import { printable as escapedControls, withoutControls } from "../effects/wire/control-characters.js";

/** Colours by what they mean; each returns the text unchanged where there are to be none. */
export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
}

/** What a command prints on and reads from. */
export interface Terminal {
  /** Prints a line, or several, on stdout. */
  out(text: string): void;
  /** Prints a line, or several, on stderr. */
  err(text: string): void;
  /** Colours for `out`. */
  readonly paint: Paint;
  readonly env: Environment;
  /** Aborted at the first Ctrl-C, or SIGTERM; who never asks for it is ended by these at once. */
  readonly stopped: AbortSignal;
}

/** The variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

const code = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`;
const unchanged = (text: string) => text;

const colours: Paint = { good: code(32, 39), bad: code(31, 39), strong: code(1, 22), faint: code(2, 22) };

/** No colours. */
export const plainPaint: Paint = { good: unchanged, bad: unchanged, strong: unchanged, faint: unchanged };

/** The colours for a stream: none where it is no terminal, or where the environment does not want any. */
export function paintFor(isTerminal: boolean, env: Environment): Paint {
  const { NO_COLOR: no = "", FORCE_COLOR: force = "", TERM: term } = env;
  if (no !== "") return plainPaint;
  if (force !== "") return force === "0" ? plainPaint : colours;
  return isTerminal && term !== "dumb" ? colours : plainPaint;
}

const MOST = 300;

/**
 * Text from a server or a file as it may be printed: on one line, and without characters that steer a terminal.
 * Longer than a few lines it is cut, and says how long it was.
 */
export function printable(text: string): string {
  const harmless = withoutControls(text, () => " ");
  if (harmless.length <= MOST) return harmless;
  return `${harmless.slice(0, MOST)}... (cut: it has ${text.length} characters)`;
}

/** The same for several lines: they stay, and all of them. */
export function harmless(lines: string): string {
  return lines.split("\n").map(escapedControls).join("\n");
}

/** Credentials in URLs, such as `nats://user:password@host`, hidden. */
export function masked(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/]*@/gi, "$1***@");
}
