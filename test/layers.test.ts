// The layer rule of the house, and that no imports go round in a circle, checked by breaking them: biome.json must report
// each offence below, and nothing else.
// Tiny sources are linted in a temporary folder, under the repository's own configuration. The real sources are
// linted by `npm run lint`.

import { beforeAll, describe, expect, it } from "vitest";
import { type Finding, linted } from "./harness/linted.js";

const IMPORT = "lint/style/noRestrictedImports";
const GLOBAL = "lint/style/noRestrictedGlobals";
const PLUGIN = "plugin";
const NON_NULL = "lint/style/noNonNullAssertion";
const CIRCLE = "lint/suspicious/noImportCycles";
const RULES = [IMPORT, GLOBAL, PLUGIN, NON_NULL, CIRCLE];

const uses = (expression: string) => `export const used = () => ${expression};`;
const from = (source: string) => `import { thing } from "${source}";\n${uses("thing")}`;

/** What is written, and in which folder; and the rules that must report it. */
interface Case {
  readonly folder: string;
  readonly source: string;
  readonly reported: readonly string[];
  /** A second file, `./beside.js` for the first, for which that is `./case.js`. */
  readonly beside?: string;
}

const cases: Case[] = [];
const inFolder = (folder: string, reported: readonly string[], sources: readonly string[]) =>
  cases.push(...sources.map((source) => ({ folder, source, reported })));

inFolder(
  "src/machine",
  [],
  [
    from("xstate"),
    from("./events.js"),
    uses("Math.floor(Math.min(1.5, 2))"),
    uses("[1.5].map(Math.floor)"),
    // A parameter or a property of that name is not the global.
    "export const age = (Date: number) => Date;",
    "export const read = (server: { readonly process: number }) => server.process;",
  ],
);
inFolder(
  "src/machine",
  [IMPORT],
  [
    from("node:net"),
    from("net"),
    from("fs/promises"),
    from("#nkeys"),
    from("nats-statechart"),
    from("xstate/graph"),
    from("../effects/world.js"),
    from("../effects/node/node-world.js"),
    from("../api/connect.js"),
    from("../index.js"),
    from("./../effects/world.js"),
    from("../machine/events.js"),
    'import type { Socket } from "node:net";\nexport type S = Socket;',
    'export { connect } from "node:net";',
    'export * from "../api/connect.js";',
    'import "node:net";',
  ],
);
inFolder("src/machine", [IMPORT, PLUGIN], [uses('import("node:net")')]);
inFolder("src/machine", [GLOBAL, PLUGIN], [uses('require("node:net")')]);
inFolder("src/machine", [GLOBAL], ["Date.now()", "new Date()", "performance.now()"].map(uses));
inFolder("src/machine", [GLOBAL], ["crypto.randomUUID()", 'globalThis["process"]', "eval('1')"].map(uses));
inFolder(
  "src/machine",
  [GLOBAL],
  ["setTimeout(() => {}, 1)", "setInterval(() => {}, 1)", "setImmediate(() => {})"].map(uses),
);
inFolder("src/machine", [GLOBAL], ["queueMicrotask(() => {})", "clearTimeout(1)"].map(uses));
inFolder("src/machine", [GLOBAL], ["process.env", "Buffer.alloc(1)", "console", "fetch('/')"].map(uses));
inFolder(
  "src/machine",
  [PLUGIN],
  [
    uses("Math.random()"),
    uses("Math['random']()"),
    uses("[1].map(Math.random)"),
    uses("({ ...Math })"),
    "const { random } = Math;\nexport const used = random;",
    'export type S = import("node:net").Socket;',
    'export type Event = import("./events.js").Event;',
  ],
);
inFolder("src/machine", [NON_NULL], ["export const first = (list: number[]) => list[0]!;"]);

