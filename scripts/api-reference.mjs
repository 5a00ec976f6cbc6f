// The API reference of the documentation's site, made from the docstrings: a page for each entry point of package.json,
// a heading for each symbol that it exports and for each of its members. docs-site.mjs calls it; nothing of it is committed.
//
// It asks TypeScript's own compiler, by the interface that its version 7 calls unstable (the version is pinned): the usual
// generators need an older compiler beside it. A symbol without a docstring is an error.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SyntaxKind } from "typescript/unstable/ast";
import { API, SymbolFlags } from "typescript/unstable/sync";

/** The entry points: what is imported, and the source of it. */
async function entryPoints(root) {
  const { name, exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  return Object.entries(exports).flatMap(([path, target]) => {
    const source = /^\.\/dist\/esm\/(.+)\.d\.ts$/.exec(target.import?.types ?? "")?.[1];
    return source === undefined ? [] : [{ entry: join(name, path), file: join(root, "src", `${source}.ts`) }];
  });
}

/** The name of an entry's page. */
const pageOf = (entry) => entry.replaceAll("/", "-");

/** Docstrings as Markdown that Vue leaves alone: what is not code has no tags and no braces. */
function prose(text) {
  return text
    .replace(/\{@link\s+([^}|\s]+)[^}]*\}/g, "`$1`")
    .split(/(`[^`]*`)/)
    .map((part, index) => {
      return index % 2 === 1 ? part : part.replaceAll("<", "&lt;").replaceAll("{{", "&#123;&#123;");
    })
    .join("");
}

const kinds = {
  [SyntaxKind.InterfaceDeclaration]: "interface",
  [SyntaxKind.ClassDeclaration]: "class",
  [SyntaxKind.EnumDeclaration]: "enum",
  [SyntaxKind.TypeAliasDeclaration]: "type",
  [SyntaxKind.FunctionDeclaration]: "function",
  [SyntaxKind.VariableDeclaration]: "constant",
};

/** A type longer than this says nothing to a reader, such as that of the chart. */
const READABLE = 120;

/** Writes the pages into that folder. @throws Error that names the symbols without a docstring */
export async function writeApiReference(root, folder) {
  const api = new API({ cwd: root });
  try {
    const config = join(root, "tsconfig.json");
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const reference = new Reference(project);
    const overview = [
      "# API reference",
      "Made from the docstrings of the source. One page for each of what can be imported:",
    ];
    for (const { entry, file } of await entryPoints(root)) {
      const symbols = reference.exportsOf(file);
      const sections = symbols.map((symbol) => reference.section(symbol, pageOf(entry)));
      const text = [`# ${entry}`, ...sections].join("\n\n");
      await writeFile(
        join(folder, `${pageOf(entry)}.md`),
        `---\noutline: 2\neditLink: false\n---\n\n${text}\n`,
      );
      const links = symbols.map(({ name }) => `[${name}](./${pageOf(entry)}.md#${name})`);
      overview.push(`## ${entry}`, links.join(", "));
    }
    if (reference.undocumented.length > 0) {
      throw new Error(`exported without a docstring: ${reference.undocumented.join(", ")}`);
    }
    await writeFile(join(folder, "index.md"), `${overview.join("\n\n")}\n`);
  } finally {
    api.close();
  }
}

class Reference {
  undocumented = [];
  #project;
  #checker;
  /** Where each symbol is told. */
  #pages = new Map();

  constructor(project) {
    this.#project = project;
    this.#checker = project.checker;
  }

