// Types of build-code.mjs, for the tests.

import type { Metafile } from "esbuild";

/** Builds the code of the package into a folder of the repository, in `esm` and `cjs`. Resolves with what is in it. */
export function buildCode(folder: string): Promise<readonly Metafile[]>;
