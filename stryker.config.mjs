// Mutation testing: how Stryker runs. scripts/mutation-sets.mjs says what is mutated and which tests are to notice,
// docs/mutation.md how to run it and what came of it. MUTATION names the set.

import { chosenSet, mutationSets, needsServers } from "./scripts/mutation-sets.mjs";
import { natsServers } from "./scripts/nats-servers.mjs";

const { mutate } = mutationSets[chosenSet];
const least = Number(process.env.MUTATION_LEAST ?? mutationSets[chosenSet].least);
// The tests run in a copy of the repository, which has none.
if (needsServers(mutationSets[chosenSet])) process.env.NATS_SERVERS = JSON.stringify(await natsServers());

export default {
  testRunner: chosenSet === "machine" ? "vitest" : "served",
  vitest: { configFile: "vitest.mutation.config.ts", related: false },
  plugins: ["@stryker-mutator/vitest-runner", "./scripts/mutation/served-runner.mjs"],
  // The preparation of a tsconfig for the sandbox does not know TypeScript 7, and nothing here needs it: there is none.
  tsconfigFile: "none",
  mutate,
  thresholds: { high: 95, low: least, break: least === 0 ? null : least },
  coverageAnalysis: "perTest",
  ignoreStatic: chosenSet !== "machine",
  incremental: process.env.INCREMENTAL === "1",
  incrementalFile: `reports/mutation/${chosenSet}-incremental.json`,
  concurrency: 1,
  timeoutMS: 4_000,
  // Of what all tests that meet the mutant take: far fewer run (serve.test.ts).
  timeoutFactor: chosenSet === "machine" ? 1.5 : 0.3,
  ignorePatterns: [
    "/.servers",
    "/.runtimes",
    "/.cache",
    "/.fuzz",
    "/bench",
    "/dist",
    "/docs",
    "/reports",
    "*.tgz",
  ],
  reporters: ["progress-append-only", "json", "html"],
  jsonReporter: { fileName: `reports/mutation/${chosenSet}.json` },
  htmlReporter: { fileName: `reports/mutation/${chosenSet}.html` },
};