const here = { "src/effects": "..", "src/effects/wire": "../.." };
for (const [folder, src] of Object.entries(here)) {
  inFolder(
    folder,
    [],
    [
      from("xstate"),
      from("#nkeys"),
      from("./other.js"),
      from(`${src}/machine/events.js`),
      from(`${src}/effects/world.js`),
      from(`${src}/machine/index.js`),
      uses("Date.now() + Math.floor(1.5)"),
    ],
  );
  inFolder(
    folder,
    [IMPORT],
    [
      from("node:net"),
      from("node:buffer"),
      from("net"),
      from(`${src}/api/connect.js`),
      from(`./${src}/api/connect.js`),
      from(`${src}/index.js`),
      from("nats-statechart"),
      from(`${src}/effects/node/node-world.js`),
    ],
  );
  inFolder(folder, [IMPORT, PLUGIN], [uses('import("node:net")')]);
}
inFolder(
  "src/effects",
  [IMPORT],
  [from("./node/node-world.js"), from("./web-socket/web-world.js"), from("./simulated/world.js")],
);
inFolder("src/effects/node", [IMPORT], [from("../web-socket/web-world.js"), from("../simulated/world.js")]);
inFolder("src/effects/node", [], [from("node:net"), from("../world.js")]);
inFolder(
  "src/effects/simulated",
  [IMPORT],
  [
    from("../web-socket/web-world.js"),
    from("../node/node-world.js"),
    from("../../testing/embedded-server.js"),
    from("node:net"),
    from("net"),
    from("xstate"),
  ],
);
inFolder("src/effects/simulated", [IMPORT, PLUGIN], [uses('import("node:net")')]);
inFolder(
  "src/effects/web-socket",
  [],
  [from("./other.js"), from("../world.js"), from("../../machine/events.js"), uses("setTimeout(() => {}, 1)")],
);
inFolder(
  "src/effects/web-socket",
  [IMPORT],
  [
    from("node:net"),
    from("ws"),
    from("../node/tls.js"),
    from("./node-web-sockets.js"),
    from("../../api/connect.js"),
    from("../../index.js"),
    from("nats-statechart"),
  ],
);
inFolder("src/effects/wire", [], ["export const first = (list: number[]) => list[0]!;"]);
inFolder("src/effects", [NON_NULL], ["export const first = (list: number[]) => list[0]!;"]);

for (const folder of ["src/effects/node", "src/effects/simulated"]) {
  inFolder(
    folder,
    [],
    [from("./other.js"), from("../world.js"), from("../../machine/events.js"), from("../wire/parser.js")],
  );
  inFolder(
    folder,
    [IMPORT],
    [from("../../api/connect.js"), from("../../index.js"), from("nats-statechart/machine")],
  );
}

inFolder(
  "src/api",
  [],
  [from("node:fs"), from("./msg.js"), from("../effects/interpreter.js"), from("../machine/index.js")],
);
inFolder(
  "src/api",
  [IMPORT],
  [from("../index.js"), from("nats-statechart"), from("../inspector/drawing/index.js")],
);
inFolder("src/machine", [IMPORT], [from("../inspector/drawing/index.js")]);
inFolder("src/effects", [IMPORT], [from("../inspector/serve.js")]);
// Made of the client, each of them: the client knows none.
for (const above of ["cli/main.js", "testing/index.js", "nats-core/index.js"]) {
  inFolder("src/machine", [IMPORT], [from(`../${above}`)]);
  inFolder("src/effects", [IMPORT], [from(`../${above}`)]);
  for (const folder of ["wire", "node", "simulated", "web-socket"]) {
    inFolder(`src/effects/${folder}`, [IMPORT], [from(`../../${above}`)]);
  }
  inFolder("src/api", [IMPORT], [from(`../${above}`)]);
}
inFolder("src/inspector/drawing", [], [from("./chart.js"), from("../../machine/index.js")]);
inFolder(
  "src/inspector/drawing",
  [IMPORT],
  [from("node:fs"), from("../page/main.js"), from("../serve.js"), from("../../api/connect.js")],
);
// Chance comes from the world, which a simulation seeds.
for (const folder of ["src/api", "src/effects", "src/effects/node", "src/effects/simulated"]) {
  inFolder(
    folder,
    [PLUGIN],
    [
      uses("Math.random()"),
      uses("[1].map(Math.random)"),
      "const { random } = Math;\nexport const used = random;",
      uses("globalThis.crypto.getRandomValues(new Uint8Array(1))"),
    ],
  );
  inFolder(folder, [GLOBAL], [uses("crypto.randomUUID()")]);
  inFolder(folder, [], [uses("Math.floor(1.5)"), "export const read = (crypto: number) => crypto + 1;"]);
}
for (const folder of ["src/api", "src/effects/node"]) {
  inFolder(
    folder,
    [PLUGIN],
    [
      'import { randomBytes } from "node:crypto";\nexport const used = randomBytes;',
      'import { webcrypto } from "crypto";\nexport const used = webcrypto;',
      'import * as all from "node:crypto";\nexport const used = all;',
    ],
  );
  inFolder(folder, [], ['import { createHash } from "node:crypto";\nexport const used = createHash;']);
}
// Loaded late in one file, which knows what to do where it fails.
for (const folder of ["src/api", "src/cli", "src/effects/node", "src/inspector", "src/testing"]) {
  inFolder(
    folder,
    [PLUGIN],
    [
      uses('import("./other.js")'),
      uses('import("ws").then(String)'),
      "export const load = async (name: string) => await import(name);",
      uses('require("ws")'),
      'import { createRequire } from "node:module";\nexport const load = createRequire("/");',
      uses('process.getBuiltinModule("node:tls")'),
    ],
  );
  inFolder(folder, [], ['export const load = (ws: typeof import("ws")) => ws.WebSocket;']);
}
inFolder("src", [], [from("./api/connect.js"), from("./machine/index.js")]);

