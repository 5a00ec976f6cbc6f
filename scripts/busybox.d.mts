// Types of busybox.mjs, for the tests.

/** The path of busybox, whose first argument is to be the program. @throws Error where it cannot be had */
export function busyboxPath(): Promise<string>;
