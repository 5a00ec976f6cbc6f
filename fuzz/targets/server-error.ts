// What -ERR says: any text is understood, as one of the known kinds, and nothing is added to it.
//
// An input is the text between the quotes.

import { failureOf, isHarmless, isRefusal, serverErrorFrom } from "../../src/machine/server-error.js";
import { must } from "../finding.js";

/** Bytes of an input, at most. */
export const LONGEST = 512;

/** The target. */
export function fuzz(data: Uint8Array): void {
  const text = Buffer.from(data).toString();
  const error = serverErrorFrom(text);
  must(text.startsWith(error.message.slice(0, 32)), () => "the message is not what the server wrote");
  must(error.message.length <= text.length + 64, () => "the message is longer than what the server wrote");
  must(/^[A-Z_]+$/.test(error.code), () => `the code ${error.code}`);
  must(!(isHarmless(error) && isRefusal(error)), () => `${error.kind} is harmless and a refusal`);
  must(failureOf(error).message === error.message, () => "the failure says something else");
  const { permission } = error;
  must(
    permission === undefined || error.kind === "permissionsViolation",
    () => `${error.kind} names a permission`,
  );
  if (permission === undefined) return;
  const { operation, subject, queue = "" } = permission;
  must(operation === "publish" || operation === "subscription", () => `the operation ${operation}`);
  must(subject.length + queue.length <= text.length, () => "subject and queue are longer than the text");
}
