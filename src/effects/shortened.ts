// Texts of a server, as far as they are kept and shown: whatever it says, little of it stays. What is cut off is said.

/** Characters of a text of a server that are kept: of an error, or of a field of INFO. */
export const MAX_TEXT = 1_024;

/**
 * Characters behind the cut that are masked, too: a secret that the cut would divide is found whole. Of a long one, whatever part is
 * there is found.
 */
const BEYOND = 1_024;

/** Takes secrets out of a text. */
export type Masked = (text: string) => string;

/** The text, masked, and cut to its first `most` characters where it is longer: it then ends with how long it was. */
export function shortened(text: string, masked: Masked = (it) => it, most = MAX_TEXT): string {
  if (text.length <= most) return masked(text);
  const shown = masked(text.slice(0, most + BEYOND)).slice(0, most);
  // Half a character is none.
  return `${shown.replace(/[\ud800-\udbff]$/, "")}… (cut off: ${text.length} characters)`;
}
