// Mutation testing: what is mutated. vitest.mutation.config.ts says which tests are to notice, docs/mutation.md how to
// run it and what came of it. MUTATION names the set: `machine` (by default) or `messages`.

const SETS = {
  // The chart, and everything that it is made of.
  machine: { mutate: ["src/machine/**/*.ts", "!src/machine/index.ts"], break: 90 },
  // What reads a message off the wire, and where it goes.
  messages: {
    mutate: [
      "src/effects/wire/parser.ts",
      "src/effects/wire/message-line.ts",
      "src/effects/wire/protocol-violation.ts",
      "src/api/subscription*.ts",
    ],
    break: 80,
  },
};

const set = process.env.MUTATION ?? "machine";
const { mutate, break: least } = SETS[set];

export default {
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutation.config.ts" },
  plugins: ["@stryker-mutator/vitest-runner"],
  // The preparation of a tsconfig for the sandbox does not know TypeScript 7, and nothing here needs it: there is none.
  tsconfigFile: "none",
  mutate,
  thresholds: { high: 95, low: least, break: least },
  coverageAnalysis: "perTest",
  // The literals of the chart are read when its module is loaded, and they are what matters.
  ignoreStatic: false,
  concurrency: 1,
  timeoutMS: 5_000,
  ignorePatterns: ["/.servers", "/.runtimes", "/.cache", "/bench", "/dist", "/docs", "/reports", "*.tgz"],
  reporters: ["progress-append-only", "clear-text", "json", "html"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: `reports/mutation/${set}.json` },
  htmlReporter: { fileName: `reports/mutation/${set}.html` },
};
