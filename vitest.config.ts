// Three projects: what needs no network, what fast-check generates, and what runs real nats-servers.

import { defineConfig } from "vitest/config";

const servers = ["test/integration/**/*.test.ts", "test/parity/**/*.test.ts", "test/spec/**/*.test.ts"];
const properties = ["test/properties/**/*.test.ts"];

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...servers, ...properties],
        },
      },
      { test: { name: "properties", include: properties, testTimeout: 120_000 } },
      { test: { name: "integration", include: servers, testTimeout: 30_000, hookTimeout: 30_000 } },
    ],
  },
});
