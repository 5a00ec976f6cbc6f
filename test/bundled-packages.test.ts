// What the package says of other people's code that is in it: scripts/bundled-packages.mjs, by which check-package.mjs looks.

import { describe, expect, it } from "vitest";
import { licenceProblems, packagesIn } from "../scripts/bundled-packages.mjs";

const xstate = { name: "xstate", version: "5.0.0", licenses: [{ license: { id: "MIT" } }] };
const elkjs = { name: "elkjs", version: "0.12.1", license: "EPL-2.0" };
const listedElkjs = { name: "elkjs", version: "0.12.1", licenses: [{ license: { id: "EPL-2.0" } }] };

describe("other people's code in the package", () => {
  it("is found by what esbuild put in, not by what it only looked at", async () => {
    const inputs = {
      "src/index.ts": { bytesInOutput: 10 },
      "node_modules/elkjs/lib/elk-api.js": { bytesInOutput: 10 },
      "node_modules/@nats-io/nkeys/lib/mod.js": { bytesInOutput: 10 },
      "node_modules/xstate/dist/xstate.esm.js": { bytesInOutput: 0 },
    };
    const found = await packagesIn([{ outputs: { "dist/page.js": { inputs } } }]);
    expect(found.map(({ name, license }) => `${name} ${license}`)).toEqual([
      "@nats-io/nkeys Apache-2.0",
      "elkjs EPL-2.0 OR GPL-3.0-or-later",
    ]);
  });

  it("is told in the bill of materials, with the very version", () => {
    const bundled = [{ name: "xstate", version: "5.0.1", license: "MIT" }];
    expect(licenceProblems({ components: [xstate], bundled, readme: "" })).toEqual([
      "code of xstate@5.0.1 is in the package, and not in its bill of materials",
    ]);
  });

  it("has a licence that nobody has to look at, or one that the README names beside it", () => {
    const told = (readme: string) =>
      licenceProblems({ components: [xstate, listedElkjs], bundled: [elkjs], readme });
    const problem = "the licence of elkjs is EPL-2.0: name both in one line of the README, or do not ship it";
    expect(told("")).toEqual([problem]);
    expect(told("It has elkjs inside.\nEPL-2.0 is a licence.")).toEqual([problem]);
    expect(told("Charts are laid out by elkjs (EPL-2.0).")).toEqual([]);
  });

  it("has a licence at all", () => {
    const components = [{ name: "nobody's", version: "1.0.0" }];
    expect(licenceProblems({ components, bundled: [], readme: "" })).toEqual([
      "the licence of nobody's is none: name both in one line of the README, or do not ship it",
    ]);
  });
});