/** Two files of any folder. Those that need each other, even if only their types, are one concept or lack a third. */
const sideBySide = (reported: readonly string[], source: string, beside: string) =>
  cases.push({ folder: "src/testing", source, reported, beside });
const needsType = (name: string) => `import type { Thing } from "./${name}.js";\nexport type Other = Thing;`;
sideBySide([], needsType("beside"), "export type Thing = 1;");
sideBySide([], from("./beside.js"), uses("1"));
for (const toBeside of [from("./beside.js"), needsType("beside"), 'export * from "./beside.js";']) {
  for (const back of [from("./case.js"), needsType("case"), 'export { thing } from "./case.js";']) {
    sideBySide([CIRCLE], toBeside, back);
  }
}
sideBySide(
  [CIRCLE],
  'import { type Thing } from "./beside.js";\nexport type Other = Thing;',
  needsType("case"),
);
sideBySide([CIRCLE, PLUGIN], uses('import("./beside.js")'), needsType("case"));
sideBySide([CIRCLE, PLUGIN], uses('import("./beside.js")'), uses('import("./case.js")'));
sideBySide([CIRCLE], 'import "./beside.js";', needsType("case"));
// The rule does not see these; a rule of ours forbids them.
inFolder(
  "src/testing",
  [PLUGIN],
  [
    'export type Other = import("./other.js").Thing;',
    'export type Other = typeof import("../machine/index.js");',
  ],
);
inFolder("src/testing", [], ['export type Ws = typeof import("ws");']);

const fileOf = (index: number, name = "case") => `${cases[index]?.folder}/${name}-${index}.ts`;

describe("the rules of who imports whom", () => {
  let reports: Map<string, Finding[]>;

  beforeAll(async () => {
    const files = new Map<string, string>();
    for (const [index, { source, beside }] of cases.entries()) {
      const write = (name: string, text: string) =>
        files.set(fileOf(index, name), text.replace(/\.\/(case|beside)\.js/, `./$1-${index}.js`));
      write("case", source);
      if (beside !== undefined) write("beside", beside);
    }
    reports = await linted(files);
  });

  const verb = ({ reported }: Case) => (reported.length === 0 ? "allows" : "reports");
  const titled = cases.map((each, index): [string, Case, number] => [
    `${verb(each)} in ${each.folder}: ${[each.source, ...(each.beside === undefined ? [] : [each.beside])].join(" <-> ").replaceAll("\n", " ")}`,
    each,
    index,
  ]);

  it.each(titled)("%s", (_title, { reported }, index) => {
    const rules = new Set(reports.get(fileOf(index))?.map(({ category }) => category));
    expect([...rules].filter((rule) => RULES.includes(rule)).sort()).toEqual([...reported].sort());
  });
});
