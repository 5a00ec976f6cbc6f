// Errors without a stack, for what a server says.

import { expect, it } from "vitest";
import { stackless } from "../../src/api/stackless.js";

it("an error that is made without a stack says its name and message alone; the next one has its stack", () => {
  expect(stackless(() => new RangeError("too much")).stack).toBe("RangeError: too much");
  expect(new RangeError("too much").stack).toMatch(/^RangeError: too much\n {4}at /);
});

it("the next error has its stack also where nothing could be made", () => {
  const fails = () => {
    throw new Error("user code");
  };
  expect(() => stackless(fails)).toThrow("user code");
  expect(new Error("next").stack).toContain("stackless.test");
});
