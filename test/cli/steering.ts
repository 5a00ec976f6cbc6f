// Characters that steer what shows them, for tests of what is printed. A line feed is none: lines are the tool's own.

/** True where a terminal obeys the text, or turns it around. */
export function steers(text: string): boolean {
  return /[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u.test(text);
}

/** Some of each kind, between words. */
export const steering = "a\u001b[2Jb\u009b2Jc\u0085d\u061ce\u200ff\u202eg\u2066h\u2028i\u007fj";
