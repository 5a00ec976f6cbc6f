// Three kinds of tests: unit (no network), properties (fast-check) and integration (real nats-servers on loopback,
// both versions). `npm test` runs all; `npx vitest run --project unit` one. scripts/nats-servers.mjs brings the servers.

import { defineConfig } from "vitest/config";

const INTEGRATION = ["test/integration/**/*.test.ts", "test/parity/**/*.test.ts", "test/spec/**/*.test.ts"];
const PROPERTIES = ["test/properties/**/*.test.ts"];

export default defineConfig({
  test: {
    // Real servers and their clients share the machine with the tests: more at once makes timing tests lie.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...INTEGRATION, ...PROPERTIES],
          testTimeout: 30_000,
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
