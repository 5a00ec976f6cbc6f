// Three kinds of tests: unit (no network), properties (fast-check) and integration (real nats-servers on loopback,
// both versions). `npm test` runs all; `npx vitest run --project unit` one. scripts/nats-servers.mjs brings the servers.

import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const INTEGRATION = [
  "test/integration/**/*.test.ts",
  "test/in-place/**/*.test.ts",
  "test/parity/**/*.test.ts",
  "test/spec/**/*.test.ts",
];
const PROPERTIES = ["test/properties/**/*.test.ts"];

/** The long ones, in this order: those that compute all the time, beside them some that only wait, then the browsers. */
const LONG = [
  "properties/simulation/first-half",
  "properties/simulation/second-half",
  "properties/chart/foul-stories",
  "properties/chart/stories",
  "integration/signals",
  "integration/silent-network",
  "integration/nats-core-outage",
  "parity/requests",
  "integration/local-inspector",
  "integration/browser",
  "properties/chart/exploration",
  "integration/examples",
  "in-place/outage",
].map((name) => `/test/${name}.test.ts`);

/** The long ones first, so that none is left alone at the end; then as Vitest would have it. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const long = LONG.flatMap((name) => sorted.filter(({ moduleId }) => moduleId.endsWith(name)));
    return [...long, ...sorted.filter((file) => !long.includes(file))];
  }
}

/** `--sequence.shuffle.files` asks for an order by chance, with which a sequencer of our own would interfere. */
const SHUFFLED = process.argv.some((argument) => argument.startsWith("--sequence.shuffle"));

export default defineConfig({
  test: {
    // Two cores: tests with real servers mostly wait, the properties never do.
    maxWorkers: 4,
    sequence: SHUFFLED ? {} : { sequencer: LongestFirst },
    // What differs is in the message itself, which is all that some reporters show.
    chaiConfig: { truncateThreshold: 1_000 },
    // A story and a simulated world are many small objects that soon die.
    execArgv: ["--max-semi-space-size=32"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...INTEGRATION, ...PROPERTIES],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          // Small files that load the same modules: loading them once takes half of the time. A file that replaces a
          // module, or a global, puts it back.
          isolate: false,
          // Also behind a test that failed before it could put them back.
          unstubGlobals: true,
          unstubEnvs: true,
        },
      },
      {
        extends: true,
        test: { name: "properties", include: PROPERTIES, testTimeout: 120_000 },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: INTEGRATION,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          globalSetup: ["test/harness/global-setup.ts"],
        },
      },
    ],
  },
});
