// Types of packed.mjs, for the tests.

/** The folder of the repository. */
export const root: string;
