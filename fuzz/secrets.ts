// Secrets that a fuzzed server repeats: it writes a sign, and here it becomes the secret, spelled in one of the ways that a
// server has. And the search for them in all that anybody sees.

import { textsIn } from "../test/harness/texts.js";

/** The beginning of every secret. It is none of the client's own words, nor one that a fuzzer finds by chance. */
const BEGINNING = "Zq§7";
/** So many characters in a row betray a secret that has at least twice as many. */
const PIECE = 8;

/** How a server may spell what it repeats. */
const spellings: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => JSON.stringify(secret).slice(1, -1),
  (secret) =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`),
  (secret) => encodeURIComponent(Buffer.from(secret).toString()),
  (secret) => Buffer.from(secret).toString("base64").replace(/=+$/, ""),
];

/** What secrets are made of: nothing that eight of in a row are a word of the client's own, and what spellings differ in. */
const ALPHABET = [..."BCDFGHJKLMNPQRSTVWXZ0123456789 _-./+=%\"'\\{}\r\n\t\0é\u2028😀"];

/** A secret; each of the bytes gives a character. */
export function secretOf(bytes: Uint8Array): string {
  return BEGINNING + Array.from(bytes, (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

/** The bytes, with the secret where one of the bytes 1 to 5 stands, each a spelling. A line break ends no line of it. */
export function withSecret(bytes: Uint8Array, secret: string): Uint8Array {
  const oneLine = (text: string) => Buffer.from(text.replace(/[\r\n]/g, " "));
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const [at, byte] of bytes.entries()) {
    const spelled = spellings[byte - 1];
    if (spelled === undefined) continue;
    pieces.push(bytes.subarray(from, at), oneLine(spelled(secret)));
    from = at + 1;
  }
  return pieces.length === 0 ? bytes : Buffer.concat([...pieces, bytes.subarray(from)]);
}

/** The first text in there that holds the secret, in any spelling, or a piece of it; undefined where none does. */
export function leakIn(seen: unknown, secret: string): string | undefined {
  const signs = [...spellings.map((spelled) => spelled(secret)), ...piecesOf(secret)];
  return textsIn(seen).find((text) => signs.some((sign) => text.includes(sign)));
}

function piecesOf(secret: string): readonly string[] {
  if (secret.length < 2 * PIECE) return [];
  return Array.from({ length: secret.length - PIECE + 1 }, (_, i) => secret.slice(i, i + PIECE));
}
