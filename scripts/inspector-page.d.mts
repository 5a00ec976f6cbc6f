// Types of inspector-page.mjs, for the tests.

import type { Metafile } from "esbuild";

/** Builds the page of the local inspector into a folder; makes the folder where it is missing. Resolves with what is in it. */
export function buildInspectorPage(folder: string): Promise<readonly Metafile[]>;
