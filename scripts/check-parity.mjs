// Checks docs/parity.md: every row names tests that exist, and nothing of the specification or of the reference's core
// types is without a row. Run it by `node scripts/check-parity.mjs`. Prints what is wrong; exit code 1 where something is.
//
// A section is a heading that names types in backticks; a row belongs to the section above it, and names members in
// backticks in its first cell. The types are read as text: one member a line, as the compiler and our formatter write.

import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const table = "docs/parity.md";
const core = "node_modules/nats/lib/nats-base-client/core.d.ts";
const exported = "node_modules/nats/lib/nats-base-client/mod.d.ts";
const specification = "test/spec/declarations.ts";

/** Types of the reference's core client; those of JetStream and services are not here. */
const CORE_TYPES =
  "Events DebugEvents ErrorCode NatsError ApiError SubOpts Status ServerInfo ServersChanged Match MsgHdrs RequestOptions " +
  "RequestStrategy RequestManyOptions Stats NatsConnection Msg Sub PublishOptions TokenAuth UserPass NKeyAuth JwtAuth " +
  "ConnectionOptions TlsOptions Server";
const SPEC_TYPES =
  "ConnectionOptions NatsConnection Auth UserPass TokenAuth NKeyAuth JwtAuth TlsOptions Stats Status ServersChanged ServerInfo";
const VERDICTS = ["same", "better", "different", "absent"];

const problems = [];
const text = (path) => readFile(new URL(path, root), "utf8");

/** The members of a type, from the text of its declaration. */
function membersOf(source, type) {
  const start = new RegExp(`\\b(?:interface|enum|class|type) ${type}\\b[^{;\\n]*\\{`).exec(source);
  if (start === null) return [];
  const from = start.index + start[0].length;
  const indent = /^ */.exec(source.slice(source.lastIndexOf("\n", start.index) + 1))[0];
  const body = source.slice(from, source.indexOf(`\n${indent}}`, from));
  const step = /\n( +)(?=[^ ])/.exec(body)?.[1] ?? "    ";
  const member = new RegExp(`^${step}(?:static |readonly |get )*"?(\\w+)"?\\??(?:[(:<]| = )`, "gm");
  const names = [...body.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(member)].map(([, name]) => name);
  return [...new Set(names)].filter((name) => name !== "constructor");
}

/** The rows of the table: which types their section is about, and their cells. */
function rowsOf(markdown) {
  const rows = [];
  let types = [];
  for (const line of markdown.split("\n")) {
    if (line.startsWith("#")) types = inBackticks(line);
    const cells = line.startsWith("| ")
      ? line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim())
      : [];
    if (cells.length === 4 && cells[0] !== "name" && !cells[0].startsWith("---")) rows.push({ types, cells });
  }
  return rows;
}

function inBackticks(cell) {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name.replace(/\(.*\)$/, ""));
}

/** Whether a file has a test of that title: as it stands there, or with a row of its `it.each` in place of `%s`. */
function hasTest(source, title) {
  const titles = source.matchAll(/(?<!\.on\(|\.once\()"((?:[^"\\\n]|\\.)+)",\s*(?:async\s*)?\(/g);
  for (const [, known] of titles) {
    if (known === title) return true;
    const parts = known.split(/%[sj]/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const filled = new RegExp(`^${parts.join("(.+)")}$`).exec(title)?.slice(1) ?? [];
    if (filled.length > 0 && filled.every((word) => source.includes(`"${word}"`))) return true;
  }
  return false;
}

async function testFiles() {
  const found = new Map();
  for (const name of await readdir(new URL("test", root), { recursive: true })) {
    if (name.endsWith(".test.ts")) found.set(name.slice(0, -".test.ts".length), await text(`test/${name}`));
  }
  return found;
}

const [markdown, coreText, exportText, specText, tests] = await Promise.all([
  text(table),
  text(core),
  text(exported),
  text(specification),
  testFiles(),
]);
const rows = rowsOf(markdown);

for (const { cells } of rows) {
  const [name, verdict, why, shownBy] = cells;
  if (!VERDICTS.includes(verdict)) problems.push(`${name}: "${verdict}" is none of ${VERDICTS.join(", ")}`);
  if (verdict !== "same" && why === "") problems.push(`${name}: says ${verdict} and not how or why`);
  const references = shownBy.split("<br>").map((one) => one.trim().split(" › "));
  for (const [file, title] of references) {
    const source = tests.get(file);
    if (source === undefined) problems.push(`${name}: there is no test file test/${file}.test.ts`);
    else if (title === undefined || !hasTest(source, title))
      problems.push(`${name}: test/${file}.test.ts has no test "${title}"`);
  }
}

/** What the rows of the sections about a type name. */
const rowsAbout = (type) =>
  new Set(rows.filter(({ types }) => types.includes(type)).flatMap(({ cells }) => inBackticks(cells[0])));

function checkTypes(from, source, types) {
  for (const type of types.split(" ")) {
    const members = membersOf(source, type);
    if (members.length === 0) problems.push(`${from} declares no members of ${type}`);
    const named = rowsAbout(type);
    for (const member of members)
      if (!named.has(member)) problems.push(`${type}.${member} (${from}) has no row`);
  }
}

checkTypes("the reference", coreText, CORE_TYPES);
checkTypes("the specification", specText, SPEC_TYPES);

const values = /^export \{ ([^}]+), \} from/.exec(exportText.trim())?.[1]?.split(", ") ?? [];
if (values.length === 0) problems.push(`${exported} exports nothing that could be read`);
const named = rowsAbout("nats");
for (const name of [...values, "connect"])
  if (!named.has(name)) problems.push(`the export ${name} has no row`);

for (const problem of problems) console.error(`${table}: ${problem}`);
const counted = VERDICTS.map(
  (verdict) => `${rows.filter(({ cells }) => cells[1] === verdict).length} ${verdict}`,
);
console.log(
  `${fileURLToPath(new URL(table, root))}: ${rows.length} rows (${counted.join(", ")}), ${problems.length} problems`,
);
process.exitCode = problems.length === 0 && rows.length > 0 ? 0 : 1;
