// The names that the declarations of a package export: the values and the types. It reads the files, and follows `export * from`.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * Reads a declaration file.
 * @returns `values`, which may be types too, and `types`, which are none; `generic` are those of the types that take arguments
 */
export async function declaredNames(file) {
  const found = { values: new Set(), types: new Set(), generic: new Set() };
  await read(file, found);
  return found;
}

async function read(file, found) {
  const text = (await readFile(file, "utf8")).replace(/\/\*[\s\S]*?\*\//g, "");
  for (const [, from] of text.matchAll(/^export \* from "([^"]+)"/gm))
    await read(resolved(from, file), found);
  for (const [, isType, list, from] of text.matchAll(/^export (type )?\{([^}]*)\}(?: from "([^"]+)")?/gm)) {
    for (const name of list
      .split(",")
      .map((one) => one.trim())
      .filter(Boolean)) {
      const bare = name.replace(/^type /, "").replace(/^.* as /, "");
      const source = from === undefined ? file : resolved(from, file);
      const isOnlyType =
        isType !== undefined || name.startsWith("type ") || (await isDeclaredAsType(bare, source));
      (isOnlyType ? found.types : found.values).add(bare);
      if (isOnlyType && (await isGeneric(bare, source))) found.generic.add(bare);
    }
  }
  for (const [, kind, name, after] of text.matchAll(
    /^export (?:declare )?(?:abstract )?(class|function|const|enum|interface|type) (\w+)(.?)/gm,
  )) {
    const isOnlyType = kind === "interface" || kind === "type";
    (isOnlyType ? found.types : found.values).add(name);
    if (isOnlyType && after === "<") found.generic.add(name);
  }
}

/** Whether that file declares the name as a type: declarations may export one as if it were a value. */
async function isDeclaredAsType(name, file) {
  return new RegExp(`(?:interface|type) ${name}\\b`).test(await readFile(file, "utf8"));
}

/** Whether a type takes arguments, wherever that file has it from. */
async function isGeneric(name, file) {
  const text = await readFile(file, "utf8");
  if (new RegExp(`(?:interface|type|class) ${name}<`).test(text)) return true;
  if (new RegExp(`(?:interface|type|class|enum) ${name}\\b`).test(text)) return false;
  for (const [, list, from] of text.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)"/gm)) {
    if (new RegExp(`\\b${name}\\b`).test(list)) return isGeneric(name, resolved(from, file));
  }
  return false;
}

function resolved(from, file) {
  if (from.startsWith(".")) return `${join(dirname(file), from.replace(/\.js$/, ""))}.d.ts`;
  return createRequire(file).resolve(from).replace(/\.js$/, ".d.ts");
}
