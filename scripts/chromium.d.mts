// Types of chromium.mjs, for the tests.

/** The path of a Chromium. @throws Error that says what to do, where none can be had */
export function chromiumPath(): Promise<string>;
