// Files that are too large to be recordings: told at once, whatever is in them. Apart from recording-file.test.ts, since each
// character is looked at.

import { truncateSync } from "node:fs";
import { expect, it } from "vitest";
import { MOST_BYTES, MOST_VALUES, readRecording, recordingFrom } from "../../src/cli/recording-file.js";
import { scratchFile } from "../harness/certificates.js";

it("a recording of many values is refused", () => {
  const content = `[${"{},".repeat(MOST_VALUES / 2)}1]`;
  expect(() => recordingFrom(content)).toThrow(
    `this is no recording of nats-statechart: it has more than ${MOST_VALUES} values`,
  );
});

it("a recording of more than 64 MiB is refused", async () => {
  const path = scratchFile("large.json", "");
  truncateSync(path, MOST_BYTES + 1);
  await expect(readRecording(path)).rejects.toThrow("the file has more than 64 MiB");
});
