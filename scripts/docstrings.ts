// The docstrings of what the chart's sources declare, read as text: one declaration after each docstring, as our
// formatter writes them. Whoever uses it checks that nothing is missing (chart-page.ts does).

/** A docstring as one line of Markdown: its first paragraph. */
function firstParagraph(comment: string): string {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\*? ?/, "").trim());
  const text =
    lines
      .join("\n")
      .trim()
      .split(/\n\s*\n|\n- /)[0] ?? "";
  return text.replaceAll("\n", " ").trim();
}

/** Of each event its docstring: `interface ... { readonly type: "name"`. */
export function eventDocstrings(source: string): ReadonlyMap<string, string> {
  const found = source.matchAll(
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport interface \w+ extends \w+ \{\n {2}readonly type: "([^"]+)";/g,
  );
  return new Map([...found].map(([, comment = "", name = ""]) => [name, firstParagraph(comment)]));
}

/** Of each member of an interface its docstring. */
export function memberDocstrings(source: string, type: string): ReadonlyMap<string, string> {
  const [, body = ""] = new RegExp(`export interface ${type} \\{\\n([\\s\\S]*?)\\n\\}`).exec(source) ?? [];
  const found = body.matchAll(/ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2}(\w+):/g);
  return new Map([...found].map(([, comment = "", name = ""]) => [name, firstParagraph(comment)]));
}

/** Of each member of an object literal its docstring. */
export function entryDocstrings(source: string, constant: string): ReadonlyMap<string, string> {
  const [, body = ""] = new RegExp(`export const ${constant} = \\{\\n([\\s\\S]*?)\\n\\}`).exec(source) ?? [];
  const found = body.matchAll(/ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2}(\w+):/g);
  return new Map([...found].map(([, comment = "", name = ""]) => [name, firstParagraph(comment)]));
}

/** Of each text in a union of texts its docstring. */
export function optionDocstrings(source: string, type: string): ReadonlyMap<string, string> {
  const [, body = ""] = new RegExp(`export type ${type} =\\n([\\s\\S]*?);\\n`).exec(source) ?? [];
  const found = body.matchAll(/ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2}\| "(\w+)"/g);
  return new Map([...found].map(([, comment = "", name = ""]) => [name, firstParagraph(comment)]));
}
