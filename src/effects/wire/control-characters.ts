// Characters that steer whatever shows them: a terminal obeys them, and some turn the text around them. What others send
// is printed without them. Not here: what may stand in a subject (subject.ts).

/** Controls of ASCII and Latin-1, separators of lines and paragraphs, and what changes the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** The text with another in the place of each run of control characters. */
export function withoutControls(text: string, instead: (run: string) => string): string {
  return text.replace(CONTROLS, instead);
}

/** The text with its control characters as escapes: nothing in it steers a terminal, and all of it can be seen. */
export function printable(text: string): string {
  return withoutControls(text, (run) => Array.from(run, (one) => escaped(one.charCodeAt(0))).join(""));
}

/** A character by its code as a string of JavaScript has it: `\x1b`, `\u202e`. */
export function escaped(code: number): string {
  const digits = code.toString(16);
  return code < 256 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
