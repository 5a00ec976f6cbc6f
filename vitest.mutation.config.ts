// Which tests the mutation testing runs, and in which order. scripts/mutation-sets.mjs has the sets, docs/mutation.md
// says how to run it. The usual tests are in vitest.config.ts.

import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { chosenSet, mutationSets } from "./scripts/mutation-sets.mjs";

const { tests = [] } = mutationSets[chosenSet] ?? {};
/** The folders in the order of the set: a mutant dies of the first test that fails. */
const folders = tests.map((glob) => `/${glob.slice(0, glob.lastIndexOf("/") + 1).replace("**/", "")}`);
const place = ({ moduleId }: TestSpecification) =>
  moduleId.endsWith("/serve.test.ts")
    ? folders.length
    : folders.findIndex((folder) => moduleId.includes(folder));
/** The chart is built when it is loaded: its set is loaded anew for each mutant, by Stryker's own runner. */
const isServed = chosenSet !== "machine";

class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    include: [...tests, ...(isServed ? ["scripts/mutation/serve.test.ts"] : [])],
    ...(isServed ? { runner: "./scripts/mutation/collecting-runner.ts" } : {}),
    provide: { natsServers: JSON.parse(process.env["NATS_SERVERS"] ?? "[]") },
    testTimeout: 60_000,
    isolate: false,
    sequence: { sequencer: NearestFirst },
  },
});
