// The public API as text: for each entry of the package all that it exports, and all that those declarations mention. It is
// committed (api-report/), so that a change to the API is a change that a reviewer sees. `npm run api-report` writes it;
// with `--check` nothing is written, and a report that is stale fails.
//
// It is made from the declarations in dist, as users get them (npm run build), by the compiler's own API. Docstrings are
// left out: what they say is reviewed where they are. Not a judgement: whether a change breaks is for the reader to say.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { SyntaxKind } from "typescript/unstable/ast";
import { API, SymbolFlags } from "typescript/unstable/sync";
import { root } from "./packed.mjs";

const folder = join(root, "api-report");
const dist = join(root, "dist/esm");

/** The entries by the name that they are imported by, with the file of their types. */
async function entryPoints() {
  const { name, exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  return Object.entries(exports)
    .filter(([, target]) => target.import !== undefined)
    .map(([path, target]) => ({
      entry: path.replace(".", name),
      // "." and its subpaths: nats-statechart.md, machine.md.
      report: `${path === "." ? name : basename(path)}.md`,
      file: join(root, target.import.types),
    }));
}

/** What the compiler says of the declarations in dist. */
class Declarations {
  #api = new API({ cwd: root });
  #project;
  #checker;

  constructor(config) {
    this.#project = this.#api.updateSnapshot({ openProjects: [config] }).getProject(config);
    this.#checker = this.#project.checker;
  }

  /** Its exports by their names, sorted. */
  exportsOf(file) {
    const source = this.#project.program.getSourceFile(file);
    const exported = this.#checker.getExportsOfModule(this.#checker.getSymbolAtLocation(source));
    return new Map(
      exported
        .map((symbol) => [symbol.name, this.#original(symbol)])
        .sort(([a], [b]) => (a < b ? -1 : Number(a > b))),
    );
  }

  #original(symbol) {
    return symbol.flags & SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  /** Where it is declared, in our own files: a declaration, or the statement around that of a variable. */
  #nodesOf(symbol) {
    const nodes = symbol.declarations.map((handle) => handle.resolve()).filter((node) => node !== undefined);
    return nodes
      .filter((node) => node.getSourceFile().fileName.startsWith(dist))
      .map((node) => {
        let statement = node;
        while (statement.parent !== undefined && statement.parent.kind !== SyntaxKind.SourceFile)
          statement = statement.parent;
        return node.kind === SyntaxKind.VariableDeclaration ? statement : node;
      });
  }

  /** Its declarations as text, and the symbols of ours that they mention. */
  read(symbol) {
    const texts = [];
    const mentioned = new Set();
    for (const node of this.#nodesOf(symbol)) {
      texts.push(normalised(node.getText()));
      const identifiers = [];
      const visit = (one) => {
        if (one.kind === SyntaxKind.Identifier) identifiers.push(one);
        one.forEachChild(visit);
      };
      visit(node);
      const symbols = identifiers.length === 0 ? [] : this.#checker.getSymbolAtLocation(identifiers);
      for (const found of symbols) {
        if (found === undefined) continue;
        const original = this.#original(found);
        if (this.#isOurs(original)) mentioned.add(original);
      }
    }
    return { text: texts.join("\n"), mentioned };
  }

  /** Something that a file of ours declares at its top. */
  #isOurs(symbol) {
    return symbol.declarations.some((handle) => {
      const node = handle.resolve();
      if (node === undefined || !node.getSourceFile().fileName.startsWith(dist)) return false;
      const { parent } = node.kind === SyntaxKind.VariableDeclaration ? node.parent.parent : node;
      return parent?.kind === SyntaxKind.SourceFile;
    });
  }

  close() {
    this.#api.close();
  }
}

/** Without docstrings and without words that say nothing here. */
function normalised(text) {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^(export |declare |default )+/, "")
    .replace(/[ \t]+$/gm, "")
    .replace(/\n{2,}/g, "\n")
    .trim();
}

const block = (name, text) => `### ${name}\n\n\`\`\`ts\n${text}\n\`\`\`\n`;

/**
 * The report of one entry. What the main entry exports too is only named; what is mentioned and exported by another entry
 * is in the report of that one.
 * @param everywhere the ids of all that any entry exports
 */
function reportOf(entry, exported, main, everywhere, declarations) {
  const lines = [`# ${entry}`, ""];
  lines.push("Written by `npm run api-report`: every line that changes here changes the public API.", "");
  const same = [...exported].filter(([name, { id }]) => main.get(name)?.id === id).map(([name]) => name);
  if (same.length > 0) lines.push("## As in the main entry", "", ...same.map((name) => `- ${name}`), "");
  const own = [...exported].filter(([name]) => !same.includes(name));
  const seen = new Set(everywhere);
  const inner = new Map();
  const waiting = [];
  const told = (symbol) => {
    const { text, mentioned } = declarations.read(symbol);
    for (const one of mentioned) {
      if (seen.has(one.id)) continue;
      seen.add(one.id);
      waiting.push(one);
    }
    return text;
  };
  if (own.length > 0) lines.push("## Exported", "");
  for (const [name, symbol] of own) lines.push(block(name, told(symbol)));
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
    inner.set(next.name, [inner.get(next.name), told(next)].filter(Boolean).join("\n"));
  if (inner.size > 0) lines.push("## Mentioned, not exported", "");
  for (const [name, text] of [...inner].sort(([a], [b]) => (a < b ? -1 : 1))) lines.push(block(name, text));
  return `${lines.join("\n").trimEnd()}\n`;
}

async function reports() {
  const points = await entryPoints();
  await mkdir(join(root, ".cache"), { recursive: true });
  const scratch = await mkdtemp(join(root, ".cache", "api-"));
  try {
    const config = join(scratch, "tsconfig.json");
    const compilerOptions = { module: "nodenext", target: "es2023", types: ["node"], noEmit: true };
    await writeFile(config, JSON.stringify({ compilerOptions, files: points.map(({ file }) => file) }));
    const declarations = new Declarations(config);
    try {
      const exported = points.map(({ file }) => declarations.exportsOf(file));
      const everywhere = exported.flatMap((one) => [...one.values()].map(({ id }) => id));
      return points.map(({ entry, report }, index) => {
        const main = index === 0 ? new Map() : exported[0];
        return [report, reportOf(entry, exported[index], main, everywhere, declarations)];
      });
    } finally {
      declarations.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const isCheck = process.argv.includes("--check");
const written = new Map(await reports());
await mkdir(folder, { recursive: true });
const before = (await readdir(folder)).filter((name) => name.endsWith(".md"));
const stale = [];
for (const name of new Set([...written.keys(), ...before])) {
  const now = written.get(name);
  const then = await readFile(join(folder, name), "utf8").catch(() => undefined);
  if (now === then) continue;
  stale.push(name);
  if (isCheck) continue;
  if (now === undefined) await rm(join(folder, name));
  else await writeFile(join(folder, name), now);
}
if (stale.length === 0) console.log(`the API report is up to date: ${[...written.keys()].join(", ")}`);
else if (!isCheck) console.log(`written: ${stale.join(", ")}`);
else {
  console.error(`The public API is not what api-report says: ${stale.join(", ")}.`);
  console.error("If that is meant: npm run build && npm run api-report, and commit what it writes.");
  process.exitCode = 1;
}
