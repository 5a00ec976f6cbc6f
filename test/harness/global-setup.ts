// Runs once before the integration tests: makes sure that the nats-servers are there, a browser, and busybox, and tells the tests.

import type { TestProject } from "vitest/node";
import { busyboxPath } from "../../scripts/busybox.mjs";
import { chromiumPath } from "../../scripts/chromium.mjs";
import { type NatsServer, natsServers } from "../../scripts/nats-servers.mjs";

declare module "vitest" {
  interface ProvidedContext {
    natsServers: readonly NatsServer[];
  }
}

/** Fails the run where a server is missing: a test that is skipped would look like one that passed. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide("natsServers", await natsServers());
  // Once, before tests at work side by side would all try. Those that need it say why it is not there.
  await Promise.allSettled([chromiumPath(), busyboxPath()]);
}
