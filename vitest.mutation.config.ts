// Which tests the mutation testing runs: the quick ones, and no server. stryker.config.mjs says what is mutated, and
// docs/mutation.md how to run it. The usual tests are in vitest.config.ts.

import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// The chart is built when its module is loaded: a mutant of it needs every test. So nothing slow is among them.
const TESTS = {
  machine: ["test/machine/*.test.ts"],
  messages: ["test/effects/wire/*.test.ts", "test/api/subscri*.test.ts", "test/api/slow-consumer.test.ts"],
} as const;

const set = process.env["MUTATION"] === "messages" ? "messages" : "machine";

/** The tests nearest to the bytes first: a mutant dies of the first test that fails. */
const ORDER = ["/effects/wire/", "/machine/", "/api/"];
const place = ({ moduleId }: TestSpecification) => ORDER.findIndex((part) => moduleId.includes(part));

class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    include: [...TESTS[set]],
    testTimeout: 60_000,
    isolate: false,
    sequence: { sequencer: NearestFirst },
  },
});
