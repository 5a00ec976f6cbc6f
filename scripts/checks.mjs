// The lines that a script prints of its checks, one for each, and how many failed.

/** How many checks were made. */
export const counts = { passed: 0, failed: 0 };

/** Makes a check, and prints whether it passed; if not, also why. */
export async function check(what, work) {
  try {
    await work();
    counts.passed++;
    console.log(`ok      ${what}`);
  } catch (error) {
    counts.failed++;
    const said = [error.message, error.stdout, error.stderr].filter(Boolean).join("\n");
    console.log(`NOT OK  ${what}\n${said.replace(/^/gm, "        ")}`);
  }
}

/** @throws Error that says what is otherwise */
export function assert(isSo, otherwise) {
  if (!isSo) throw new Error(otherwise);
}
