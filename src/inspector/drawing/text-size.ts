// How large text will be, without a screen to measure on: rather a little too wide. Pure.
//
// Events are set in a monospaced face, whose characters are all of one width, and states in a proportional one, for
// which an average is taken that leaves room in every face that a reader may have.

export const STATE_FONT_SIZE = 13;
export const STATE_LINE_HEIGHT = 15;
export const EVENT_FONT_SIZE = 10.5;
export const EVENT_LINE_HEIGHT = 13;

/** Lines of a label that are written; the rest is counted. */
const MAX_LINES = 3;
const MAX_CHARACTERS = 26;
/** A longer name of a state takes two lines, if it is of several words: one wide box makes the whole picture wide. */
const MAX_IN_LINE = 12;

/** The lines in which the name of a state without states inside is written: between two words, where they are most alike. */
export function stateLines(name: string): readonly string[] {
  if ([...name].length <= MAX_IN_LINE) return [name];
  const breaks = [...name.matchAll(/(?<=[^A-Z])(?=[A-Z])|(?<=[-_ ])/g)].map(({ index }) => index);
  const longer = (at: number) => Math.max(at, name.length - at);
  const [at] = breaks.toSorted((a, b) => longer(a) - longer(b));
  return at === undefined ? [name] : [name.slice(0, at), name.slice(at)];
}

/** Width of a state's name. */
export function stateTextWidth(text: string): number {
  return Math.ceil([...text].length * STATE_FONT_SIZE * 0.62);
}

/** Size of the lines of a label. */
export function eventTextSize(lines: readonly string[]): { readonly width: number; readonly height: number } {
  const longest = Math.max(0, ...lines.map((line) => [...line].length));
  return {
    width: Math.ceil(longest * EVENT_FONT_SIZE * 0.61) + 6,
    height: lines.length * EVENT_LINE_HEIGHT + 2,
  };
}

/** The lines that are written for what leads along a line. */
export function labelLines(events: readonly string[]): readonly string[] {
  const shown = events.length > MAX_LINES ? events.slice(0, MAX_LINES - 1) : events;
  const more = events.length - shown.length;
  return [...shown.map(shortened), ...(more > 0 ? [`and ${more} more`] : [])];
}

function shortened(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text;
}
