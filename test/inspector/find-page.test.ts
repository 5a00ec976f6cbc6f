// Where the built page of the local inspector is looked for.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findPage } from "../../src/inspector/find-page.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "find page-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** Makes a file in the folder of the test. Returns its path. */
function file(...path: string[]): string {
  const made = join(root, ...path);
  mkdirSync(dirname(made), { recursive: true });
  writeFileSync(made, "");
  return made;
}

describe("the built page", () => {
  it("is beside the folders of the built code, seen from a URL as from a path", async () => {
    const page = dirname(file("dist", "inspector", "index.html"));
    for (const kind of ["esm", "cjs"]) {
      const here = file("dist", kind, "inspector", "find-page.js");
      for (const name of [here, pathToFileURL(here).href]) expect(await findPage(name)).toBe(page);
    }
  });

  it("is in dist, seen from the sources", async () => {
    const page = dirname(file("dist", "inspector", "index.html"));
    expect(await findPage(file("src", "inspector", "find-page.ts"))).toBe(page);
  });

  it("is the nearest one, and none without its first file", async () => {
    file("dist", "inspector", "index.html");
    file("dist", "esm", "inspector", "inspector.js");
    const near = dirname(file("dist", "esm", "cli", "inspector", "index.html"));
    expect(await findPage(file("dist", "esm", "cli", "main.js"))).toBe(near);
    expect(await findPage(file("dist", "esm", "inspector", "find-page.js"))).toBe(
      join(root, "dist", "inspector"),
    );
  });

  it("is missed with a word on what makes it", async () => {
    await expect(findPage(file("src", "inspector", "find-page.ts"))).rejects.toThrow(
      "the page of the local inspector is not built: npm run build",
    );
  });
});
