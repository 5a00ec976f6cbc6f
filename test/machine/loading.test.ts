// The chart is built when its module is loaded; a target or a start that does not exist shows there. The other tests
// need the module: where it cannot be loaded they do not run at all, and a test runner may take that for success.

import { expect, test } from "vitest";

test("the chart can be built", async () => {
  const { connectionMachine } = await import("../../src/machine/connection-machine.js");
  expect(connectionMachine.id).toBe("connection");
});
