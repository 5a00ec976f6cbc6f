// Text of others as the page shows it: characters that nobody sees, or that turn around what stands beside them, are seen. Pure.

/** The text with its controls, and the marks that change the direction of text, as escapes such as `\u202e`. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, (one) => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
