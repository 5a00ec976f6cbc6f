// How large text will be, without a screen to measure on: rather a little too wide. Pure.
//
// Events are set in a monospaced face, whose characters are all of one width, and states in a proportional one, for
// which an average is taken that leaves room in every face that a reader may have.

export const STATE_FONT_SIZE = 13;
export const EVENT_FONT_SIZE = 10.5;
export const EVENT_LINE_HEIGHT = 13;

/** Lines of a label that are written; the rest is counted. */
const MAX_LINES = 3;
const MAX_CHARACTERS = 26;

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
