// What a user gives as credentials, before anything reads it: how much of it there may be; and the texts of a credentials file.
// What is made of them: authenticators.ts.

import { textDecoder } from "./codec.js";

/**
 * Bytes of a credentials file or a seed; characters of a JWT, a token, a password or a signature. nats-server takes 4 KiB for all of
 * CONNECT, unless its `max_control_line` is larger.
 */
export const MAX_CREDENTIALS = 65_536;

/** What is wrong with something of that length: in words, or nothing. */
export function problemOfLength(length: number, unit: "bytes" | "characters"): string | undefined {
  return length > MAX_CREDENTIALS ? `more than ${MAX_CREDENTIALS} ${unit}` : undefined;
}

/** The texts between BEGIN and END lines, in their order. Takes line ends of Windows and a missing last one. */
export function sectionsOf(content: Uint8Array): readonly string[] {
  const found: string[] = [];
  let open: string | undefined;
  for (const raw of textDecoder.decode(content).split("\n")) {
    const line = raw.trim();
    if (!isFrame(line)) {
      if (open !== undefined) open += line;
    } else if (open) {
      found.push(open);
      open = undefined;
    } else {
      open = "";
    }
  }
  return found;
}

const isFrame = (line: string) => line.length >= 6 && line.startsWith("---") && line.endsWith("---");
