// Headers: any block is read without an error, and what was read comes back from its bytes as it was.
//
// An input is the block, as a server puts it before a payload.

import { NatsError } from "../../src/api/errors.js";
import { headers, Match, MsgHdrsImpl } from "../../src/api/headers.js";
import { must } from "../finding.js";

/** Bytes of an input, at most. */
export const LONGEST = 512;

/** The target. */
export function fuzz(data: Uint8Array): void {
  const read = MsgHdrsImpl.decode(data);
  const fields = [...read];
  const length = fields.flat(2).reduce((sum, text) => sum + text.length, 0) + read.description.length;
  must(length <= data.length, () => `${length} characters out of ${data.length} bytes`);
  must(Number.isSafeInteger(read.code) && read.code >= 0, () => `the code ${read.code}`);
  must(read.hasError === read.code >= 300, () => "hasError and code contradict each other");
  mustAnswer(read, fields);
  mustBeFramed(read, fields.length === 0 ? 0 : fields.flatMap(([, values]) => values).length);
  const back = MsgHdrsImpl.decode(read.encode());
  must(
    JSON.stringify([...back]) === JSON.stringify(fields),
    () => "the fields do not come back from their bytes",
  );
  // Without a code there is no status to send.
  if (read.code > 0)
    must(back.status === read.status, () => `the status ${read.status} comes back as ${back.status}`);
  must(back.equals(read), () => "they do not equal themselves after a way over the wire");
  mustBeSafeToCopy(fields);
}

/** Every question that a user can ask of a key has an answer. */
function mustAnswer(read: MsgHdrsImpl, fields: readonly [string, string[]][]): void {
  for (const [key, values] of fields) {
    must(
      read.has(key) && read.get(key) === values[0] && read.last(key) === values.at(-1),
      () => `the key ${key} is not found`,
    );
    must(
      read.values(key, Match.IgnoreCase).length >= values.length,
      () => `the key ${key} is not found in its own case`,
    );
  }
}

/** Their text is a version line, a line for each value, an empty line, and nothing else. */
function mustBeFramed(read: MsgHdrsImpl, values: number): void {
  const text = read.toString();
  if (text === "") return;
  const lines = text.split(/\r\n|\r|\n/);
  must(lines.length === values + 3, () => `${lines.length} lines for ${values} values`);
  must(
    text.endsWith("\r\n\r\n") && /^NATS\/1\.0( \d+.*)?$/s.test(lines[0] as string),
    () => "no frame around the lines",
  );
}

/** What was received may be set by a user: each value is taken, or refused with an error of ours. */
function mustBeSafeToCopy(fields: readonly [string, string[]][]): void {
  const copy = headers() as MsgHdrsImpl;
  let taken = 0;
  for (const [key, values] of fields) {
    for (const value of values) {
      try {
        copy.append(key, value);
        taken++;
      } catch (error) {
        if (!(error instanceof NatsError)) throw error;
      }
    }
  }
  mustBeFramed(copy, taken);
}
