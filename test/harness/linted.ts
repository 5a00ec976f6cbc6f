// What the linter says of small sources, under the repository's own configuration: for tests of its rules. Whether the real
// sources keep them is checked by `npm run lint`.

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What is said of a place in a source. */
export interface Finding {
  /** The rule; `plugin` for each of those in scripts/lint. */
  readonly category: string;
  readonly message: string;
}

interface Report {
  readonly summary: { readonly diagnosticsNotPrinted: number };
  readonly diagnostics: readonly {
    readonly category: string;
    readonly message: string;
    readonly location: { readonly path: string };
  }[];
}

/** The findings of each of these files, which are given by their paths in the repository, with their sources. */
export async function linted(files: ReadonlyMap<string, string>): Promise<Map<string, Finding[]>> {
  const folder = await mkdtemp(join(tmpdir(), "linted-"));
  try {
    for (const name of ["biome.json", ".gitignore", "scripts/lint"]) {
      await cp(join(root, name), join(folder, name), { recursive: true });
    }
    for (const [path, source] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), `${source}\n`);
    }
    const { summary, diagnostics } = await reportOn(folder);
    if (summary.diagnosticsNotPrinted > 0) throw new Error("the linter found more than it says");
    const found = new Map([...files.keys()].map((path): [string, Finding[]] => [path, []]));
    for (const { category, message, location } of diagnostics) {
      found.get(location.path)?.push({ category, message });
    }
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function reportOn(folder: string): Promise<Report> {
  const biome = join(root, "node_modules", ".bin", "biome");
  const options = ["lint", "--reporter=json", "--max-diagnostics=none", "src", "test"];
  for (const name of ["src", "test"]) await mkdir(join(folder, name), { recursive: true });
  const output = await new Promise<string>((resolve) => {
    // It ends with an error: there are offences.
    execFile(biome, options, { cwd: folder, maxBuffer: 1 << 26 }, (_error, stdout) => resolve(stdout));
  });
  return JSON.parse(output);
}