  /** What a source file exports, by name. */
  exportsOf(file) {
    const source = this.#project.program.getSourceFile(file);
    const exported = this.#checker.getExportsOfModule(this.#checker.getSymbolAtLocation(source));
    const symbols = exported.map((symbol) => {
      const isAlias = (symbol.flags & SymbolFlags.Alias) !== 0;
      return { name: symbol.name, symbol: isAlias ? this.#checker.getAliasedSymbol(symbol) : symbol };
    });
    return symbols.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** All about an exported symbol; where it was told on another page, a link to that. */
  section({ name, symbol }, page) {
    const before = this.#pages.get(symbol.id);
    if (before !== undefined) return `## ${name} {#${name}}\n\nAs in [${before}](./${before}.md#${name}).`;
    this.#pages.set(symbol.id, page);
    const nodes = symbol.declarations.map((declaration) => declaration.resolve(this.#project));
    const [node] = nodes;
    const told = this.#told(symbol);
    if (told === "") this.undocumented.push(name);
    const heading = `## ${name} {#${name}}`;
    const parts = [heading, `<Badge type="info" text="${kinds[node.kind] ?? "symbol"}" />`, told];
    const isClosed = node.members === undefined;
    const text = isClosed ? this.#declarations(name, symbol, nodes) : headOf(node);
    if (!text.endsWith(` ${name}`)) parts.push(code(text));
    // A property with a getter and a setter is one member: the getter has its docstring.
    const gotten = (node.members ?? []).filter(({ kind }) => kind === SyntaxKind.GetAccessor);
    const isGotten = ({ name }) => gotten.some((getter) => getter.name.getText() === name.getText());
    for (const member of node.members ?? []) {
      if (member.kind === SyntaxKind.SetAccessor && isGotten(member)) continue;
      parts.push(this.#member(name, member));
    }
    return parts.filter((part) => part !== "").join("\n\n");
  }

  /** The docstring of a symbol, with its tags. */
  #told(symbol) {
    const tags = this.#checker.getJsDocTagsOfSymbol(symbol).flatMap(({ name, text = "" }) => {
      const [first = "", ...rest] = text.replace(/\s+/g, " ").split(" ");
      if (name === "param") return [`- \`${first}\`: ${prose(rest.join(" ").replace(/^- /, ""))}`];
      if (name === "returns") return [`- Returns ${prose(text)}`];
      if (name === "throws") return [`- Throws ${prose(text)}`];
      return [];
    });
    const text = prose(this.#checker.getDocumentationCommentOfSymbol(symbol));
    return [text, tags.map((tag) => tag.replaceAll("\n", " ")).join("\n")]
      .filter((part) => part !== "")
      .join("\n\n");
  }

  #declarations(name, symbol, nodes) {
    if (nodes[0].kind === SyntaxKind.VariableDeclaration) {
      const type = this.#checker.typeToString(this.#checker.getTypeOfSymbol(symbol));
      return type.length > READABLE ? `const ${name}` : `const ${name}: ${type}`;
    }
    // Of overloads, what can be called: the implementation cannot.
    const shown = nodes.length > 1 ? nodes.filter(({ body }) => body === undefined) : nodes;
    return shown.map((node) => withoutBody(node)).join("\n");
  }

  #member(owner, member) {
    const name = member.kind === SyntaxKind.Constructor ? "constructor" : member.name?.getText();
    const text = withoutBody(member);
    if (name === undefined || name.startsWith("#") || /^(private|protected)\b/.test(text)) return "";
    const symbol = member.name === undefined ? undefined : this.#checker.getSymbolAtLocation(member.name);
    const tags = symbol === undefined ? [] : this.#checker.getJsDocTagsOfSymbol(symbol);
    if (tags.some(({ name }) => name === "internal")) return "";
    const plain = name.replace(/^\[(.*)\]$/, "$1").replaceAll('"', "");
    const anchor = `${owner}-${plain}`.replace(/[^\w-]+/g, "-");
    const told = symbol === undefined ? "" : this.#told(symbol);
    return [`### ${owner}.${plain} {#${anchor}}`, code(text), told]
      .filter((part) => part !== "")
      .join("\n\n");
  }
}

/** A declaration. One that fits on a line is not coloured: the build takes half of its time for that. */
const code = (text) =>
  text.includes("\n") || text.includes("`") ? `\`\`\`ts\n${text}\n\`\`\`` : `\`${text}\``;

/** The text of a declaration as one reads it: no body, no modifiers that say nothing to a user. */
function withoutBody(node) {
  const all = node.getText();
  const text = node.body === undefined ? all : all.slice(0, node.body.getStart() - node.getStart());
  return text
    .replace(/^((export|declare|override) )+/, "")
    .replace(/;$/, "")
    .trim();
}

/** A declaration with members, up to its brace. */
function headOf(node) {
  const text = withoutBody(node);
  return text.slice(0, text.indexOf("{")).trim();
}
