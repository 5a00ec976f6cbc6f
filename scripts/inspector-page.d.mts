// Types of inspector-page.mjs, for the tests.

/** Builds the page of the local inspector into a folder; makes the folder where it is missing. */
export function buildInspectorPage(folder: string): Promise<void>;

/** Writes the licence of what the page contains beside it. */
export function writeNotices(folder: string): Promise<void>;
