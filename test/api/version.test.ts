// The version that CONNECT tells is that of the package.

import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { version } from "../../src/api/version.js";

it("is the version of package.json", async () => {
  const { version: packaged } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
  expect(version).toBe(packaged);
});
