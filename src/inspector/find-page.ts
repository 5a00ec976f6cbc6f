// Where the built page is: in dist/inspector, seen from wherever this file runs (dist/esm, dist/cjs, the sources).

import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of the built page. Throws an Error where it is not built.
 * @param here the file that looks for it, this one by default: a URL, or a path as the build for CommonJS puts it here
 */
export async function findPage(here: string = import.meta.url): Promise<string> {
  let folder = dirname(here.startsWith("file:") ? fileURLToPath(here) : here);
  for (;;) {
    for (const page of [join(folder, "inspector"), join(folder, "dist", "inspector")]) {
      if (await exists(join(page, "index.html"))) return page;
    }
    const above = dirname(folder);
    if (above === folder) throw new Error("the page of the local inspector is not built: npm run build");
    folder = above;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
