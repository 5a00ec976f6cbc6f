// Types of chromium.mjs, for the tests.

/** The path of a Chromium. @throws Error that says what to install, where none is there and none can be installed */
export function chromiumPath(): Promise<string>;
